//! The dispatcher as a whole, over the real book, with sessions that do as they are told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::SignedDuration;
use relais_sandbox::Kind;
use tokio::time::Instant;

use super::core::Core;
use super::fake::{self, Do, Event, Fake, FakeWorld};
use super::hub::lock;
use super::{DispatchConfig, Hub, Running, recover, upkeep};
use crate::instances::InstanceLimits;
use crate::outbox::{Change, Delivery, DeliveryId, RecipientState, Summary, UncertainPolicy};

const A: &str = "default/smtp";
const B: &str = "mairie/smtp";

/// Everything in milliseconds.
fn quick() -> DispatchConfig {
    DispatchConfig {
        pause_first: Duration::from_millis(60),
        pause_most: Duration::from_millis(200),
        retry_first: Duration::from_millis(60),
        retry_most: Duration::from_millis(200),
        tick: Duration::from_millis(20),
        turn: Duration::from_millis(20),
        ..DispatchConfig::default()
    }
}

struct House {
    fake: Arc<Fake>,
    core: Arc<Core<FakeWorld>>,
    running: Option<Running<FakeWorld>>,
    number: u64,
}

impl House {
    async fn new(config: DispatchConfig) -> Self {
        let fake = Fake::new().await;
        let core = Core::new(Arc::new(FakeWorld(fake.clone())), Arc::new(Hub::default()), config);
        Self {
            fake,
            core,
            running: None,
            number: 0,
        }
    }

    fn start(&mut self) {
        self.running = Some(Running::start(self.core.clone()).unwrap());
    }

    async fn running(config: DispatchConfig) -> Self {
        let mut house = Self::new(config).await;
        house.start();
        house
    }

    async fn stop(&mut self, grace: Duration) {
        self.running.take().unwrap().stop(grace).await;
    }

    /// Accepts one mail, as the router does.
    async fn accept_as(&mut self, path: &str, to: &[&str], set: impl FnOnce(&mut Delivery)) -> DeliveryId {
        self.number += 1;
        let path = fake::path(path);
        let (mut delivery, message) = fake::delivery_for(&path, self.number, to);
        set(&mut delivery);
        let id = delivery.id;
        self.core.hub.remember(delivery.clone(), message.clone(), 0);
        self.fake.accept(&delivery, &message).await;
        self.core.hub.wake(&path, id);
        id
    }

    async fn accept(&mut self, path: &str) -> DeliveryId {
        self.accept_as(path, &["a@example.org"], |_| {}).await
    }

    fn row(&self, id: DeliveryId) -> Delivery {
        self.fake.book.get(id).unwrap().unwrap()
    }

    async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    async fn becomes(&self, id: DeliveryId, summary: Summary) -> Delivery {
        self.until(summary.word(), |house| house.row(id).summary() == summary)
            .await;
        self.row(id)
    }

    /// How often a message left.
    fn left(&self, id: DeliveryId) -> usize {
        let message = self.row(id).message_id;
        self.fake
            .count(|event| matches!(event, Event::Left(_, left) if *left == message))
    }

    fn given(&self, path: &str) -> usize {
        self.fake
            .count(|event| matches!(event, Event::Given(at, _) if at == path))
    }

