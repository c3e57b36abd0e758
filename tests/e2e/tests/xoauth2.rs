//! The SMTP connector logs in with an account that the host keeps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::sync::Arc;

use relais_catcher::{Account, Catcher, Options, Tls};
use relais_e2e::{DealtAccount, Target, accept, draft, send};
use relais_sandbox::{AccountFault, Failure, Kind, Receipt};

const NAME: &str = "marie@mairie.example";
const SHARED: &str = "accueil@mairie.example";

/// As long as those of Exchange Online, and longer than a command may be.
fn token() -> String {
    "eyJ0eXAiOiJKV1QiLCJub25jZSI6".repeat(90)
}

async fn server(username: &str, token: &str) -> Catcher {
    let options = Options {
        tls: Tls::StartTls,
        auth: Some(Account {
            username: username.to_owned(),
            password: token.to_owned(),
        }),
        auth_mechanisms: vec!["LOGIN", "XOAUTH2"],
        ..Options::default()
    };
    Catcher::start(options).await.unwrap()
}

fn target(catcher: &Catcher, account: Arc<DealtAccount>) -> Target {
    Target::new("localhost", catcher.port())
        .set("certificate", catcher.ca_pem().unwrap())
        .account(account)
}

fn of_marie(tokens: &[&str]) -> Arc<DealtAccount> {
    DealtAccount::described(tokens, &[("username", NAME), ("provider", "microsoft")])
}

async fn one_mail(target: Target) -> Result<Receipt, Failure> {
    let mut session = target.open().await;
    let sent = send(&mut session, &accept(draft("Convocation"))).await;
    session.close().await;
    sent
}

#[tokio::test]
async fn a_mail_leaves_after_a_login_with_a_long_and_with_a_short_token() {
    for token in [token(), "ya29.short".to_owned()] {
        let catcher = server(NAME, &token).await;
        let account = of_marie(&[&token]);
        one_mail(target(&catcher, account.clone())).await.unwrap();
        assert_eq!(catcher.mails()[0].authenticated.as_deref(), Some(NAME));
        assert!(account.refusals().is_empty());
        let commands = catcher.commands();
        assert!(!commands.iter().any(|line| line.contains("LOGIN")), "{commands:?}");
    }
}

#[tokio::test]
async fn a_stale_token_is_replaced_and_the_mail_leaves_in_the_same_call() {
    let fresh = token();
    let catcher = server(NAME, &fresh).await;
    let account = of_marie(&["ya29.stale", &fresh]);
    one_mail(target(&catcher, account.clone())).await.unwrap();
    assert_eq!(account.refusals(), ["ya29.stale"]);
    assert_eq!(catcher.count(), 1);
}

#[tokio::test]
async fn a_token_refused_twice_is_an_authentication_failure_in_the_servers_words() {
    let catcher = server(NAME, "ya29.right").await;
    let account = of_marie(&["ya29.wrong-once", "ya29.wrong-twice", "ya29.never-asked-for"]);
    let failure = one_mail(target(&catcher, account.clone())).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_deref()),
        (Kind::Authentication, Some("535 5.7.8"))
    );
    assert_eq!(failure.account, None, "the server spoke, not the account");
    assert_eq!(account.asked(), 2);
    assert_eq!(catcher.count(), 0);
}

#[tokio::test]
async fn an_account_that_is_lost_after_a_refusal_is_what_failed() {
    let catcher = server(NAME, "ya29.right").await;
    let failure = one_mail(target(&catcher, of_marie(&["ya29.revoked"])))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, Kind::Authentication);
    assert!(
        matches!(failure.account.as_deref(), Some(AccountFault::Reconnect(_))),
        "{failure:?}"
    );
    assert_eq!(failure.code, None);
}

#[tokio::test]
async fn a_shared_mailbox_is_the_user_of_the_login() {
    let catcher = server(SHARED, "ya29.right").await;
    let target = target(&catcher, of_marie(&["ya29.right"])).set("mailbox", SHARED);
    one_mail(target).await.unwrap();
    assert_eq!(catcher.mails()[0].authenticated.as_deref(), Some(SHARED));
}

#[tokio::test]
async fn an_account_without_a_user_name_asks_for_the_mailbox() {
    let catcher = server(SHARED, "ya29.right").await;
    let nameless = || DealtAccount::giving(&["ya29.right"]);
    let failure = one_mail(target(&catcher, nameless())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Configuration);
    assert!(failure.text.contains("set `mailbox`"), "{failure}");
    one_mail(target(&catcher, nameless()).set("mailbox", SHARED))
        .await
        .unwrap();
}

#[tokio::test]
async fn verify_says_which_account_logged_in() {
    let catcher = server(NAME, "ya29.right").await;
    let mut session = target(&catcher, of_marie(&["ya29.right"])).open().await;
    let found = session.verify().await.unwrap();
    let has = |name: &str, value: &str| found.contains(&(name.to_owned(), value.to_owned()));
    assert!(
        has("authentication", "ok") && has("account-username", NAME),
        "{found:?}"
    );
    session.close().await;
}
