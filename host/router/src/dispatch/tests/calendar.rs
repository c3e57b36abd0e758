//! Time: giving up, alerts, the end of what is kept, and clocks that jump.

use std::sync::atomic::Ordering;
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
    house.fake.pass(SignedDuration::from_mins(61));
    upkeep::calendar(&house.core).await;
    upkeep::calendar(&house.core).await;
    assert_eq!(*lock(&house.fake.alerts), [("mairie".to_owned(), vec![unknown.id])]);
    house.fake.pass(SignedDuration::from_hours(24 * 5));
    upkeep::calendar(&house.core).await;
    let row = house.row(waiting);
    assert_eq!((row.summary(), row.tried), (Summary::Failed, 0));
    assert_eq!(*lock(&house.fake.notices), [(waiting, vec![0])]);
    // The bodies go after 30 days, the journal after 90.
    house.fake.pass(SignedDuration::from_hours(24 * 31));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(waiting).body, Body::Gone);
    house.fake.pass(SignedDuration::from_hours(24 * 61));
    upkeep::calendar(&house.core).await;
    assert!(house.fake.book.get(waiting).unwrap().is_none());
}

#[tokio::test]
async fn a_clock_that_jumps_neither_hurries_nor_stalls_a_retry() {
    for hours in [3, -3, 24 * 400, -24 * 400] {
        let config = DispatchConfig {
            retry_first: Duration::from_secs(600),
            retry_most: Duration::from_secs(600),
            ..quick()
        };
        let mut house = House::running(config).await;
        house.fake.script(A, &[Do::Fail(Kind::Temporary), Do::Send]);
        let id = house.accept(A).await;
        let before = house.becomes(id, Summary::Deferred).await;
        house.fake.move_clock(SignedDuration::from_hours(hours));
        house
            .until("the jump is seen", |house| house.core.hub.measures().clock_jumps == 1)
            .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(house.row(id), before, "{hours} h");
        house.fake.pass(SignedDuration::from_mins(13));
        house.core.hub.wake(&fake::path(A), id);
        house.becomes(id, Summary::Sent).await;
        house.stop(SECOND).await;
    }
}

#[tokio::test]
async fn what_is_accepted_or_tried_just_after_a_jump_back_has_all_its_time() {
    let mut house = House::new(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary)]);
    house.fake.move_clock(SignedDuration::from_hours(-6));
    // Before any tick has looked at the clock.
    let now = house.fake.now();
    let id = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.accepted_at = now.wall;
            delivery.due_at = Some(now.calendar);
            delivery.give_up_at = now.calendar + SignedDuration::from_hours(1);
        })
        .await;
    house.start();
    house.becomes(id, Summary::Deferred).await;
    house
        .until("the jump is seen", |house| house.core.hub.measures().clock_jumps == 1)
        .await;
    house.stop(SECOND).await;
    house.fake.pass(SignedDuration::from_mins(59));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(id).summary(), Summary::Deferred);
    house.fake.pass(SignedDuration::from_mins(2));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(id).summary(), Summary::Failed);
}

#[tokio::test]
async fn a_time_that_could_not_be_noted_is_noted_when_it_can() {
    let mut house = House::new(quick()).await;
    house.fake.forgetful.store(true, Ordering::SeqCst);
    house.start();
    house.fake.move_clock(SignedDuration::from_hours(-6));
    house
        .until("it fails", |house| house.core.hub.measures().store_faults > 2)
        .await;
    house.fake.forgetful.store(false, Ordering::SeqCst);
    let noted = |house: &House| house.fake.noted.load(Ordering::SeqCst);
    house.until("it is noted", |house| noted(house) == 1).await;
    // Once, until there is another reason.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(noted(&house), 1);
    house.fake.move_clock(SignedDuration::from_hours(6));
    house.until("it is noted", |house| noted(house) == 2).await;
    house.stop(SECOND).await;
    assert_eq!(noted(&house), 3);
}

#[tokio::test]
async fn what_nobody_was_there_to_attempt_is_attempted_before_it_is_given_up() {
    let mut house = House::new(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary)]);
    house.fake.script(B, &[Do::Hang]);
    let (tried, stuck) = (house.accept(A).await, house.accept(B).await);
    // Nobody runs for longer than they wait for.
    house.fake.pass(SignedDuration::from_hours(24 * 6));
    house.restart();
    let row = house.becomes(tried, Summary::Failed).await;
    assert_eq!(row.tried, 1, "given up without an attempt");
    house.until("it is given", |house| house.given(B) == 1).await;
    house.stop(Duration::ZERO).await;
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(stuck).summary(), Summary::Queued);
    // It is spared once, and for a day.
    house.fake.pass(SignedDuration::from_hours(25));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(stuck).summary(), Summary::Failed);
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
