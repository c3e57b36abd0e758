//! Every object over the API, from nothing to a mail.

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt as _;
use relais_router::Role;
use relais_server::Peer;
use serde_json::json;
use tower::ServiceExt as _;

use super::support::{Stage, component, mail};

#[tokio::test]
async fn a_workspace_is_set_up_used_and_taken_down() {
    let stage = Stage::new().await;
    let made = stage
        .local(
            Method::POST,
            "workspaces",
            Some(json!({"name": "mairie", "title": "Mairie"})),
        )
        .await;
    assert_eq!(
        (made.status.as_u16(), made.header("location")),
        (201, "/api/v1/workspaces/mairie")
    );
    let new = json!({"name": "smtp", "connector": "relais/quiet", "values": {"host": "mx.example.org"}});
    stage
        .local(Method::POST, "mairie/instances", Some(new.clone()))
        .await
        .is(409, "connector-not-enabled");
    let wish = Some(json!({"enabled": true}));
    let enabled = stage.local(Method::PUT, "mairie/connectors/relais/quiet", wish).await;
    assert_eq!(enabled.json(), json!({"enabled": true}));
    let made = stage.local(Method::POST, "mairie/instances", Some(new)).await;
    assert_eq!(
        made.json()["egress"],
        json!(["tcp://mx.example.org:25"]),
        "{}",
        made.json()
    );
    let chosen = stage
        .local(
            Method::PUT,
            "mairie/services/mail/default",
            Some(json!({"instance": "smtp"})),
        )
        .await;
    assert_eq!(
        chosen.json(),
        json!({"service": "mail", "default": "smtp", "forced": null})
    );
    let forced = stage
        .local(
            Method::PUT,
            "mairie/services/mail/force",
            Some(json!({"instance": "smtp"})),
        )
        .await;
    assert_eq!(forced.json()["forced"], "smtp");
    stage
        .local(
            Method::PUT,
            "mairie/services/mail/force",
            Some(json!({"instance": null})),
        )
        .await;
    let made = json!({"name": "factures", "uncertain": "resend", "give_up": 3600});
    let made = stage.local(Method::POST, "mairie/service-instances", Some(made)).await;
    assert_eq!(
        (&made.json()["effective"], &made.json()["give_up"]),
        (&json!("smtp"), &json!(3600))
    );
    let renamed = json!({"name": "paie", "title": "Paie", "instance": "smtp"});
    let renamed = stage
        .local(Method::PATCH, "mairie/service-instances/factures", Some(renamed))
        .await;
    assert_eq!(
        (&renamed.json()["name"], &renamed.json()["instance"]),
        (&json!("paie"), &json!("smtp"))
    );
    let token = stage
        .local(
            Method::POST,
            "mairie/tokens",
            Some(json!({"name": "ezged", "role": "send"})),
        )
        .await;
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let mut whole = mail();
    whole["service_instance"] = json!("paie");
    let sent = stage
        .call(&token, Method::POST, "mairie/mails?wait=20", Some(whole))
        .await;
    // The connector claims a success that the host does not believe.
    assert_eq!(
        (sent.status.as_u16(), &sent.json()["state"]),
        (200, &json!("deferred")),
        "{}",
        sent.json()
    );

    stage
        .local(Method::DELETE, "mairie/instances/smtp", None)
        .await
        .is(409, "instance-in-use");
    stage
        .local(
            Method::PUT,
            "mairie/services/mail/default",
            Some(json!({"instance": null})),
        )
        .await;
    assert_eq!(
        stage
            .local(Method::DELETE, "mairie/service-instances/paie", None)
            .await
            .json(),
        json!({"removed": "paie"})
    );
    stage
        .local(Method::DELETE, "mairie/instances/smtp", None)
        .await
        .is(409, "instance-has-deliveries");
    let cancel = format!("mairie/deliveries/{}/cancel", sent.json()["id"].as_str().unwrap());
    assert_eq!(
        stage.local(Method::POST, &cancel, None).await.json()["state"],
        "cancelled"
    );
    let removed = stage.local(Method::DELETE, "mairie/instances/smtp", None).await;
    assert_eq!(removed.status, 200, "{}", removed.json());
    let removed = stage.local(Method::DELETE, "workspaces/mairie", None).await;
    assert_eq!(removed.status, 200, "{}", removed.json());
    stage
        .call(&token, Method::POST, "mairie/mails", Some(mail()))
        .await
        .is(401, "token-invalid");
    stage
        .local(Method::GET, "workspaces/mairie", None)
        .await
        .is(404, "workspace-unknown");
}

