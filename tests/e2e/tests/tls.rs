//! TLS towards a server that is not ours (OpenSSL, by Python): who is believed, who is not, and what the administrator is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use relais_e2e::{Aiosmtpd, Demands, Identity, Target, Tls, accept, draft, send};
use relais_sandbox::{Failure, Kind};

fn server(tls: Tls, identity: &Identity) -> Option<Aiosmtpd> {
    Aiosmtpd::start(Demands {
        tls,
        identity: Some(identity.clone()),
        ..Demands::default()
    })
}

fn implicit(host: &str, server: &Aiosmtpd) -> Target {
    Target::new(host, server.port()).set("tls", true)
}

async fn refused(target: Target) -> Failure {
    let mut session = target.open().await;
    let refused = send(&mut session, &accept(draft("Confidentiel"))).await;
    refused.expect_err("the mail left")
}

/// The failure names the certificate, and neither mail nor login reached the server.
fn assert_presented(failure: &Failure, server: &Aiosmtpd, subject: &str) {
    assert_eq!(failure.kind, Kind::Configuration, "{failure}");
    assert!(
        failure.text.contains(&server.identity().sha256),
        "no fingerprint: {failure}"
    );
    assert!(failure.text.contains(subject), "no subject: {failure}");
    assert_eq!(server.mails().len(), 0);
    assert_eq!(server.logins().len(), 0);
}

#[tokio::test]
async fn implicit_tls_with_a_private_ca() {
    let identity = Identity::signed(&["localhost"]);
    let Some(server) = server(Tls::Implicit, &identity) else {
        return;
    };
    let mut session = implicit("localhost", &server)
        .set("certificate", identity.trusted_pem.as_str())
        .open()
        .await;
    send(&mut session, &accept(draft("Autorité interne")))
        .await
        .expect("the server takes it");
    assert!(server.mails()[0].tls.is_some());
}

#[tokio::test]
async fn implicit_tls_with_a_pinned_self_signed_certificate_whatever_name_it_has() {
    let identity = Identity::self_signed(&["vieux-serveur.local"]);
    let Some(server) = server(Tls::Implicit, &identity) else {
        return;
    };
    let mut session = implicit("localhost", &server)
        .set("certificate", identity.certificate_pem.as_str())
        .open()
        .await;
    send(&mut session, &accept(draft("Certificat épinglé")))
        .await
        .expect("the server takes it");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn another_certificate_of_the_same_name_is_not_the_pinned_one() {
    let Some(server) = server(Tls::Implicit, &Identity::self_signed(&["localhost"])) else {
        return;
    };
    let pinned = Identity::self_signed(&["localhost"]).certificate_pem;
    let failure = refused(implicit("localhost", &server).set("certificate", pinned)).await;
    assert_presented(&failure, &server, "CN=localhost");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_and_shown() {
    let identity = Identity::signed(&["autre.example"]);
    for tls in [Tls::Implicit, Tls::StartTls] {
        let Some(server) = server(tls, &identity) else { return };
        let target = Target::new("localhost", server.port()).set("certificate", identity.trusted_pem.as_str());
        let failure = refused(target.set("tls", tls == Tls::Implicit)).await;
        assert_presented(&failure, &server, "CN=autre.example");
    }
}

#[tokio::test]
async fn the_expected_name_is_the_one_that_the_administrator_gave() {
    let identity = Identity::signed(&["smtp.mairie.example"]);
    let Some(server) = server(Tls::Implicit, &identity) else {
        return;
    };
    let target = implicit("127.0.0.1", &server).set("certificate", identity.trusted_pem.as_str());
    let failure = refused(target.clone()).await;
    assert_presented(&failure, &server, "CN=smtp.mairie.example");
    let mut session = target.set("tls_name", "smtp.mairie.example").open().await;
    send(&mut session, &accept(draft("Par l'adresse")))
        .await
        .expect("the server takes it");
    assert_eq!(server.mails().len(), 1);
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_and_shown() {
    let identity = Identity::signed(&["localhost"]);
    let Some(server) = server(Tls::Implicit, &identity) else {
        return;
    };
    let other = Identity::signed(&["localhost"]).trusted_pem;
    let failure = refused(implicit("localhost", &server).set("certificate", other)).await;
    assert_presented(&failure, &server, "CN=localhost");
    // Nor do the system's roots know it.
    let failure = refused(implicit("localhost", &server)).await;
    assert_presented(&failure, &server, "CN=localhost");
}

#[tokio::test]
async fn verify_shows_the_certificate_that_it_refuses() {
    let identity = Identity::signed(&["autre.example"]);
    let Some(server) = server(Tls::StartTls, &identity) else {
        return;
    };
    let mut session = Target::new("localhost", server.port()).login("a", "b").open().await;
    let failure = session.verify().await.unwrap_err();
    assert_presented(&failure, &server, "CN=autre.example");
}

#[tokio::test]
async fn ssl_tls_on_a_port_that_speaks_starttls_is_recognised_and_said() {
    let Some(server) = server(Tls::StartTls, &Identity::signed(&["localhost"])) else {
        return;
    };
    let failure = refused(implicit("localhost", &server)).await;
    assert_eq!(failure.kind, Kind::Configuration, "{failure}");
    assert!(failure.text.contains("`starttls`"), "{failure}");
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn starttls_on_a_port_that_speaks_tls_at_once_says_which_parameter_to_change() {
    let Some(server) = server(Tls::Implicit, &Identity::signed(&["localhost"])) else {
        return;
    };
    let failure = refused(Target::new("localhost", server.port()).set("timeout", 1)).await;
    assert_eq!(failure.kind, Kind::Timeout, "{failure}");
    assert!(failure.text.contains("`tls`"), "{failure}");
    assert_eq!(server.mails().len(), 0);
}

#[tokio::test]
async fn a_server_that_does_not_offer_starttls_gets_nothing_in_clear() {
    let Some(server) = server(Tls::None, &Identity::signed(&["localhost"])) else {
        return;
    };
    let failure = refused(Target::new("localhost", server.port()).login("a", "b")).await;
    assert_eq!(failure.kind, Kind::Configuration, "{failure}");
    assert_eq!((server.mails().len(), server.logins().len()), (0, 0));
}