    fn opened(&self, path: &str) -> usize {
        self.fake
            .count(|event| matches!(event, Event::Opened(at) if at == path))
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn what_is_accepted_is_sent_through_a_session_that_is_kept() {
    let mut house = House::running(quick()).await;
    for _ in 0..3 {
        let id = house.accept(A).await;
        let row = house.becomes(id, Summary::Sent).await;
        assert_eq!((row.tried, row.attempts.len(), house.left(id)), (1, 1, 1));
        assert!(row.attempts[0].words.is_none());
    }
    assert_eq!(house.opened(A), 1);
    house.stop(SECOND).await;
    assert_eq!(lock(&house.fake.open)[A].0, 0);
    assert!(house.fake.book.differences().unwrap().is_empty());
}

#[tokio::test]
async fn what_was_there_before_the_start_is_sent_once_each_whatever_the_memory_holds() {
    let config = DispatchConfig { heads: 4, ..quick() };
    let mut house = House::new(config).await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        ids.push(house.accept(A).await);
    }
    house.start();
    for _ in 0..60 {
        ids.push(house.accept(A).await);
    }
    for &id in &ids {
        house.becomes(id, Summary::Sent).await;
        assert_eq!(house.left(id), 1);
    }
    assert!(lock(&house.fake.open)[A].1 <= 8);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_failing_instance_pauses_and_does_not_hold_the_others_back() {
    let config = DispatchConfig {
        pause_first: Duration::from_secs(20),
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
async fn what_is_refused_for_now_is_tried_again_for_those_it_concerns() {
    let mut house = House::running(quick()).await;
    let refusals = vec![("b@example.org", "450 4.2.1"), ("c@example.org", "550 5.1.1")];
    house.fake.script(A, &[Do::Refuse(refusals), Do::Send]);
    let to = ["a@example.org", "b@example.org", "c@example.org"];
    let id = house.accept_as(A, &to, |_| {}).await;
    let row = house.becomes(id, Summary::Failed).await;
    let states: Vec<RecipientState> = row.recipients.iter().map(|recipient| recipient.state).collect();
    assert_eq!(
        states,
        [RecipientState::Sent, RecipientState::Sent, RecipientState::Failed]
    );
    assert_eq!(row.tried, 2);
    house
        .until("the sender is told", |house| !lock(&house.fake.notices).is_empty())
        .await;
    assert_eq!(*lock(&house.fake.notices), [(id, vec![2])]);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn nobody_knows_means_uncertain_and_it_is_not_sent_again() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::FailLate(Kind::UnknownOutcome), Do::Send]);
    let id = house.accept(A).await;
    let row = house.becomes(id, Summary::Uncertain).await;
    assert_eq!(row.recipients[0].words.as_ref().unwrap().kind, "unknown-outcome");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((house.left(id), house.row(id).summary()), (1, Summary::Uncertain));
    assert!(lock(&house.fake.notices).is_empty());
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_service_instance_may_say_what_is_done_with_what_is_uncertain() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::FailLate(Kind::UnknownOutcome), Do::Send]);
    let again = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.uncertain = UncertainPolicy::Resend
        })
        .await;
    let row = house.becomes(again, Summary::Sent).await;
    assert_eq!((row.tried, house.left(again)), (2, 2));
    house.fake.script(A, &[Do::FailLate(Kind::UnknownOutcome)]);
    let closed = house
        .accept_as(A, &["a@example.org"], |delivery| {
            delivery.uncertain = UncertainPolicy::Close
        })
        .await;
    let row = house.becomes(closed, Summary::Sent).await;
    assert_eq!(row.attempts[0].words.as_ref().unwrap().kind, "unknown-outcome");
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_connector_that_claims_not_to_know_before_anything_left_is_tried_again() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::UnknownOutcome), Do::Send]);
    let id = house.accept(A).await;
    house.becomes(id, Summary::Sent).await;
    assert_eq!(house.left(id), 1);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn what_is_cancelled_before_its_gate_does_not_leave() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Await, Do::Send]);
    let id = house.accept(A).await;
    house.until("it is given", |house| house.given(A) == 1).await;
    let now = jiff::Timestamp::now();
    assert!(
        house
            .fake
            .book
            .change(id, Change::Cancel { now })
            .await
            .unwrap()
            .is_some()
    );
    house.fake.go.notify_one();
    let next = house.accept(A).await;
    house.becomes(next, Summary::Sent).await;
    let row = house.row(id);
    assert_eq!((row.summary(), row.tried, house.left(id)), (Summary::Cancelled, 0, 0));
    house.stop(SECOND).await;
}

