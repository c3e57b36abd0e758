//! What a token is not for does not exist for it.

use http::{Method, Request};
use relais_router::{Role, ServiceInstanceEdit, ServiceInstanceName};
use relais_server::{Peer, Serves};
use serde_json::json;

use super::support::{ROOT, Stage, mail, ws};

#[tokio::test]
async fn another_workspace_is_as_unknown_as_one_that_never_was() {
    let stage = Stage::new().await;
    stage.workspace("voisin");
    let (ours, theirs) = (stage.token("default", Role::Admin), stage.token("voisin", Role::Admin));
    let sent = stage.call(&theirs, Method::POST, "voisin/mails", Some(mail())).await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    for path in [
        "deliveries".to_owned(),
        format!("deliveries/{id}"),
        format!("deliveries/{id}/message"),
        "instances/of-voisin".to_owned(),
        "tokens".to_owned(),
        "audit".to_owned(),
        "connectors".to_owned(),
    ] {
        let found = stage.call(&theirs, Method::GET, &format!("voisin/{path}"), None).await;
        assert_eq!(found.status, 200, "{path}");
        let refused = stage.call(&ours, Method::GET, &format!("voisin/{path}"), None).await;
        let unknown = stage.call(&ours, Method::GET, &format!("never-was/{path}"), None).await;
        refused.is(404, "workspace-unknown");
        let alike = String::from_utf8(unknown.bytes).unwrap().replace("never-was", "voisin");
        assert_eq!(String::from_utf8(refused.bytes).unwrap(), alike);
    }
    stage
        .call(&ours, Method::GET, &format!("default/deliveries/{id}"), None)
        .await
        .is(404, "delivery-unknown");
    stage
        .call(&ours, Method::POST, &format!("default/deliveries/{id}/cancel"), None)
        .await
        .is(404, "delivery-unknown");
    stage
        .call(&ours, Method::POST, "voisin/mails", Some(mail()))
        .await
        .is(404, "workspace-unknown");
    let mut by_name = mail();
    by_name["instance"] = json!("of-voisin");
    stage
        .call(&ours, Method::POST, "default/mails", Some(by_name))
        .await
        .is(404, "instance-unknown");
}

#[tokio::test]
async fn a_token_that_sends_administers_nothing() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let sent = stage.call(&token, Method::POST, "default/mails", Some(mail())).await;
    let id = sent.json()["id"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, "deliveries".to_owned()),
        (Method::GET, format!("deliveries/{id}/message")),
        (Method::GET, "deliveries/events".to_owned()),
        (Method::POST, format!("deliveries/{id}/resend")),
        (Method::POST, format!("deliveries/{id}/cancel")),
        (Method::GET, "instances".to_owned()),
        (Method::GET, "instances/quiet".to_owned()),
        (Method::POST, "instances/quiet/verify".to_owned()),
        (Method::DELETE, "instances/quiet".to_owned()),
        (Method::GET, "services".to_owned()),
        (Method::GET, "service-instances".to_owned()),
        (Method::GET, "tokens".to_owned()),
        (Method::GET, "audit".to_owned()),
        (Method::GET, "connectors/relais/quiet".to_owned()),
    ] {
        let refused = stage.call(&token, method, &format!("default/{path}"), None).await;
        refused.is(403, "admin-only");
    }
    let mut by_name = mail();
    by_name["instance"] = json!("quiet");
    stage
        .call(&token, Method::POST, "default/mails", Some(by_name))
        .await
        .is(403, "connector-choice");
}

#[tokio::test]
async fn no_token_reaches_the_host() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    for (method, path) in [
        (Method::GET, "workspaces"),
        (Method::POST, "workspaces"),
        (Method::GET, "workspaces/default"),
        (Method::DELETE, "workspaces/default"),
        (Method::GET, "connectors"),
        (Method::POST, "connectors"),
        (Method::DELETE, "connectors/relais/quiet"),
        (Method::GET, "audit"),
        (Method::GET, "backup"),
    ] {
        stage
            .call(&token, method, path, Some(json!({})))
            .await
            .is(403, "local-only");
    }
    let wish = Some(json!({"enabled": false}));
    let refused = stage
        .call(&token, Method::PUT, "default/connectors/relais/quiet", wish)
        .await;
    refused.is(403, "local-only");
}

#[tokio::test]
async fn a_bound_token_uses_its_service_instance_and_follows_that_one_only() {
    let stage = Stage::new().await;
    for name in ["factures", "relances"] {
        let name = ServiceInstanceName::new(name).unwrap();
        let edit = ServiceInstanceEdit::default();
        stage
            .router
            .create_service_instance(&ROOT, &ws("default"), &name, edit)
            .unwrap();
    }
    let (bound, _) = stage.token_for("default", Role::Send, Some("factures"));
    let free = stage.token("default", Role::Send);
    let sent = stage.call(&bound, Method::POST, "default/mails", Some(mail())).await;
    assert_eq!(
        (sent.status.as_u16(), &sent.json()["service_instance"]),
        (202, &json!("factures"))
    );
    let mut other = mail();
    other["service_instance"] = json!("relances");
    stage
        .call(&bound, Method::POST, "default/mails", Some(other.clone()))
        .await
        .is(403, "token-bound-elsewhere");
    let theirs = stage.call(&free, Method::POST, "default/mails", Some(other)).await;
    let path =
        |answer: &super::support::Answer| format!("default/deliveries/{}", answer.json()["id"].as_str().unwrap());
    assert_eq!(stage.call(&bound, Method::GET, &path(&sent), None).await.status, 200);
    stage
        .call(&bound, Method::GET, &path(&theirs), None)
        .await
        .is(404, "delivery-unknown");
}

#[tokio::test]
async fn a_senders_socket_knows_of_no_workspace_that_it_does_not_serve() {
    let stage = Stage::new().await;
    stage.workspace("voisin");
    let post = async |workspace: &str, serves: Serves| {
        let request = Request::post(format!("/api/v1/{workspace}/mails"))
            .header("content-type", "application/json")
            .extension(Peer::Submit { uid: 33, serves });
        let body = mail().to_string().into();
        stage.ask(request.body(body).unwrap()).await
    };
    let all_but = || Serves::AllBut([ws("voisin")].into());
    let only = || Serves::Only(ws("voisin"));
    assert_eq!(post("voisin", only()).await.status, 202);
    assert_eq!(post("default", all_but()).await.status, 202);
    post("default", only()).await.is(404, "workspace-unknown");
    post("voisin", all_but()).await.is(404, "workspace-unknown");
    for workspace in ["default", "voisin"] {
        assert_eq!(post(workspace, Serves::all()).await.status, 202);
    }
}
