//! A proxy of the site's own that lets nothing out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::fake::Do;
use super::super::{DispatchConfig, recover, upkeep};
use super::{A, B, House, SECOND, quick};
use crate::outbox::Summary;

/// A lane that looks again before the test has ended.
fn curious() -> DispatchConfig {
    DispatchConfig {
        pause_most: Duration::from_millis(50),
        ..quick()
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_burns_no_attempt_and_the_lane_goes_on_by_itself_when_it_lets_out() {
    let mut house = House::running(curious()).await;
    house.fake.script(A, &[Do::Proxy(403)]);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(house.accept(A).await);
    }
    house.one_is_noted(&ids).await;
    let other = house.accept(B).await;
    house.becomes(other, Summary::Sent).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(house.given(A) > 1, "it does not look again");
    let mut words = Vec::new();
    for id in &ids {
        let row = house.row(*id);
        assert_eq!((row.summary(), row.tried, row.attempts.len()), (Summary::Queued, 0, 0));
        words.extend(row.recipients[0].words.clone());
    }
    let words = &words[0];
    assert_eq!(
        (words.kind.as_str(), words.code.as_deref()),
        ("configuration", Some("proxy 403"))
    );
    assert!(words.text.contains("http://proxy.example:3128"), "{}", words.text);
    // Nobody edits anything: the proxy is somebody else's.
    house.fake.script(A, &[Do::Send]);
    for id in ids {
        let row = house.becomes(id, Summary::Sent).await;
        assert_eq!((row.tried, row.recipients[0].words.clone()), (1, None));
    }
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_proxy_that_does_not_reach_the_destination_is_tried_again_as_any_server() {
    for status in [500, 502, 503, 504] {
        let mut house = House::new(quick()).await;
        house.fake.script(A, &[Do::Proxy(status)]);
        let id = house.accept(A).await;
        recover::try_once(&house.core, id).await.unwrap();
        let row = house.row(id);
        assert_eq!((row.summary(), row.tried), (Summary::Deferred, 1));
        assert_eq!(row.recipients[0].words.as_ref().unwrap().kind, "unreachable");
    }
}

#[tokio::test]
async fn nothing_is_given_up_while_the_proxy_refuses_nor_for_a_day_after() {
    let mut house = House::new(quick()).await;
    house.fake.script(A, &[Do::Proxy(407)]);
    let overdue = |delivery: &mut crate::outbox::Delivery| {
        delivery.accepted_at = Timestamp::now() - SignedDuration::from_hours(120);
        delivery.give_up_at = Timestamp::now() - SignedDuration::from_secs(1);
    };
    let first = house.accept_as(A, &["a@example.org"], overdue).await;
    // Only the first finds out; the others of its instance wait with it.
    let second = house.accept_as(A, &["a@example.org"], overdue).await;
    let elsewhere = house.accept_as(B, &["a@example.org"], overdue).await;
    house.fake.script(B, &[Do::Fail(relais_sandbox::Kind::Unreachable)]);
    recover::try_once(&house.core, first).await.unwrap();
    recover::try_once(&house.core, elsewhere).await.unwrap();
    assert_eq!(house.row(elsewhere).summary(), Summary::Failed);
    upkeep::calendar(&house.core).await;
    for id in [first, second] {
        let row = house.row(id);
        assert_eq!((row.summary(), row.tried), (Summary::Queued, 0));
        assert!(row.give_up_at > Timestamp::now() + SignedDuration::from_hours(23));
    }
    // Let out, and the server is not well: that alone gives nothing up today either.
    house.fake.script(A, &[Do::Fail(relais_sandbox::Kind::Unreachable)]);
    recover::try_once(&house.core, second).await.unwrap();
    assert_eq!(house.row(second).summary(), Summary::Deferred);
    house.fake.pass(SignedDuration::from_hours(25));
    house.fake.edition.fetch_add(1, Ordering::SeqCst);
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(second).summary(), Summary::Failed);
}
