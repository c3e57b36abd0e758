//! STARTTLS: what was said before is forgotten, and what came too early is never obeyed.

use std::sync::Arc;

use relais_submission::{ListenError, Options, Submission, server_tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::fake::{Door, LARGEST, listen_with, open};

/// Options with a certificate for `localhost`, and that certificate in PEM.
fn certified() -> (Options, String) {
    let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [chain, key] = ["chain.pem", "key.pem"].map(|name| folder.path().join(name));
    std::fs::write(&chain, issued.cert.pem()).unwrap();
    std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
    let options = Options {
        tls: Some(server_tls(&chain, &key).unwrap()),
        ..Options::loopback(0, LARGEST)
    };
    assert!(server_tls(&key, &key).is_err() && server_tls(&chain, &chain).is_err());
    (options, issued.cert.pem())
}

async fn handshake(client: Client<TcpStream>, trusted: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, client.0.into_inner())
        .await
}

#[tokio::test]
async fn a_mail_goes_through_tls_and_nothing_said_before_counts() {
    let (options, trusted) = certified();
    let (submission, fake) = listen_with(open(), options).await;
    let mut client = Client::connect(&submission).await;
    client.expect("220").await;
    let offered = client.ask("EHLO client.example", "250").await;
    assert!(offered.contains("STARTTLS"), "{offered}");
    client.ask("MAIL FROM:<>", "250").await;
    client.ask("STARTTLS", "220").await;
    let mut client = Client::over(handshake(client, &trusted).await.unwrap());
    client.ask("RCPT TO:<a@b.example>", "503").await;
    client.ask("MAIL FROM:<>", "503").await;
    let offered = client.ask("EHLO client.example", "250").await;
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH"), "{offered}");
    client.ask("STARTTLS", "503").await;
    client.begin().await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    assert_eq!(fake.kept().len(), 1);
}

#[tokio::test]
async fn commands_in_clear_behind_starttls_are_not_obeyed() {
    let (options, _) = certified();
    let (submission, fake) = listen_with(open(), options).await;
    let mut client = Client::greeted(&submission).await;
    client.send("STARTTLS\r\nMAIL FROM:<>\r\n").await;
    client.expect("503 5.5.0").await;
    client.expect_close().await;
    assert_eq!(*fake.open.lock().unwrap(), 0);
}

#[tokio::test]
async fn a_handshake_that_is_none_ends_the_connection() {
    let (options, _) = certified();
    let (submission, _) = listen_with(open(), options).await;
    let mut client = Client::greeted(&submission).await;
    client.ask("STARTTLS", "220").await;
    client.send("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n").await;
    // An alert in TLS's own octets may come first; what matters is the end.
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut client.0, &mut rest);
    let _ = tokio::time::timeout(crate::client::PATIENCE, read)
        .await
        .expect("it closes");
    assert!(!rest.starts_with(b"250"), "{}", rest.escape_ascii());
}

#[tokio::test]
async fn tls_from_the_first_octet_greets_under_tls_and_offers_no_other() {
    let (options, trusted) = certified();
    let implicit = Options {
        implicit: true,
        ..options
    };
    let (submission, fake) = listen_with(open(), implicit).await;
    let mut client = Client::over(handshake(Client::connect(&submission).await, &trusted).await.unwrap());
    client.expect("220").await;
    let offered = client.ask("EHLO client.example", "250").await;
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH"), "{offered}");
    client.begin().await;
    client.send("Subject: a\r\n\r\nb\r\n.\r\n").await;
    client.expect("250").await;
    assert!(
        fake.kept()[0].trace.contains("with ESMTPS;"),
        "{}",
        fake.kept()[0].trace
    );
    // Who speaks in clear is answered nothing that is not TLS.
    let mut clear = Client::connect(&submission).await;
    clear.send("EHLO client.example\r\n").await;
    let mut rest = Vec::new();
    let read = tokio::io::AsyncReadExt::read_to_end(&mut clear.0, &mut rest);
    let _ = tokio::time::timeout(crate::client::PATIENCE, read)
        .await
        .expect("it closes");
    assert!(!rest.starts_with(b"2"), "{}", rest.escape_ascii());
}

#[tokio::test]
async fn tls_from_the_first_octet_needs_a_certificate() {
    let options = Options {
        implicit: true,
        ..Options::loopback(0, LARGEST)
    };
    let refused = Submission::bind(options, Arc::new(Door(Arc::default()))).await;
    assert!(matches!(refused, Err(ListenError::NoCertificate(_))));
}
