//! Instances whose account has to be associated first.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relais_sandbox::Kind;

use super::super::fake::Do;
use super::super::hub::lock;
use super::super::{DispatchConfig, recover, upkeep};
use super::{A, B, House, SECOND, quick};
use crate::outbox::Summary;

/// A lane that finds out again by itself only after the test.
fn patient() -> DispatchConfig {
    DispatchConfig {
        pause_most: Duration::from_secs(600),
        ..quick()
    }
}

fn associated(house: &House) {
    house.fake.revision.fetch_add(1, Ordering::SeqCst);
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    house.core.hub.edited();
}

#[tokio::test]
async fn a_lane_without_its_account_burns_no_attempt_and_goes_on_when_it_is_associated() {
    for what in [Do::Unassociated, Do::LoseAccount] {
        let mut house = House::running(patient()).await;
        house.fake.script(A, std::slice::from_ref(&what));
        let mut ids = Vec::new();
        for _ in 0..20 {
            ids.push(house.accept(A).await);
        }
        house.one_is_noted(&ids).await;
        let other = house.accept(B).await;
        house.becomes(other, Summary::Sent).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        for id in &ids {
            let row = house.row(*id);
            assert_eq!((row.summary(), row.tried, row.attempts.len()), (Summary::Queued, 0, 0));
        }
        let told = ids.iter().filter(|id| house.is_noted(**id)).count();
        assert!(told <= 2, "{told} of 20 found out");
        house.fake.script(A, &[Do::Send]);
        associated(&house);
        for id in ids {
            let row = house.becomes(id, Summary::Sent).await;
            assert_eq!((row.tried, row.recipients[0].words.clone()), (1, None));
        }
        house.stop(SECOND).await;
    }
}

#[tokio::test]
async fn what_an_edit_overtook_is_found_out_anew() {
    let mut house = House::running(patient()).await;
    house.fake.script(A, &[Do::AwaitLoss, Do::Send]);
    let id = house.accept(A).await;
    house.until("it is being attempted", |house| house.given(A) == 1).await;
    // It is associated while the attempt that finds it missing goes on.
    associated(&house);
    house.fake.go.notify_one();
    let row = house.becomes(id, Summary::Sent).await;
    assert_eq!(row.tried, 1);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn nothing_is_given_up_while_its_account_is_missing_nor_right_after() {
    let mut house = House::new(quick()).await;
    let id = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.accepted_at = Timestamp::now() - SignedDuration::from_hours(120);
            delivery.give_up_at = Timestamp::now() - SignedDuration::from_secs(1);
        })
        .await;
    let until = Timestamp::now() + SignedDuration::from_hours(24);
    *lock(&house.fake.reprieve) = Some(until);
    upkeep::calendar(&house.core).await;
    let row = house.row(id);
    assert_eq!(row.summary(), Summary::Queued);
    assert_eq!(row.give_up_at.as_second(), until.as_second());
    // An attempt that fails for a moment, before the calendar has been gone through, gives nothing up either.
    let late = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.give_up_at = Timestamp::now() - SignedDuration::from_secs(1);
        })
        .await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary)]);
    recover::try_once(&house.core, late).await.unwrap();
    assert_eq!(house.row(late).summary(), Summary::Deferred);
    *lock(&house.fake.reprieve) = None;
    house.fake.pass(SignedDuration::from_hours(25));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(id).summary(), Summary::Failed);
}
