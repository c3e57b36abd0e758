//! A token that is good at its resource, and whose account may not be used any more.

use super::*;
use crate::error::Error;

/// The same connector, with another place to go to.
fn elsewhere() -> String {
    GRAPH.replace("https://graph.example.org", "https://evil.example.net")
}

async fn refused(account: &dyn Account) {
    let refused = token(account).await;
    assert!(
        matches!(
            refused,
            Err(AccountFault::Reconnect(_) | AccountFault::Unavailable { .. })
        ),
        "{refused:?}"
    );
}

async fn allow(house: &House, flows: Option<Vec<Flow>>) {
    let edit = crate::WorkspaceEdit {
        account_flows: Some(flows),
        ..Default::default()
    };
    house.router.edit_workspace(&who(), &ws(), edit).unwrap();
}

#[tokio::test]
async fn a_token_in_memory_does_not_go_where_the_connectors_next_version_would_take_it() {
    let places = [
        elsewhere(),
        GRAPH.replace(
            "https://login.example.org/{tenant}/token",
            "https://evil.example.net/{tenant}/token",
        ),
        GRAPH.replace(
            "kind = \"bearer\"",
            "kind = \"bearer\"\norigins = [\"https://graph.example.org\"]",
        ),
    ];
    for next in places {
        let house = House::associated().await;
        let before = house.account();
        assert_eq!(token(&*before).await.unwrap(), "access-1");
        house.install(&next);
        refused(&*house.account()).await;
        refused(&*before).await;
        assert_eq!(house.view().problem.unwrap().code, "account-outdated");
        assert_eq!(house.router.connector("relais/graph").unwrap().review.len(), 1);
        assert_eq!(house.fake.asked(), 1, "nor is its provider asked for another one");
    }
}

#[tokio::test]
async fn a_session_of_one_version_is_given_no_token_that_is_for_another() {
    let house = House::associated().await;
    let first = house.account();
    house.install(&elsewhere());
    let second = house.account();
    // Back to what the account is for: the session of the version between is still open.
    house.install(GRAPH);
    assert_eq!(token(&*first).await.unwrap(), "access-1");
    refused(&*second).await;
    assert_eq!(house.token().await.unwrap(), "access-1");
}

#[tokio::test]
async fn a_rule_of_the_workspace_holds_for_sessions_that_are_open() {
    let house = House::associated().await;
    let account = house.account();
    assert_eq!(token(&*account).await.unwrap(), "access-1");
    allow(&house, Some(vec![Flow::ClientCredentials])).await;
    assert!(matches!(token(&*account).await, Err(AccountFault::Reconnect(_))));
    allow(&house, None).await;
    assert_eq!(token(&*account).await.unwrap(), "access-1");
    assert_eq!(house.fake.asked(), 1);
}

#[tokio::test]
async fn a_rule_that_comes_while_a_token_is_waited_for_holds_for_it() {
    let house = House::associated().await;
    house.expire();
    house.fake.script(&[Do::Await]);
    let account = house.account();
    let waiting = tokio::spawn(async move { token(&*account).await });
    while house.fake.asked() == 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    allow(&house, Some(Vec::new())).await;
    house.fake.go.notify_one();
    assert!(matches!(waiting.await.unwrap(), Err(AccountFault::Reconnect(_))));
    assert_eq!(
        house.row().expires_at,
        house.view().expires_at.unwrap(),
        "the new tokens are kept"
    );
    allow(&house, None).await;
    assert_eq!(house.token().await.unwrap(), "access-2");
}

#[tokio::test]
async fn no_session_is_opened_and_nothing_is_verified_while_the_account_may_not_be_used() {
    let house = House::associated().await;
    let verified = || async { house.router.verify_instance(&ws(), &graph()).await.unwrap_err() };
    // The connector of this test is a row without a component: it is not even loaded.
    let load: Error = verified().await;
    assert_ne!(load.code(), "account-reconnect");
    allow(&house, Some(Vec::new())).await;
    let error = verified().await;
    assert_eq!(error.code(), "account-reconnect");
    assert!(error.text(Lang::Fr).contains("n'autorise pas"), "{error}");
    allow(&house, None).await;
    house.install(&elsewhere());
    assert!(verified().await.to_string().contains("has to be associated again"));
}

#[tokio::test]
async fn a_session_that_logged_in_before_is_another_ones_once_the_account_is_forbidden_and_its_lane_opens_again() {
    use super::losing::waits;
    let house = House::associated().await;
    allow(&house, Some(Vec::new())).await;
    let id = house.accept().await;
    let dispatcher = house.router.dispatch().unwrap();
    waits(&house, id, "does not allow").await;
    allow(&house, None).await;
    // The connector of this test is a row without a component, so that the next attempt fails for that, and counts.
    for _ in 0..400 {
        if house.router.book().get(id).unwrap().unwrap().tried > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(
        house.router.book().get(id).unwrap().unwrap().tried,
        1,
        "the lane is open again"
    );
    dispatcher.stop(Duration::from_secs(5)).await;
}
