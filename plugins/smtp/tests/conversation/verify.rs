//! What an administrator is told.

use crate::script::{Play, hear, login, one_mail, opened, say, steps};

#[test]
fn verify_tells_what_the_server_is_and_whether_the_login_worked() {
    let script = steps([
        opened(&["PIPELINING", "SIZE 1000", "AUTH PLAIN"]),
        vec![login("plain", "235", "ok")],
        one_mail(),
    ]);
    let mut play = Play::with(r#","starttls":false,"username":"user""#, vec![Ok(script)]);
    let findings = play.session.verify().unwrap();
    let found = |name: &str| {
        findings
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or("missing")
    };
    assert_eq!(found("server"), "mx.example.org");
    assert_eq!(found("address"), "192.0.2.1:587");
    assert_eq!(found("tls-version"), "none: the connection is in clear");
    assert_eq!(found("extensions"), "PIPELINING, SIZE 1000, AUTH PLAIN");
    assert_eq!(found("authentication"), "ok");
    assert_eq!(found("size-limit"), "1000");
}

#[test]
fn verify_tells_which_account_logged_in() {
    let script = steps([opened(&["AUTH XOAUTH2"]), vec![login("xoauth2", "235 2.7.0", "ok")]]);
    let mut play = Play::with(r#","starttls":false,"login":"account""#, vec![Ok(script)]);
    let findings = play.session.verify().unwrap();
    assert!(findings.contains(&("authentication".to_owned(), "ok".to_owned())));
    assert!(findings.contains(&("account-username".to_owned(), "marie@mairie.example".to_owned())));
    play.finish();
}

#[test]
fn verify_without_a_user_says_that_no_login_is_configured() {
    let mut play = Play::clear(vec![opened(&[])]);
    let findings = play.session.verify().unwrap();
    assert!(findings.contains(&("authentication".to_owned(), "not configured".to_owned())));
    assert!(findings.contains(&("size-limit".to_owned(), "none".to_owned())));
    play.finish();
}

#[test]
fn verify_connects_anew_and_leaves_a_connection_for_the_next_mail() {
    let mut play = Play::clear(vec![
        steps([opened(&["PIPELINING"]), one_mail()]),
        steps([
            opened(&["PIPELINING"]),
            one_mail(),
            vec![hear("QUIT\n"), say("221 bye\n")],
        ]),
    ]);
    play.send().unwrap();
    play.session.verify().unwrap();
    play.send().unwrap();
    play.session.close();
    play.finish();
}
