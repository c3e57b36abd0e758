//! The one thread that writes the outbox. Everything that waits when it is free shares one record and one sync of the log: under
//! load that is a hundred acceptances for one sync, and a single caller waits for nobody. What a delivery notes on its way,
//! before it leaves and after, waits for the next acceptance where mails come in one after the other: so the caller's next mail
//! does not have to wait for the syncs of the one before. What the database lacks then is given to it between batches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::batch::{Batch, Haste, Request, Spooled};
use super::id::DeliveryId;
use super::query::{Counts, Written};
use super::retention::Retentions;
use super::spool::{Spool, Stored};
use crate::store::{Appending, Deltas, Store, StoreError};

/// Requests of one batch at most.
pub(super) const BATCH: usize = 512;
/// How long a step of a delivery waits for an acceptance at most.
const PATIENCE: Duration = Duration::from_millis(1);
/// It waits only if the last acceptance was no longer ago than this.
const FLOWING: Duration = Duration::from_millis(5);
/// How long a database that could not be given what it lacks is left alone, where nobody asks for anything.
const AGAIN: Duration = Duration::from_millis(200);
/// Bytes of one batch, roughly at most.
const BATCH_BYTES: usize = 8 << 20;

pub(super) struct Writer {
    pub(super) store: Arc<Store>,
    pub(super) spool: Spool,
    pub(super) counts: Arc<RwLock<Counts>>,
    pub(super) written: Arc<RwLock<Written>>,
    pub(super) retention: Arc<RwLock<Arc<Retentions>>>,
    pub(super) inbox: mpsc::Receiver<Request>,
    /// Bodies of a batch of which nobody knows whether the disk kept it.
    pub(super) doubtful: Vec<DeliveryId>,
}

/// A batch that is being made.
#[derive(Default)]
struct Making {
    /// Whoever waits for it.
    requests: Vec<Request>,
    weight: usize,
    urgent: bool,
    spooled: Spooled,
    /// From now on the disk may have it.
    committing: bool,
}

impl Writer {
    /// Writes until nobody can ask any more.
    pub(super) fn run(mut self) {
        let mut urgent_at: Option<Instant> = None;
        while let Some(first) = self.next() {
            let flowing = urgent_at.is_some_and(|last| last.elapsed() < FLOWING);
            let patience = if flowing { PATIENCE } else { Duration::ZERO };
            // Whoever waits is told that it came to nothing, and this thread lives on: without it nothing is accepted any more.
            match catch_unwind(AssertUnwindSafe(|| self.write(first, patience))) {
                Ok(false) => {}
                Ok(true) => urgent_at = Some(Instant::now()),
                Err(_) => {
                    tracing::error!("a batch of the outbox could not be written: the database is opened anew");
                    self.store.distrust();
                }
            }
        }
    }

