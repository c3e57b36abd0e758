//! What is shown of a fault, a client or a grant: no secret, not even one that a provider sends back.

use relais_accounts::{Application, Dialect, Flow, Proof, Secret};
use relais_e2e::oauth::{self, CERTIFICATE, OAuth, PASSWORD, Setup, public, secret};
use relais_manifest::Lang;

use crate::scripted::{Script, Scripted};
use crate::{associated, run};

const HELD: &str = "canary-refresh-token-0123456789";

fn shown(fault: &relais_accounts::Fault) -> String {
    format!("{fault} {fault:?} {} {}", fault.text(Lang::Fr), fault.text(Lang::En))
}

#[test]
fn a_secret_that_a_provider_sends_back_is_masked() {
    run(async {
        let server = Scripted::start(Script::Echoes).await;
        for dialect in [Dialect::Standard, Dialect::Entra] {
            let provider = server.provider(dialect);
            let client = oauth::client(&provider, secret(), Flow::AuthorizationCode).unwrap();
            let fault = client.refresh(&Secret::new(HELD.to_owned())).await.unwrap_err();
            let text = shown(&fault);
            assert!(
                text.contains("grant_type=refresh_token") && text.contains("refresh_token=[…]"),
                "{text}"
            );
            assert!(!text.contains(HELD) && !text.contains(PASSWORD), "{text}");
            let fault = client.revoke(&Secret::new(HELD.to_owned())).await.unwrap_err();
            assert!(!shown(&fault).contains(HELD), "{fault}");
            let redirect = oauth::REDIRECT.parse().unwrap();
            let pending = client.begin_code(&redirect).unwrap();
            let back = format!("{redirect}?code=canary-code-0123&state={}", pending.state().reveal());
            let fault = client.finish_code(&pending, &back.parse().unwrap()).await.unwrap_err();
            assert!(!shown(&fault).contains("canary-code"), "{fault}");
            assert!(shown(&fault).contains("code_verifier=[…]"), "{fault}");
        }
    });
}

#[test]
fn an_assertion_that_a_provider_sends_back_is_masked() {
    let Some((key, certificate)) = oauth::rsa() else { return };
    run(async {
        let server = Scripted::start(Script::Echoes).await;
        let application = Application {
            client_id: CERTIFICATE.to_owned(),
            proof: Proof::Certificate {
                key_pem: Secret::new(key),
                certificate_pem: certificate,
            },
        };
        let client = oauth::client(
            &server.provider(Dialect::Standard),
            application,
            Flow::ClientCredentials,
        )
        .unwrap();
        let fault = client.client_credentials().await.unwrap_err();
        assert!(shown(&fault).contains("client_assertion=[…]"), "{fault}");
        assert!(!shown(&fault).contains("eyJ"), "{fault}");
        assert!(!format!("{client:?}").contains("PRIVATE KEY"));
    });
}

#[test]
fn no_secret_is_in_what_a_client_or_a_grant_prints() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(secret(), Flow::DeviceCode);
    run(async {
        assert!(!format!("{client:?}").contains(PASSWORD));
        let pending = client.begin_device(Lang::Fr).await.unwrap();
        assert!(format!("{pending:?}").contains("Secret(…)"));
        let grant = associated(&server, &server.client(public(), Flow::DeviceCode)).await;
        let text = format!("{grant:?}");
        assert!(!text.contains(grant.access_token.reveal()), "{text}");
        assert!(!text.contains(grant.refresh_token.unwrap().reveal()), "{text}");
    });
}
