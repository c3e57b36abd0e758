//! Tokens while they are used.

use super::*;
use crate::accounts::kept::Need;
use relais_accounts::FaultKind;

#[tokio::test]
async fn a_token_that_was_just_given_is_given_out_without_asking_the_provider() {
    let house = House::associated().await;
    let asked = house.fake.asked();
    assert_eq!(house.token().await.unwrap(), "access-1");
    assert_eq!(house.token().await.unwrap(), "access-1");
    assert_eq!(house.fake.asked(), asked);
}

#[tokio::test]
async fn fifty_sessions_that_need_a_token_at_once_cause_one_renewal() {
    let house = House::associated().await;
    house.expire();
    let before = house.fake.asked();
    house.fake.script(&[Do::Await]);
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let account = house.account();
            tokio::spawn(async move { token(&*account).await.unwrap() })
        })
        .collect();
    while house.fake.asked() == before {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // All of them wait by now, or come later and find the same.
    tokio::time::sleep(Duration::from_millis(50)).await;
    house.fake.go.notify_one();
    for task in asking {
        assert_eq!(task.await.unwrap(), "access-2");
    }
    assert_eq!((house.fake.asked() - before, house.fake.state().most_at_once), (1, 1));
    assert_eq!(house.fake.state().asked.last().unwrap(), "refresh-1");
}

#[tokio::test]
async fn whoever_asks_and_goes_away_interrupts_nothing() {
    let house = House::associated().await;
    house.expire();
    house.fake.script(&[Do::Await]);
    let account = house.account();
    let impatient = tokio::time::timeout(Duration::from_millis(50), account.token()).await;
    assert!(impatient.is_err());
    house.fake.go.notify_one();
    assert_eq!(house.token().await.unwrap(), "access-2");
    assert_eq!(house.fake.asked(), 2, "one association and one renewal");
}

#[tokio::test]
async fn a_new_process_uses_the_stored_token_and_renews_with_the_stored_one() {
    let house = House::associated().await.reopened().await;
    assert_eq!(house.token().await.unwrap(), "access-1");
    assert_eq!(house.fake.asked(), 1);
    house.expire();
    let house = house.reopened().await;
    assert_eq!(house.token().await.unwrap(), "access-2");
    assert_eq!(house.fake.state().asked.last().unwrap(), "refresh-1");
    assert_eq!(house.row().renewing, None);
}

#[tokio::test]
async fn a_token_that_a_resource_refused_is_not_given_again() {
    let house = House::associated().await;
    let account = house.account();
    let first = account.token().await.unwrap();
    account.refused(&first);
    let second = account.token().await.unwrap();
    assert_eq!(second.reveal(), "access-2");
    // Somebody who held the first one for longer says so too: the second one stays good.
    account.refused(&first);
    assert_eq!(account.token().await.unwrap().reveal(), "access-2");
}