#[tokio::test]
async fn a_connector_is_installed_shown_with_its_form_and_removed() {
    let stage = Stage::new().await;
    let install = |body: Vec<u8>, content_type: &str| {
        let request = Request::post("/api/v1/connectors?workspace=default")
            .header("content-type", content_type)
            .extension(Peer::Admin {
                uid: rustix::process::getuid().as_raw(),
            });
        stage.ask(request.body(Body::from(body)).unwrap())
    };
    let installed = install(component(), "application/wasm").await;
    assert_eq!(installed.status, 201, "{}", installed.json());
    assert_eq!(installed.json()["enabled"], json!(["default"]));
    install(component(), "application/json").await.is(415, "media-type");
    let refused = install(b"\0asm nonsense".to_vec(), "application/wasm").await;
    assert_eq!(refused.status, 422, "{}", refused.json());
    let token = stage.token("default", Role::Admin);
    for (lang, label) in [("fr", "Serveur"), ("en-GB", "Server")] {
        let form = Request::get("/api/v1/default/connectors/relais/quiet")
            .header("authorization", format!("Bearer {token}"))
            .header("accept-language", lang);
        let form = stage.ask(form.body(Body::empty()).unwrap()).await.json();
        assert_eq!(
            (&form["parameters"][0]["label"], &form["parameters"][1]["type"]),
            (&json!(label), &json!("secret"))
        );
    }
    stage
        .local(Method::DELETE, "connectors/relais/quiet", None)
        .await
        .is(409, "connector-in-use");
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    let edit =
        json!({"set": {"host": "mx2.example.org"}, "secrets": {"password": "s3cr3t!"}, "limits": {"sessions": 3}});
    let edited = stage
        .call(&token, Method::PATCH, "default/instances/quiet", Some(edit))
        .await;
    assert_eq!(edited.status, 200, "{}", edited.json());
    assert_eq!(
        (
            &edited.json()["secrets"]["password"],
            &edited.json()["limits"]["sessions"]
        ),
        (&json!(true), &json!(3))
    );
    for path in ["default/instances", "default/instances/quiet", "default/audit"] {
        let shown = stage.call(&token, Method::GET, path, None).await;
        assert!(!String::from_utf8_lossy(&shown.bytes).contains("s3cr3t!"), "{path}");
    }
    let moved = json!({"set": {"host": "evil.example.org"}});
    let refused = stage
        .call(&token, Method::PATCH, "default/instances/quiet", Some(moved))
        .await;
    assert_eq!(refused.is(422, "secrets-needed")["fields"][0]["field"], "password");
    let made = json!({"name": "x", "connector": "relais/quiet", "values": {}});
    let refused = stage.call(&token, Method::POST, "default/instances", Some(made)).await;
    assert_eq!(refused.json()["fields"][0]["field"], "host", "{}", refused.json());
}

#[tokio::test]
async fn the_audit_journal_says_who_did_what_page_by_page() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    for _ in 0..3 {
        stage
            .call(
                &token,
                Method::PATCH,
                "default/instances/quiet",
                Some(json!({"set": {}})),
            )
            .await;
    }
    let page = stage
        .call(&token, Method::GET, "default/audit?limit=2", None)
        .await
        .json();
    assert_eq!(page["entries"].as_array().unwrap().len(), 2);
    assert_eq!(page["entries"][0]["action"], "instance-edit");
    assert!(page["entries"][0]["by"].as_str().unwrap().starts_with("token t0"));
    let next = page["next"].as_u64().unwrap();
    let rest = stage
        .call(&token, Method::GET, &format!("default/audit?before={next}"), None)
        .await
        .json();
    assert!(rest["entries"][0]["seq"].as_u64().unwrap() < next);
    assert_eq!(rest["next"], json!(null));
}

#[tokio::test]
async fn a_workspace_cannot_have_a_name_that_the_api_uses() {
    let stage = Stage::new().await;
    for name in ["audit", "backup", "connectors", "workspaces"] {
        stage
            .local(Method::POST, "workspaces", Some(json!({"name": name})))
            .await
            .is(422, "name-reserved");
    }
    stage
        .local(Method::POST, "workspaces", Some(json!({"name": "É"})))
        .await
        .is(422, "name-invalid");
    stage
        .local(Method::POST, "workspaces", Some(json!({"name": "default"})))
        .await
        .is(409, "workspace-exists");
}

#[tokio::test]
async fn a_backup_is_a_stream_whose_trailer_tells_what_it_holds() {
    let stage = Stage::new().await;
    let request = Request::get("/api/v1/backup")
        .extension(Peer::Process { uid: 0 })
        .body(Body::empty())
        .unwrap();
    let response = stage.app.clone().oneshot(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (200, &"application/x-tar".parse().unwrap())
    );
    let collected = response.into_body().collect().await.unwrap();
    let report = collected.trailers().unwrap()["relais-backup-report"]
        .to_str()
        .unwrap()
        .to_owned();
    let report: relais_server::api::backup::Backup = serde_json::from_str(&report).unwrap();
    let bytes = collected.to_bytes();
    assert_eq!((report.connectors, report.bytes), (1, bytes.len() as u64));
}

#[tokio::test]
async fn an_object_may_be_called_as_another_address_ends() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    for name in ["backup", "message", "events"] {
        stage.instance("default", name);
        let asked = Request::get(format!("/api/v1/default/instances/{name}"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json");
        let shown = stage.ask(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(
            (shown.status.as_u16(), &shown.json()["name"]),
            (200, &json!(name)),
            "{name}"
        );
    }
    // The addresses that end so still answer in their own type.
    let asked = Request::get("/api/v1/default/deliveries/events")
        .header("authorization", format!("Bearer {token}"))
        .header("accept", "application/json");
    let refused = stage.ask(asked.body(Body::empty()).unwrap()).await;
    refused.is(406, "not-acceptable");
}
