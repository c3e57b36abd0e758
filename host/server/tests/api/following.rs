//! Deliveries after their acceptance.

use std::time::Duration;

use http::{Method, Request};
use http_body_util::BodyExt as _;
use relais_router::Role;
use relais_server::{Peer, Serves};
use serde_json::json;
use tower::ServiceExt as _;

use super::support::{Answer, ROOT, Stage, mail, ws};

#[tokio::test]
async fn deliveries_are_listed_by_state_page_by_page() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    for _ in 0..5 {
        stage.call(&token, Method::POST, "default/mails", Some(mail())).await;
    }
    let first = stage
        .call(&token, Method::GET, "default/deliveries?state=queued&limit=3", None)
        .await
        .json();
    assert_eq!(first["deliveries"].as_array().unwrap().len(), 3);
    let next = first["next"].as_str().unwrap();
    let second = stage
        .call(
            &token,
            Method::GET,
            &format!("default/deliveries?limit=3&before={next}"),
            None,
        )
        .await
        .json();
    assert_eq!(second["deliveries"].as_array().unwrap().len(), 2);
    let sent = stage
        .call(&token, Method::GET, "default/deliveries?state=sent", None)
        .await
        .json();
    assert_eq!(sent, json!({"deliveries": [], "next": null, "unreadable": []}));
    let other = stage
        .call(&token, Method::GET, "default/deliveries?instance=other", None)
        .await
        .json();
    assert_eq!(other["deliveries"], json!([]));
}

#[tokio::test]
async fn a_delivery_is_cancelled_sent_again_and_exported() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    let sent = stage
        .call(&token, Method::POST, "default/mails", Some(mail()))
        .await
        .json();
    let path = format!("default/deliveries/{}", sent["id"].as_str().unwrap());
    let close = stage
        .call(
            &token,
            Method::POST,
            &format!("{path}/close"),
            Some(json!({"sent": true})),
        )
        .await;
    close.is(409, "delivery-wrong-state");
    let cancelled = stage
        .call(&token, Method::POST, &format!("{path}/cancel"), None)
        .await
        .json();
    assert_eq!(cancelled["state"], "cancelled");
    stage
        .call(&token, Method::POST, &format!("{path}/cancel"), None)
        .await
        .is(409, "delivery-wrong-state");
    let eml = stage.call(&token, Method::GET, &format!("{path}/message"), None).await;
    assert_eq!(eml.header("content-type"), "message/rfc822");
    assert_eq!(eml.header("content-length"), eml.bytes.len().to_string());
    let message_id = sent["message_id"].as_str().unwrap();
    assert!(String::from_utf8(eml.bytes).unwrap().contains(message_id));
    let again = stage
        .call(&token, Method::POST, &format!("{path}/resend"), None)
        .await
        .json();
    assert_eq!(again["state"], "queued");
}

#[tokio::test]
async fn whoever_listens_hears_of_changes_in_their_workspace_only() {
    let stage = Stage::new().await;
    stage.workspace("voisin");
    let (ours, theirs) = (stage.token("default", Role::Admin), stage.token("voisin", Role::Admin));
    let request = Request::get("/api/v1/default/deliveries/events?seconds=2")
        .header("authorization", format!("Bearer {ours}"))
        .body(axum::body::Body::empty())
        .unwrap();
    let response = stage.app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    stage.call(&theirs, Method::POST, "voisin/mails", Some(mail())).await;
    let sent = stage
        .call(&ours, Method::POST, "default/mails", Some(mail()))
        .await
        .json();
    let heard = response.into_body().collect().await.unwrap().to_bytes();
    let heard = String::from_utf8(heard.to_vec()).unwrap();
    assert_eq!(heard.matches("event: delivery").count(), 1, "{heard}");
    assert!(
        heard.contains(sent["id"].as_str().unwrap()) && heard.contains("queued"),
        "{heard}"
    );
}

#[tokio::test]
async fn health_and_readiness_need_no_token_and_name_nothing() {
    let stage = Stage::new().await;
    let get = |path: &str| stage.ask(Request::get(path).body(axum::body::Body::empty()).unwrap());
    assert_eq!(get("/health").await.json(), json!({"status": "ok"}));
    assert_eq!(get("/ready").await.json(), json!({"status": "ready"}));
}

#[tokio::test]
async fn figures_name_a_workspace_to_its_administrators_and_to_those_of_the_host_only() {
    let stage = Stage::new().await;
    stage.workspace("voisin");
    let (admin, sender) = (stage.token("default", Role::Admin), stage.token("default", Role::Send));
    let theirs = stage.token("voisin", Role::Send);
    stage.call(&sender, Method::POST, "default/mails", Some(mail())).await;
    stage.call(&theirs, Method::POST, "voisin/mails", Some(mail())).await;
    let get = async |token: &str, peer: Option<Peer>| {
        let mut request = Request::get("/metrics");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(peer) = peer {
            request = request.extension(peer);
        }
        stage.ask(request.body(axum::body::Body::empty()).unwrap()).await
    };
    let loopback = ([127, 0, 0, 1], 40_000).into();
    get("", None).await.is(401, "token-missing");
    get("", Some(Peer::Tcp(loopback))).await.is(401, "token-missing");
    get("relais_x", None).await.is(401, "token-invalid");
    get(&sender, None).await.is(403, "admin-only");
    get(
        "",
        Some(Peer::Submit {
            uid: 33,
            serves: Serves::all(),
        }),
    )
    .await
    .is(403, "send-only");

    let text = |answer: Answer| {
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.bytes).unwrap()
    };
    let ours = "relais_deliveries{workspace=\"default\",instance=\"quiet\",state=\"queued\"} 1";
    let of_workspace = text(get(&admin, Some(Peer::Tcp(loopback))).await);
    assert!(
        of_workspace.contains(ours) && of_workspace.contains("# EOF"),
        "{of_workspace}"
    );
    for hidden in ["voisin", "relais_accepted", "relais_attempts", "example.org"] {
        assert!(!of_workspace.contains(hidden), "{hidden}: {of_workspace}");
    }
    for peer in [Peer::Process { uid: 0 }, Peer::Figures(loopback)] {
        let whole = text(get("", Some(peer)).await);
        for line in [
            ours,
            "relais_deliveries{workspace=\"voisin\",instance=\"of-voisin\",state=\"queued\"} 1",
            "relais_accepted_total 2",
            "relais_accepting_seconds_count 2",
            "# EOF",
        ] {
            assert!(whole.contains(line), "{line}: {whole}");
        }
        assert!(!whole.contains("example.org"), "{whole}");
    }
}

#[tokio::test]
async fn a_stream_of_events_ends_with_the_token_that_opened_it() {
    let stage = Stage::new().await;
    let (ours, id) = stage.token_for("default", Role::Admin, None);
    let sender = stage.token("default", Role::Send);
    let open = || async {
        let request = Request::get("/api/v1/default/deliveries/events?seconds=600")
            .header("authorization", format!("Bearer {ours}"))
            .body(axum::body::Body::empty())
            .unwrap();
        stage.app.clone().oneshot(request).await.unwrap()
    };
    let (quiet, busy) = (open().await, open().await);
    stage.router.revoke_token(&ROOT, &ws("default"), &id).unwrap();
    stage.call(&sender, Method::POST, "default/mails", Some(mail())).await;
    for response in [busy, quiet] {
        let ended = tokio::time::timeout(Duration::from_secs(10), response.into_body().collect());
        let heard = ended.await.expect("it goes on").unwrap().to_bytes();
        assert!(!heard.starts_with(b"event: delivery"), "{}", heard.escape_ascii());
    }
}