    /// The next request; none when nobody can ask any more. Gives the database what it lacks when it is time to.
    fn next(&mut self) -> Option<Request> {
        loop {
            let due = self.store.flush_due();
            let mut left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                match self.store.flush() {
                    Ok(()) => continue,
                    Err(error) => {
                        tracing::debug!(%error, "the database could not be given what the log has; the next writer is told");
                        left = Some(AGAIN);
                    }
                }
            }
            match (self.inbox.try_recv(), left) {
                (Ok(request), _) => return Some(request),
                (Err(TryRecvError::Disconnected), _) => return None,
                (Err(TryRecvError::Empty), None) => return self.inbox.blocking_recv(),
                // Whoever asks wakes this thread.
                (Err(TryRecvError::Empty), Some(left)) => thread::park_timeout(left),
            }
        }
    }

    /// Writes a batch that begins with this request; whether any of it was urgent.
    fn write(&mut self, first: Request, patience: Duration) -> bool {
        let mut making = Making::default();
        making.requests.push(first);
        let written = catch_unwind(AssertUnwindSafe(|| self.make(&mut making, patience)));
        let written = written.unwrap_or_else(|_| {
            self.store.distrust();
            Err(StoreError::unmade(self.store.place()))
        });
        let Making {
            mut requests,
            urgent,
            spooled,
            committing,
            ..
        } = making;
        self.count(written.is_ok(), requests.len());
        match written {
            Ok(deltas) => {
                for file in files(&mut requests).filter(|file| spooled.kept.contains(&file.id)) {
                    file.keep();
                }
                self.counts
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .apply(deltas);
                for id in spooled.dropped {
                    self.spool.remove(id);
                }
                answer(requests, &Ok(()));
                self.settle_doubts();
            }
            Err(error) => {
                // Many who wait share it, and none of them is to be blamed for another's record.
                let error = error.of_all();
                if committing {
                    // The disk may have kept the rows, and then they name these files.
                    for file in files(&mut requests) {
                        self.doubtful.push(file.id);
                        file.keep();
                    }
                }
                answer(requests, &Err(error));
            }
        }
        urgent
    }

    /// Makes the changes that wait now, each as it comes; where none of them is urgent, those that come within that time too.
    fn make(&mut self, making: &mut Making, patience: Duration) -> Result<Deltas, StoreError> {
        self.store.ready()?;
        let retention = self.retention.read().unwrap_or_else(PoisonError::into_inner).clone();
        let store = self.store.clone();
        let mut appending = store.append()?;
        let begun = Instant::now();
        let mut next = making.requests.pop();
        loop {
            match next.take() {
                Some(request) => making.take(request, &mut appending, &retention)?,
                None if !making.urgent && begun.elapsed() < patience => {
                    // Whoever asks wakes this thread.
                    thread::park_timeout(patience.saturating_sub(begun.elapsed()));
                }
                None => break,
            }
            if making.requests.len() >= BATCH || making.weight >= BATCH_BYTES {
                break;
            }
            next = self.inbox.try_recv().ok();
        }
        self.place(making);
        for request in making.requests.iter_mut().filter(|request| request.file.is_some()) {
            apply(request, &mut appending, &retention, &mut making.spooled)?;
        }
        making.committing = true;
        appending.commit()
    }

    fn count(&self, done: bool, changes: usize) {
        let mut written = self.written.write().unwrap_or_else(PoisonError::into_inner);
        if done {
            written.batches += 1;
            written.changes += changes as u64;
        } else {
            written.failures += 1;
        }
    }

    /// Gives the bodies of a batch their places; who has none is answered.
    fn place(&self, making: &mut Making) {
        let mut bodies: Vec<&mut Stored> = files(&mut making.requests).collect();
        if bodies.is_empty() {
            return;
        }
        let mut faults = self.spool.place(&mut bodies).into_iter();
        for request in std::mem::take(&mut making.requests) {
            match request.file.as_ref().and_then(|_| faults.next().flatten()) {
                None => making.requests.push(request),
                Some(error) => request.work.answer(Err(error)),
            }
        }
    }

    /// After a batch of which nobody knew whether the disk kept it, and one that it did keep: what is there now counts.
    fn settle_doubts(&mut self) {
        if self.doubtful.is_empty() && !self.store.reopened() {
            return;
        }
        let settled: Result<(), StoreError> = self.store.read(|tables| {
            for id in &self.doubtful {
                if tables.delivery(*id)?.is_none() {
                    self.spool.remove(*id);
                }
            }
            *self.counts.write().unwrap_or_else(PoisonError::into_inner) = Counts(tables.counts()?);
            Ok(())
        });
        match settled {
            Ok(()) => self.doubtful.clear(),
            Err(error) => tracing::debug!(%error, "what a failed write left could not be looked at"),
        }
    }
}

impl Making {
    /// Takes a request in; one that brings a body is made once that has its place.
    fn take(
        &mut self,
        request: Request,
        appending: &mut Appending<'_>,
        retention: &Retentions,
    ) -> Result<(), StoreError> {
        self.weight = self.weight.saturating_add(request.weight);
        self.urgent |= request.haste == Haste::Urgent;
        self.requests.push(request);
        match self.requests.last_mut() {
            Some(request) if request.file.is_none() => apply(request, appending, retention, &mut self.spooled),
            _ => Ok(()),
        }
    }
}

fn apply(
    request: &mut Request,
    appending: &mut Appending<'_>,
    retention: &Retentions,
    spooled: &mut Spooled,
) -> Result<(), StoreError> {
    appending.change(|tables| {
        request.work.apply(&mut Batch {
            tables,
            retention,
            spooled,
        })
    })
}

fn files(requests: &mut [Request]) -> impl Iterator<Item = &mut Stored> {
    requests.iter_mut().filter_map(|request| request.file.as_mut())
}

/// Callers first: to wake one takes a while, and a delivery has time.
fn answer(mut requests: Vec<Request>, batch: &Result<(), StoreError>) {
    requests.sort_by_key(|request| request.haste != Haste::Urgent);
    for Request { file, work, .. } in requests {
        // First the file that is not kept goes, then its sender is told.
        drop(file);
        work.answer(batch.as_ref().copied().map_err(StoreError::again));
    }
}
