//! What the router remembers, in domain words. The rules above it see [`Reading`] and [`Writing`] and never redb, so that
//! another database can stand beside it.
//!
//! One process at a time holds the data folder. A write is one transaction: it is on the disk when [`Store::write`] returns, or
//! nothing of it is.

mod config;
mod error;
mod files;
mod folder;
mod record;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use error::{StoreError, What};
pub use files::{Files, sha256};
pub use record::{ConnectorRow, InstanceRow};
pub(crate) use tables::newer_secret;
pub use tables::{Reading, Writing};

use error::At;
use redb::{Database, DatabaseError, ReadableDatabase};

/// The database's file within the data folder.
const DATABASE: &str = "relais.redb";
/// How long a second process waits for the first to let go of the data folder.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(100);
/// Bytes of the database that are kept in memory at most; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 32 << 20;
/// A database up to this size is checked whole when it is opened: redb may panic on a damaged file that it trusts.
const CHECKED_BYTES: u64 = 64 << 20;

/// The open store of one data folder.
pub struct Store {
    database: Database,
    place: Arc<Path>,
    folder: PathBuf,
    files: Files,
}

impl Store {
    /// Opens the store in `folder`, and makes both where they do not exist. Waits 5 seconds for another process to end.
    pub async fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_within(folder, PATIENCE).await
    }

    async fn open_within(folder: &Path, patience: Duration) -> Result<Self, StoreError> {
        let start = Instant::now();
        loop {
            let path = folder.to_path_buf();
            let opened = match tokio::task::spawn_blocking(move || Self::try_open(&path)).await {
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

    fn try_open(folder: &Path) -> Result<Self, StoreError> {
        let folder = folder::prepare(folder)?;
        let path = folder.join(DATABASE);
        let size = folder::private_file(&path)?;
        let place: Arc<Path> = path.into();
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(size > 0 && size <= CHECKED_BYTES)
            .create(&place)
            .map_err(|fault| match fault {
                DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => StoreError::Busy {
                    folder: folder.clone(),
                    pid: folder::holder(&folder),
                },
                fault => StoreError::of(fault.into(), &place),
            })?;
        folder::note_holder(&folder);
        let files = Files::prepare(&folder)?;
        let store = Self {
            database,
            place,
            folder,
            files,
        };
        store.check_format()?;
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

    /// Runs `work` on one consistent view.
    pub fn read<T, E: From<StoreError>>(&self, work: impl FnOnce(&Reading) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.database.begin_read().at(&self.place)?;
        work(&Reading::new(transaction, &self.place))
    }

    /// Runs `work` in one transaction; an error undoes all of it.
    pub fn write<T, E: From<StoreError>>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>) -> Result<T, E> {
        let transaction = self.database.begin_write().at(&self.place)?;
        let done = work(&mut Writing::new(&transaction, &self.place));
        match done {
            Ok(value) => {
                transaction.commit().at(&self.place)?;
                Ok(value)
            }
            Err(error) => {
                // The transaction would be undone by its drop as well, without a word on a failure to do so.
                transaction.abort().at(&self.place)?;
                Err(error)
            }
        }
    }

    /// Makes the tables of a new store; refuses a store of a later format before anything in it is read.
    fn check_format(&self) -> Result<(), StoreError> {
        let transaction = self.database.begin_read().at(&self.place)?;
        if tables::format_known(&transaction, &self.place)? {
            return Ok(());
        }
        drop(transaction);
        self.write(|tables| tables.set_format())
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
