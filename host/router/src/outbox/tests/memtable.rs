//! What is acknowledged and not in the database yet.

use std::time::Instant;

use super::*;

/// Waits until the writer has given the database what it lacked, without looking at anything that would do it for him.
async fn settled(book: &Book) {
    let start = Instant::now();
    while book.0.store.flush_due().is_some() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the database still lacks something"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn life(book: &Book, new: NewDelivery) -> DeliveryId {
    let id = new.delivery.id;
    assert_eq!(book.accept(new).await.unwrap(), Acceptance::New);
    assert!(book.transmitting(id, at(SECOND)).await.unwrap());
    let outcome = outcome(2 * SECOND, &[RecipientState::Sent; 2], None);
    book.settle(id, outcome).await.unwrap().unwrap();
    id
}

#[tokio::test]
async fn what_is_acknowledged_is_found_at_once_and_the_database_has_it_soon() {
    let bench = Bench::new().await;
    let id = bench.accept(1_000, 0).await;
    assert!(bench.book.0.store.flush_due().is_some(), "nothing was left for later");
    assert_eq!(bench.book.get(id).unwrap().unwrap().summary(), Summary::Queued);
    assert!(
        bench.book.0.store.flush_due().is_none(),
        "whoever reads waits for nobody"
    );
    bench.accept(1_000, 1).await;
    settled(&bench.book).await;
    bench.sound();
}

#[tokio::test]
async fn a_mail_that_came_and_went_between_two_looks_leaves_its_journal_and_nothing_else() {
    let bench = Bench::new().await;
    let one = life(&bench.book, new(&message(1_000), 0)).await;
    settled(&bench.book).await;
    // One step is in the database, and the next are not.
    let two = bench.accept(1_000, 1).await;
    settled(&bench.book).await;
    assert!(bench.book.transmitting(two, at(SECOND)).await.unwrap());
    assert!(
        !bench.book.transmitting(two, at(SECOND)).await.unwrap(),
        "it leaves twice"
    );
    let bench = bench.again().await;
    for (id, summary) in [(one, Summary::Sent), (two, Summary::Sending)] {
        assert_eq!(bench.book.get(id).unwrap().unwrap().summary(), summary);
    }
    assert!(bench.book.message(one).unwrap().is_none());
    assert!(bench.book.message(two).unwrap().is_some());
    bench.sound();
}

#[tokio::test]
async fn an_idempotency_key_is_known_at_once_and_forgotten_in_time_whatever_the_database_lacks() {
    let bench = Bench::new().await;
    let with_key = |accepted_ms: u64| {
        let mut new = new(&message(10), accepted_ms);
        new.idempotency = Some(Idempotency {
            scope: "token".to_owned(),
            key: "one".to_owned(),
            fingerprint: [1; 32],
            expires_at: at(accepted_ms + HOUR),
        });
        new
    };
    for pause in [false, true] {
        let first_ms = if pause { 10 * HOUR } else { 0 };
        let (first, later) = (with_key(first_ms), with_key(first_ms + 2 * HOUR));
        let ids = [first.delivery.id, later.delivery.id];
        let ask = async |new| {
            let answer = bench.book.accept(new).await.unwrap();
            if pause {
                settled(&bench.book).await;
            }
            answer
        };
        assert_eq!(ask(first).await, Acceptance::New);
        assert_eq!(ask(with_key(first_ms + 1)).await, Acceptance::Replayed(ids[0]));
        assert_eq!(ask(later).await, Acceptance::New);
        assert_eq!(
            ask(with_key(first_ms + 2 * HOUR + 1)).await,
            Acceptance::Replayed(ids[1])
        );
        bench.sound();
    }
}

#[tokio::test]
async fn expired_keys_are_forgotten_as_fast_as_mail_comes_whatever_the_database_lacks() {
    let bench = Bench::new().await;
    for number in 0..40 {
        let mut new = new(&message(10), 0);
        new.idempotency = Some(Idempotency {
            scope: "token".to_owned(),
            key: format!("key-{number}"),
            fingerprint: [1; 32],
            expires_at: at(HOUR),
        });
        assert_eq!(bench.book.accept(new).await.unwrap(), Acceptance::New);
    }
    let store = &bench.book.0.store;
    let remembered = || store.read(|tables| tables.remembered()).unwrap();
    assert_eq!(remembered(), 40);
    let now_ms = u64::try_from(at(2 * HOUR).as_millisecond()).unwrap();
    // Each asks the database, which still has what those before it have forgotten.
    for _ in 0..2 {
        let mut appending = store.append().unwrap();
        for _ in 0..2 {
            appending
                .change(|mut tables| tables.expire_idempotency(now_ms, 10))
                .unwrap();
        }
        appending.commit().unwrap();
    }
    assert_eq!(remembered(), 0);
    bench.sound();
}

#[tokio::test]
async fn what_the_database_could_not_take_is_refused_before_it_is_acknowledged() {
    let bench = Bench::new().await;
    let id = bench.accept(1_000, 0).await;
    settled(&bench.book).await;
    let store = &bench.book.0.store;
    store.write(|tables| tables.spoil_listing()).unwrap();
    bench.book.transmitting(id, at(SECOND)).await.unwrap_err();
    // The log has nothing that no start could get past.
    let bench = bench.again().await;
    assert!(bench.book.get(id).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reads_waits_for_no_sync() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SimDisk::default();
    let book = open_sim(&disk, folder.path()).await.unwrap();
    // The database grows at its first rows, and syncs that.
    life(&book, new(&message(10), 0)).await;
    settled(&book).await;
    let first = new(&message(10), 0);
    let id = first.delivery.id;
    book.accept(first).await.unwrap();
    disk.hold_syncs(true);
    let second = tokio::spawn({
        let (book, new) = (book.clone(), new(&message(10), 1));
        async move { book.accept(new).await }
    });
    let start = Instant::now();
    while disk.held_syncs() == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is synced");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let reading = tokio::task::spawn_blocking({
        let book = book.clone();
        move || (book.get(id).unwrap().is_some(), book.differences())
    });
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    disk.hold_syncs(false);
    let (found, differences) = read.expect("a reader waited for the disk").unwrap();
    assert!(found);
    // The counts in memory and those in the database are both of before the second one.
    assert_eq!(differences.unwrap(), Vec::<String>::new());
    assert_eq!(second.await.unwrap().unwrap(), Acceptance::New);
}
