//! AUTH, which the host runs.

use relais_sdk::Failure;
use relais_smtp::wire::NetworkError;

use crate::script::{Play, Step, login, one_mail, opened, steps};

const USER: &str = r#","starttls":false,"username":"user""#;

fn failure(script: Vec<Step>) -> Failure {
    let mut play = Play::with(USER, vec![Ok(script)]);
    let failure = play.send().unwrap_err();
    play.finish();
    failure
}

#[test]
fn plain_is_preferred() {
    let mut play = Play::with(
        USER,
        vec![Ok(steps([
            opened(&["PIPELINING", "AUTH LOGIN PLAIN"]),
            vec![login("plain", "235 2.7.0", "ok")],
            one_mail(),
        ]))],
    );
    play.send().unwrap();
    play.finish();
}

#[test]
fn login_is_used_where_plain_is_missing() {
    let mut play = Play::with(
        USER,
        vec![Ok(steps([
            opened(&["PIPELINING", "AUTH LOGIN XOAUTH2"]),
            vec![login("login", "235", "ok")],
            one_mail(),
        ]))],
    );
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_refused_login_is_an_authentication_failure_in_the_servers_words() {
    let refused = login("plain", "535 5.7.8", "Error: authentication failed");
    let failure = failure(steps([opened(&["AUTH PLAIN"]), vec![refused]]));
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("authentication", Some("535 5.7.8"))
    );
    assert_eq!(failure.text, "Error: authentication failed (in answer to AUTH)");
}

#[test]
fn a_login_refused_for_now_is_temporary() {
    let failure = failure(steps([
        opened(&["AUTH PLAIN"]),
        vec![login("plain", "454 4.7.0", "later")],
    ]));
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("temporary", Some("454 4.7.0"))
    );
}

#[test]
fn a_server_without_auth_is_said_so() {
    let failure = failure(opened(&["PIPELINING"]));
    assert_eq!(failure.kind, "authentication");
    assert!(failure.text.contains("offers no login"), "{}", failure.text);
}

#[test]
fn mechanisms_that_this_connector_does_not_know_are_named() {
    let failure = failure(opened(&["AUTH XOAUTH2 CRAM-MD5"]));
    assert_eq!(failure.kind, "authentication");
    assert!(failure.text.contains("XOAUTH2, CRAM-MD5"), "{}", failure.text);
}

#[test]
fn a_login_that_the_host_cannot_run_is_a_configuration_failure() {
    let missing = NetworkError::Credential("the secret `password` is not set".to_owned());
    let failure = failure(steps([
        opened(&["AUTH PLAIN"]),
        vec![Step::Login("plain", Err(missing))],
    ]));
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains("`password`"), "{}", failure.text);
}

/// The members of the parameters of an instance with an account.
const ACCOUNT: &str = r#","starttls":false,"login":"account""#;

fn refused(code: &str) -> Vec<Step> {
    let refused = login("xoauth2", code, "5.7.3 Authentication unsuccessful");
    steps([opened(&["AUTH XOAUTH2"]), vec![refused]])
}

/// What a first send with an account fails with, over these connections.
fn failure_of_account(connections: Vec<Vec<Step>>) -> Failure {
    let mut play = Play::with(ACCOUNT, connections.into_iter().map(Ok).collect());
    let failure = play.send().unwrap_err();
    play.finish();
    failure
}

#[test]
fn an_account_logs_in_by_xoauth2_whatever_else_is_offered() {
    let script = steps([
        opened(&["PIPELINING", "AUTH LOGIN PLAIN XOAUTH2"]),
        vec![login("xoauth2", "235 2.7.0", "ok")],
        one_mail(),
    ]);
    let mut play = Play::with(ACCOUNT, vec![Ok(script)]);
    play.send().unwrap();
    play.finish();
}

#[test]
fn a_password_is_never_sent_by_xoauth2_and_an_account_never_by_plain() {
    let failure = failure(opened(&["AUTH XOAUTH2"]));
    assert!(failure.text.contains("knows PLAIN and LOGIN"), "{}", failure.text);
    let failure = failure_of_account(vec![opened(&["AUTH LOGIN PLAIN"])]);
    assert_eq!(failure.kind, "authentication");
    assert!(failure.text.contains("needs XOAUTH2"), "{}", failure.text);
    let failure = failure_of_account(vec![opened(&[])]);
    assert!(failure.text.contains("needs TLS and XOAUTH2"), "{}", failure.text);
}

#[test]
fn a_token_that_was_refused_is_replaced_once_over_another_connection() {
    let fresh = steps([
        opened(&["PIPELINING", "AUTH XOAUTH2"]),
        vec![login("xoauth2", "235 2.7.0", "ok")],
        one_mail(),
    ]);
    let mut play = Play::with(ACCOUNT, vec![Ok(refused("535 5.7.3")), Ok(fresh)]);
    play.send().unwrap();
    play.finish();
    let failure = failure_of_account(vec![refused("535 5.7.3"), refused("535 5.7.3")]);
    assert_eq!(
        (&*failure.kind, failure.code.as_deref()),
        ("authentication", Some("535 5.7.3"))
    );
}

#[test]
fn what_another_token_would_not_help_is_told_at_once() {
    for (code, hint) in [
        ("535 5.7.139", "an administrator of Exchange has to allow"),
        ("454 4.7.0", "in answer to AUTH"),
        ("550 5.7.1", "in answer to AUTH"),
    ] {
        let failure = failure_of_account(vec![refused(code)]);
        assert_eq!(failure.code.as_deref(), Some(code));
        assert!(failure.text.contains(hint), "{}", failure.text);
    }
    let wrong = login("plain", "535 5.7.8", "no");
    assert_eq!(
        failure(steps([opened(&["AUTH PLAIN"]), vec![wrong]])).kind,
        "authentication"
    );
}

#[test]
fn a_server_that_takes_no_password_any_more_is_told_with_what_to_do() {
    let basic = login("login", "550 5.7.30", "Basic authentication is not supported");
    let failure = failure(steps([opened(&["AUTH LOGIN XOAUTH2"]), vec![basic]]));
    assert_eq!(failure.kind, "authentication");
    assert!(failure.text.contains("set `login` to `account`"), "{}", failure.text);
}
