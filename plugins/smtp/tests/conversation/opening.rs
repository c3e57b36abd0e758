//! Greeting, EHLO, STARTTLS.

use relais_smtp::wire::{NetworkError, Security, StreamError};

use crate::script::{Play, Step, body, hear, one_mail, opened, say, steps};

/// What a first send fails with, over one connection with StartTLS.
fn failure(script: Vec<Step>) -> relais_sdk::Failure {
    let mut play = Play::with("", vec![Ok(script)]);
    let failure = play.send().unwrap_err();
    play.finish();
    failure
}

#[test]
fn a_greeting_of_4yz_is_temporary_with_its_code() {
    let failure = failure(vec![say("421 4.3.2 mx.example.org too busy\n")]);
    assert_eq!(failure.kind, "temporary");
    assert_eq!(failure.code.as_deref(), Some("421 4.3.2"));
    assert_eq!(failure.text, "mx.example.org too busy (in answer to the connection)");
}

#[test]
fn a_greeting_of_5yz_ends_no_message() {
    let failure = failure(vec![say("554 5.7.1 your network is blocked\n")]);
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("unreachable", Some("554 5.7.1"))
    );
}

#[test]
fn a_greeting_that_is_not_smtp_is_shown() {
    let failure = failure(vec![say("HTTP/1.1 400 Bad Request\n")]);
    assert_eq!(failure.kind, "unreachable");
    assert!(failure.text.contains("`HTTP/1.1 400 Bad Request`"), "{}", failure.text);
}

#[test]
fn silence_instead_of_a_greeting_tells_of_ssl_tls() {
    let failure = failure(vec![Step::Fail(StreamError::Timeout)]);
    assert_eq!(failure.kind, "timeout");
    assert!(
        failure.text.contains("465") && failure.text.contains("`tls`"),
        "{}",
        failure.text
    );
}

#[test]
fn a_server_that_closes_instead_of_greeting_is_unreachable() {
    assert_eq!(failure(vec![Step::Close]).kind, "unreachable");
}

#[test]
fn a_server_without_ehlo_is_greeted_with_helo() {
    let mut play = Play::clear(vec![vec![
        say("220 old.example.org\n"),
        hear("EHLO [127.0.0.1]\n"),
        say("502 what?\n"),
        hear("HELO [127.0.0.1]\n"),
        say("250 old.example.org\n"),
        hear("MAIL FROM:<from@a.example>\n"),
        say("250 ok\n"),
        hear("RCPT TO:<to@b.example>\n"),
        say("250 ok\n"),
        hear("DATA\n"),
        say("354 go\n"),
        body(),
        say("250 ok\n"),
    ]]);
    let receipt = play.send().unwrap();
    assert!(receipt.details.contains(&("pipelined".to_owned(), "false".to_owned())));
    play.finish();
}

#[test]
fn starttls_is_asked_for_and_what_was_offered_before_is_forgotten() {
    let mut play = Play::with(
        "",
        vec![Ok(steps([
            opened(&["STARTTLS", "AUTH PLAIN", "SIZE 1"]),
            vec![
                hear("STARTTLS\n"),
                say("220 go ahead\n"),
                Step::Tls(Ok(())),
                hear("EHLO [127.0.0.1]\n"),
                say("250-mx.example.org\n250 PIPELINING\n"),
            ],
            one_mail(),
        ]))],
    );
    play.send().unwrap();
    assert!(matches!(play.securities.borrow()[..], [Security::StartTls]));
    play.finish();
}

#[test]
fn a_server_without_starttls_is_a_configuration_failure_and_nothing_goes_in_clear() {
    let failure = failure(opened(&["PIPELINING", "AUTH PLAIN"]));
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains("does not offer StartTLS"), "{}", failure.text);
}

#[test]
fn bytes_in_clear_before_the_handshake_are_an_injection() {
    let failure = failure(steps([
        opened(&["STARTTLS"]),
        vec![
            hear("STARTTLS\n"),
            say("220 go ahead\n250-evil.example\n250 AUTH PLAIN\n"),
        ],
    ]));
    assert!(failure.text.contains("wrote in clear"), "{}", failure.text);
}

#[test]
fn half_a_reply_in_clear_before_the_handshake_is_an_injection_too() {
    let failure = failure(steps([
        opened(&["STARTTLS"]),
        vec![hear("STARTTLS\n"), say("220 go ahead\n25")],
    ]));
    assert!(failure.text.contains("wrote in clear"), "{}", failure.text);
}

#[test]
fn a_refused_starttls_keeps_its_code() {
    let refused = vec![hear("STARTTLS\n"), say("454 4.7.0 TLS not available\n")];
    let failure = failure(steps([opened(&["STARTTLS"]), refused]));
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("temporary", Some("454 4.7.0"))
    );
}

#[test]
fn a_certificate_that_does_not_match_says_what_was_presented() {
    let presented = "the certificate is for other.example, not mx.example.org";
    let handshake = Step::Tls(Err(NetworkError::Tls(presented.to_owned())));
    let failure = failure(steps([
        opened(&["STARTTLS"]),
        vec![hear("STARTTLS\n"), say("220 go\n"), handshake],
    ]));
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains(presented), "{}", failure.text);
}

#[test]
fn ssl_tls_on_a_port_that_speaks_starttls_is_said_so() {
    let mut play = Play::with(r#","tls":true"#, vec![Err(NetworkError::NotTls)]);
    let failure = play.send().unwrap_err();
    assert_eq!(failure.kind, "configuration");
    assert!(
        failure
            .text
            .contains("`tls` (SSL/TLS) to false and `starttls` (StartTLS) to true"),
        "{}",
        failure.text
    );
    assert!(matches!(play.securities.borrow()[..], [Security::Tls]));
}

#[test]
fn what_the_host_refuses_is_told_in_its_words() {
    for (error, kind) in [
        (NetworkError::Refused("not granted".to_owned()), "configuration"),
        (NetworkError::Unresolved("not granted".to_owned()), "unreachable"),
        (NetworkError::Unreachable("not granted".to_owned()), "unreachable"),
        (NetworkError::Limit("not granted".to_owned()), "other"),
        (NetworkError::Failed("not granted".to_owned()), "unreachable"),
    ] {
        let failure = Play::with("", vec![Err(error)]).send().unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.text.contains("not granted"), "{}", failure.text);
    }
    let failure = Play::with(r#","timeout":7"#, vec![Err(NetworkError::Timeout)])
        .send()
        .unwrap_err();
    assert_eq!(failure.kind, "timeout");
    assert!(failure.text.contains("7 seconds"), "{}", failure.text);
}
