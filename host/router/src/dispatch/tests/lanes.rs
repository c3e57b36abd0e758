//! Sessions and pauses: what one instance costs another.

use std::sync::atomic::Ordering;
use std::time::Duration;

use relais_sandbox::Kind;
use tokio::time::Instant;

use super::super::DispatchConfig;
use super::super::fake::Do;
use super::super::hub::lock;
use super::{A, B, House, SECOND, quick};
use crate::instances::InstanceLimits;
use crate::outbox::Summary;

#[tokio::test]
async fn a_failing_instance_pauses_and_does_not_hold_the_others_back() {
    let config = DispatchConfig {
        pause_first: Duration::from_secs(60),
        pause_most: Duration::from_secs(60),
        retry_first: Duration::from_secs(60),
        retry_most: Duration::from_secs(60),
        sessions: 3,
        ..quick()
    };
    let mut house = House::running(config).await;
    house.fake.script(A, &[Do::Closed(Kind::Unreachable)]);
    let mut dead = Vec::new();
    for _ in 0..30 {
        dead.push(house.accept(A).await);
    }
    let mut alive = Vec::new();
    for _ in 0..30 {
        alive.push(house.accept(B).await);
    }
    for id in alive {
        house.becomes(id, Summary::Sent).await;
    }
    house
        .until("the first is deferred", |house| {
            dead.iter().any(|id| house.row(*id).summary() == Summary::Deferred)
        })
        .await;
    let tried: u32 = dead.iter().map(|id| house.row(*id).tried).sum();
    assert!(tried <= 2, "{tried} of 30 found out that the remote is dead");
    assert_eq!(
        dead.iter()
            .filter(|id| house.row(**id).summary() == Summary::Queued)
            .count(),
        30 - tried as usize
    );
    house.stop(SECOND).await;
}

#[tokio::test]
async fn an_instance_that_works_again_sends_what_waited() {
    let mut house = House::running(quick()).await;
    house.fake.script(
        A,
        &[
            Do::Closed(Kind::Authentication),
            Do::Closed(Kind::Unreachable),
            Do::Send,
        ],
    );
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(house.accept(A).await);
    }
    for id in ids {
        let row = house.becomes(id, Summary::Sent).await;
        assert!(row.tried <= 3);
    }
    house.stop(SECOND).await;
}

#[tokio::test]
async fn an_edit_ends_the_sessions_that_were_opened_before() {
    let mut house = House::running(quick()).await;
    let first = house.accept(A).await;
    house.becomes(first, Summary::Sent).await;
    // A change of something else: the session stays.
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    let second = house.accept(A).await;
    house.becomes(second, Summary::Sent).await;
    assert_eq!(house.opened(A), 1);
    house.fake.revision.fetch_add(1, Ordering::SeqCst);
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    let third = house.accept(A).await;
    house.becomes(third, Summary::Sent).await;
    assert_eq!(house.opened(A), 2);
    // An instance that rests is told as well.
    house.fake.revision.fetch_add(1, Ordering::SeqCst);
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    house.core.hub.edited();
    house
        .until("the session ends", |house| lock(&house.fake.open)[A].0 == 0)
        .await;
    house.stop(SECOND).await;
}

#[tokio::test]
async fn an_edit_ends_a_pause() {
    let config = DispatchConfig {
        pause_first: Duration::from_secs(600),
        pause_most: Duration::from_secs(600),
        ..quick()
    };
    let mut house = House::running(config).await;
    house.fake.script(A, &[Do::Closed(Kind::Authentication), Do::Send]);
    let first = house.accept(A).await;
    house.becomes(first, Summary::Deferred).await;
    let second = house.accept(A).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(house.row(second).summary(), Summary::Queued);
    house.fake.revision.fetch_add(1, Ordering::SeqCst);
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    house.core.hub.edited();
    house.becomes(second, Summary::Sent).await;
    house.becomes(first, Summary::Sent).await;
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_kept_session_that_died_unnoticed_costs_no_attempt() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Send, Do::Fail(Kind::Unreachable), Do::Send]);
    let first = house.accept(A).await;
    house.becomes(first, Summary::Sent).await;
    let second = house.accept(A).await;
    let row = house.becomes(second, Summary::Sent).await;
    assert_eq!((row.tried, house.left(second), house.opened(A)), (1, 1, 2));
    house.stop(SECOND).await;
}

