//! Answers that are no OAuth answers: each a clear fault within its time.

use std::time::Duration;

use relais_accounts::{Fault, FaultKind, Grant, Secret};
use relais_e2e::oauth::public;
use relais_manifest::Lang;

use crate::scripted::{Script, Scripted, answer};
use crate::{assert_fault, run, within};

const JSON: &str = "Content-Type: application/json";
/// More than a client's patience in these tests.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// What a refresh meets.
pub(crate) async fn refresh(server: &Scripted) -> Result<Grant, Fault> {
    let client = server.client(public());
    within(LIMIT, client.refresh(&Secret::new("the-held-refresh-token".to_owned()))).await
}

/// An answer to a refresh ends in this fault.
async fn ends(script: Script, kind: FaultKind, code: &str) -> Fault {
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
