//! A login that the host is asked to run where it would be somebody else's words.

use relais_catcher::{Catcher, Options};

use crate::credentials::refused_by_smtp;
use crate::host::Host;
use crate::setup::Setup;

const RULE: &str = "a login is run only while nothing but greeting commands was written";

#[tokio::test]
async fn a_login_in_the_middle_of_data_is_refused() {
    assert_eq!(
        refused_by_smtp("auth-in-data", RULE).await.last().map(String::as_str),
        Some("DATA")
    );
}

#[tokio::test]
async fn a_login_after_data_is_refused() {
    assert_eq!(
        refused_by_smtp("auth-after-data", RULE)
            .await
            .last()
            .map(String::as_str),
        Some("DATA")
    );
}

#[tokio::test]
async fn a_login_in_clear_is_refused_unless_it_was_granted() {
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let setup = || Setup::attack("auth-in-clear").granted("127.0.0.1", catcher.port());
    let host = Host::new();
    host.refuses(
        setup(),
        "no credential goes out in clear unless `auth-in-clear` is granted",
    )
    .await;
    assert!(!catcher.commands().iter().any(|line| line.contains("AUTH")));
    host.send(setup().grant("auth-in-clear")).await.unwrap_err();
    assert!(
        catcher.commands().iter().any(|line| line.contains("AUTH PLAIN")),
        "the attack asks for a login"
    );
}
