//! The power is cut at every sync of a working day. Whatever was acknowledged must be there when it is back. The log is small, so
//! that the database takes it along several times a day.

use std::collections::BTreeMap;
use std::ops::Range;

use futures_util::future::join_all;

use super::*;
use crate::names::InstanceName;
use crate::store::sim::{Cut, Kept, Seen};

/// What the book acknowledged of one delivery.
#[derive(Debug, Clone, Default)]
struct Promise {
    mime: Vec<u8>,
    accepted: bool,
    /// The states that it may be in: one, unless a change was asked for and not acknowledged.
    may_be: Vec<Summary>,
}

#[derive(Debug, Default)]
struct Promises {
    mails: BTreeMap<DeliveryId, Promise>,
    /// What an administrator set last, and was told to be set.
    default: Option<InstanceName>,
}

/// What becomes of a mail in the workload.
const ENDS: [Summary; 5] = [
    Summary::Sent,
    Summary::Deferred,
    Summary::Failed,
    Summary::Uncertain,
    Summary::Cancelled,
];

/// One mail from its acceptance to its end; stops at the first error, as a caller does whose host has gone.
async fn one_mail(book: Book, number: usize) -> (DeliveryId, Promise) {
    let message = match number % 3 {
        0 => message(1_000),
        1 => message(280_000),
        // Received into the spool before it is accepted.
        _ => match upload(&book, 270_000).await {
            Ok(source) => message_of(source),
            Err(_) => message(10),
        },
    };
    let end = ENDS[number % ENDS.len()];
    let mut new = new(&message, number as u64);
    if end == Summary::Sent {
        // In a folder that goes with each of them and comes again with the next.
        new.delivery.id = DeliveryId::new(START + 10 * HOUR + number as u64).unwrap();
    }
    let id = new.delivery.id;
    let mut promise = Promise {
        mime: mime_while_it_lasts(&message).await,
        may_be: vec![Summary::Queued],
        ..Promise::default()
    };
    let life = async {
        assert_eq!(book.accept(new).await?, Acceptance::New);
        promise.accepted = true;
        if end == Summary::Cancelled {
            promise.may_be.push(end);
            book.change(id, Change::Cancel { now: on(SECOND) }).await?;
            promise.may_be = vec![end];
            return Ok(());
        }
        promise.may_be.push(Summary::Sending);
        assert!(book.transmitting(id, at(SECOND)).await?);
        promise.may_be = vec![Summary::Sending, end];
        let states = [RecipientState::from(end); 2];
        book.settle(id, outcome(2 * SECOND, &states, Some(HOUR))).await?;
        promise.may_be = vec![end];
        let (change, then) = match end {
            Summary::Failed => {
                let now = on(HOUR);
                let recipients = None;
                (Change::Resend { recipients, now }, Summary::Queued)
            }
            Summary::Uncertain => {
                let (as_sent, now) = (true, on(HOUR));
                (Change::Close { as_sent, now }, Summary::Sent)
            }
            _ => return Ok(()),
        };
        promise.may_be.push(then);
        book.change(id, change).await?;
        promise.may_be = vec![then];
        Ok::<_, StoreError>(())
    };
    let _ = life.await;
    (id, promise)
}

async fn upload(book: &Book, length: usize) -> Result<Source, UploadError> {
    let mut upload = book.spool().upload(1 << 20);
    for piece in content(length).chunks(30_000) {
        upload.write(piece).await?;
    }
    upload.finish().await
}

/// A message of which the disk may have gone.
async fn mime_while_it_lasts(message: &Message) -> Vec<u8> {
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    let mut bytes = Vec::new();
    while let Ok(Some(block)) = body.next().await {
        bytes.extend_from_slice(&block);
    }
    bytes
}

/// Several callers at once, then some more, so that batches are of all sizes.
async fn workload(disk: &SimDisk, folder: &Path) -> Promises {
    let mut promises = Promises::default();
    if let Ok(book) = open_sim(disk, folder).await {
        for round in [0..1, 1..9, 9..12] {
            day(&book, round, &mut promises).await;
        }
    }
    promises
}

/// Mails of these numbers at once, and an administrator who changes something beside them.
async fn day(book: &Book, numbers: Range<usize>, promises: &mut Promises) {
    let name: InstanceName = format!("smtp-{:02}", numbers.start).parse().unwrap();
    let mails = join_all(numbers.map(|number| one_mail(book.clone(), number))).await;
    promises.mails.extend(mails);
    let set = book
        .0
        .store
        .write(|tables| tables.put_default(&WorkspaceName::default(), "mail", &name));
    if set.is_ok() {
        promises.default = Some(name);
    }
}

