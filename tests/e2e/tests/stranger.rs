//! A connector that is not Rust: `tests/stranger`, in Python, built from the contract alone, sends mail to a JSON API with a
//! key that it never sees. Without the tool that builds it, each test here says that it was skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "stranger/stand.rs"]
mod stand;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relais_message::Draft;
use relais_sandbox::{Event, Grants, Kind};
use serde_json::json;

use stand::{HEARD, KEY, Server, Stranger, accepted, attachment, certificate, draft, instance, open};

static CONNECTOR: Stranger = Stranger::new("build", None, "connector.toml");

/// Runs the rest of a test with the connector, or says that it cannot.
macro_rules! connector {
    () => {
        match CONNECTOR.connector().await {
            Some(connector) => connector,
            None => return,
        }
    };
}

#[tokio::test]
async fn a_mail_arrives_whole_with_its_accents_and_its_attachment() {
    let connector = connector!();
    let mut server = Server::tls(&[]).await;
    let attached: Vec<u8> = (0..300_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let message = Draft {
        reply_to: vec!["service@mairie.example".to_owned()],
        cc: vec!["copie@example.org".to_owned()],
        bcc: vec!["cachee@example.org".to_owned()],
        html: Some("<p>Voilà</p>".to_owned()),
        attachments: vec![attachment("état.pdf", attached.clone())],
        ..draft("Délibération n° 12 : école, été")
    };
    let message = accepted(message);
    let mut session = open(&connector, server.instance("whole", KEY)).await;
    let receipt = session.send(&message).await.unwrap();
    assert_eq!(receipt.id, Some(format!("m-{}", message.id())), "{receipt:?}");

    let request = server.next().await;
    assert_eq!(request["status"], 202, "{request}");
    let mail = &request["body"];
    assert_eq!(mail["message_id"], message.id());
    assert_eq!(
        mail["from"],
        json!({"name": "Mairie d'Été", "email": "envoi@mairie.example"})
    );
    assert_eq!(mail["reply_to"][0]["email"], "service@mairie.example");
    assert_eq!(mail["to"], json!([{"name": "Zoé", "email": "zoe@example.org"}]));
    assert_eq!(mail["cc"], json!([{"name": null, "email": "copie@example.org"}]));
    assert_eq!(mail["bcc"], json!([{"name": null, "email": "cachee@example.org"}]));
    assert_eq!(mail["subject"], "Délibération n° 12 : école, été");
    assert_eq!(mail["text"], "Ci-joint la pièce.");
    assert_eq!(mail["html"], "<p>Voilà</p>");
    let received = &mail["attachments"][0];
    assert_eq!(
        (received["name"].as_str(), received["type"].as_str()),
        (Some("état.pdf"), Some("application/pdf"))
    );
    assert!(
        BASE64.decode(received["content"].as_str().unwrap()).unwrap() == attached,
        "the attachment differs"
    );
    session.close().await;
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_failure_with_the_servers_code() {
    let connector = connector!();
    let server = Server::tls(&[]).await;
    let mut session = open(&connector, server.instance("wrong-key", "another")).await;
    for failure in [
        session.send(&accepted(draft("Bonjour"))).await.unwrap_err(),
        session.verify().await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, Kind::Authentication, "{failure}");
        assert_eq!(failure.code.as_deref(), Some("401"));
        assert_eq!(failure.text, "the API key is wrong");
    }
    assert!(session.usable());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_failure_says_307() {
    let connector = connector!();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let place = format!("http://{}/messages", elsewhere.local_addr().unwrap());
    let mut server = Server::tls(&["--redirect", &place]).await;
    let mut session = open(&connector, server.instance("redirect", KEY)).await;
    let failure = session.send(&accepted(draft("Bonjour"))).await.unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("307"), "{failure}");
    assert_eq!(failure.kind, Kind::Configuration);
    assert!(failure.text.contains(&place), "{failure}");
    assert_eq!(server.next().await["status"], 307);
    let followed = elsewhere.accept().map_err(|error| error.kind());
    assert_eq!(
        followed.unwrap_err(),
        std::io::ErrorKind::WouldBlock,
        "the redirect was followed"
    );
}

#[tokio::test]
async fn what_the_server_answers_decides_the_kind_and_the_session_goes_on() {
    let connector = connector!();
    let server = Server::tls(&[]).await;
    let mut session = open(&connector, server.instance("answers", KEY)).await;
    let pause = Some(Duration::from_secs(30));
    for (status, kind, retry_after) in [
        ("503", Kind::Throttled, pause),
        ("429", Kind::Throttled, pause),
        ("500", Kind::Temporary, None),
        ("422", Kind::Rejected, None),
        ("413", Kind::TooLarge, None),
        ("403", Kind::Authentication, None),
        ("200", Kind::UnknownOutcome, None),
    ] {
        let failure = session
            .send(&accepted(draft(&format!("answer {status}"))))
            .await
            .unwrap_err();
        assert_eq!(
            (failure.kind, failure.code.as_deref()),
            (kind, Some(status)),
            "{failure}"
        );
        assert_eq!(failure.retry_after, retry_after, "{failure}");
    }
    session.send(&accepted(draft("Bonjour"))).await.unwrap();
}

#[tokio::test]
async fn without_an_answer_the_failure_has_no_code() {
    let connector = connector!();
    let server = Server::tls(&[]).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let unreachable = server.instance_at("unreachable", KEY, &format!("https://{nobody}"), Grants::default());
    let (another_certificate, _) = certificate();
    let untrusted = instance(
        "untrusted",
        KEY,
        &server.url,
        Some(&another_certificate),
        Grants::default(),
    );
    for (instance, kind) in [(unreachable, Kind::Unreachable), (untrusted, Kind::Configuration)] {
        let mut session = open(&connector, instance).await;
        let failure = session.send(&accepted(draft("Bonjour"))).await.unwrap_err();
        assert_eq!((failure.kind, &failure.code), (kind, &None), "{failure}");
        let presented = failure.text.contains("certificate-sha256");
        assert_eq!(presented, kind == Kind::Configuration, "{failure}");
    }
}

#[tokio::test]
async fn the_key_goes_out_in_clear_only_where_that_is_granted() {
    let connector = connector!();
    let mut server = Server::start(&[], None).await;
    let mut session = open(&connector, server.instance("clear", KEY)).await;
    let failure = session.send(&accepted(draft("Refusé"))).await.unwrap_err();
    assert_eq!((failure.kind, &failure.code), (Kind::Configuration, &None), "{failure}");
    assert!(failure.text.contains("auth-in-clear"), "{failure}");

    let granted = Grants::parse(&["auth-in-clear"]).unwrap();
    let granted = server.instance_at("clear-granted", KEY, &server.url, granted);
    let mut session = open(&connector, granted).await;
    session.send(&accepted(draft("Accordé"))).await.unwrap();
    let first = server.next().await;
    assert_eq!(
        first["body"]["subject"], "Accordé",
        "what was refused reached the server: {first}"
    );
}

#[tokio::test]
async fn neither_key_nor_attachment_is_in_the_guests_memory_nor_in_anything_it_said() {
    let connector = connector!();
    let mut server = Server::tls(&[]).await;
    let mut session = open(&connector, server.instance("said", KEY)).await;
    let found = session.verify().await.unwrap();
    assert!(
        found.contains(&("server".to_owned(), "stranger/1".to_owned())),
        "{found:?}"
    );
    let content: Vec<u8> = b"what the guest never holds ".repeat(400_000);
    let message = Draft {
        attachments: vec![attachment("gros.bin", content.clone())],
        ..draft("Bonjour")
    };
    let receipt = session.send(&accepted(message)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(server.next().await["key"], "right");
    }

    let events = HEARD.of("said");
    assert!(
        events.iter().any(|event| matches!(event, Event::Log { .. })),
        "{events:?}"
    );
    let said = format!("{found:?} {receipt:?} {events:?}");
    assert!(!said.contains(KEY), "{said}");

    let memories = session.into_memories().await;
    let holds = |needle: &[u8]| {
        memories
            .iter()
            .any(|memory| memory.windows(needle.len()).any(|part| part == needle))
    };
    // It keeps the handle, which shows that the search finds what is there.
    assert!(holds(b"relais-credential-"), "the search finds no handle");
    assert!(!holds(KEY.as_bytes()));
    assert!(!holds(&content[..24]));
    assert!(!holds(BASE64.encode(&content[..24]).as_bytes()));
}
