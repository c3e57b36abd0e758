//! The one thread that writes the outbox. Everything that waits when it is free shares one record and one sync of the log: under
//! load that is a hundred acceptances for one sync, and a single caller waits for nobody. What a delivery notes on its way,
//! before it leaves and after, waits for the next acceptance where mails come in one after the other: so the caller's next mail
//! does not have to wait for the syncs of the one before. What the database lacks then is given to it between batches.

use std::collections::HashSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::batch::{Batch, Haste, Request};
use super::id::DeliveryId;
use super::query::{Counts, Written};
use super::retention::Retentions;
use super::spool::{Spool, Stored};
use crate::store::{Deltas, Store, StoreError};

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
    /// Folders of the spool that this process made.
    pub(super) folders: HashSet<PathBuf>,
    /// Bodies of a batch of which nobody knows whether the disk kept it.
    pub(super) doubtful: Vec<DeliveryId>,
}

/// What a batch came to, once it is durable.
struct Done {
    deltas: Deltas,
    kept: HashSet<DeliveryId>,
    dropped: Vec<DeliveryId>,
}

impl Writer {
    /// Writes until nobody can ask any more.
    pub(super) fn run(mut self) {
        let mut urgent_at: Option<Instant> = None;
        while let Some(first) = self.next() {
            let flowing = urgent_at.is_some_and(|last| last.elapsed() < FLOWING);
            let requests = self.gather(first, if flowing { PATIENCE } else { Duration::ZERO });
            let urgent = requests.iter().any(|request| request.haste == Haste::Urgent);
            // Whoever waits is told that it came to nothing, and this thread lives on: without it nothing is accepted any more.
            if catch_unwind(AssertUnwindSafe(|| self.write(requests))).is_err() {
                tracing::error!("a batch of the outbox could not be written: the database is opened anew");
                self.store.distrust();
            }
            if urgent {
                urgent_at = Some(Instant::now());
            }
        }
    }

    /// The next request; none when nobody can ask any more. Gives the database what it lacks when it is time to.
    fn next(&mut self) -> Option<Request> {
        loop {
            let due = self.store.flush_due();
            let mut left = due.map(|due| due.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                match self.flush() {
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

    fn flush(&self) -> Result<(), StoreError> {
        let flushed = catch_unwind(AssertUnwindSafe(|| self.store.flush()));
        flushed.unwrap_or_else(|_| {
            self.store.distrust();
            Err(self.unmade())
        })
    }

    /// redb has met what it holds impossible.
    fn unmade(&self) -> StoreError {
        StoreError::Io {
            path: self.store.place().to_path_buf(),
            source: io::Error::other("a change of it could not be made"),
        }
    }

    /// What waits now; where none of it is urgent, what comes within that time too.
    fn gather(&mut self, first: Request, patience: Duration) -> Vec<Request> {
        let begun = Instant::now();
        let mut weight = first.weight;
        let mut urgent = first.haste == Haste::Urgent;
        let mut requests = vec![first];
        while requests.len() < BATCH && weight < BATCH_BYTES {
            match self.inbox.try_recv() {
                Ok(next) => {
                    weight = weight.saturating_add(next.weight);
                    urgent |= next.haste == Haste::Urgent;
                    requests.push(next);
                }
                Err(TryRecvError::Empty) if !urgent && begun.elapsed() < patience => {
                    // Whoever asks wakes this thread.
                    thread::park_timeout(patience.saturating_sub(begun.elapsed()));
                }
                Err(_) => break,
            }
        }
        requests
    }

    fn write(&mut self, requests: Vec<Request>) {
        if let Err(error) = self.store.ready() {
            return answer(requests, &Err(error));
        }
        let mut requests = self.place(requests);
        let mut applied = false;
        let written = catch_unwind(AssertUnwindSafe(|| self.transact(&mut requests, &mut applied)));
        let written = written.unwrap_or_else(|_| {
            self.store.distrust();
            Err(self.unmade())
        });
        self.count(written.is_ok(), requests.len());
        match written {
            Ok(done) => {
                for file in files(&mut requests).filter(|file| done.kept.contains(&file.id)) {
                    file.keep();
                }
                self.counts
                    .write()
                    .unwrap_or_else(PoisonError::into_inner)
                    .apply(done.deltas);
                for id in done.dropped {
                    self.spool.remove(id);
                }
                answer(requests, &Ok(()));
                self.settle_doubts();
            }
            Err(error) => {
                let error = error.of_all();
                if applied {
                    // The disk may have kept the rows, and then they name these files.
                    for file in files(&mut requests) {
                        self.doubtful.push(file.id);
                        file.keep();
                    }
                }
                answer(requests, &Err(error));
            }
        }
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
    fn place(&mut self, mut requests: Vec<Request>) -> Vec<Request> {
        let mut bodies: Vec<&mut Stored> = files(&mut requests).collect();
        if bodies.is_empty() {
            return requests;
        }
        let mut faults = self.spool.place(&mut bodies, &mut self.folders).into_iter();
        let mut placed = Vec::with_capacity(requests.len());
        for request in requests {
            match request.file.as_ref().and_then(|_| faults.next().flatten()) {
                None => placed.push(request),
                Some(error) => request.work.answer(Err(error)),
            }
        }
        placed
    }

    fn transact(&self, requests: &mut [Request], applied: &mut bool) -> Result<Done, StoreError> {
        let retention = self.retention.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.store.append(|tables| {
            let mut batch = Batch {
                tables,
                retention,
                kept: HashSet::new(),
                dropped: Vec::new(),
            };
            for request in requests.iter_mut() {
                request.work.apply(&mut batch)?;
            }
            let Batch {
                tables, kept, dropped, ..
            } = batch;
            let (deltas, changes) = tables.finish()?;
            *applied = true;
            Ok((Done { deltas, kept, dropped }, changes))
        })
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
