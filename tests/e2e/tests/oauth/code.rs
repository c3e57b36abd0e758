//! Association by redirect.

use std::time::Duration;

use relais_accounts::{FaultKind, Flow};
use relais_e2e::oauth::{MAIL_SEND, OAuth, REDIRECT, Setup, USER_READ, public, secret};
use relais_manifest::Lang;
use serde_json::json;
use url::Url;

use crate::{assert_fault, run};

fn redirect() -> Url {
    REDIRECT.parse().unwrap()
}

#[test]
fn a_browser_that_comes_back_associates_the_account() {
    for setup in [Setup::standard(), Setup::entra()] {
        let Some(server) = OAuth::start(setup) else { return };
        for application in [public(), secret()] {
            let client = server.client(application, Flow::AuthorizationCode);
            run(async {
                let pending = client.begin_code(&redirect()).unwrap();
                let asked: Vec<(String, String)> = pending.address.query_pairs().into_owned().collect();
                let get = |name: &str| {
                    asked
                        .iter()
                        .find(|(key, _)| key == name)
                        .map(|(_, value)| value.as_str())
                };
                assert_eq!(get("code_challenge_method"), Some("S256"));
                assert_eq!(get("prompt"), Some("consent"));
                assert_eq!(get("state").map(str::len), Some(43));
                let back = server.browse(pending.address.as_str()).parse().unwrap();
                let grant = client.finish_code(&pending, &back).await.unwrap();
                assert!(grant.refresh_token.is_some());
                assert_eq!(grant.username.as_deref(), Some("marie@mairie.example"));
                assert!(
                    grant.missing.is_empty() && grant.scopes.contains(&MAIL_SEND.to_owned()),
                    "{grant:?}"
                );
            });
        }
        let proofs: Vec<String> = server
            .seen()
            .into_iter()
            .filter(|seen| seen.kind == "code")
            .map(|seen| {
                assert!(seen.parameters.contains(&"code_verifier".to_owned()));
                seen.proof
            })
            .collect();
        assert!(proofs == ["none", "header"] || proofs == ["none", "body"], "{proofs:?}");
    }
}

#[test]
fn a_user_who_says_no_at_the_page_ends_the_association() {
    for (setup, code) in [(Setup::standard(), "access_denied"), (Setup::entra(), "AADSTS65004")] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(public(), Flow::AuthorizationCode);
        server.behave(json!({ "deny": true }));
        run(async {
            let pending = client.begin_code(&redirect()).unwrap();
            let back = server.browse(pending.address.as_str()).parse().unwrap();
            let fault = client.finish_code(&pending, &back).await.unwrap_err();
            assert_fault(&fault, FaultKind::Declined, code);
        });
        assert_eq!(server.requests("code"), 0);
    }
}

#[test]
fn scopes_that_the_user_took_away_at_the_page_are_told() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::AuthorizationCode);
    server.behave(json!({ "without": [USER_READ] }));
    run(async {
        let pending = client.begin_code(&redirect()).unwrap();
        let back = server.browse(pending.address.as_str()).parse().unwrap();
        assert_eq!(client.finish_code(&pending, &back).await.unwrap().missing, [USER_READ]);
    });
}

#[test]
fn an_address_that_is_not_this_associations_is_refused_before_the_provider_is_asked() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::AuthorizationCode);
    run(async {
        let pending = client.begin_code(&redirect()).unwrap();
        let other = client.begin_code(&redirect()).unwrap();
        let good = server.browse(pending.address.as_str());
        let of_other = server.browse(other.address.as_str());
        let issuer = |issuer: &str| {
            let mut url: Url = good.parse().unwrap();
            let pairs: Vec<(String, String)> = url
                .query_pairs()
                .into_owned()
                .filter(|(name, _)| name != "iss")
                .collect();
            url.query_pairs_mut()
                .clear()
                .extend_pairs(pairs)
                .append_pair("iss", issuer);
            url.to_string()
        };
        let state = pending.state().reveal();
        let cases = [
            (of_other, "redirect-state"),
            (good.replace(state, "guessed"), "redirect-state"),
            (format!("{REDIRECT}?code=a"), "redirect-state"),
            (format!("{good}&code=another"), "redirect-state"),
            (format!("{good}&state={state}"), "redirect-state"),
            (issuer("https://login.evil.example"), "redirect-issuer"),
            (issuer("not an address"), "redirect-issuer"),
            (good.replace("8525", "8526"), "redirect-address"),
            (good.replace("/oauth/callback", "/elsewhere"), "redirect-address"),
            (
                good.replace("http://127.0.0.1", "https://evil.example"),
                "redirect-address",
            ),
            (format!("{REDIRECT}?state={state}"), "redirect-code"),
            (
                format!("{REDIRECT}?state={state}&code={}", "a".repeat(9000)),
                "redirect-code",
            ),
            (format!("{REDIRECT}?state={state}&code=a%0d%0ab"), "redirect-code"),
            (
                format!("{REDIRECT}?state={state}&x={}", "a".repeat(40_000)),
                "redirect-address",
            ),
        ];
        for (address, code) in cases {
            let fault = client
                .finish_code(&pending, &address.parse().unwrap())
                .await
                .unwrap_err();
            assert_fault(&fault, FaultKind::Expired, code);
            assert!(!fault.text(Lang::Fr).contains(state), "{fault}");
        }
        assert_eq!(server.requests("code"), 0);
        // None of that used it up.
        client.finish_code(&pending, &good.parse().unwrap()).await.unwrap();
    });
}

#[test]
fn a_code_that_was_used_is_not_taken_again() {
    for (setup, code) in [(Setup::standard(), "invalid_grant"), (Setup::entra(), "AADSTS70000")] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(public(), Flow::AuthorizationCode);
        run(async {
            let pending = client.begin_code(&redirect()).unwrap();
            assert!(pending.remaining() > Duration::from_secs(60));
            let back = server.browse(pending.address.as_str()).parse().unwrap();
            client.finish_code(&pending, &back).await.unwrap();
            let fault = client.finish_code(&pending, &back).await.unwrap_err();
            assert_fault(&fault, FaultKind::Expired, code);
        });
    }
}

#[test]
fn a_code_that_somebody_else_caught_is_worth_nothing_without_the_verifier() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::AuthorizationCode);
    run(async {
        let victim = client.begin_code(&redirect()).unwrap();
        let caught: Url = server.browse(victim.address.as_str()).parse().unwrap();
        let code = caught
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        let thief = client.begin_code(&redirect()).unwrap();
        let injected = format!("{REDIRECT}?code={code}&state={}", thief.state().reveal());
        let fault = client
            .finish_code(&thief, &injected.parse().unwrap())
            .await
            .unwrap_err();
        assert_fault(&fault, FaultKind::Expired, "invalid_grant");
    });
}
