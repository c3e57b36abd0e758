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
