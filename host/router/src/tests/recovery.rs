//! What the process before this one left.

use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;

use super::admin::*;
use crate::outbox::{DeliveryId, Summary};

async fn interrupted(count: usize) -> (House, Vec<DeliveryId>) {
    let house = House::new().await;
    house.create("smtp");
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = house.accept(&ws(), "smtp", 100).await;
        assert!(house.router.book().transmitting(id, Timestamp::now()).await.unwrap());
        ids.push(id);
    }
    (house, ids)
}

#[tokio::test]
async fn what_was_being_sent_is_uncertain_however_much_it_is() {
    let (house, ids) = interrupted(150).await;
    house.router.recover().await.unwrap();
    for id in ids {
        let row = house.router.book().get(id).unwrap().unwrap();
        assert_eq!(row.summary(), Summary::Uncertain);
    }
    assert_eq!(house.router.book().differences().unwrap(), Vec::<String>::new());
}

/// On one thread, which is the only one that can let the database go.
#[tokio::test]
async fn a_database_that_has_to_be_waited_for_holds_up_no_thread_of_the_runtime() {
    let (house, ids) = interrupted(1).await;
    let ((say_held, held), (go_on, waiting)) = (mpsc::channel(), mpsc::channel());
    let store = house.router.store.clone();
    let withholding = std::thread::spawn(move || {
        let mut in_time = false;
        store.withhold(|| {
            say_held.send(()).unwrap();
            in_time = waiting.recv_timeout(Duration::from_secs(5)).is_ok();
        });
        in_time
    });
    held.recv().unwrap();
    let (recovered, ()) = tokio::join!(house.router.recover(), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Nobody is there to hear it where it comes too late.
        let _ = go_on.send(());
    });
    recovered.unwrap();
    assert!(withholding.join().unwrap(), "the thread was held up");
    assert_eq!(
        house.router.book().get(ids[0]).unwrap().unwrap().summary(),
        Summary::Uncertain
    );
}