#[tokio::test]
async fn stopping_lets_what_is_in_flight_end() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Slow(Duration::from_millis(200))]);
    let id = house.accept(A).await;
    house.until("it is given", |house| house.given(A) == 1).await;
    house.stop(Duration::from_secs(20)).await;
    assert_eq!(house.row(id).summary(), Summary::Sent);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_uncertain_only_if_it_may_have_left() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::HangLate]);
    house.fake.script(B, &[Do::Hang]);
    let (left, stayed) = (house.accept(A).await, house.accept(B).await);
    house
        .until("both are given", |house| house.left(left) == 1 && house.given(B) == 1)
        .await;
    house.stop(Duration::from_millis(50)).await;
    let row = house.row(left);
    assert_eq!(row.summary(), Summary::Uncertain);
    assert!(row.recipients[0].words.as_ref().unwrap().text.contains("stopped"));
    assert_eq!(
        (house.row(stayed).summary(), house.row(stayed).tried),
        (Summary::Queued, 0)
    );
    assert!(house.fake.book.differences().unwrap().is_empty());
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

#[tokio::test]
async fn what_took_too_long_has_failed_and_its_sender_is_told() {
    let mut house = House::running(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary)]);
    let id = house.accept(A).await;
    house.becomes(id, Summary::Deferred).await;
    house.fake.move_clock(SignedDuration::from_hours(121));
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
    let (mut unknown, message) = fake::delivery_for(&fake::path(B), 900, &["a@example.org"]);
    unknown.origin = crate::outbox::Origin::Notice;
    house.fake.accept(&unknown, &message).await;
    house.fake.script(B, &[Do::FailLate(Kind::UnknownOutcome)]);
    recover::try_once(&house.core, unknown.id).await.unwrap();
    assert_eq!(house.row(unknown.id).summary(), Summary::Uncertain);
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
    assert_eq!(house.row(waiting).body, crate::outbox::Body::Gone);
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

#[tokio::test]
async fn without_a_dispatcher_a_delivery_is_attempted_once() {
    let mut house = House::new(quick()).await;
    house.fake.script(A, &[Do::Fail(Kind::Temporary), Do::Send]);
    let id = house.accept(A).await;
    recover::try_once(&house.core, id).await.unwrap();
    assert_eq!((house.row(id).summary(), house.row(id).tried), (Summary::Deferred, 1));
    recover::try_once(&house.core, id).await.unwrap();
    assert_eq!((house.row(id).summary(), house.row(id).tried), (Summary::Sent, 2));
    recover::try_once(&house.core, id).await.unwrap();
    assert_eq!(house.left(id), 1);
    assert_eq!(house.fake.count(|event| matches!(event, Event::Closed(_))), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_any_weather_each_mail_leaves_once_or_is_uncertain() {
    let config = DispatchConfig {
        sessions: 6,
        heads: 8,
        ..quick()
    };
    let mut house = House::running(config).await;
    let weather = [
        Do::Send,
        Do::Fail(Kind::Temporary),
        Do::Send,
        Do::FailLate(Kind::UnknownOutcome),
        Do::Slow(Duration::from_millis(5)),
        Do::Closed(Kind::Unreachable),
        Do::Send,
        Do::FailLate(Kind::Temporary),
        Do::Fail(Kind::Timeout),
    ];
    let paths = [A, B, "mairie/graph", "port/smtp"];
    let mut random = fastrand::Rng::with_seed(7);
    for path in paths {
        let mut script: Vec<Do> = (0..40)
            .map(|_| weather[random.usize(..weather.len())].clone())
            .collect();
        script.push(Do::Send);
        house.fake.script(path, &script);
    }
    let mut ids = Vec::new();
    for number in 0..200 {
        ids.push(house.accept(paths[number % paths.len()]).await);
    }
    let over = |house: &House, id: DeliveryId| matches!(house.row(id).summary(), Summary::Sent | Summary::Uncertain);
    for &id in &ids {
        house.until("it ends", |house| over(house, id)).await;
        let row = house.row(id);
        // Where the remote refused it after all, it left, and was tried again.
        let refused = row.attempts.iter().filter(|attempt| {
            let words = attempt.words.as_ref();
            words.is_some_and(|words| words.text == "it failed late" && words.kind == "temporary")
        });
        assert_eq!(house.left(id), 1 + refused.count(), "{row:?}");
    }
    house.stop(Duration::from_secs(5)).await;
    assert!(house.fake.book.differences().unwrap().is_empty());
    assert_eq!(house.core.hub.measures().sessions, 0);
}
