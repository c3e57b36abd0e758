//! Refusals as tables: what was asked, what came, and what it means.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::FaultKind::*;

/// (asked, body, kind, code)
type Case = (Ask, &'static str, FaultKind, &'static str);

fn check(dialect: Dialect, cases: &[Case]) {
    for (ask, body, kind, code) in cases {
        let answer: ErrorAnswer = serde_json::from_str(body).unwrap();
        let fault = read(dialect, *ask, 400, &answer);
        assert_eq!((fault.kind, fault.code.as_str()), (*kind, *code), "{ask:?} {body}");
    }
}

#[test]
fn the_words_of_the_rfcs_as_a_table() {
    check(
        Dialect::Standard,
        &[
            (Ask::Poll, r#"{"error":"authorization_pending"}"#, Unavailable, PENDING),
            (Ask::Poll, r#"{"error":"slow_down"}"#, Unavailable, SLOW_DOWN),
            (Ask::Poll, r#"{"error":"access_denied"}"#, Declined, "access_denied"),
            (Ask::Poll, r#"{"error":"expired_token"}"#, Expired, "expired_token"),
            (Ask::Poll, r#"{"error":"invalid_grant"}"#, Expired, "invalid_grant"),
            (Ask::Code, r#"{"error":"invalid_grant"}"#, Expired, "invalid_grant"),
            (Ask::Refresh, r#"{"error":"invalid_grant"}"#, Reconnect, "invalid_grant"),
            (Ask::Refresh, r#"{"error":"expired_token"}"#, Reconnect, "expired_token"),
            (Ask::Refresh, r#"{"error":"access_denied"}"#, Policy, "access_denied"),
            (
                Ask::Refresh,
                r#"{"error":"interaction_required"}"#,
                Reconnect,
                "interaction_required",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_client"}"#,
                Configuration,
                "invalid_client",
            ),
            (
                Ask::Credentials,
                r#"{"error":"invalid_scope"}"#,
                Configuration,
                "invalid_scope",
            ),
            (
                Ask::Credentials,
                r#"{"error":"invalid_grant"}"#,
                Configuration,
                "invalid_grant",
            ),
            (
                Ask::Device,
                r#"{"error":"unauthorized_client"}"#,
                Configuration,
                "unauthorized_client",
            ),
            (
                Ask::Refresh,
                r#"{"error":"temporarily_unavailable"}"#,
                Unavailable,
                "temporarily_unavailable",
            ),
            // A word of tomorrow loses no account.
            (
                Ask::Refresh,
                r#"{"error":"something_new"}"#,
                Configuration,
                "something_new",
            ),
            // Entra's words and numbers are nobody else's.
            (
                Ask::Poll,
                r#"{"error":"authorization_declined"}"#,
                Configuration,
                "authorization_declined",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_request","error_codes":[50173]}"#,
                Configuration,
                "invalid_request",
            ),
        ],
    );
}

#[test]
fn entras_words_and_numbers_as_a_table() {
    check(
        Dialect::Entra,
        &[
            (
                Ask::Poll,
                r#"{"error":"authorization_pending","error_codes":[70016]}"#,
                Unavailable,
                PENDING,
            ),
            (
                Ask::Poll,
                r#"{"error":"invalid_grant","error_codes":[70016]}"#,
                Unavailable,
                PENDING,
            ),
            (
                Ask::Poll,
                r#"{"error":"slow_down","error_codes":[70016]}"#,
                Unavailable,
                SLOW_DOWN,
            ),
            (
                Ask::Poll,
                r#"{"error":"authorization_declined"}"#,
                Declined,
                "authorization_declined",
            ),
            // A number cannot turn a word that says all.
            (
                Ask::Poll,
                r#"{"error":"authorization_declined","error_codes":[70000]}"#,
                Declined,
                "authorization_declined",
            ),
            (
                Ask::Poll,
                r#"{"error":"bad_verification_code","error_codes":[70018]}"#,
                Expired,
                "AADSTS70018",
            ),
            (
                Ask::Poll,
                r#"{"error":"expired_token","error_codes":[70019]}"#,
                Expired,
                "AADSTS70019",
            ),
            (
                Ask::Poll,
                r#"{"error":"invalid_grant","error_codes":[70000]}"#,
                Expired,
                "AADSTS70000",
            ),
            (
                Ask::Poll,
                r#"{"error":"invalid_grant","error_codes":[530036]}"#,
                Policy,
                "AADSTS530036",
            ),
            (
                Ask::Poll,
                r#"{"error":"access_denied","error_codes":[53003]}"#,
                Policy,
                "AADSTS53003",
            ),
            (
                Ask::Code,
                r#"{"error":"invalid_grant","error_codes":[54005]}"#,
                Expired,
                "AADSTS54005",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[70000]}"#,
                Reconnect,
                "AADSTS70000",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[700082]}"#,
                Reconnect,
                "AADSTS700082",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[70043]}"#,
                Reconnect,
                "AADSTS70043",
            ),
            (
                Ask::Refresh,
                r#"{"error":"interaction_required","error_codes":[53003]}"#,
                Policy,
                "AADSTS53003",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[530035]}"#,
                Policy,
                "AADSTS530035",
            ),
            (
                Ask::Refresh,
                r#"{"error":"interaction_required","error_codes":[50076]}"#,
                Reconnect,
                "AADSTS50076",
            ),
            (
                Ask::Refresh,
                r#"{"error":"interaction_required","error_codes":[50079]}"#,
                Reconnect,
                "AADSTS50079",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[65001]}"#,
                Reconnect,
                "AADSTS65001",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[50057]}"#,
                Reconnect,
                "AADSTS50057",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[50173]}"#,
                Reconnect,
                "AADSTS50173",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[50196]}"#,
                Unavailable,
                "AADSTS50196",
            ),
            (
                Ask::Credentials,
                r#"{"error":"invalid_client","error_codes":[7000215]}"#,
                Configuration,
                "AADSTS7000215",
            ),
            (
                Ask::Credentials,
                r#"{"error":"invalid_client","error_codes":[7000222]}"#,
                Configuration,
                "AADSTS7000222",
            ),
            (
                Ask::Credentials,
                r#"{"error":"invalid_client","error_codes":[700024]}"#,
                Clock,
                "AADSTS700024",
            ),
            (
                Ask::Credentials,
                r#"{"error":"unauthorized_client","error_codes":[700016]}"#,
                Configuration,
                "AADSTS700016",
            ),
            (
                Ask::Device,
                r#"{"error":"invalid_request","error_codes":[90002]}"#,
                Configuration,
                "AADSTS90002",
            ),
            // Only in the words, as in a redirect.
            (
                Ask::Code,
                r#"{"error":"access_denied","error_description":"AADSTS65004: User declined to consent."}"#,
                Declined,
                "AADSTS65004",
            ),
            // A number that is not known leaves what the word says; the next one may be known.
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[1,50173]}"#,
                Reconnect,
                "AADSTS50173",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":[999999]}"#,
                Reconnect,
                "invalid_grant",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_codes":"x"}"#,
                Reconnect,
                "invalid_grant",
            ),
            (
                Ask::Refresh,
                r#"{"error":"invalid_grant","error_description":"AADSTS99999999999999999999999: AADSTS"}"#,
                Reconnect,
                "invalid_grant",
            ),
        ],
    );
}

#[test]
fn a_server_that_is_down_loses_no_account_whatever_it_says() {
    let answer = ErrorAnswer::new("invalid_grant".to_owned(), Some("AADSTS50173: revoked".to_owned()));
    for status in [408, 429, 500, 503] {
        for dialect in [Dialect::Standard, Dialect::Entra] {
            assert_eq!(
                read(dialect, Ask::Refresh, status, &answer).kind,
                Unavailable,
                "{status}"
            );
        }
    }
}

#[test]
fn a_client_loop_asks_for_minutes_of_quiet() {
    let answer = ErrorAnswer::new("invalid_grant".to_owned(), Some("AADSTS50196: loop".to_owned()));
    let fault = read(Dialect::Entra, Ask::Refresh, 400, &answer);
    assert_eq!(fault.retry_after, Some(entra::LOOP_PAUSE));
}
