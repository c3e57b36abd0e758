//! The same mail under the same key is sent once.

use http::{Method, Request};
use relais_router::Role;
use serde_json::{Value, json};

use super::support::{Answer, Stage, mail};

async fn send(stage: &Stage, token: &str, key: &str, content_type: &str, body: String) -> Answer {
    let request = Request::post("/api/v1/default/mails")
        .header("authorization", format!("bearer {token}"))
        .header("content-type", content_type)
        .header("idempotency-key", key)
        .body(body.into())
        .unwrap();
    stage.ask(request).await
}

async fn json(stage: &Stage, token: &str, key: &str, mail: &Value) -> Answer {
    send(stage, token, key, "application/json", mail.to_string()).await
}

#[tokio::test]
async fn a_repeated_mail_is_answered_with_the_first_and_stored_once_however_it_is_written() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let mut first = mail();
    first["attachments"] = json!([{"name": "a.txt", "content": "QUJD"}]);
    let sent = json(&stage, &token, "k-1", &first).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    assert_eq!(sent.header("idempotency-replayed"), "");
    let again = json(&stage, &token, "k-1", &first).await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (202, "true")
    );
    assert_eq!(again.json()["id"], sent.json()["id"]);
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"mail\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nABC\r\n--b--\r\n",
        mail()
    );
    let again = send(&stage, &token, "k-1", "multipart/form-data; boundary=b", form).await;
    assert_eq!(again.json()["id"], sent.json()["id"]);
    assert_eq!(stage.stored("default").await, 1);
}

#[tokio::test]
async fn another_mail_under_the_same_key_is_refused_and_nothing_is_stored() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let mut first = mail();
    first["attachments"] = json!([{"name": "a.txt", "content": "QUJD"}]);
    assert_eq!(json(&stage, &token, "k", &first).await.status, 202);
    let mut other = first.clone();
    other["attachments"][0]["content"] = json!("QUJE");
    json(&stage, &token, "k", &other).await.is(422, "idempotency-mismatch");
    json(&stage, &token, "k", &mail()).await.is(422, "idempotency-mismatch");
    assert_eq!(stage.stored("default").await, 1);
}

#[tokio::test]
async fn keys_of_different_tokens_have_nothing_to_do_with_each_other() {
    let stage = Stage::new().await;
    let tokens = [stage.token("default", Role::Send), stage.token("default", Role::Send)];
    for token in &tokens {
        assert_eq!(json(&stage, token, "k", &mail()).await.status, 202);
    }
    assert_eq!(stage.stored("default").await, 2);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    for key in ["", "a b", "\t", &"k".repeat(256)] {
        json(&stage, &token, key, &mail())
            .await
            .is(400, "idempotency-key-invalid");
    }
    assert_eq!(json(&stage, &token, &"k".repeat(255), &mail()).await.status, 202);
    let sent = stage.call(&token, Method::POST, "default/mails", Some(mail())).await;
    assert_eq!(sent.status, 202);
}