async fn verify(disk: &SimDisk, folder: &Path, promises: &Promises, context: &str) {
    let book = open_sim(disk, folder)
        .await
        .unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(book.differences().unwrap(), Vec::<String>::new(), "{context}");
    let default = book.read(|tables| tables.default_of(&WorkspaceName::default(), "mail"));
    assert!(default.unwrap() >= promises.default, "{context}: the default is lost");
    for (id, promise) in &promises.mails {
        let Some(found) = book.get(*id).unwrap() else {
            assert!(!promise.accepted, "{context}: {id} was accepted and is lost");
            continue;
        };
        let summary = found.summary();
        assert!(
            promise.may_be.contains(&summary),
            "{context}: {id} is {summary:?}, {:?}",
            promise.may_be
        );
        match book
            .message(*id)
            .unwrap_or_else(|error| panic!("{context}: {id}: {error}"))
        {
            Some(message) => assert!(
                mime(&message).await == promise.mime,
                "{context}: {id} is another message"
            ),
            None => assert_eq!(summary, Summary::Sent, "{context}: {id} has lost its content"),
        }
    }
    // And the day goes on.
    let (id, promise) = one_mail(book.clone(), 3).await;
    assert_eq!(
        vec![book.get(id).unwrap().unwrap().summary()],
        promise.may_be,
        "{context}"
    );
    assert_eq!(book.differences().unwrap(), Vec::<String>::new(), "{context}");
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_wherever_the_power_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let mut cuts = 0;
    for number in 0.. {
        let mut alive = false;
        for cut in [Cut::Before(number), Cut::After(number)] {
            let disk = SimDisk::cut_at(cut);
            let promises = workload(&disk, folder.path()).await;
            alive |= !disk.is_dead();
            for kept in [
                Kept::Nothing,
                Kept::Everything,
                Kept::Some(7),
                Kept::Some(number as u64 + 100),
            ] {
                let context = format!("{cut:?}, {kept:?}");
                verify(&disk.survivor(kept), folder.path(), &promises, &context).await;
                cuts += 1;
            }
        }
        if alive {
            // It has fewer syncs than that.
            println!("{number} syncs, {cuts} cuts");
            assert!(number > 20, "the workload is too small to say anything");
            return;
        }
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_power_is_cut_while_recovering() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0..12 {
        let disk = SimDisk::cut_at(Cut::Before(20 + number));
        let promises = workload(&disk, folder.path()).await;
        let second = disk.survivor(Kept::Some(number as u64));
        second.cut_from_now(Cut::Before(number % 4));
        drop(open_sim(&second, folder.path()).await);
        let third = second.survivor(Kept::Some(number as u64 + 50));
        verify(&third, folder.path(), &promises, &format!("second cut at {number}")).await;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_after_a_sync_that_failed_and_forgot_what_it_was_for() {
    let folder = tempfile::tempdir().unwrap();
    for number in 0.. {
        let torn = [Seen::Kept, Seen::Some(number as u64)][number % 2];
        for seen in [Seen::Written, torn] {
            let disk = SimDisk::forgetting_at(number, seen);
            let mut promises = workload(&disk, folder.path()).await;
            if disk.syncs() <= number {
                println!("{number} syncs");
                assert!(number > 20, "the workload is too small to say anything");
                return;
            }
            let context = format!("sync {number} failed, {seen:?}");
            verify(&disk.survivor(Kept::Nothing), folder.path(), &promises, &context).await;
            // The process ends and another goes on, on a system that may show what never arrived.
            let book = open_sim(&disk, folder.path()).await.unwrap();
            day(&book, 20..24, &mut promises).await;
            let accepted = promises.mails.values().filter(|promise| promise.accepted);
            assert!(accepted.count() >= 4, "{context}");
            let cut = disk.survivor(Kept::Some(number as u64));
            drop(book);
            let context = format!("{context}, and a restart");
            verify(&cut, folder.path(), &promises, &context).await;
        }
    }
}

/// Whether a path is of a kind.
type IsOf = fn(&Path) -> bool;

/// Kinds of syncs, by what is synced.
const KINDS: [(&str, IsOf); 6] = [
    ("the log", |path| path.extension().is_some_and(|end| end == "wal")),
    ("the database", |path| path.extension().is_some_and(|end| end == "redb")),
    ("the names of both", |path| {
        !path.iter().any(|part| part == "spool") && path.extension().is_none()
    }),
    ("bodies", |path| {
        path.parent().is_some_and(|folder| folder.ends_with("spool/incoming"))
    }),
    ("the names of bodies", |path| {
        path.parent().is_some_and(|folder| folder.ends_with("spool"))
    }),
    ("the names of their folders", |path| path.ends_with("spool")),
];

/// That the tests above would notice.
#[tokio::test]
async fn a_disk_that_leaves_out_any_kind_of_sync_loses_something() {
    let folder = tempfile::tempdir().unwrap();
    'kinds: for (kind, files) in KINDS {
        for number in (0..80).rev() {
            let disk = SimDisk::cut_at(Cut::After(number));
            disk.lie_about(files);
            let promises = workload(&disk, folder.path()).await;
            let (survivor, path) = (disk.survivor(Kept::Nothing), folder.path().to_path_buf());
            let verified = tokio::spawn(async move { verify(&survivor, &path, &promises, "a lie").await });
            if verified.await.is_err() {
                continue 'kinds;
            }
        }
        panic!("nothing is lost without the syncs of {kind}");
    }
}
