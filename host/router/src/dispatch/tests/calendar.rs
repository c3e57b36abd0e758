//! Time: giving up, alerts, the end of what is kept, and clocks that jump.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relais_sandbox::Kind;

use super::super::fake::{self, Do};
use super::super::hub::lock;
use super::super::{DispatchConfig, recover, upkeep};
use super::{A, B, House, SECOND, quick};
use crate::outbox::{Body, Origin, Summary};

#[tokio::test]
async fn what_took_too_long_has_failed_and_its_sender_is_told() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary)]);
    let id = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.accepted_at = Timestamp::now() - SignedDuration::from_hours(120);
            delivery.give_up_at = Timestamp::now() + SignedDuration::from_millis(200);
        })
        .await;
    let row = house.becomes(id, Summary::Failed).await;
    let words = row.recipients[0].words.clone().unwrap();
    assert_eq!(words.kind, "temporary");
    assert!(words.text.starts_with("gave up after 5 d"), "{}", words.text);
    house
        .until("the sender is told", |house| lock(&house.fake.notices).len() == 1)
        .await;
    house.stop(SECOND).await;
}

#[tokio::test]
async fn the_calendar_gives_up_what_nobody_attempted_and_alerts_once() {
    let mut house = House::new(quick()).await;
    let waiting = house.accept(A).await;
    let (unknown, message) = fake::delivery_for(&fake::path(B), 900, &["a@example.org"]);
    // An alert of which nobody knows is followed by no other.
    let (mut own, of_own) = fake::delivery_for(&fake::path(B), 901, &["a@example.org"]);
    own.origin = Origin::Notice;
    house.fake.script(
        B,
        &[Do::FailLate(Kind::UnknownOutcome), Do::FailLate(Kind::UnknownOutcome)],
    );
    for (delivery, message) in [(&unknown, &message), (&own, &of_own)] {
        house.fake.accept(delivery, message).await;
        recover::try_once(&house.core, delivery.id).await.unwrap();
        assert_eq!(house.row(delivery.id).summary(), Summary::Uncertain);
    }
    upkeep::calendar(&house.core).await;
    assert!(lock(&house.fake.alerts).is_empty());
    house.fake.move_clock(SignedDuration::from_mins(61));
    upkeep::calendar(&house.core).await;
    upkeep::calendar(&house.core).await;
    assert_eq!(*lock(&house.fake.alerts), [("mairie".to_owned(), vec![unknown.id])]);
    house.fake.move_clock(SignedDuration::from_hours(24 * 5));
    upkeep::calendar(&house.core).await;
    let row = house.row(waiting);
    assert_eq!((row.summary(), row.tried), (Summary::Failed, 0));
    assert_eq!(*lock(&house.fake.notices), [(waiting, vec![0])]);
    // The bodies go after 30 days, the journal after 90.
    house.fake.move_clock(SignedDuration::from_hours(24 * 31));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(waiting).body, Body::Gone);
    house.fake.move_clock(SignedDuration::from_hours(24 * 61));
    upkeep::calendar(&house.core).await;
    assert!(house.fake.book.get(waiting).unwrap().is_none());
}

#[tokio::test]
async fn a_clock_that_jumps_neither_hurries_nor_stalls_a_retry() {
    let config = DispatchConfig {
        retry_first: Duration::from_secs(600),
        retry_most: Duration::from_secs(600),
        ..quick()
    };
    let mut house = House::running(config).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary), Do::Send]);
    let id = house.accept(A).await;
    let before = house.becomes(id, Summary::Deferred).await;
    // The lane has learnt when it is due.
    tokio::time::sleep(Duration::from_millis(100)).await;
    house.fake.move_clock(SignedDuration::from_hours(3));
    house
        .until("the due time follows", |house| house.row(id).due_at != before.due_at)
        .await;
    let moved = house.row(id).due_at.unwrap().duration_since(before.due_at.unwrap());
    assert!(
        (moved - SignedDuration::from_hours(3)).abs() < SignedDuration::from_secs(5),
        "{moved}"
    );
    assert_eq!(house.row(id).summary(), Summary::Deferred);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn what_is_due_absurdly_late_is_due() {
    let mut house = House::new(quick()).await;
    let (mut delivery, message) = fake::delivery_for(&fake::path(A), 1, &["a@example.org"]);
    delivery.due_at = Some(delivery.accepted_at + SignedDuration::from_hours(24 * 365));
    house.fake.accept(&delivery, &message).await;
    let (mut later, message) = fake::delivery_for(&fake::path(B), 2, &["a@example.org"]);
    later.due_at = Some(later.accepted_at + SignedDuration::from_hours(2));
    house.fake.accept(&later, &message).await;
    house.start();
    house.becomes(delivery.id, Summary::Sent).await;
    assert_eq!(house.row(later.id).summary(), Summary::Queued);
    house.stop(SECOND).await;
}
