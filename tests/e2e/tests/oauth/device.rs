//! Association by code, with every end that it can have.

use std::time::Duration;

use relais_accounts::{FaultKind, Flow, Grant, Poll};
use relais_e2e::oauth::{MAIL_SEND, OAuth, Setup, TENANT, USER_READ, public};
use relais_manifest::Lang;
use serde_json::json;

use crate::{assert_fault, begin, done, run};

const BOTH: [fn() -> Setup; 2] = [Setup::standard, Setup::entra];

#[test]
fn a_user_who_types_the_code_associates_the_account() {
    for setup in BOTH {
        let Some(server) = OAuth::start(setup()) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let mut pending = begin(&client).await;
            assert!(pending.remaining() > Duration::from_secs(800));
            assert!(matches!(client.poll_device(&mut pending).await, Ok(Poll::Pending)));
            server.approve(&pending.user_code);
            let grant = done(client.poll_device(&mut pending).await);
            assert!(grant.refresh_token.is_some());
            assert_eq!(grant.expires_in, Duration::from_secs(3600));
            assert_eq!(grant.missing, Vec::<String>::new());
            assert!(grant.scopes.contains(&MAIL_SEND.to_owned()), "{grant:?}");
            assert_eq!(grant.username.as_deref(), Some("marie@mairie.example"));
            assert_eq!(grant.tenant.as_deref(), Some(TENANT));
        });
    }
}

#[test]
fn entra_says_in_the_administrators_language_what_to_do_and_is_polled_as_often_as_it_says() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let french = client.begin_device(Lang::Fr).await.unwrap();
        let message = french.message.as_deref().unwrap();
        assert!(message.starts_with("Pour vous connecter") && message.contains(&french.user_code));
        let english = client.begin_device(Lang::En).await.unwrap();
        assert!(english.message.as_deref().unwrap().starts_with("To sign in"));
        assert_eq!(english.interval(), Duration::from_secs(1));
        assert_eq!(english.verification_uri_complete, None);
        let seen = server.seen();
        assert_eq!(
            (&seen[0].query["mkt"], &seen[1].query["mkt"]),
            (&json!("fr-FR"), &json!("en-US"))
        );
        assert_eq!(seen[0].proof, "none");
    });
}

#[test]
fn a_server_that_says_no_interval_is_polled_every_five_seconds_and_may_show_the_code_in_its_link() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let pending = begin(&client).await;
        assert_eq!(pending.interval(), Duration::from_secs(5));
        let link = pending.verification_uri_complete.as_ref().unwrap();
        assert!(link.as_str().contains(&pending.user_code), "{link}");
        assert_eq!(pending.message, None);
    });
}

#[test]
fn a_server_that_says_slow_down_is_polled_five_seconds_later_each_time() {
    for setup in BOTH {
        let Some(server) = OAuth::start(setup()) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let mut pending = begin(&client).await;
            let first = pending.interval();
            server.refuse("poll", "slow_down", 70016);
            server.refuse("poll", "slow_down", 70016);
            for times in 1..=2 {
                assert!(matches!(client.poll_device(&mut pending).await, Ok(Poll::SlowDown)));
                assert_eq!(pending.interval(), first + Duration::from_secs(5 * times));
            }
            assert!(matches!(client.poll_device(&mut pending).await, Ok(Poll::Pending)));
            assert_eq!(pending.interval(), first + Duration::from_secs(10));
        });
    }
}

#[test]
fn a_user_who_says_no_ends_the_association() {
    for (setup, code) in [
        (Setup::standard(), "access_denied"),
        (Setup::entra(), "authorization_declined"),
    ] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let mut pending = begin(&client).await;
            server.decline(&pending.user_code);
            let fault = client.poll_device(&mut pending).await.unwrap_err();
            assert_fault(&fault, FaultKind::Declined, code);
        });
    }
}

#[test]
fn a_code_that_is_typed_too_late_ends_the_association() {
    for (setup, code) in [(Setup::standard(), "expired_token"), (Setup::entra(), "AADSTS70019")] {
        let Some(server) = OAuth::start(setup) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let mut pending = begin(&client).await;
            server.expire(&pending.user_code);
            let fault = client.poll_device(&mut pending).await.unwrap_err();
            assert_fault(&fault, FaultKind::Expired, code);
        });
    }
}

