//! A new token for an old one, and the ends of an account.

use std::time::{Duration, Instant};

use relais_accounts::{FaultKind, Flow, Secret};
use relais_e2e::oauth::{OAuth, Setup, public, secret};
use relais_manifest::Lang;
use serde_json::json;

use crate::{assert_fault, associated, run, within};

#[test]
fn a_refresh_brings_a_new_token_and_the_one_after_it() {
    for setup in [Setup::standard(), Setup::entra()] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let first = associated(&server, &client).await;
            let mut held = first.refresh_token.unwrap();
            for _ in 0..3 {
                let before = Instant::now();
                let grant = client.refresh(&held).await.unwrap();
                assert!(grant.asked >= before && grant.asked <= Instant::now());
                assert_ne!(grant.access_token.reveal(), first.access_token.reveal());
                let next = grant.refresh_token.unwrap();
                assert_ne!(next.reveal(), held.reveal());
                assert_eq!(grant.missing, Vec::<String>::new());
                held = next;
            }
        });
        let refresh = server.seen().into_iter().find(|seen| seen.kind == "refresh").unwrap();
        assert_eq!(refresh.parameters, ["client_id", "grant_type", "refresh_token"]);
    }
}

#[test]
fn a_server_that_gives_no_new_refresh_token_leaves_the_old_one_good() {
    let setup = Setup {
        rotate: false,
        ..Setup::standard()
    };
    let Some(server) = OAuth::start(setup) else { return };
    let client = server.client(secret(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        for _ in 0..2 {
            server.fault("refresh", json!({ "drop": ["refresh_token", "scope", "id_token"] }), 1);
            let grant = client.refresh(&held).await.unwrap();
            assert!(grant.refresh_token.is_none());
            // Nothing told is nothing changed.
            assert!(grant.scopes.is_empty() && grant.missing.is_empty());
        }
    });
}

#[test]
fn the_replay_of_an_old_refresh_token_ends_the_account_where_the_server_is_strict() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let old = associated(&server, &client).await.refresh_token.unwrap();
        let new = client.refresh(&old).await.unwrap().refresh_token.unwrap();
        for token in [&old, &new] {
            let fault = client.refresh(token).await.unwrap_err();
            assert_fault(&fault, FaultKind::Reconnect, "invalid_grant");
            assert!(!fault.unanswered);
        }
    });
}

#[test]
fn an_answer_that_was_lost_is_asked_for_again_where_the_server_is_as_entra() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.fault("refresh", json!({ "cut": "after" }), 1);
        let fault = client.refresh(&held).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "broken");
        assert!(fault.unanswered);
        client.refresh(&held).await.unwrap();
    });
}

#[test]
fn an_answer_that_was_lost_may_cost_the_account_where_the_server_is_strict_and_it_is_said_so() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.fault("refresh", json!({ "cut": "after" }), 1);
        assert!(client.refresh(&held).await.unwrap_err().unanswered);
        let fault = client.refresh(&held).await.unwrap_err();
        assert_fault(&fault, FaultKind::Reconnect, "invalid_grant");
        assert!(fault.what(Lang::En).contains("already replaced"));
    });
}

#[test]
fn a_connection_that_was_cut_before_the_server_did_anything_costs_nothing() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.fault("refresh", json!({ "cut": "before" }), 1);
        let fault = client.refresh(&held).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "broken");
        client.refresh(&held).await.unwrap();
    });
}

#[test]
fn an_authorisation_that_was_revoked_is_told_by_its_reason() {
    let entra = [50173, 700082, 70043, 70000, 65001, 50079];
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        for number in entra {
            let held = associated(&server, &client).await.refresh_token.unwrap();
            server.revoke(number);
            let fault = client.refresh(&held).await.unwrap_err();
            assert_fault(&fault, FaultKind::Reconnect, &format!("AADSTS{number}"));
            assert_eq!(fault.text(Lang::En).matches("AADSTS").count(), 1, "{fault}");
        }
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.behave(json!({ "disabled": true }));
        let fault = client.refresh(&held).await.unwrap_err();
        assert_fault(&fault, FaultKind::Reconnect, "AADSTS50057");
    });
}

#[test]
fn conditional_access_refuses_a_refresh_without_losing_the_account() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.refuse("refresh", "interaction_required", 53003);
        assert_fault(
            &client.refresh(&held).await.unwrap_err(),
            FaultKind::Policy,
            "AADSTS53003",
        );
        client.refresh(&held).await.unwrap();
    });
}

#[test]
fn a_client_loop_is_answered_by_minutes_of_quiet() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        server.refuse("refresh", "invalid_grant", 50196);
        let fault = client.refresh(&Secret::new("held".to_owned())).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "AADSTS50196");
        assert!(fault.retry_after >= Some(Duration::from_secs(300)));
    });
}

#[test]
fn a_token_that_is_given_back_is_worth_nothing() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    for application in [public(), secret()] {
        let client = server.client(application, Flow::DeviceCode);
        run(async {
            let held = associated(&server, &client).await.refresh_token.unwrap();
            client.revoke(&held).await.unwrap();
            assert_fault(
                &client.refresh(&held).await.unwrap_err(),
                FaultKind::Reconnect,
                "invalid_grant",
            );
            // What is gone may be given back again (RFC 7009 §2.2).
            client.revoke(&held).await.unwrap();
        });
    }
    assert_eq!(server.requests("revocation"), 4);
}

#[test]
fn entra_has_nowhere_to_give_a_token_back_and_is_not_asked() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async { client.revoke(&Secret::new("held".to_owned())).await.unwrap() });
    assert!(server.seen().is_empty());
}

#[test]
fn a_slow_server_is_waited_for_and_a_slower_one_is_not() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let held = associated(&server, &client).await.refresh_token.unwrap();
        server.fault("refresh", json!({ "delay": 700 }), 1);
        let held = client.refresh(&held).await.unwrap().refresh_token.unwrap();
        let hasty = client.clone().with_patience(Duration::from_millis(300));
        server.fault("refresh", json!({ "delay": 5000 }), 1);
        let fault = within(Duration::from_secs(3), hasty.refresh(&held)).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "timeout");
        assert!(fault.unanswered);
    });
}
