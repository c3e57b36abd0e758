//! A connector that brings its own HTTP: `tests/stranger/js`, in JavaScript, sends by `fetch`, which is
//! `wasi:http/outgoing-handler`. That door is held as `relais:connector/http` is: the same egress, the same credentials. Without
//! the tool that builds it, each test here says that it was skipped.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "stranger/canary.rs"]
mod canary;
#[path = "stranger/stand.rs"]
mod stand;

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use relais_message::Draft;
use relais_sandbox::{Event, Failure, Grants, Kind};
use serde_json::json;

use canary::Canary;
use stand::{HEARD, KEY, Server, Stranger, accepted, attachment, certificate, draft, instance, made, open};

static CONNECTOR: Stranger = Stranger::new("js/build", None, "js/connector.toml");
static LEAK: Stranger = Stranger::new("js/build", Some("js/leak.js"), "js/leak.toml");

/// What every handle begins with.
const HANDLE: &str = "relais-credential-";

/// Runs the rest of a test with a connector, or says that it cannot.
macro_rules! connector {
    ($stranger:expr) => {
        match $stranger.connector().await {
            Some(connector) => connector,
            None => return,
        }
    };
}

#[tokio::test]
async fn a_mail_arrives_whole_by_fetch_with_a_key_that_the_guest_never_had() {
    let connector = connector!(CONNECTOR);
    let mut server = Server::tls(&[]).await;
    let attached: Vec<u8> = (0..300_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let message = accepted(Draft {
        reply_to: vec!["service@mairie.example".to_owned()],
        cc: vec!["copie@example.org".to_owned()],
        bcc: vec!["cachee@example.org".to_owned()],
        html: Some("<p>Voilà</p>".to_owned()),
        attachments: vec![attachment("état.pdf", attached.clone())],
        ..draft("Délibération n° 12 : école, été")
    });
    let mut session = open(&connector, server.instance("whole", KEY)).await;
    let found = session.verify().await.unwrap();
    assert!(
        found.contains(&("server".to_owned(), "stranger/1".to_owned())),
        "{found:?}"
    );
    assert_eq!(server.next().await["key"], "right");
    let receipt = session.send(&message).await.unwrap();
    assert_eq!(receipt.id, Some(format!("m-{}", message.id())), "{receipt:?}");

    let request = server.next().await;
    assert_eq!((&request["status"], &request["key"]), (&json!(202), &json!("right")));
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

    let said = format!("{found:?} {receipt:?} {:?}", HEARD.of("whole"));
    assert!(!said.contains(KEY), "{said}");
    let memories = session.into_memories().await;
    let holds = |needle: &str| {
        memories
            .iter()
            .any(|memory| memory.windows(needle.len()).any(|part| part == needle.as_bytes()))
    };
    // It keeps the handle, which shows that the search finds what is there.
    assert!(holds(HANDLE), "the search finds no handle");
    assert!(!holds(KEY), "the key is in the guest's memory");
}

#[tokio::test]
async fn attachments_over_the_connectors_own_limit_are_too_large_and_nothing_leaves() {
    let connector = connector!(CONNECTOR);
    let mut server = Server::tls(&[]).await;
    let mut session = open(&connector, server.instance("large", KEY)).await;
    let large = Draft {
        attachments: vec![
            attachment("un.bin", vec![b'x'; 600_000]),
            attachment("deux.bin", vec![b'x'; 400_001]),
        ],
        ..draft("Trop")
    };
    let failure = session.send(&accepted(large)).await.unwrap_err();
    assert_eq!((failure.kind, &failure.code), (Kind::TooLarge, &None), "{failure}");
    assert!(failure.text.contains("1000001"), "{failure}");
    session.send(&accepted(draft("Bonjour"))).await.unwrap();
    assert_eq!(server.next().await["body"]["subject"], "Bonjour");
}

#[tokio::test]
async fn a_redirect_is_not_followed_by_fetch_either() {
    let connector = connector!(CONNECTOR);
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let place = format!("http://{}/messages", elsewhere.local_addr().unwrap());
    let mut server = Server::tls(&["--redirect", &place]).await;
    let mut session = open(&connector, server.instance("redirect", KEY)).await;
    let failure = session.send(&accepted(draft("Bonjour"))).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Configuration, Some("307")),
        "{failure}"
    );
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
async fn a_wrong_key_and_every_other_answer_have_the_servers_code_and_the_session_goes_on() {
    let connector = connector!(CONNECTOR);
    let server = Server::tls(&[]).await;
    let mut session = open(&connector, server.instance("wrong-key", "another")).await;
    let failures = [
        session.send(&accepted(draft("Bonjour"))).await.unwrap_err(),
        session.verify().await.unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(
            (failure.kind, failure.code.as_deref()),
            (Kind::Authentication, Some("401")),
            "{failure}"
        );
        assert_eq!(failure.text, "the API key is wrong");
    }

    let mut session = open(&connector, server.instance("answers", KEY)).await;
    let pause = Some(Duration::from_secs(30));
    for (status, kind, retry_after) in [
        ("503", Kind::Throttled, pause),
        ("500", Kind::Temporary, None),
        ("422", Kind::Rejected, None),
        ("200", Kind::UnknownOutcome, None),
    ] {
        let mail = accepted(draft(&format!("answer {status}")));
        let failure = session.send(&mail).await.unwrap_err();
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
async fn without_an_answer_fetch_fails_and_nothing_is_made_up() {
    let connector = connector!(CONNECTOR);
    let server = Server::tls(&[]).await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let absent = server.instance_at("absent", KEY, &format!("https://{nobody}"), Grants::default());
    let (another, _) = certificate();
    let untrusted = instance("untrusted", KEY, &server.url, Some(&another), Grants::default());
    for instance in [absent, untrusted] {
        let mut session = open(&connector, instance).await;
        let failure = session.send(&accepted(draft("Bonjour"))).await.unwrap_err();
        assert_eq!((failure.kind, &failure.code), (Kind::Unreachable, &None), "{failure}");
        assert!(session.usable());
    }
}

/// What came of one try to carry the handle out.
struct Tried {
    failure: Failure,
    /// The rules that refused it.
    rules: Vec<String>,
    /// What the key's own origin received, and the other one.
    endpoint: canary::Heard,
    other: canary::Heard,
}

async fn tried(place: &str, grants: Grants) -> Option<Tried> {
    let connector = LEAK.connector().await?;
    let (endpoint, other) = (Canary::start().await, Canary::start().await);
    let given = BTreeMap::from([("endpoint", endpoint.url.as_str()), ("other", other.url.as_str())]);
    let mut session = open(&connector, made(connector.manifest(), place, KEY, &given, grants)).await;
    let failure = session.send(&accepted(draft(place))).await.unwrap_err();
    drop(session);
    let rules = HEARD.of(place).into_iter().filter_map(|event| match event {
        Event::Refused { rule, .. } => Some(rule.to_string()),
        _ => None,
    });
    Some(Tried {
        failure,
        rules: rules.collect(),
        endpoint: endpoint.heard().await,
        other: other.heard().await,
    })
}

fn in_clear() -> Grants {
    Grants::parse(&["auth-in-clear"]).unwrap()
}

#[tokio::test]
async fn the_canary_hears_the_key_where_it_belongs() {
    let Some(tried) = tried("right place", in_clear()).await else {
        return;
    };
    // The connector was answered and says so; a 202 is no refusal, so the host believes no failure.
    assert_eq!(tried.failure.kind, Kind::UnknownOutcome, "{}", tried.failure);
    assert_eq!(tried.failure.text, "answered");
    assert!(
        tried.endpoint.head.contains(&format!("x-api-key: {KEY}\r\n")),
        "{:?}",
        tried.endpoint
    );
    assert!(tried.endpoint.ended, "{:?}", tried.endpoint);
    assert_eq!(tried.rules, [""; 0]);
}

#[tokio::test]
async fn a_handle_in_a_url_a_header_or_towards_another_origin_is_refused_before_a_byte_leaves() {
    for (place, rule) in [
        ("url", "URL"),
        ("another header", "the header `X-Api-Key` only"),
        ("name of a header", "no name of a header"),
        ("part of its header", "the whole value"),
        ("another origin", "does not go to this host"),
    ] {
        let Some(tried) = tried(place, in_clear()).await else {
            return;
        };
        assert_eq!(tried.failure.code, None, "{place}: {}", tried.failure);
        assert!(
            matches!(tried.rules.as_slice(), [one] if one.contains(rule)),
            "{place}: {:?}",
            tried.rules
        );
        for heard in [&tried.endpoint, &tried.other] {
            assert_eq!(heard.bytes, 0, "{place}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn a_handle_in_a_body_is_cut_off_however_the_guest_cuts_it() {
    for place in ["body", "body in pieces"] {
        let Some(tried) = tried(place, in_clear()).await else {
            return;
        };
        assert_eq!(tried.failure.code, None, "{place}: {}", tried.failure);
        assert!(
            tried.rules.iter().any(|rule| rule.contains("body")),
            "{place}: {:?}",
            tried.rules
        );
        // A `fetch` streams its body, so the head is gone by then; the request never ends.
        let body = &tried.endpoint.body;
        let carried = body.split_once(HANDLE).map_or(0, |(_, random)| {
            random.chars().take_while(char::is_ascii_hexdigit).count()
        });
        assert!(carried < 32, "{place}: the handle arrived: {body}");
        assert!(!body.contains("after"), "{place}: {body}");
        assert!(!body.contains(KEY), "{place}: {body}");
        assert!(
            !tried.endpoint.ended,
            "{place}: the request ended: {:?}",
            tried.endpoint
        );
        assert_eq!(tried.other.bytes, 0, "{place}");
    }
}

#[tokio::test]
async fn the_key_goes_out_in_clear_by_fetch_only_where_that_is_granted() {
    // The same request with the grant is the one of the canary above.
    let connector = connector!(LEAK);
    let (endpoint, other) = (Canary::start().await, Canary::start().await);
    let given = BTreeMap::from([("endpoint", endpoint.url.as_str()), ("other", other.url.as_str())]);
    let label = "clear not granted";
    let instance = made(connector.manifest(), label, KEY, &given, Grants::default());
    let mut session = open(&connector, instance).await;
    let failure = session.send(&accepted(draft("right place"))).await.unwrap_err();
    drop(session);
    assert_eq!(failure.code, None, "{failure}");
    let events = format!("{:?}", HEARD.of(label));
    assert!(events.contains("Refused"), "{events}");
    assert_eq!(endpoint.heard().await.bytes, 0);
}