#[test]
fn a_code_that_the_server_does_not_know_ends_the_association() {
    for (setup, code) in [(Setup::standard(), "invalid_grant"), (Setup::entra(), "AADSTS70018")] {
        let (Some(server), Some(other)) = (OAuth::start(setup.clone()), OAuth::start(setup)) else {
            return;
        };
        let client = server.client(public(), Flow::DeviceCode);
        run(async {
            let mut of_another = begin(&other.client(public(), Flow::DeviceCode)).await;
            let fault = client.poll_device(&mut of_another).await.unwrap_err();
            assert_fault(&fault, FaultKind::Expired, code);
        });
    }
}

#[test]
fn conditional_access_ends_the_association_and_says_whom_to_ask() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        for (number, kind) in [
            (53003, FaultKind::Policy),
            (530036, FaultKind::Policy),
            (530035, FaultKind::Policy),
            (50076, FaultKind::Reconnect),
        ] {
            let mut pending = begin(&client).await;
            server.refuse("poll", "access_denied", number);
            let fault = client.poll_device(&mut pending).await.unwrap_err();
            assert_fault(&fault, kind, &format!("AADSTS{number}"));
            assert!(fault.next(Lang::Fr).contains("ssociez"), "{fault}");
        }
    });
}

#[test]
fn scopes_that_the_user_took_away_are_told() {
    for setup in BOTH {
        let Some(server) = OAuth::start(setup()) else { return };
        let client = server.client(public(), Flow::DeviceCode);
        let associate = async |without: &[&str]| -> Grant {
            let mut pending = begin(&client).await;
            server.approve_without(&pending.user_code, without);
            done(client.poll_device(&mut pending).await)
        };
        run(async {
            let grant = associate(&[USER_READ]).await;
            assert_eq!(grant.missing, [USER_READ]);
            assert_eq!(grant.scopes.iter().filter(|scope| *scope == USER_READ).count(), 0);
            // Without a refresh token the account lasts an hour: that is told too.
            let grant = associate(&["offline_access"]).await;
            assert_eq!(grant.missing, ["offline_access"]);
            assert!(grant.refresh_token.is_none());
        });
    }
}

#[test]
fn a_server_that_cannot_be_reached_meanwhile_ends_nothing_and_is_polled_half_as_often() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let mut pending = begin(&client).await;
        server.fault("poll", json!({ "cut": "before" }), 1);
        server.fault(
            "poll",
            json!({ "answer": { "status": 503, "headers": { "retry-after": "30" }, "body": "{}" } }),
            1,
        );
        let Ok(Poll::Unanswered(fault)) = client.poll_device(&mut pending).await else {
            panic!("a cut is no end")
        };
        assert_fault(&fault, FaultKind::Unavailable, "broken");
        assert!(fault.unanswered);
        assert_eq!(pending.interval(), Duration::from_secs(10));
        let Ok(Poll::Unanswered(fault)) = client.poll_device(&mut pending).await else {
            panic!("a 503 is no end")
        };
        assert_fault(&fault, FaultKind::Unavailable, "http-status");
        assert_eq!(
            (fault.retry_after, pending.interval()),
            (Some(Duration::from_secs(30)), Duration::from_secs(30))
        );
        server.approve(&pending.user_code);
        done(client.poll_device(&mut pending).await);
    });
}

#[test]
fn an_answer_that_was_lost_leaves_no_account_and_no_loop() {
    let Some(server) = OAuth::start(Setup::standard()) else {
        return;
    };
    let client = server.client(public(), Flow::DeviceCode);
    run(async {
        let mut pending = begin(&client).await;
        server.approve(&pending.user_code);
        server.fault("poll", json!({ "cut": "after" }), 1);
        let Ok(Poll::Unanswered(fault)) = client.poll_device(&mut pending).await else {
            panic!("a cut is no end")
        };
        assert!(fault.unanswered);
        // The code is used up: the server says so, and it is begun again.
        let fault = client.poll_device(&mut pending).await.unwrap_err();
        assert_fault(&fault, FaultKind::Expired, "invalid_grant");
    });
}

#[test]
fn a_tenant_that_does_not_exist_is_named() {
    let Some(server) = OAuth::start(Setup::entra()) else {
        return;
    };
    let client =
        relais_e2e::oauth::client(&server.provider_of("nulle-part.example"), public(), Flow::DeviceCode).unwrap();
    run(async {
        let fault = client.begin_device(Lang::Fr).await.unwrap_err();
        assert_fault(&fault, FaultKind::Configuration, "AADSTS90002");
        assert!(fault.next(Lang::Fr).contains("locataire"));
    });
}
