//! Answers that are not OAuth's: each a clear fault within its time.

use std::time::Duration;

use relais_accounts::{FaultKind, Grant, Secret};
use relais_e2e::oauth::{MAIL_SEND, public};
use relais_manifest::Lang;

use crate::scripted::{Script, Scripted, answer};
use crate::{assert_fault, run, within};

const JSON: &str = "Content-Type: application/json";
/// More than a client's patience in these tests.
const LIMIT: Duration = Duration::from_secs(5);

/// What a refresh meets.
async fn refresh(server: &Scripted) -> Result<Grant, relais_accounts::Fault> {
    let client = server.client(public());
    within(LIMIT, client.refresh(&Secret::new("the-held-refresh-token".to_owned()))).await
}

/// An answer to a refresh ends in this fault.
async fn ends(script: Script, kind: FaultKind, code: &str) -> relais_accounts::Fault {
    let server = Scripted::start(script).await;
    let fault = refresh(&server).await.unwrap_err();
    assert_fault(&fault, kind, code);
    fault
}

#[test]
fn a_web_page_is_named_as_one_whatever_it_calls_itself() {
    let page = "<!DOCTYPE html><html><body>Portail d'accès</body></html>";
    run(async {
        for (status, headers, body) in [
            ("200 OK", "Content-Type: text/html; charset=utf-8", page),
            ("200 OK", JSON, page),
            ("200 OK", "", "\u{feff}\r\n <html>"),
            ("200 OK", "Content-Type: application/xhtml+xml, text/html", ""),
            ("502 Bad Gateway", "Content-Type: text/html", page),
            ("403 Forbidden", "Content-Type: TEXT/HTML", page),
        ] {
            let script = Script::Says(answer(status, headers, body));
            let fault = ends(script, FaultKind::Unavailable, "web-page").await;
            assert!(fault.what(Lang::En).contains("a web page"), "{fault}");
            assert!(!fault.text(Lang::Fr).contains("Portail"));
        }
        // Nobody lives there: waiting does not help.
        let script = Script::Says(answer("404 Not Found", "Content-Type: text/html", page));
        ends(script, FaultKind::Configuration, "web-page").await;
        let script = Script::Says(answer("404 Not Found", JSON, "{}"));
        ends(script, FaultKind::Configuration, "http-status").await;
    });
}

#[test]
fn what_is_no_json_is_named_by_its_type() {
    run(async {
        for kind in [
            "text/plain",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            let script = Script::Says(answer("200 OK", &format!("Content-Type: {kind}"), "access_token=a"));
            let fault = ends(script, FaultKind::Unavailable, "not-json").await;
            assert!(fault.detail.contains(kind), "{fault}");
        }
    });
}

#[test]
fn an_endless_answer_is_read_to_64_kib() {
    let chunked = format!("HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let bare = format!("HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n");
    let refusal = format!("HTTP/1.1 400 Bad Request\r\n{JSON}\r\n\r\n{{\"error\":\"");
    run(async {
        for (head, piece) in [(chunked, chunk), (bare, " ".repeat(4096)), (refusal, "a".repeat(4096))] {
            ends(Script::Endless(head, piece), FaultKind::Unavailable, "too-large").await;
        }
        let long = format!("{{\"access_token\":\"{}\"}}", "a".repeat(70_000));
        ends(
            Script::Says(answer("200 OK", JSON, &long)),
            FaultKind::Unavailable,
            "too-large",
        )
        .await;
    });
}

#[test]
fn endless_headers_end_too() {
    let head = "HTTP/1.1 200 OK\r\n".to_owned();
    run(async {
        ends(
            Script::Endless(head, "X-A: b\r\n".repeat(100)),
            FaultKind::Unavailable,
            "broken",
        )
        .await
    });
}

#[test]
fn a_redirect_is_not_followed_and_where_it_leads_is_told_without_its_query() {
    run(async {
        for status in [
            "301 Moved",
            "302 Found",
            "303 See Other",
            "307 Temporary Redirect",
            "308 Permanent Redirect",
        ] {
            let location = "Location: https://elsewhere.example/token?secret=1#f";
            let server = Scripted::start(Script::Says(answer(status, location, ""))).await;
            let fault = refresh(&server).await.unwrap_err();
            assert_fault(&fault, FaultKind::Unavailable, "redirected");
            assert!(fault.detail.contains("https://elsewhere.example/token"), "{fault}");
            assert!(!fault.detail.contains("secret"), "{fault}");
            assert_eq!(server.requests().len(), 1);
        }
        // A loop is asked once.
        let server = Scripted::start(Script::Says(answer("307 Temporary Redirect", "Location: /token", ""))).await;
        assert_fault(
            &refresh(&server).await.unwrap_err(),
            FaultKind::Unavailable,
            "redirected",
        );
        assert_eq!(server.requests().len(), 1);
        // Nor is a redirect without an address, or with an endless page.
        let head = "HTTP/1.1 302 Found\r\n\r\n".to_owned();
        ends(
            Script::Endless(head, "a".repeat(4096)),
            FaultKind::Unavailable,
            "redirected",
        )
        .await;
    });
}

#[test]
fn silence_and_drops_end_in_time() {
    run(async {
        assert!(ends(Script::Silent, FaultKind::Unavailable, "timeout").await.unanswered);
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}\r\n\r\n");
        assert!(
            ends(Script::Drips(head), FaultKind::Unavailable, "timeout")
                .await
                .unanswered
        );
        assert!(
            ends(Script::Says(String::new()), FaultKind::Unavailable, "broken")
                .await
                .unanswered
        );
        let cut = format!("HTTP/1.1 200 OK\r\n{JSON}\r\nContent-Length: 100\r\n\r\n{{");
        assert!(
            ends(Script::Says(cut), FaultKind::Unavailable, "broken")
                .await
                .unanswered
        );
        ends(
            Script::Says("SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
            FaultKind::Unavailable,
            "broken",
        )
        .await;
    });
}

#[test]
fn nobody_at_the_address_is_told_and_nothing_was_asked() {
    run(async {
        let server = Scripted::start(Script::Silent).await;
        let client = server.client(public());
        drop(server);
        let fault = client.refresh(&Secret::new("held".to_owned())).await.unwrap_err();
        assert_fault(&fault, FaultKind::Unavailable, "unreachable");
        assert!(!fault.unanswered);
    });
}

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
fn a_server_that_asks_to_wait_is_believed_up_to_an_hour() {
    run(async {
        let far = "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT";
        for (header, expected) in [
            ("Retry-After: 17", Some(Duration::from_secs(17))),
            ("Retry-After: 18446744073709551615", Some(Duration::from_secs(3600))),
            (far, Some(Duration::from_secs(3600))),
            ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", Some(Duration::ZERO)),
            ("Retry-After: soon", None),
            ("X-A: b", None),
        ] {
            let script = Script::Says(answer("429 Too Many Requests", &format!("{JSON}\r\n{header}"), "{}"));
            let fault = ends(script, FaultKind::Unavailable, "throttled").await;
            assert_eq!(fault.retry_after, expected, "{header}");
        }
        let dated = "Date: Thu, 01 Jan 2015 00:00:00 GMT\r\nRetry-After: Thu, 01 Jan 2015 00:01:00 GMT";
        let script = Script::Says(answer("503 Service Unavailable", &format!("{JSON}\r\n{dated}"), "{}"));
        let wait = ends(script, FaultKind::Unavailable, "http-status")
            .await
            .retry_after
            .unwrap();
        assert!(
            wait > Duration::from_secs(55) && wait <= Duration::from_secs(60),
            "{wait:?}"
        );
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
