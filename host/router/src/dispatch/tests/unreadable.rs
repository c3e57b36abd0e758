//! Records that nobody can read, and that nobody came back to: what they cost the others.

use jiff::SignedDuration;
use relais_sandbox::Kind;

use super::super::fake::Do;
use super::super::{recover, upkeep};
use super::{A, B, House, SECOND, quick};
use crate::outbox::{Body, Filter, Summary};

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_hold_its_lane_back() {
    let mut house = House::new(quick()).await;
    // More than a lane holds in memory, and longer due than the rest.
    let mut spoilt = Vec::new();
    for _ in 0..70 {
        spoilt.push(house.accept(A).await);
    }
    for id in &spoilt {
        house.fake.book.spoil(*id);
    }
    house.restart();
    let mut sound = Vec::new();
    for _ in 0..3 {
        sound.push(house.accept(A).await);
    }
    for id in sound {
        let row = house.becomes(id, Summary::Sent).await;
        assert_eq!(row.tried, 1);
    }
    let measures = house.core.hub.measures();
    assert_eq!(measures.lanes[0].paused_for, None);
    assert_eq!(measures.attempts, 3);
    assert_eq!(house.fake.book.unreadable(), 70);
    house.stop(SECOND).await;
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_stop_the_calendar() {
    let mut house = House::new(quick()).await;
    house
        .fake
        .script(B, &[Do::FailLate(Kind::UnknownOutcome), Do::Fail(Kind::Temporary)]);
    let uncertain = house.accept(B).await;
    let waiting = house.accept(A).await;
    let failed = house.accept(B).await;
    let last = house.accept(B).await;
    recover::try_once(&house.core, uncertain).await.unwrap();
    recover::try_once(&house.core, last).await.unwrap();
    let now = house.fake.now();
    let cancel = crate::outbox::Change::Cancel { now };
    house.fake.book.change(failed, cancel).await.unwrap().unwrap();
    for id in [uncertain, waiting, failed] {
        house.fake.book.spoil(id);
    }
    house.fake.pass(SignedDuration::from_hours(24 * 6));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(last).summary(), Summary::Failed);
    // One whose content is due to go is found then.
    house.fake.pass(SignedDuration::from_hours(24 * 31));
    upkeep::calendar(&house.core).await;
    assert_eq!(house.row(last).body, Body::Gone);
    assert_eq!(house.fake.book.unreadable(), 3);
    // Nothing of them is erased.
    house.fake.pass(SignedDuration::from_hours(24 * 200));
    upkeep::calendar(&house.core).await;
    assert!(house.fake.book.get(last).unwrap().is_none());
    for id in [uncertain, waiting, failed] {
        assert_eq!(house.fake.book.get(id).unwrap_err().code(), "data-newer");
    }
}

#[tokio::test]
async fn a_list_shows_what_can_be_read_and_names_what_cannot() {
    let mut house = House::new(quick()).await;
    let (first, spoilt, last) = (house.accept(A).await, house.accept(A).await, house.accept(A).await);
    house.fake.book.spoil(spoilt);
    let ws = crate::names::WorkspaceName::default();
    let mut filter = Filter {
        limit: 2,
        ..Filter::default()
    };
    let page = house.fake.book.list(&ws, &filter).unwrap();
    let ids = |page: &crate::outbox::Page| page.deliveries.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&page), [last]);
    let unreadable: Vec<_> = page.unreadable.iter().map(|one| (one.id, one.code)).collect();
    assert_eq!(unreadable, [(spoilt, "data-newer")]);
    filter.before = page.next;
    let page = house.fake.book.list(&ws, &filter).unwrap();
    assert_eq!((ids(&page), page.unreadable), (vec![first], vec![]));
}

#[tokio::test]
async fn a_mail_whose_content_is_gone_from_the_database_fails_by_its_name() {
    let mut house = House::new(quick()).await;
    let id = house.accept(A).await;
    house.fake.book.lose_content(id);
    house.restart();
    let row = house.becomes(id, Summary::Failed).await;
    let words = row.recipients[0].words.as_ref().unwrap();
    assert!(words.text.contains("cannot be read"), "{words:?}");
    house.stop(SECOND).await;
}

#[tokio::test]
async fn what_is_being_sent_by_nobody_becomes_uncertain_without_a_restart() {
    let mut house = House::new(quick()).await;
    let lost = house.accept(A).await;
    let held = house.accept(A).await;
    for id in [lost, held] {
        let began_at = house.fake.now().wall;
        assert!(house.fake.book.transmitting(id, began_at).await.unwrap());
    }
    let claim = house.core.hub.claim(held).unwrap();
    house.start();
    let row = house.becomes(lost, Summary::Uncertain).await;
    assert_eq!(row.attempts.len(), 1);
    assert_eq!(house.row(held).summary(), Summary::Sending, "somebody has it in hand");
    drop(claim);
    house.becomes(held, Summary::Uncertain).await;
    house.stop(SECOND).await;
}
