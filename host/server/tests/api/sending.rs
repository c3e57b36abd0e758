//! Mails that are accepted, whichever way they come.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use relais_router::Role;
use relais_server::{Peer, Serves};
use serde_json::json;

use super::support::{Stage, mail};

#[tokio::test]
async fn a_mail_in_json_is_stored_and_can_be_followed_by_whoever_sent_it() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let sent = stage.call(&token, Method::POST, "default/mails", Some(mail())).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let delivery = sent.json();
    let id = delivery["id"].as_str().unwrap();
    assert_eq!(sent.header("location"), format!("/api/v1/default/deliveries/{id}"));
    assert_eq!(
        (&delivery["state"], &delivery["origin"]),
        (&json!("queued"), &json!("api"))
    );
    let followed = stage
        .call(&token, Method::GET, &format!("default/deliveries/{id}"), None)
        .await;
    assert_eq!(followed.json(), delivery);
}

#[tokio::test]
async fn whoever_waits_is_told_the_outcome() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let sent = stage
        .call(&token, Method::POST, "default/mails?wait=20", Some(mail()))
        .await;
    assert_eq!(sent.status, 200, "{}", sent.json());
    assert_eq!(sent.json()["recipients"][0]["state"], sent.json()["state"]);
    assert_eq!(sent.json()["tried"], 1);
}

#[tokio::test]
async fn a_large_attachment_arrives_whole_in_json_and_in_a_form() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let file: Vec<u8> = (0..3_000_000_u32).map(|byte| (byte % 251) as u8).collect();
    let mut whole = mail();
    whole["attachments"] =
        json!([{"name": "é.pdf", "content": STANDARD.encode(&file)}, {"name": "b.txt", "content": ""}]);
    let sent = stage.call(&token, Method::POST, "default/mails", Some(whole)).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let by_json = stage.eml(sent.json()["id"].as_str().unwrap()).await;

    let mut form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"mail\"\r\nContent-Type: application/json\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"x\"; filename=\"é.pdf\"\r\nContent-Type: application/octet-stream\r\n\r\n",
        mail()
    )
    .into_bytes();
    form.extend_from_slice(&file);
    form.extend_from_slice(
        b"\r\n--b\r\nContent-Disposition: form-data; name=\"y\"; filename=\"b.txt\"\r\n\r\n\r\n--b--\r\n",
    );
    let sent = stage.post(&token, "", "multipart/form-data; boundary=b", form).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let by_form = stage.eml(sent.json()["id"].as_str().unwrap()).await;

    for eml in [by_json, by_form] {
        let lines: String = eml.split("\r\n\r\n").flat_map(str::lines).collect();
        assert!(
            lines.contains(&STANDARD.encode(&file)),
            "the file is not in the message"
        );
        assert!(
            eml.contains("application/pdf") && eml.contains("text/plain"),
            "the types are guessed from the names"
        );
    }
}

#[tokio::test]
async fn an_attachment_may_name_the_part_of_the_form_that_holds_it() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let mut fields = mail();
    fields["html"] = json!("<img src=\"cid:logo\">");
    fields["attachments"] = json!([{"part": "image", "name": "logo.png", "content_id": "logo"}]);
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nPNG\r\n\
         --b\r\nContent-Disposition: form-data; name=\"mail\"\r\n\r\n{fields}\r\n--b--\r\n"
    );
    let sent = stage.post(&token, "", "multipart/form-data; boundary=b", form).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let eml = stage.eml(sent.json()["id"].as_str().unwrap()).await;
    assert!(
        eml.contains("<logo>") && eml.contains("logo.png") && eml.contains("UE5H"),
        "{eml}"
    );
}

#[tokio::test]
async fn mime_goes_to_the_envelope_of_the_query_or_of_its_header() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let mime = "From: mairie@example.org\nTo: a@example.org\nBcc: b@example.org\nSubject: x\n\ntext\n";
    let sent = stage
        .post(
            &token,
            "?from=retour@example.org&to=c@example.org&to=d@example.org",
            "message/rfc822",
            mime,
        )
        .await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let delivery = sent.json();
    assert_eq!(delivery["sender"], "retour@example.org");
    let addresses = |delivery: &serde_json::Value| -> Vec<String> {
        let recipients = delivery["recipients"].as_array().unwrap().iter();
        recipients
            .map(|recipient| recipient["address"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(addresses(&delivery), ["c@example.org", "d@example.org"]);
    let sent = stage.post(&token, "?recipients=header", "message/rfc822", mime).await;
    assert_eq!(addresses(&sent.json()), ["a@example.org", "b@example.org"]);
    let eml = stage.eml(sent.json()["id"].as_str().unwrap()).await;
    assert!(!eml.contains("b@example.org"), "{eml}");
}

#[tokio::test]
async fn a_large_mime_is_streamed_and_kept() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let line = "x".repeat(76) + "\r\n";
    let mime = format!(
        "From: a@example.org\r\nTo: a@example.org\r\nSubject: x\r\n\r\n{}",
        line.repeat(30_000)
    );
    let sent = stage
        .post(&token, "?recipients=header", "message/rfc822", mime.clone())
        .await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let eml = stage.eml(sent.json()["id"].as_str().unwrap()).await;
    assert!(eml.ends_with(&line.repeat(30_000)));
}

#[tokio::test]
async fn whoever_comes_by_the_senders_socket_sends_and_does_nothing_else() {
    let stage = Stage::new().await;
    let ask = |request: http::request::Builder, body: String| {
        let request = request
            .extension(Peer::Submit {
                uid: 33,
                serves: Serves::all(),
            })
            .body(body.into())
            .unwrap();
        stage.ask(request)
    };
    let post = Request::post("/api/v1/default/mails").header("content-type", "application/json");
    let sent = ask(post, mail().to_string()).await;
    assert_eq!(
        (sent.status.as_u16(), &sent.json()["origin"]),
        (202, &json!("sendmail"))
    );
    let path = sent.header("location").to_owned();
    ask(Request::get(path), String::new()).await.is(403, "send-only");
    ask(Request::get("/api/v1/default/instances"), String::new())
        .await
        .is(403, "send-only");
    ask(Request::get("/api/v1/workspaces"), String::new())
        .await
        .is(403, "send-only");
}
