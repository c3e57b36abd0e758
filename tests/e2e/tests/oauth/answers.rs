//! Answers that are JSON, and not what they should be.

use std::time::Duration;

use relais_accounts::{FaultKind, Grant};
use relais_e2e::oauth::{MAIL_SEND, public};
use relais_manifest::Lang;

use crate::hostile::{LIMIT, refresh};
use crate::scripted::Scripted;
use crate::{assert_fault, run, within};

#[test]
fn json_that_is_no_answer_is_told_by_its_place_and_never_by_its_content() {
    run(async {
        for (body, place) in [
            ("", ""),
            ("{", ""),
            ("[]", ""),
            ("null", ""),
            ("{}", ""),
            (r#"{"access_token":"canary-token"}"#, ""),
            (
                r#"{"access_token":["canary-token"],"token_type":"Bearer"}"#,
                "access_token",
            ),
            (
                r#"{"access_token":"a","token_type":"Bearer","refresh_token":{"canary-token":1}}"#,
                "refresh_token",
            ),
            (
                r#"{"access_token":"a","access_token":"canary-token","token_type":"Bearer"}"#,
                "",
            ),
            (
                r#"{"access_token":"canary-token","token_type":"Bearer","scope":7}"#,
                "scope",
            ),
        ] {
            let server = Scripted::json(body).await;
            let fault = refresh(&server).await.unwrap_err();
            assert_fault(&fault, FaultKind::Unavailable, "malformed");
            assert!(fault.detail.contains(place), "{body}: {fault}");
            assert!(!format!("{fault:?} {fault}").contains("canary"), "{body}: {fault}");
        }
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        let server = Scripted::json(&deep).await;
        assert_fault(
            &refresh(&server).await.unwrap_err(),
            FaultKind::Unavailable,
            "malformed",
        );
    });
}

#[test]
fn a_token_that_would_break_out_of_a_header_or_is_too_long_is_refused() {
    let long = "a".repeat(Grant::TOKEN_BYTES + 1);
    run(async {
        for token in ["", "a b", "a\\r\\nBcc: x", "é", "a=b", "a\\u0000", "==", long.as_str()] {
            let server = Scripted::json(&format!(r#"{{"access_token":"{token}","token_type":"Bearer"}}"#)).await;
            let fault = refresh(&server).await.unwrap_err();
            assert_fault(&fault, FaultKind::Unavailable, "token-malformed");
            assert!(fault.unanswered, "the old token may be used up: {fault}");
        }
        for token in ["", "a\\nb", "é", long.as_str()] {
            let body = format!(r#"{{"access_token":"a","token_type":"Bearer","refresh_token":"{token}"}}"#);
            let server = Scripted::json(&body).await;
            assert_fault(
                &refresh(&server).await.unwrap_err(),
                FaultKind::Unavailable,
                "token-malformed",
            );
        }
        let server = Scripted::json(r#"{"access_token":"a","token_type":"DPoP"}"#).await;
        let fault = refresh(&server).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "token-type");
        assert!(fault.detail.contains("dpop"));
        let server = Scripted::json(r#"{"access_token":"aZ09-._~+/==","token_type":"bearer"}"#).await;
        assert_eq!(refresh(&server).await.unwrap().access_token.reveal(), "aZ09-._~+/==");
    });
}

#[test]
fn a_life_is_believed_between_a_minute_and_ninety_days_and_an_hour_where_none_is_told() {
    run(async {
        for (told, expected) in [
            ("", Grant::USUAL),
            (r#","expires_in":null"#, Grant::USUAL),
            (r#","expires_in":"soon""#, Grant::USUAL),
            (r#","expires_in":{"a":[1]}"#, Grant::USUAL),
            (r#","expires_in":3599"#, Duration::from_secs(3599)),
            (r#","expires_in":"3599""#, Duration::from_secs(3599)),
            (r#","expires_in":3599.9"#, Duration::from_secs(3599)),
            (r#","expires_in":0"#, Grant::SHORTEST),
            (r#","expires_in":-1"#, Grant::SHORTEST),
            (r#","expires_in":-1e300"#, Grant::SHORTEST),
            (r#","expires_in":18446744073709551615"#, Grant::LONGEST),
            (r#","expires_in":1e300"#, Grant::LONGEST),
            (r#","expires_in":99999999999999999999999999"#, Grant::LONGEST),
        ] {
            let server = Scripted::json(&format!(r#"{{"access_token":"a","token_type":"Bearer"{told}}}"#)).await;
            assert_eq!(refresh(&server).await.unwrap().expires_in, expected, "{told}");
        }
    });
}

#[test]
fn endless_scopes_are_bounded() {
    let scopes: Vec<String> = (0..5000).map(|n| format!("s{n}")).collect();
    run(async {
        let body = format!(
            r#"{{"access_token":"a","token_type":"Bearer","scope":"{} {MAIL_SEND}"}}"#,
            scopes.join(" ")
        );
        let grant = refresh(&Scripted::json(&body).await).await.unwrap();
        assert_eq!(grant.scopes.len(), 128);
    });
}

#[test]
fn the_codes_of_an_association_are_bounded_and_the_link_is_a_web_address() {
    let good = |name: &str, value: &str| {
        let mut body = serde_json::json!({
            "device_code": "device", "user_code": "ABCD-EFGH", "verification_uri": "http://127.0.0.1/device",
            "expires_in": 900, "interval": 5,
        });
        body[name] = serde_json::from_str(value).unwrap();
        body.to_string()
    };
    run(async {
        for (name, value, code) in [
            ("verification_uri", r#""javascript:alert(1)""#, "endpoint-clear"),
            ("verification_uri", r#""file:///etc/passwd""#, "endpoint-clear"),
            (
                "verification_uri",
                r#""https://login.microsoftonline.com@evil.example/""#,
                "endpoint-clear",
            ),
            ("verification_uri", r#""no address""#, "malformed"),
            ("user_code", r#""""#, "malformed"),
            ("user_code", "\"A\\u001b[2JB\"", "malformed"),
            ("user_code", &format!("\"{}\"", "A".repeat(65)), "malformed"),
            ("device_code", r#""a\nb""#, "malformed"),
            ("expires_in", "-1", "malformed"),
        ] {
            let server = Scripted::json(&good(name, value)).await;
            let fault = within(LIMIT, server.client(public()).begin_device(Lang::Fr))
                .await
                .unwrap_err();
            assert_eq!(fault.code, code, "{name} {value}: {fault}");
        }
        let seconds = Duration::from_secs;
        for (interval, life, expected, remaining) in [
            ("0", "1", seconds(1), seconds(60)),
            (
                "18446744073709551615",
                "18446744073709551615",
                seconds(60),
                seconds(3600),
            ),
            ("null", "900", seconds(5), seconds(900)),
        ] {
            let body = good("interval", interval).replace(":900", &format!(":{life}"));
            let server = Scripted::json(&body).await;
            let pending = server.client(public()).begin_device(Lang::Fr).await.unwrap();
            assert_eq!(pending.interval(), expected);
            assert!(pending.remaining() <= remaining && pending.remaining() > remaining - seconds(5));
        }
        let server = Scripted::json(&good("verification_uri_complete", r#""javascript:alert(1)""#)).await;
        let pending = server.client(public()).begin_device(Lang::Fr).await.unwrap();
        assert_eq!(pending.verification_uri_complete, None);
        let server = Scripted::json(&good("message", "\"a\\u202e\\nb\"")).await;
        let pending = server.client(public()).begin_device(Lang::Fr).await.unwrap();
        assert_eq!(pending.message.as_deref(), Some("a b"));
    });
}

#[test]
fn a_refusal_under_a_status_of_success_is_still_one() {
    run(async {
        let server = Scripted::json(r#"{"error":"invalid_grant","error_description":"gone"}"#).await;
        assert_fault(
            &refresh(&server).await.unwrap_err(),
            FaultKind::Reconnect,
            "invalid_grant",
        );
    });
}
