//! STARTTLS, TLS from the start, and the certificate.

use relais_catcher::{Catcher, CatcherError, Options, Tls};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

use crate::client::{Client, start};

fn starttls() -> Options {
    Options {
        tls: Tls::StartTls,
        ..Options::default()
    }
}

#[tokio::test]
async fn starttls_is_offered_demanded_and_forgets_what_was_said() {
    let catcher = start(starttls()).await;
    let mut client = Client::connect(&catcher).await;
    client.expect("220").await;
    client.say("STARTTLS").await.expect("503").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(offered.contains("STARTTLS"));
    client.say("MAIL FROM:<a@b.example>").await.expect("530 5.7.0").await;
    client.say("STARTTLS").await.expect("220").await;

    let mut client = client.handshake(catcher.ca_pem().unwrap(), "localhost").await.unwrap();
    client.say("MAIL FROM:<a@b.example>").await.expect("503").await;
    let offered = client.say("EHLO again.example").await.expect("250").await;
    assert!(!offered.contains("STARTTLS"));
    client.say("STARTTLS").await.expect("503").await;
    client.mail("content").await;
    let mails = catcher.mails();
    assert_eq!(mails[0].tls.as_deref(), Some("TLSv1.3"));
    assert_eq!(mails[0].helo, "again.example");
}

#[tokio::test]
async fn plaintext_sent_along_with_starttls_ends_the_session() {
    let catcher = start(starttls()).await;
    let mut client = Client::greeted(&catcher).await;
    client
        .send("STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n")
        .await
        .expect("503 5.5.0")
        .await;
    client.expect_close().await;
    assert!(!catcher.commands().iter().any(|command| command.starts_with("MAIL")));
}

#[tokio::test]
async fn mail_in_clear_is_taken_before_starttls_where_logins_in_clear_are() {
    let catcher = start(Options {
        auth_in_clear: true,
        ..starttls()
    })
    .await;
    let reply = Client::greeted(&catcher).await.mail("content").await;
    assert!(reply.starts_with("250"), "{reply}");
    assert_eq!(catcher.mails()[0].tls, None);
}

#[tokio::test]
async fn implicit_tls_speaks_tls_first() {
    let catcher = start(Options {
        tls: Tls::Implicit,
        ..Options::default()
    })
    .await;
    let client = Client::connect(&catcher).await;
    let mut client = client.handshake(catcher.ca_pem().unwrap(), "127.0.0.1").await.unwrap();
    client.expect("220").await;
    let offered = client.say("EHLO client.example").await.expect("250").await;
    assert!(!offered.contains("STARTTLS"));
    client.mail("content").await;
    client.say("QUIT").await.expect("221").await;
    client.expect_close().await;
    assert_eq!(catcher.mails()[0].tls.as_deref(), Some("TLSv1.3"));
}

#[tokio::test]
async fn a_pipelined_envelope_is_noted_under_tls_too() {
    let catcher = start(starttls()).await;
    let mut client = Client::secured(&catcher, catcher.ca_pem().unwrap()).await;
    client
        .send("MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n")
        .await;
    for code in ["250", "250", "354"] {
        client.expect(code).await;
    }
    client.send("content\r\n.\r\n").await.expect("250").await;
    assert!(catcher.mails()[0].pipelined);
}

/// The certificate that a TLS client was shown.
async fn presented(catcher: &Catcher, trusted: &str) -> CertificateDer<'static> {
    let client = Client::secured(catcher, trusted).await;
    let (_, connection) = client.stream.get_ref();
    connection.peer_certificates().unwrap()[0].clone()
}

#[tokio::test]
async fn the_certificate_told_is_the_one_shown() {
    for self_signed in [false, true] {
        let catcher = start(Options {
            self_signed,
            ..starttls()
        })
        .await;
        let told = CertificateDer::from_pem_slice(catcher.certificate_pem().unwrap().as_bytes()).unwrap();
        let trusted = catcher.ca_pem().or(catcher.certificate_pem()).unwrap();
        assert_eq!(presented(&catcher, trusted).await, told);
        let digest: String = Sha256::digest(&told)
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        assert_eq!(catcher.certificate_sha256(), Some(digest.as_str()));
        assert_eq!(catcher.ca_pem().is_none(), self_signed);
    }
}

#[tokio::test]
async fn another_name_or_another_ca_does_not_verify() {
    let catcher = start(starttls()).await;
    let stranger = start(starttls()).await;
    for (trusted, name) in [(&catcher, "mail.example"), (&stranger, "localhost")] {
        let mut client = Client::greeted(&catcher).await;
        client.say("STARTTLS").await.expect("220").await;
        assert!(
            client.handshake(trusted.ca_pem().unwrap(), name).await.is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_certificate_carries_the_names_asked_for() {
    let names = vec!["mail.example".to_owned()];
    let catcher = start(Options {
        certificate_names: names,
        ..starttls()
    })
    .await;
    for (name, verifies) in [("mail.example", true), ("localhost", false)] {
        let mut client = Client::greeted(&catcher).await;
        client.say("STARTTLS").await.expect("220").await;
        let handshake = client.handshake(catcher.ca_pem().unwrap(), name).await;
        assert_eq!(handshake.is_ok(), verifies, "{name}");
    }
}

#[tokio::test]
async fn names_that_make_no_certificate_are_refused_at_the_start() {
    let none = Catcher::start(Options {
        certificate_names: Vec::new(),
        ..starttls()
    })
    .await;
    assert!(matches!(none, Err(CatcherError::NoCertificateName)), "{none:?}");
    let names = vec!["h\u{e9}h\u{e9}".to_owned()];
    let bad = Catcher::start(Options {
        certificate_names: names,
        ..starttls()
    })
    .await;
    assert!(matches!(bad, Err(CatcherError::Certificate { .. })), "{bad:?}");
}

#[tokio::test]
async fn without_tls_there_is_no_certificate() {
    let catcher = start(Options::default()).await;
    assert_eq!(
        (
            catcher.certificate_pem(),
            catcher.ca_pem(),
            catcher.certificate_sha256()
        ),
        (None, None, None)
    );
}
