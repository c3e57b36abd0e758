//! What a proxy does wrong ends in a fault that says so, within its time, and without a word of the caller's.

use std::time::{Duration, Instant};

use relais_manifest::Scheme;
use relais_outgoing::{ClientFault, DialError, ProxyFault};

use crate::fake::{Fake, Play};
use crate::stage::{AGREED, FAR, LIMIT, client, post, settings, through, to};

async fn fault(play: Play, limit: Duration) -> (ProxyFault, Fake) {
    let proxy = Fake::start(play).await;
    let outgoing = through(&proxy.url(), Some("relais:Hunter2"));
    let dialled = outgoing.dial(&to(Scheme::Tcp, FAR, 25), limit).await;
    let error = match dialled.unwrap_err() {
        DialError::Proxy(error) => error,
        other => panic!("{other:?}"),
    };
    assert!(!error.to_string().contains("Hunter2"), "{error}");
    assert!(error.to_string().contains(&proxy.url()), "{error}");
    (error.fault, proxy)
}

#[tokio::test]
async fn a_refusal_is_told_in_the_proxys_own_words() {
    let said = |status, reason: &str| ProxyFault::Said {
        status,
        reason: reason.to_owned(),
    };
    let wants = |status, offered: &[&str]| ProxyFault::Credentials {
        status,
        given: true,
        offered: offered.iter().map(|&scheme| scheme.to_owned()).collect(),
    };
    let cases = [
        ("HTTP/1.1 403 Filtered\r\n\r\n", said(403, "Filtered")),
        (
            "HTTP/1.0 502 Bad Gateway\r\nX: y\r\n\r\n<html>",
            said(502, "Bad Gateway"),
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            said(503, "Service Unavailable"),
        ),
        ("HTTP/1.1 504\r\n\r\n", said(504, "")),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\n\r\n",
            said(302, "Found"),
        ),
        ("HTTP/1.1 407 No\r\n\r\n", wants(407, &[])),
        (
            "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n",
            wants(407, &["NTLM", "Negotiate"]),
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\n",
            wants(401, &["Basic"]),
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n", said(403, "No")),
        ("220 mail.example ESMTP\r\n\r\n", ProxyFault::NotHttp),
        ("\x15\x03\x01\x00\x02\x02\x28\r\n\r\n", ProxyFault::NotHttp),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", ProxyFault::NotHttp),
    ];
    for (words, expected) in cases {
        let (found, proxy) = fault(Play::Say(words.to_owned()), LIMIT).await;
        assert_eq!(found, expected, "{words:?}");
        assert!(
            proxy
                .heard()
                .starts_with("CONNECT mail.partner.example:25 HTTP/1.1\r\n")
        );
        assert!(proxy.heard().ends_with("\r\n\r\n"), "{:?}", proxy.heard());
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_given_up_after_a_few_kilobytes() {
    for (begin, again) in [
        ("HTTP/1.1 200 OK\r\n", "X-Padding: 0123456789abcdef0123456789abcdef\r\n"),
        ("HTTP/1.1 200 ", "0123456789abcdef"),
        ("", "HTTP/1.1 102 Processing\r\n\r\n"),
    ] {
        let (found, proxy) = fault(Play::Endless(begin, again), LIMIT).await;
        assert_eq!(found, ProxyFault::NotHttp);
        // What the sockets hold was written, and read by nobody.
        assert!(proxy.said() < 4 << 20, "{}", proxy.said());
    }
}

#[tokio::test]
async fn a_proxy_that_answers_too_slowly_or_not_at_all_is_given_up_in_time() {
    let drip = Play::Drip(AGREED.repeat(100), Duration::from_millis(50));
    for play in [Play::Say(String::new()), drip] {
        let begun = Instant::now();
        let (found, _) = fault(play, Duration::from_millis(500)).await;
        assert!(matches!(found, ProxyFault::Silent(_)), "{found:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_proxy_that_hangs_up_is_told_from_one_that_is_not_there() {
    for words in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n"] {
        let (found, _) = fault(Play::SayAndClose(words.to_owned()), LIMIT).await;
        assert_eq!(found, ProxyFault::Closed, "{words:?}");
    }
    let gone = Fake::start(Play::Say(String::new())).await;
    let url = gone.url();
    drop(gone);
    tokio::task::yield_now().await;
    for (url, expected) in [
        (url.as_str(), "cannot be reached"),
        ("http://nowhere.example:3128", "no such name"),
    ] {
        let dialled = through(url, None).dial(&to(Scheme::Tcp, FAR, 25), LIMIT).await;
        let text = dialled.unwrap_err().to_string();
        assert!(text.contains(expected) && text.contains(url), "{text}");
    }
}

#[tokio::test]
async fn nothing_of_a_request_reaches_a_proxy_that_does_not_agree() {
    for scheme in ["https", "http"] {
        let proxy = Fake::start(Play::Say("HTTP/1.1 502 Bad Gateway\r\n\r\n".to_owned())).await;
        let outgoing = relais_outgoing::Outgoing::new(settings(&proxy.url(), Some("relais:Pr0xy")));
        let scheme_of = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        let http = client(&outgoing, to(scheme_of, FAR, 8443));
        let error = http
            .execute(post(&format!("{scheme}://{FAR}:8443/send")))
            .await
            .unwrap_err();
        assert!(!error.connected);
        match &error.fault {
            ClientFault::Proxy(error) => assert!(error.to_string().contains("502 Bad Gateway"), "{error}"),
            other => panic!("{other:?}"),
        }
        let heard = proxy.heard();
        assert!(
            heard.starts_with("CONNECT mail.partner.example:8443 HTTP/1.1\r\n"),
            "{heard}"
        );
        assert_eq!(heard.matches("\r\n\r\n").count(), 1, "{heard}");
        assert!(!heard.contains("Hunter2") && !heard.contains("/send"), "{heard}");
    }
}

#[tokio::test]
async fn words_behind_the_proxys_yes_do_not_pass_for_the_destinations() {
    let forged = format!("{AGREED}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let proxy = Fake::start(Play::Say(forged)).await;
    let http = client(&through(&proxy.url(), None), to(Scheme::Https, FAR, 443));
    let error = http.execute(post(&format!("https://{FAR}/send"))).await.unwrap_err();
    assert!(matches!(error.fault, ClientFault::Tls(_)), "{error:?}");
    assert!(!proxy.heard().contains("Hunter2"), "{}", proxy.heard());
}
