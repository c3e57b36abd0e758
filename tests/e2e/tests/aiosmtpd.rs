//! Through aiosmtpd: forced STARTTLS and login, mixed answers to RCPT, and a connection that ends before the answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use relais_e2e::{Aiosmtpd, Demands, RECIPIENT, Reader, SENDER, Target, Tls, accept, attachment, draft, pdf, send};
use relais_sandbox::Kind;

const NAME: &str = "envoi@mairie.example";
const PASSWORD: &str = "Été 2026, tout va bien";

/// A server that demands STARTTLS and a login.
fn strict(without_mechanisms: &[&'static str]) -> Option<Aiosmtpd> {
    Aiosmtpd::start(Demands {
        tls: Tls::StartTls,
        login: Some((NAME, PASSWORD)),
        without_mechanisms: without_mechanisms.to_vec(),
        ..Demands::default()
    })
}

fn trusting(server: &Aiosmtpd) -> Target {
    Target::new("localhost", server.port()).set("certificate", server.identity().trusted_pem.as_str())
}

/// A server in clear with these replies to RCPT.
fn choosy(replies: &[(&'static str, &'static str)], pipelining: bool) -> Option<Aiosmtpd> {
    Aiosmtpd::start(Demands {
        replies: BTreeMap::from_iter(replies.iter().copied()),
        pipelining,
        ..Demands::default()
    })
}

#[tokio::test]
async fn a_mail_goes_through_forced_starttls_and_login_with_plain() {
    let Some(server) = strict(&[]) else { return };
    let mut session = trusting(&server)
        .login(NAME, PASSWORD)
        .set("helo", "ged.mairie.example")
        .open()
        .await;
    let mut mail = draft("Reçu n° 4");
    mail.attachments = vec![attachment("reçu.pdf", pdf(50_000))];
    send(&mut session, &accept(mail)).await.expect("the server takes it");
    session.close().await;

    assert_eq!(server.logins(), [("PLAIN".to_owned(), true)]);
    let [received] = &server.mails()[..] else {
        panic!("{} mails", server.mails().len())
    };
    assert_eq!(
        (received.sender.as_str(), &received.recipients[..]),
        (SENDER, &[RECIPIENT.to_owned()][..])
    );
    assert_eq!(received.login.as_deref(), Some(NAME));
    assert!(
        received
            .tls
            .as_deref()
            .is_some_and(|version| version.starts_with("TLSv1.")),
        "{:?}",
        received.tls
    );
    assert_eq!(received.helo, "ged.mairie.example");
    let Some(mut reader) = Reader::start() else { return };
    let decoded = reader.read(&received.content);
    assert_eq!(decoded.header("Subject"), Some("Reçu n° 4"));
    assert!(decoded.attachments()[0].content == pdf(50_000));
}

#[tokio::test]
async fn login_is_used_where_plain_is_not_offered() {
    let Some(server) = strict(&["PLAIN"]) else { return };
    let mut session = trusting(&server).login(NAME, PASSWORD).open().await;
    send(&mut session, &accept(draft("Par LOGIN")))
        .await
        .expect("the server takes it");
    assert_eq!(server.logins(), [("LOGIN".to_owned(), true)]);
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_fails_in_the_servers_own_words_and_nothing_is_sent() {
    for without in ["LOGIN", "PLAIN"] {
        let Some(server) = strict(&[without]) else { return };
        let mut session = trusting(&server).login(NAME, "faux").open().await;
        let failure = send(&mut session, &accept(draft("Refusé"))).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Authentication, "{failure}");
        assert_eq!(failure.code.as_deref(), Some("535 5.7.8"));
        assert!(failure.text.contains("This account is locked, call 0123"), "{failure}");
        assert!(!failure.text.contains("faux"), "{failure}");
        assert_eq!(server.mails().len(), 0);
        assert_eq!(server.logins().len(), 1, "a refused login was tried again");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_login_that_nobody_set_refuses_in_its_own_words() {
    let Some(server) = strict(&[]) else { return };
    let mut session = trusting(&server).open().await;
    let failure = send(&mut session, &accept(draft("Sans compte"))).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Authentication, "{failure}");
    assert!(
        failure.code.as_deref().is_some_and(|code| code.starts_with("530")),
        "{failure:?}"
    );
}

#[tokio::test]
async fn verify_tells_who_was_found_and_that_the_login_worked() {
    let Some(server) = strict(&[]) else { return };
    let mut session = trusting(&server).login(NAME, PASSWORD).open().await;
    let found: BTreeMap<String, String> = session.verify().await.expect("all is well").into_iter().collect();
    assert_eq!(found["certificate-sha256"], server.identity().sha256);
    assert!(found["certificate-subject"].contains("localhost"), "{found:?}");
    assert!(found["tls-version"].contains("1."), "{found:?}");
    assert_eq!(found["authentication"], "ok");
    assert_eq!(found["server"], "aiosmtpd.test");
    assert!(found["extensions"].contains("SIZE"), "{found:?}");
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn a_refused_recipient_does_not_stop_the_others() {
    let replies = [
        ("full@b.example", "450 4.2.2 Mailbox full"),
        ("gone@b.example", "550 5.1.1 No such user here"),
    ];
    for pipelining in [false, true] {
        let Some(server) = choosy(&replies, pipelining) else {
            return;
        };
        let mut session = Target::clear(server.port()).open().await;
        let mut mail = draft("Quatre destinataires");
        mail.to = ["a@b.example", "full@b.example", "gone@b.example", "z@b.example"]
            .map(str::to_owned)
            .to_vec();
        let receipt = send(&mut session, &accept(mail))
            .await
            .expect("the server takes it for two");
        let refused: Vec<_> = receipt
            .refused
            .iter()
            .map(|r| (r.recipient.as_str(), r.code.as_deref().unwrap()))
            .collect();
        assert_eq!(
            refused,
            [("full@b.example", "450 4.2.2"), ("gone@b.example", "550 5.1.1")]
        );
        assert!(
            receipt.refused[1].text.contains("No such user here"),
            "{:?}",
            receipt.refused
        );
        assert_eq!(server.mails()[0].recipients, ["a@b.example", "z@b.example"]);
        assert!(
            receipt
                .details
                .contains(&("pipelined".to_owned(), pipelining.to_string()))
        );
    }
}

#[tokio::test]
async fn where_every_recipient_is_refused_nothing_is_sent_and_the_next_mail_leaves() {
    let gone = ("gone@b.example", "550 5.1.1 No such user here");
    let later = ("later@b.example", "451 4.3.0 Come back later");
    let mut cases = Vec::new();
    for pipelining in [false, true] {
        cases.push((vec![gone], pipelining, Kind::Rejected, "550 5.1.1"));
        cases.push((vec![gone, later], pipelining, Kind::Temporary, "451 4.3.0"));
    }
    for (replies, pipelining, kind, code) in cases {
        let Some(server) = choosy(&replies, pipelining) else {
            return;
        };
        let mut session = Target::clear(server.port()).open().await;
        let mut mail = draft("Personne");
        mail.to = replies.iter().map(|(address, _)| (*address).to_owned()).collect();
        let failure = send(&mut session, &accept(mail)).await.unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{failure}");
        for (address, reply) in &replies {
            assert!(
                failure.detail(address).is_some_and(|said| said.contains(&reply[..9])),
                "{failure:?}"
            );
        }
        assert_eq!(server.mails().len(), 0);
        send(&mut session, &accept(draft("La suivante")))
            .await
            .expect("the session goes on");
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_an_unknown_outcome_and_nothing_is_sent_again() {
    let Some(server) = Aiosmtpd::start(Demands {
        drop_after_data: 1,
        ..Demands::default()
    }) else {
        return;
    };
    let mut session = Target::clear(server.port()).open().await;
    let failure = send(&mut session, &accept(draft("Peut-être"))).await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome, "{failure}");
    assert_eq!(failure.code, None);
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.connections(), 1, "the mail was tried again");

    // Not even later, with the next one.
    send(&mut session, &accept(draft("La suivante")))
        .await
        .expect("a new connection is made");
    session.close().await;
    let received = server.mails();
    assert_eq!(received.len(), 2);
    assert_ne!(received[0].content, received[1].content);
    assert_eq!(server.connections(), 2);
}
