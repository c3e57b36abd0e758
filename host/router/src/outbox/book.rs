//! The durable book of deliveries. What it says yes to is on the disk.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::{self, JoinHandle, Thread};

use jiff::Timestamp;
use relais_message::{Message, Source};
use tokio::sync::mpsc;

use super::batch::{Batch, Fault, Haste, Request, Task};
use super::blocks::{join, size};
use super::calendar::{Calendar, Now};
use super::clock::ms;
use super::content::{self, INLINE_BYTES, Place};
use super::delivery::{Body, Delivery, Outcome};
use super::id::DeliveryId;
use super::owed;
use super::query::{Counts, Timer, Written};
use super::retention::{Retention, Retentions};
use super::rules::{self, Change};
use super::spool::{Spool, Stored};
use super::writer::{BATCH, Writer};
use crate::store::{Store, StoreError};

/// What a request that brings no content weighs in a batch, roughly: a row and its indexes.
const ROW_BYTES: usize = 1 << 10;

/// A message on its way into the book.
#[derive(Debug)]
pub struct NewDelivery {
    /// As it will be stored; where its body is, the book decides.
    pub delivery: Delivery,
    pub message: Message,
    pub idempotency: Option<Idempotency>,
}

/// By what a caller recognises a mail that it sends twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// Whose keys these are: a token, or a user.
    pub scope: String,
    pub key: String,
    /// The digest of what is asked for.
    pub fingerprint: [u8; 32],
    /// Until when the key is remembered, where the wall clock goes as clocks go.
    pub expires_at: Timestamp,
}

/// What an acceptance came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// The delivery is stored.
    New,
    /// The same was accepted with this key before, as this delivery. Nothing was stored.
    Replayed(DeliveryId),
    /// Something else was accepted with this key before. Nothing was stored.
    Conflict,
}

/// The durable book of deliveries. Cloning it is cheap. Every change goes through one thread, which gives what waits one sync; a
/// method that changes something returns when that is on the disk. Dropping the last clone waits for the thread.
#[derive(Clone)]
pub struct Book(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Arc<Store>,
    pub(super) spool: Spool,
    pub(super) counts: Arc<RwLock<Counts>>,
    pub(super) written: Arc<RwLock<Written>>,
    calendar: Calendar,
    /// Deliveries whose record cannot be read, found so far.
    pub(super) aside: RwLock<HashSet<DeliveryId>>,
    retention: Arc<RwLock<Arc<Retentions>>>,
    /// None when the book is being closed.
    requests: Option<mpsc::Sender<Request>>,
    stopping: Arc<AtomicBool>,
    writer: Thread,
    threads: Vec<JoinHandle<()>>,
}

