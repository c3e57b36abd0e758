//! Tokens for an application itself, and how it proves to be itself.

use std::time::{Duration, SystemTime};

use relais_accounts::{Application, FaultKind, Flow, Proof, Secret};
use relais_e2e::oauth::{self, CERTIFICATE, DEFAULT, OAuth, PASSWORD, SECRET, Setup, TENANT, public, secret};
use relais_manifest::Lang;
use serde_json::json;

use crate::{assert_fault, run};

fn certificate(pair: &(String, String)) -> Application {
    Application {
        client_id: CERTIFICATE.to_owned(),
        proof: Proof::Certificate {
            key_pem: Secret::new(pair.0.clone()),
            certificate_pem: pair.1.clone(),
        },
    }
}

fn with_certificate(setup: Setup, pair: &(String, String)) -> Setup {
    Setup {
        certificate: Some(pair.1.clone()),
        ..setup
    }
}

#[test]
fn a_secret_brings_a_token_with_the_applications_roles() {
    for (setup, place) in [(Setup::standard(), "header"), (Setup::entra(), "body")] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(secret(), Flow::ClientCredentials);
        server.change(json!({ "roles": ["Mail.Send", "Mail.ReadWrite"] }));
        run(async {
            let grant = client.client_credentials().await.unwrap();
            assert_eq!(grant.roles, ["Mail.Send", "Mail.ReadWrite"]);
            assert_eq!(grant.tenant.as_deref(), Some(TENANT));
            assert_eq!((grant.scopes, grant.missing), (vec![DEFAULT.to_owned()], Vec::new()));
            assert!(grant.refresh_token.is_none());
        });
        assert_eq!(server.seen()[0].proof, place);
    }
}

#[test]
fn a_certificate_proves_the_application_without_a_secret() {
    let Some(pair) = oauth::rsa() else { return };
    for (setup, algorithm) in [(Setup::standard(), "RS256"), (Setup::entra(), "PS256")] {
        let Some(server) = OAuth::start(with_certificate(setup, &pair)) else {
            return;
        };
        run(async {
            let client = server.client(certificate(&pair), Flow::ClientCredentials);
            assert_eq!(client.client_credentials().await.unwrap().roles, ["Mail.Send"]);
        });
        let seen = server.seen();
        assert_eq!(seen[0].proof, "assertion");
        assert_eq!(seen[0].assertion.as_ref().unwrap()["alg"], algorithm);
    }
}

#[test]
fn another_key_than_the_registered_certificates_is_refused_by_the_server() {
    let (Some(pair), Some(other)) = (oauth::rsa(), oauth::rsa()) else {
        return;
    };
    for (setup, code) in [(Setup::standard(), "invalid_client"), (Setup::entra(), "AADSTS700027")] {
        let Some(server) = OAuth::start(with_certificate(setup, &pair)) else {
            return;
        };
        run(async {
            let client = server.client(certificate(&other), Flow::ClientCredentials);
            let fault = client.client_credentials().await.unwrap_err();
            assert_fault(&fault, FaultKind::Configuration, code);
        });
    }
}

#[test]
fn a_clock_that_is_wrong_by_a_day_is_named_and_spoils_nothing_else() {
    const DAY: Duration = Duration::from_secs(24 * 3600);
    type Clock = fn() -> SystemTime;
    let clocks: [(Clock, &str); 2] = [
        (|| SystemTime::now() + DAY, "avance de 24 h"),
        (|| SystemTime::now() - DAY, "retarde de 24 h"),
    ];
    let Some(pair) = oauth::rsa() else { return };
    for (setup, code) in [(Setup::standard(), "invalid_client"), (Setup::entra(), "AADSTS700024")] {
        let Some(server) = OAuth::start(with_certificate(setup, &pair)) else {
            return;
        };
        for (clock, words) in clocks {
            run(async {
                let client = server
                    .client(certificate(&pair), Flow::ClientCredentials)
                    .with_clock(clock);
                let fault = client.client_credentials().await.unwrap_err();
                assert_fault(&fault, FaultKind::Clock, code);
                assert!(fault.what(Lang::Fr).contains(words), "{}", fault.text(Lang::Fr));
                assert!(fault.next(Lang::Fr).contains("NTP"));
                // No time of ours is in the rest.
                let client = server.client(secret(), Flow::ClientCredentials).with_clock(clock);
                assert_eq!(
                    client.client_credentials().await.unwrap().expires_in,
                    Duration::from_secs(3600)
                );
            });
        }
    }
}

#[test]
fn a_secret_that_is_wrong_and_an_application_that_is_not_known_are_told_apart() {
    let wrong = |id: &str| Application {
        client_id: id.to_owned(),
        proof: Proof::Secret(Secret::new(PASSWORD.replace('~', "-"))),
    };
    let cases = [
        (Setup::standard(), SECRET, "invalid_client"),
        (Setup::standard(), "nobody", "invalid_client"),
        (Setup::entra(), SECRET, "AADSTS7000215"),
        (Setup::entra(), "nobody", "AADSTS700016"),
    ];
    for (setup, id, code) in cases {
        let Some(server) = OAuth::start(setup) else { return };
        run(async {
            let client = server.client(wrong(id), Flow::ClientCredentials);
            let fault = client.client_credentials().await.unwrap_err();
            assert_fault(&fault, FaultKind::Configuration, code);
        });
    }
}

#[test]
fn an_application_without_a_proof_does_not_even_ask() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let fault = oauth::client(&server.provider(), public(), Flow::ClientCredentials).unwrap_err();
    assert_fault(&fault, FaultKind::Configuration, "application-proof");
    let mut provider = server.provider();
    provider.flows = vec![Flow::DeviceCode];
    let fault = oauth::client(&provider, secret(), Flow::AuthorizationCode).unwrap_err();
    assert_fault(&fault, FaultKind::Configuration, "flow-not-offered");
    assert!(server.seen().is_empty());
}

#[test]
fn entra_gets_no_secret_in_the_device_flow_and_others_do() {
    for (setup, proof) in [(Setup::standard(), "header"), (Setup::entra(), "none")] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(secret(), Flow::DeviceCode);
        // What the server makes of it does not matter here.
        let _ = run(client.begin_device(Lang::Fr));
        assert_eq!(server.seen()[0].proof, proof);
    }
}
