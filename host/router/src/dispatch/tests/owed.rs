//! Who has to be told is told, whatever comes between.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::SignedDuration;
use relais_sandbox::Kind;

use super::super::fake::Do;
use super::super::hub::lock;
use super::super::live::Live;
use super::super::notice::Notice;
use super::super::world::World;
use super::super::{recover, upkeep};
use super::{A, House, SECOND, quick};
use crate::outbox::{Origin, RecipientState, Summary};
use crate::tests::admin;

#[tokio::test]
async fn a_failure_of_which_its_sender_could_not_be_told_is_told_later_and_once() {
    let mut house = House::running(quick()).await;
    house.fake.mute.store(true, Ordering::SeqCst);
    house
        .fake
        .script(A, &[Do::Refuse(vec![("b@example.org", "550 5.1.1")])]);
    let id = house.accept_as(A, &["a@example.org", "b@example.org"], |_| {}).await;
    house.becomes(id, Summary::Failed).await;
    house.stop(SECOND).await;
    // As after a crash between the two.
    house.fake.mute.store(false, Ordering::SeqCst);
    house.restart();
    tokio::time::sleep(3 * quick().tick).await;
    assert!(
        lock(&house.fake.notices).is_empty(),
        "whoever owes it may be about to pay"
    );
    house.fake.pass(SignedDuration::from_secs(61));
    house
        .until("the sender is told", |house| !lock(&house.fake.notices).is_empty())
        .await;
    house.fake.pass(SignedDuration::from_hours(3));
    tokio::time::sleep(3 * quick().tick).await;
    assert_eq!(*lock(&house.fake.notices), [(id, vec![1])]);
    assert!(house.fake.book.owed(id).unwrap().is_none());
    house.stop(SECOND).await;
    assert!(house.fake.book.differences().unwrap().is_empty());
}

#[tokio::test]
async fn a_sender_that_cannot_be_told_is_tried_for_days_and_no_longer() {
    let mut house = House::new(quick()).await;
    house.fake.mute.store(true, Ordering::SeqCst);
    house.fake.script(A, &[Do::Fail(Kind::Rejected)]);
    let id = house.accept(A).await;
    recover::try_once(&house.core, id).await.unwrap();
    for _ in 0..24 * 5 - 5 {
        house.fake.pass(SignedDuration::from_mins(61));
        upkeep::calendar(&house.core).await;
    }
    assert!(house.fake.book.owed(id).unwrap().is_some());
    house.fake.pass(SignedDuration::from_hours(24));
    upkeep::calendar(&house.core).await;
    assert!(house.fake.book.owed(id).unwrap().is_none());
    assert!(lock(&house.fake.notices).is_empty());
}

#[tokio::test]
async fn an_alert_that_was_refused_comes_again_and_names_all_in_one() {
    let mut house = House::new(quick()).await;
    house.fake.script(A, &[Do::FailLate(Kind::UnknownOutcome)]);
    let mut ids = Vec::new();
    for _ in 0..300 {
        let id = house.accept(A).await;
        recover::try_once(&house.core, id).await.unwrap();
        ids.push(id);
    }
    house.fake.mute.store(true, Ordering::SeqCst);
    house.fake.pass(SignedDuration::from_mins(61));
    upkeep::calendar(&house.core).await;
    house.fake.mute.store(false, Ordering::SeqCst);
    // Not at every tick: a refused mail costs.
    upkeep::calendar(&house.core).await;
    assert!(lock(&house.fake.alerts).is_empty());
    house.fake.pass(SignedDuration::from_mins(61));
    upkeep::calendar(&house.core).await;
    upkeep::calendar(&house.core).await;
    let alerts = lock(&house.fake.alerts).clone();
    assert_eq!(alerts.len(), 1);
    let mut named = alerts[0].1.clone();
    named.sort();
    assert_eq!(named, ids);
}

#[tokio::test]
async fn a_report_that_is_written_twice_is_one_mail() {
    let house = admin::House::new().await;
    house.create("smtp");
    let id = house.accept(&admin::ws(), "smtp", 10).await;
    let router = Arc::new(house.router);
    let mut about = router.book().get(id).unwrap().unwrap();
    about.notices_through = Some("smtp".parse().unwrap());
    about.recipients[0].state = RecipientState::Failed;
    let live = Live::new(router.clone());
    let reports = |number| Notice {
        about: about.clone(),
        failed: vec![0],
        number,
        message: None,
    };
    for number in [1, 1, 2, 1] {
        live.notify(reports(number)).await.unwrap();
    }
    let page = router.deliveries(
        &admin::ws(),
        &crate::outbox::Filter {
            limit: 9,
            ..Default::default()
        },
    );
    let written = page.unwrap().deliveries;
    assert_eq!(written.iter().filter(|row| row.origin == Origin::Notice).count(), 2);
}

#[tokio::test]
async fn an_alert_needs_a_contact_and_leaves_through_the_default_where_no_instance_is_named() {
    let house = admin::House::new().await;
    house.create("smtp");
    let (who, ws) = (admin::who(), admin::ws());
    house
        .router
        .set_default(&who, &ws, "mail", &"smtp".parse().unwrap())
        .unwrap();
    let router = Arc::new(house.router);
    let live = Live::new(router.clone());
    let id = crate::outbox::DeliveryId::from_u128(7);
    assert!(!live.alert(&ws, &[id]).await.unwrap());
    let edit = crate::WorkspaceEdit {
        contact: Some(Some("s@mairie.example".to_owned())),
        ..Default::default()
    };
    router.edit_workspace(&who, &ws, edit).unwrap();
    assert!(live.alert(&ws, &[id; 300]).await.unwrap());
    let filter = crate::outbox::Filter {
        limit: 9,
        ..Default::default()
    };
    let written = router.deliveries(&ws, &filter).unwrap().deliveries;
    assert_eq!(written.len(), 1);
    assert_eq!(
        (written[0].instance.as_str(), written[0].origin),
        ("smtp", Origin::Notice)
    );
    assert_eq!(written[0].recipients[0].address, "s@mairie.example");
}