impl Book {
    /// Opens the book of a store. Looks at no row but the counts; what a crash left in the spool is swept in the background.
    pub fn open(store: Arc<Store>, retention: impl Into<Retentions>) -> Result<Self, StoreError> {
        // The id of a delivery is also a name that no other process has.
        let run = new_id(store.folder())?.to_string();
        let spool = Spool::open(store.disk().clone(), store.folder(), run)?;
        let calendar = Calendar::open(&store)?;
        let counts = Arc::new(RwLock::new(Counts(store.read(|tables| tables.counts())?)));
        let retention = Arc::new(RwLock::new(Arc::new(retention.into())));
        let written = Arc::new(RwLock::new(Written::default()));
        let (requests, inbox) = mpsc::channel(2 * BATCH);
        let stopping = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            store: store.clone(),
            spool: spool.clone(),
            counts: counts.clone(),
            written: written.clone(),
            retention: retention.clone(),
            inbox,
            doubtful: Vec::new(),
        };
        let sweeper = {
            let (store, spool, stopping) = (store.clone(), spool.clone(), stopping.clone());
            move || sweep(&store, &spool, &stopping)
        };
        let writing = start("relais-writer", store.folder(), move || writer.run())?;
        let writer = writing.thread().clone();
        let threads = vec![writing, start("relais-sweep", store.folder(), sweeper)?];
        Ok(Self(Arc::new(Inner {
            store,
            spool,
            counts,
            written,
            calendar,
            aside: RwLock::default(),
            retention,
            requests: Some(requests),
            stopping,
            writer,
            threads,
        })))
    }

    /// The spool, into which a caller may receive a large content before it is accepted.
    pub fn spool(&self) -> &Spool {
        &self.0.spool
    }

    /// How long what is not needed any more is kept, for what ends from now on.
    pub fn set_retention(&self, retention: impl Into<Retentions>) {
        let retention = Arc::new(retention.into());
        *self.0.retention.write().unwrap_or_else(PoisonError::into_inner) = retention;
    }

    /// Stores a delivery and its message. Where this returns [`Acceptance::New`], both survive a power cut; after an error,
    /// nothing was promised, though after a failure of the disk the delivery may be there all the same.
    pub async fn accept(&self, new: NewDelivery) -> Result<Acceptance, StoreError> {
        self.ready().await?;
        let NewDelivery {
            mut delivery,
            message,
            idempotency,
        } = new;
        let id = delivery.id;
        let (place, offsets, file) = self.take_contents(id, message.contents()).await?;
        delivery.body = if file.is_some() { Body::Spool } else { Body::Inline };
        let content = content::encode(&message.head(&offsets), &place);
        let weight = ROW_BYTES + content.len();
        self.ask(Haste::Urgent, weight, file, move |batch| {
            batch.accept(delivery, &content, idempotency)
        })
        .await
    }

    /// Notes that a message is about to leave: queued or deferred becomes sending. False where it is not pending any more, or
    /// is being sent already; then it must not leave.
    pub async fn transmitting(&self, id: DeliveryId, began_at: Timestamp) -> Result<bool, StoreError> {
        let rule = move |row: &mut super::row::DeliveryRow, _: &Retention| rules::transmitting(row, began_at);
        let row = self.alter(Haste::Patient, id, rule).await?;
        Ok(row.is_some())
    }

    /// Notes what an attempt came to; none where there is no such delivery.
    pub async fn settle(&self, id: DeliveryId, outcome: Outcome) -> Result<Option<Delivery>, StoreError> {
        self.alter(Haste::Patient, id, move |row, retention| {
            rules::settle(row, outcome, retention);
            true
        })
        .await
    }

    /// Does something else with a delivery; none where there is no such delivery, or nothing in it that this applies to.
    pub async fn change(&self, id: DeliveryId, change: Change) -> Result<Option<Delivery>, StoreError> {
        self.alter(Haste::Urgent, id, move |row, retention| {
            rules::change(row, &change, retention)
        })
        .await
    }

    /// Its sender was told, by the report of that number.
    pub async fn told(&self, id: DeliveryId, number: u32) -> Result<(), StoreError> {
        let told = self
            .alter(Haste::Patient, id, move |row, _| owed::told(row, number))
            .await;
        told.map(drop)
    }

    /// A timer could not be done justice to, and comes again in an hour.
    pub async fn again(&self, timer: Timer, now: Now) -> Result<(), StoreError> {
        let again = self
            .alter(Haste::Patient, timer.id, move |row, _| {
                owed::again(row, timer.kind, now)
            })
            .await;
        again.map(drop)
    }

    /// Does what a timer says where it is still set: erases the content or the delivery; a timer of another kind is only taken
    /// away, for what it stands for is the caller's to do.
    pub async fn fire(&self, timer: Timer) -> Result<(), StoreError> {
        self.ask(Haste::Urgent, ROW_BYTES, None, move |batch| batch.fire(timer))
            .await
    }

    /// The moment by both clocks.
    pub fn now(&self) -> Now {
        self.0.calendar.now()
    }

    /// The calendar by which all that is to come is timed.
    pub fn calendar(&self) -> &Calendar {
        &self.0.calendar
    }

    /// Notes the time durably, for the next process.
    pub async fn note_time(&self) -> Result<(), StoreError> {
        let book = self.clone();
        blocking(move || book.0.calendar.note(&book.0.store)).await
    }

    /// Fails at once where the disk failed and still does.
    async fn ready(&self) -> Result<(), StoreError> {
        if self.0.store.failed().is_none() {
            return Ok(());
        }
        let store = self.0.store.clone();
        let ready = tokio::task::spawn_blocking(move || store.ready());
        ready.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Takes over what a message consists of: small contents as bytes, else as a file of the spool.
    async fn take_contents(
        &self,
        id: DeliveryId,
        contents: Vec<Source>,
    ) -> Result<(Place, Vec<u64>, Option<Stored>), StoreError> {
        let in_memory = contents.iter().all(|content| matches!(content, Source::Bytes(_)));
        let length = contents.iter().map(size).sum::<Result<u64, _>>()?;
        if length <= INLINE_BYTES {
            let (bytes, offsets) = if in_memory {
                join(&contents)?
            } else {
                blocking(move || join(&contents)).await?
            };
            return Ok((Place::Inline(bytes), offsets, None));
        }
        let spool = self.0.spool.clone();
        let stored = blocking(move || spool.store(id, &contents)).await?;
        let place = Place::Spool {
            length: stored.length,
            digest: stored.digest,
        };
        Ok((place, stored.offsets.clone(), Some(stored)))
    }

    async fn alter(
        &self,
        haste: Haste,
        id: DeliveryId,
        rule: impl FnOnce(&mut super::row::DeliveryRow, &Retention) -> bool + Send + 'static,
    ) -> Result<Option<Delivery>, StoreError> {
        self.ask(haste, ROW_BYTES, None, move |batch| batch.alter(id, rule))
            .await
    }

    /// Has the writer do it, and waits until it is on the disk.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        haste: Haste,
        weight: usize,
        file: Option<Stored>,
        work: impl FnOnce(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (work, answer) = Task::new(work);
        let request = Request {
            haste,
            weight,
            file,
            work,
        };
        let requests = self.0.requests.as_ref().ok_or(StoreError::Stopped)?;
        requests.send(request).await.map_err(|_| StoreError::Stopped)?;
        self.0.writer.unpark();
        answer.await.unwrap_or(Err(StoreError::Stopped))
    }
}

impl Drop for Inner {
    /// What was asked for is written; then the store is let go of.
    fn drop(&mut self) {
        self.requests = None;
        self.stopping.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the outbox has ended in a panic");
            }
        }
    }
}

fn start(name: &str, folder: &Path, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map_err(|error| StoreError::io(folder, error))
}

fn sweep(store: &Store, spool: &Spool, stopping: &AtomicBool) {
    let has_row = |id| {
        match store.read(|tables| tables.delivery(id)) {
            Ok(row) => Ok(row.is_some_and(|row| row.delivery.body == Body::Spool)),
            // Whoever can read it finds its content.
            Err(error) if error.of_one_record() => Ok(true),
            Err(error) => Err(error),
        }
    };
    match spool.sweep(has_row, || stopping.load(Ordering::Relaxed)) {
        Ok(0) => {}
        Ok(files) => tracing::info!(files, "files that an interruption left in the spool were removed"),
        Err(error) => tracing::warn!(%error, "the spool could not be swept"),
    }
}

/// A new id, of this very moment.
fn new_id(folder: &Path) -> Result<DeliveryId, StoreError> {
    let id = DeliveryId::new(ms(Timestamp::now()));
    id.map_err(|error| StoreError::io(folder, std::io::Error::other(error.to_string())))
}

/// Does what waits for the disk where that holds up no thread of the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(StoreError::Stopped))
}