#[tokio::test]
async fn the_places_are_shared_and_a_busy_workspace_leaves_some() {
    let config = DispatchConfig { sessions: 2, ..quick() };
    let mut house = House::running(config).await;
    house.fake.script(A, &[Do::Slow(Duration::from_millis(5))]);
    let mut busy = Vec::new();
    for _ in 0..150 {
        busy.push(house.accept(A).await);
    }
    let other = house.accept(B).await;
    house.becomes(other, Summary::Sent).await;
    let waiting = busy
        .iter()
        .filter(|id| house.row(**id).summary() != Summary::Sent)
        .count();
    assert!(waiting > 0, "the other one had to wait for all of the busy one");
    for id in busy {
        house.becomes(id, Summary::Sent).await;
        assert_eq!(house.left(id), 1);
    }
    assert!(lock(&house.fake.open)[A].1 <= 2);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn an_instance_has_no_more_sessions_than_it_may() {
    let mut house = House::new(quick()).await;
    *lock(&house.fake.limits) = InstanceLimits {
        sessions: Some(1),
        per_minute: Some(60_000 / 20),
    };
    house.fake.script(A, &[Do::Slow(Duration::from_millis(2))]);
    house.start();
    let start = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(house.accept(A).await);
    }
    for id in ids {
        house.becomes(id, Summary::Sent).await;
    }
    assert_eq!(lock(&house.fake.open)[A].1, 1);
    assert!(
        start.elapsed() >= Duration::from_millis(19 * 20),
        "{:?}",
        start.elapsed()
    );
    house.stop(SECOND).await;
}

/// One session at a time.
const ONE: InstanceLimits = InstanceLimits {
    sessions: Some(1),
    per_minute: None,
};

#[tokio::test]
async fn a_panic_in_an_attempt_closes_no_lane_and_leaves_no_delivery_behind() {
    let mut house = House::new(quick()).await;
    *lock(&house.fake.limits) = ONE;
    house.start();
    // The second and the third are the probes of a lane that pauses.
    let script = [Do::Closed(Kind::Unreachable), Do::Panic, Do::PanicLate, Do::Send];
    house.fake.script(A, &script);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(house.accept(A).await);
    }
    let ended = |house: &House, id| matches!(house.row(id).summary(), Summary::Sent | Summary::Uncertain);
    for &id in &ids {
        house.until("it ends", |house| ended(house, id)).await;
        assert_eq!(house.left(id), 1);
    }
    let uncertain: Vec<_> = ids
        .iter()
        .map(|id| house.row(*id))
        .filter(|row| row.summary() == Summary::Uncertain)
        .collect();
    assert_eq!(uncertain.len(), 1);
    let words = uncertain[0].recipients[0].words.clone().unwrap();
    assert!(words.text.contains("broke off"), "{words:?}");
    let tried: u32 = ids.iter().map(|id| house.row(*id).tried).sum();
    assert_eq!(tried, 6);
    house.stop(SECOND).await;
    assert!(house.fake.book.differences().unwrap().is_empty());
}

#[tokio::test]
async fn a_worker_that_panics_on_its_way_to_an_attempt_closes_no_lane() {
    let config = DispatchConfig {
        pause_first: Duration::from_millis(400),
        pause_most: Duration::from_millis(400),
        ..quick()
    };
    let mut house = House::new(config).await;
    *lock(&house.fake.limits) = ONE;
    house.fake.script(A, &[Do::Closed(Kind::Unreachable), Do::Send]);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(house.accept(A).await);
    }
    // From here on messages are read from the book.
    house.restart();
    house
        .until("it pauses", |house| house.core.hub.measures().sessions_failed > 0)
        .await;
    house.fake.traps.store(2, Ordering::SeqCst);
    for id in ids {
        house.becomes(id, Summary::Sent).await;
    }
    assert_eq!(house.fake.traps.load(Ordering::SeqCst), 0);
    house.stop(SECOND).await;
}
