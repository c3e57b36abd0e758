//! A renewal on its way, and a change that comes meanwhile: the refresh token is good once, perhaps.

use relais_accounts::FaultKind;

use super::*;
use crate::accounts::durable::Losing;

/// With a renewal on its way to a provider that takes no refresh token twice, and somebody who waits for it.
async fn on_its_way() -> (House, Waiting) {
    answered_by(Do::Await).await
}

type Waiting = tokio::task::JoinHandle<Result<String, AccountFault>>;

/// The same, with what the provider does once it is told to go on.
async fn answered_by(answer: Do) -> (House, Waiting) {
    let house = House::associated().await;
    house.fake.state().strict = true;
    house.expire();
    house.fake.script(&[answer]);
    let account = house.account();
    let waiting = tokio::spawn(async move { token(&*account).await });
    while house.fake.asked() == 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (house, waiting)
}

/// Another session asks while the first one waits; the provider answers then.
async fn both_are_given_one(house: &House, waiting: Waiting) {
    let account = house.account();
    let second = tokio::spawn(async move { token(&*account).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(house.fake.asked(), 2, "one association and one renewal");
    house.fake.go.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap(), "access-2");
    assert_eq!(second.await.unwrap().unwrap(), "access-2");
    assert_eq!((house.view().state, house.fake.asked()), (AccountState::Associated, 2));
    house.expire();
    assert_eq!(house.token().await.unwrap(), "access-3");
}

#[tokio::test]
async fn an_edit_while_a_renewal_is_on_its_way_asks_for_no_second_one() {
    let (house, waiting) = on_its_way().await;
    let edit = Edit {
        set: BTreeMap::from([("sender".to_owned(), "a@mairie.example".into())]),
        ..Edit::default()
    };
    house.router.edit_instance(&who(), &ws(), &graph(), edit).unwrap();
    both_are_given_one(&house, waiting).await;
}

#[tokio::test]
async fn a_new_secret_of_the_application_while_a_renewal_is_on_its_way_asks_for_no_second_one() {
    let (house, waiting) = on_its_way().await;
    let again = house.router.set_application(&who(), &ws(), "microsoft", public("app"));
    again.unwrap();
    both_are_given_one(&house, waiting).await;
}

#[tokio::test]
async fn what_a_provider_says_of_an_earlier_secret_is_thrown_away_and_it_is_asked_with_the_new_one() {
    let (house, waiting) = answered_by(Do::AwaitAndRefuse(FaultKind::Configuration, "invalid_client")).await;
    let again = house.router.set_application(&who(), &ws(), "microsoft", public("app"));
    again.unwrap();
    house.fake.go.notify_one();
    assert_eq!(waiting.await.unwrap().unwrap(), "access-2");
    assert_eq!(house.fake.state().asked, ["device", "refresh-1", "refresh-1"]);
    assert_eq!(
        (house.view().state, house.row().renewing),
        (AccountState::Associated, None)
    );
    assert!(!house.audited().contains(&"account-lost".to_owned()));
}

#[tokio::test]
async fn a_secret_that_is_refused_however_often_it_is_set_anew_is_not_asked_with_for_ever() {
    let (house, waiting) = answered_by(Do::AwaitAndRefuse(FaultKind::Configuration, "invalid_client")).await;
    for asked in 3..10 {
        let again = house.router.set_application(&who(), &ws(), "microsoft", public("app"));
        again.unwrap();
        house
            .fake
            .script(&[Do::AwaitAndRefuse(FaultKind::Configuration, "invalid_client")]);
        house.fake.go.notify_one();
        while house.fake.asked() < asked && !waiting.is_finished() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if waiting.is_finished() {
            break;
        }
    }
    let told = waiting.await.unwrap();
    assert!(matches!(told, Err(AccountFault::Unavailable { .. })), "{told:?}");
    assert_eq!(house.fake.asked(), 5, "one association, and four renewals in a minute");
    assert_eq!(house.view().state, AccountState::Associated);
}

#[tokio::test]
async fn an_account_whose_application_became_another_one_meanwhile_is_lost_for_that_reason() {
    let (house, waiting) = answered_by(Do::AwaitAndRefuse(FaultKind::Configuration, "invalid_client")).await;
    let other = house
        .router
        .set_application(&who(), &ws(), "microsoft", public("other-app"));
    other.unwrap();
    house.fake.go.notify_one();
    let told = waiting.await.unwrap();
    assert!(matches!(told, Err(AccountFault::Reconnect(_))), "{told:?}");
    assert_eq!(house.view().problem.unwrap().code, "application-changed");
    assert_eq!(house.fake.asked(), 2);
}

#[tokio::test]
async fn a_loss_that_was_written_before_the_application_was_set_anew_does_not_last_in_memory() {
    let house = House::associated().await;
    house.expire();
    let kept = house.router.accounts.kept(&path());
    let written = kept.reconsidered();
    let again = house.router.set_application(&who(), &ws(), "microsoft", public("app"));
    again.unwrap();
    kept.lose(&crate::accounts::problem::Problem::interrupted(), written);
    assert_eq!(house.token().await.unwrap(), "access-2");
}

#[tokio::test]
async fn what_a_provider_says_of_an_earlier_refresh_token_does_not_lose_the_account_of_the_later_one() {
    let house = House::associated().await;
    let before = house.row();
    house
        .router
        .renew_account(&who(), &ws(), &graph(), "mail")
        .await
        .unwrap();
    let lost = crate::store::LostRow {
        at: Timestamp::now(),
        why: crate::store::Why::Provider,
        kind: "reconnect".to_owned(),
        code: "invalid_grant".to_owned(),
        detail: String::new(),
        told: false,
    };
    let losing = house.router.accounts.lose(&path(), Some(&before), None, lost).await;
    assert_eq!(losing.unwrap(), Losing::Replaced);
    assert_eq!(house.view().state, AccountState::Associated);
}

#[tokio::test]
async fn tokens_that_did_not_open_lose_no_account_that_was_associated_meanwhile() {
    use crate::accounts::plan::Stop;
    use crate::store::{LostRow, Part, Why};
    let house = House::associated().await;
    house.expire();
    let spoilt = |tables: &mut crate::store::Writing<'_>| tables.put_account_secret(&path(), Part::Refresh, None);
    house.router.store.write(spoilt).unwrap();
    let keeper = &house.router.accounts;
    let Err(Stop::Lose(why, row)) = keeper.plan(&path(), crate::accounts::kept::Need::Use, true).await else {
        panic!("there is nothing to ask with");
    };
    assert_eq!(why, Why::Ended);
    house.associate(by(Flow::DeviceCode)).await;
    let lost = LostRow {
        at: Timestamp::now(),
        why,
        kind: String::new(),
        code: String::new(),
        detail: String::new(),
        told: false,
    };
    let row = row.expect("the row that was read");
    let losing = keeper.lose(&path(), Some(&row), None, lost).await;
    assert_eq!(losing.unwrap(), Losing::Replaced);
    assert_eq!(house.view().state, AccountState::Associated);
}