#[tokio::test]
async fn a_resource_that_refuses_every_token_makes_no_client_loop() {
    let house = House::associated().await;
    let account = house.account();
    let mut given = 0;
    for _ in 0..50 {
        match account.token().await {
            Ok(token) => {
                given += 1;
                account.refused(&token);
            }
            Err(AccountFault::Unavailable { retry_after, .. }) => {
                assert!(retry_after.unwrap() <= Duration::from_secs(60));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!((given, house.fake.asked()), (5, 5), "the first, and four in a minute");
    assert_eq!(house.view().state, AccountState::Associated);
}

#[tokio::test]
async fn a_provider_that_fails_for_a_moment_is_left_alone_for_a_while_and_loses_no_account() {
    let house = House::associated().await;
    house.expire();
    house.fake.script(&[Do::Refuse(FaultKind::Unavailable, "http-503")]);
    let account = house.account();
    let fault = token(&*account).await.unwrap_err();
    assert!(fault.retry_after().unwrap() >= Duration::from_secs(4), "{fault:?}");
    for _ in 0..20 {
        assert!(matches!(token(&*account).await, Err(AccountFault::Unavailable { .. })));
    }
    assert_eq!(house.fake.asked(), 2, "one association, and one renewal that failed");
    assert_eq!(house.view().state, AccountState::Associated);
    assert_eq!(house.row().renewing, None, "it answered, so the token is not used up");
}

#[tokio::test]
async fn a_proxy_that_lets_no_renewal_out_is_told_as_that_and_loses_no_account() {
    let house = House::associated().await;
    house.expire();
    house
        .fake
        .script(&[Do::Refuse(FaultKind::Unavailable, "proxy-refuses")]);
    let account = house.account();
    // Also where it is not asked again, for a while.
    for _ in 0..2 {
        match token(&*account).await {
            Err(AccountFault::WayOut(text)) => assert!(text.contains("--proxy"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(house.view().state, AccountState::Associated);
    assert_eq!(house.row().renewing, None);
}

#[tokio::test]
async fn a_token_that_is_still_good_is_given_out_while_the_provider_fails() {
    let house = House::associated().await;
    let kept = house.router.accounts.kept(&path());
    assert_eq!(house.token().await.unwrap(), "access-1");
    house.fake.script(&[Do::Refuse(FaultKind::Unavailable, "http-503")]);
    assert!(kept.ask(Need::Ahead).await.is_err());
    assert_eq!(house.token().await.unwrap(), "access-1");
}

#[tokio::test]
async fn what_was_used_is_renewed_ahead_of_time_and_what_was_not_is_left_alone() {
    let house = House::associated().await;
    let age = |row: &mut AccountRow| {
        row.renewed_at = Timestamp::now() - Duration::from_secs(3300);
        row.expires_at = Timestamp::now() + Duration::from_secs(300);
    };
    house.change_row(age);
    house.router.accounts.tend().await;
    assert_eq!(house.fake.asked(), 1);
    assert_eq!(house.token().await.unwrap(), "access-1");
    house.router.accounts.tend().await;
    assert_eq!(house.fake.asked(), 2);
    assert_eq!(house.token().await.unwrap(), "access-2");
    assert!(house.view().last_used_at.is_some());
}

#[tokio::test]
async fn a_refresh_token_that_nobody_uses_is_renewed_before_it_dies() {
    let house = House::associated().await;
    house.change_row(|row| row.renewed_at = Timestamp::now() - Duration::from_secs(31 * 86_400));
    house.router.accounts.tend().await;
    assert_eq!(house.fake.state().asked.last().unwrap(), "refresh-1");
    house.router.accounts.tend().await;
    assert_eq!(house.fake.asked(), 2);
}

#[tokio::test]
async fn an_application_that_acts_for_itself_has_no_refresh_token_and_asks_anew() {
    let house = House::new().await;
    let application = NewApplication {
        proof: NewProof::Secret(secret("app-secret")),
        ..public("app")
    };
    house
        .router
        .set_application(&who(), &ws(), "microsoft", application)
        .unwrap();
    house.fake.state().without_refresh_token = true;
    let done = house.associate(by(Flow::ClientCredentials)).await;
    assert!(matches!(done, Stage::Done { .. }), "{done:?}");
    house.expire();
    assert_eq!(house.token().await.unwrap(), "access-2");
    assert_eq!(house.fake.state().asked, ["client-credentials", "client-credentials"]);
    assert_eq!(house.row().renewing, None);
}

#[tokio::test]
async fn a_renewal_that_was_asked_for_is_audited_and_shown() {
    let house = House::associated().await;
    let before = house.view().renewed_at.unwrap();
    let view = house
        .router
        .renew_account(&who(), &ws(), &graph(), "mail")
        .await
        .unwrap();
    assert!(view.renewed_at.unwrap() > before);
    assert_eq!(house.audited()[0], "account-renew");
    assert_eq!(house.token().await.unwrap(), "access-2");
}

#[tokio::test]
async fn a_connector_is_told_who_the_account_is_and_no_token() {
    let house = House::associated().await;
    let facts: BTreeMap<String, String> = house.account().describe().into_iter().collect();
    assert_eq!(facts["username"], "ged@mairie.example");
    assert_eq!(facts["scopes"], "Mail.Send");
    assert_eq!(
        (facts["provider"].as_str(), facts["flow"].as_str()),
        ("microsoft", "device-code")
    );
    let facts = format!("{facts:?} {:?} {:?}", house.account(), house.view());
    assert!(!facts.contains("access-") && !facts.contains("refresh-"), "{facts}");
}
