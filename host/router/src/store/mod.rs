//! What the router remembers, in domain words. The rules above it see [`Reading`] and [`Writing`] and never redb, so that
//! another database can stand beside it.
//!
//! One process at a time holds the data folder. A write is one transaction: it is on the disk when [`Store::write`] returns, or
//! nothing of it is. What the outbox writes all the time goes by [`Store::append`] and the log of `wal`.

mod account_rows;
mod accounts;
mod admin;
mod admin_rows;
mod audit;
mod backend;
mod calendar;
mod check;
mod commit;
mod config;
mod copy;
mod database;
mod disk;
mod engine;
mod error;
mod files;
mod folder;
mod logged;
mod memtable;
mod outbox;
mod queries;
mod record;
#[cfg(test)]
pub(crate) mod sim;
mod tables;
mod wal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

pub use account_rows::{AccountRow, ApplicationRow, LostRow, ProofRow, Why};
pub use accounts::Part;
pub use admin_rows::{AuditRow, RestoredRow, ServiceInstanceRow, TokenRow, WorkspaceRow};
pub use audit::AuditLimits;
pub use calendar::CalendarRow;
pub(crate) use commit::Appending;
pub(crate) use disk::{Disk, DiskFile, Opening};
pub use error::{StoreError, What};
pub use files::{Files, hexadecimal, sha256};
pub(crate) use folder::sync as sync_folder;
pub(crate) use outbox::{Deliveries, Deltas};
pub(crate) use record::IdempotencyRow;
pub use record::{ConnectorRow, InstanceRow};
pub(crate) use tables::newer_secret;
pub use tables::{Reading, Writing};
pub(crate) use tables::{Tables, Transaction};
pub(crate) use wal::{LOG_SIZE, LogSize};

use disk::RealDisk;
use engine::{Engine, Held, Opened};
use error::At;
use redb::ReadableDatabase;

/// The database's file within the data folder.
const DATABASE: &str = "relais.redb";
/// How long a second process waits for the first to let go of the data folder.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(100);

/// The open store of one data folder.
pub struct Store {
    engine: Engine,
    place: Arc<Path>,
    folder: PathBuf,
    files: Files,
    changes: AtomicU64,
}

impl Store {
    /// Opens the store in `folder`, and makes both where they do not exist. Waits 5 seconds for another process to end.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(RealDisk), folder, PATIENCE, LOG_SIZE).await
    }

    /// The same with the database on a disk of the caller's choice, with other patience, and with a log of other size.
    pub(crate) async fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        patience: Duration,
        log_size: LogSize,
    ) -> Result<Self, StoreError> {
        let start = Instant::now();
        loop {
            let (disk, path) = (disk.clone(), folder.to_path_buf());
            let opened = match tokio::task::spawn_blocking(move || Self::try_open(disk, &path, log_size)).await {
                Ok(opened) => opened,
                // The database's code met what it holds impossible.
                Err(_) => {
                    return Err(StoreError::Damaged {
                        path: folder.join(DATABASE),
                        detail: "the database could not be read".to_owned(),
                    });
                }
            };
            match opened {
                Err(StoreError::Busy { .. }) if start.elapsed() < patience => tokio::time::sleep(RETRY).await,
                settled => return settled,
            }
        }
    }

    fn try_open(disk: Arc<dyn Disk>, folder: &Path, log_size: LogSize) -> Result<Self, StoreError> {
        let folder = folder::prepare(folder)?;
        let place: Arc<Path> = folder.join(DATABASE).into();
        let engine = match Engine::open(disk, place.clone(), log_size)? {
            Opened::Here(engine) => *engine,
            Opened::Elsewhere => {
                return Err(StoreError::Busy {
                    pid: folder::holder(&folder),
                    folder,
                });
            }
        };
        folder::note_holder(&folder);
        let files = Files::prepare(&folder)?;
        let store = Self {
            engine,
            place,
            folder,
            files,
            changes: AtomicU64::new(0),
        };
        store.check_format()?;
        store.engine.catch_up()?;
        store.sweep()?;
        Ok(store)
    }

    /// The data folder, with no link left in its path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The components' files.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The disk that the database is on.
    pub(crate) fn disk(&self) -> &Arc<dyn Disk> {
        self.engine.disk()
    }

    /// Closes the store; once it returns, the database stands for itself, without the log beside it.
    ///
    /// # Errors
    ///
    /// The log is still needed. Nothing is lost: the next opening reads it.
    pub(crate) fn close(mut self) -> Result<(), StoreError> {
        self.engine.close()
    }

    /// Why nothing can be stored now, as far as that is known without trying.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.engine.failed()
    }

    /// An error where the disk failed and still does. Tries it, at most once a second, and then blocks.
    pub(crate) fn ready(&self) -> Result<(), StoreError> {
        self.database().map(drop)
    }

    /// The database's own code met what it holds impossible: it is opened anew before it is used again.
    pub(crate) fn distrust(&self) {
        self.engine.distrust();
    }

    /// Whether the database was opened anew since this was last asked.
    pub(crate) fn reopened(&self) -> bool {
        self.engine.reopened()
    }

    /// The database's file, for messages.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Runs `work` on one consistent view of all that was acknowledged.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Reading) -> Result<T, E>) -> Result<T, E> {
        let held = self.database()?;
        let view = self.engine.view(&held).map_err(StoreError::of_all)?;
        // A view outlives the database that it was taken from; it only must not hold up its opening anew.
        drop(held);
        work(&view)
    }

    /// Runs `work` in one transaction; an error undoes all of it.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>) -> Result<T, E> {
        let held = self.database()?;
        let done = self.engine.write(&held, work);
        // Also where it failed: whether it is on the disk is not always known then.
        self.changes.fetch_add(1, Ordering::Release);
        done
    }

    /// Counts what [`Store::write`] did since the store was opened: where it is what it was, so is all beside the outbox.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Begins a batch of changes of the outbox, which costs less.
    pub(crate) fn append(&self) -> Result<Appending<'_>, StoreError> {
        self.engine.append()
    }

    /// When [`Store::flush`] should be called; none where nothing is left to do.
    pub(crate) fn flush_due(&self) -> Option<Instant> {
        self.engine.flush_due()
    }

    /// Gives the database what [`Store::append`] left for later. Whoever reads does the same.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let held = self.database()?;
        self.engine.flush(&held).map_err(StoreError::of_all)
    }

    /// Runs `meanwhile` while nobody else can use the database.
    #[cfg(test)]
    pub(crate) fn withhold(&self, meanwhile: impl FnOnce()) {
        self.engine.withhold(meanwhile);
    }

    /// The database, for one transaction. What is wrong with it before one has begun, and where one ends, is of the whole store:
    /// no record is to be blamed for it. What is wrong within is told as it was found.
    fn database(&self) -> Result<Held<'_>, StoreError> {
        self.engine.database().map_err(StoreError::of_all)
    }

    /// Refuses a store of a later format, and what is not ours, before anything in it is read.
    fn check_format(&self) -> Result<(), StoreError> {
        let held = self.engine.database()?;
        let transaction = held.get()?.begin_read().at(&self.place)?;
        tables::check_format(&transaction, &self.place)
    }

    /// Removes what a crash left between a file and its row.
    fn sweep(&self) -> Result<(), StoreError> {
        let rows = self.read(|tables| tables.connectors())?;
        let kept = rows.into_iter().map(|row| row.sha256).collect();
        self.files.sweep(&kept)
    }
}

#[cfg(test)]
mod tests;
