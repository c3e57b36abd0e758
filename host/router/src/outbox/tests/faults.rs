//! The disk does not do what it is asked: nothing is acknowledged, everybody is told, and it goes on when the disk does.

use std::io::ErrorKind;

use futures_util::future::join_all;

use super::super::batch::{Fault as Undone, Haste};
use super::*;
use crate::store::sim::Fault;

async fn accept(book: &Book, attached: usize) -> Result<DeliveryId, StoreError> {
    let new = new(&message(attached), 0);
    let id = new.delivery.id;
    book.accept(new).await.map(|_| id)
}

#[tokio::test]
async fn a_full_disk_is_told_to_everybody_who_waits_and_is_used_again_when_there_is_room() {
    for (fault, code) in [
        (Fault::Writes(ErrorKind::StorageFull), "data-full"),
        (Fault::Writes(ErrorKind::ReadOnlyFilesystem), "data-denied"),
        (Fault::Syncs, "data-io"),
        (Fault::Forgets, "data-io"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let disk = SimDisk::default();
        let book = open_sim(&disk, folder.path()).await.unwrap();
        let before = accept(&book, 10).await.unwrap();
        let before_large = accept(&book, 290_000).await.unwrap();
        disk.set_fault(Some(fault));
        for attached in [10, 290_000] {
            for told in join_all((0..10).map(|_| accept(&book, attached))).await {
                assert_eq!(told.unwrap_err().code(), code, "{fault:?}");
            }
        }
        // At once, without asking the disk again and again.
        let start = std::time::Instant::now();
        for _ in 0..100 {
            assert_eq!(accept(&book, 10).await.unwrap_err().code(), code);
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        disk.set_fault(None);
        let after = loop {
            assert!(start.elapsed() < Duration::from_secs(20), "{fault:?}: never used again");
            match accept(&book, 290_000).await {
                Ok(id) => break id,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        };
        for id in [before, before_large, after] {
            assert!(book.message(id).unwrap().is_some(), "{fault:?}");
        }
        assert!(book.transmitting(before, at(1)).await.unwrap());
        assert_eq!(book.differences().unwrap(), Vec::<String>::new(), "{fault:?}");
        let bodies = disk
            .names()
            .iter()
            .filter(|path| path.starts_with(folder.path().canonicalize().unwrap().join("spool")))
            .count();
        assert_eq!(bodies, 2, "{fault:?}: a body that nobody was promised is left");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_stored_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SimDisk::default();
    let book = open_sim(&disk, folder.path()).await.unwrap();
    // The file is removed under its feet: its delivery is refused, the one beside it is not.
    let mut upload = book.spool().upload(1 << 20);
    upload.write(&content(290_000)).await.unwrap();
    let source = upload.finish().await.unwrap();
    let spoilt = new(&message_of(source), 0);
    for path in disk.names() {
        if path.to_string_lossy().contains("incoming") {
            crate::store::Disk::remove(&disk, &path).unwrap();
        }
    }
    let (refused, accepted) = tokio::join!(book.accept(spoilt), accept(&book, 290_000));
    assert!(refused.is_err());
    assert!(book.message(accepted.unwrap()).unwrap().is_some());
    assert_eq!(book.differences().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_body_that_the_disk_altered_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SimDisk::default();
    let book = open_sim(&disk, folder.path()).await.unwrap();
    let id = accept(&book, 290_000).await.unwrap();
    disk.flip(&book.spool().path(id), 12_345);
    assert!(matches!(book.message(id), Err(StoreError::Body { missing: false, .. })));
}

#[tokio::test]
async fn whoever_waits_when_the_book_is_closed_has_an_answer() {
    let bench = Bench::new().await;
    let message = message(10);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (book, new) = (bench.book.clone(), new(&message, 0));
            tokio::spawn(async move { book.accept(new).await })
        })
        .collect();
    let bench = bench.again().await;
    let mut accepted = 0;
    for one in waiting {
        accepted += usize::from(matches!(one.await.unwrap(), Ok(Acceptance::New)));
    }
    assert_eq!(
        bench.book.counts().of(&instance("smtp"), Summary::Queued),
        accepted as u64
    );
}

#[tokio::test]
async fn a_change_that_panics_is_blamed_on_no_record_and_the_writer_lives_on() {
    let folder = tempfile::tempdir().unwrap();
    let book = open_sim(&SimDisk::default(), folder.path()).await.unwrap();
    let before = accept(&book, 10).await.unwrap();
    let panics = book.ask(Haste::Patient, 1, None, |_| -> Result<(), Undone> {
        panic!("on purpose")
    });
    let (broken, beside) = tokio::join!(panics, book.settle(before, outcome(5, &[RecipientState::Sent], None)));
    let broken = broken.unwrap_err();
    assert!(!broken.of_one_record(), "{broken:?}");
    if let Err(error) = beside {
        assert!(!error.of_one_record(), "{error:?}");
    }
    let start = std::time::Instant::now();
    while accept(&book, 10).await.is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "nothing is accepted any more"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(book.message(before).unwrap().is_some());
}

/// Of a record of its own a delivery is declared lost, or set aside.
#[tokio::test]
async fn a_database_that_cannot_be_opened_anew_is_blamed_on_no_record() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SimDisk::default();
    let book = open_sim(&disk, folder.path()).await.unwrap();
    let id = accept(&book, 10).await.unwrap();
    disk.set_fault(Some(Fault::Syncs));
    // A failure of redb's own: otherwise it writes its header once more when it lets go.
    let name = "smtp".parse().unwrap();
    let set = |tables: &mut crate::store::Writing<'_>| tables.put_default(&WorkspaceName::default(), "mail", &name);
    assert!(book.0.store.write(set).is_err());
    disk.set_fault(None);
    // The mark by which the file is known.
    disk.flip(book.0.store.place(), 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for _ in 0..2 {
        let read = book.get(id).unwrap_err();
        assert!(!read.of_one_record(), "{read:?}");
        let message = book.message(id).map(drop).unwrap_err();
        assert!(!message.of_one_record(), "{message:?}");
    }
    let written = accept(&book, 10).await.unwrap_err();
    assert!(!written.of_one_record(), "{written:?}");
    disk.flip(book.0.store.place(), 0);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(book.message(id).unwrap().is_some());
}
