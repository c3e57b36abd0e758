//! What becomes of a mail, whatever its remote, its administrator or its host does.

use std::time::Duration;

use jiff::Timestamp;
use relais_sandbox::Kind;

use super::super::fake::{Do, Event};
use super::super::hub::lock;
use super::super::{DispatchConfig, recover};
use super::{A, B, House, SECOND, quick};
use crate::outbox::{Change, DeliveryId, RecipientState, Summary, UncertainPolicy};

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
    let config = DispatchConfig {
        heads: 4,
        sessions_per_instance: 5,
        ..quick()
    };
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
    assert!(lock(&house.fake.open)[A].1 <= 5);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn what_no_lane_was_told_of_is_found_and_sent() {
    let mut house = House::running(quick()).await;
    let (delivery, message) = super::super::fake::delivery_for(&super::super::fake::path(B), 1, &["a@example.org"]);
    house.fake.accept(&delivery, &message).await;
    house.becomes(delivery.id, Summary::Sent).await;
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
    let now = Timestamp::now().into();
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
