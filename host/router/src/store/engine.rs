//! The database and its log over a [`Disk`], and what happens when the disk fails them.
//!
//! After a failed write or sync nobody knows what the disk kept, and everything is refused until the database was opened anew as
//! after a power cut, and the log made again. That is done as soon as the disk takes data, without letting go of the lock in
//! between: a full disk that was made room on is in use again without a restart.
//!
//! What is read then need not be on the disk: once a sync has failed, Linux takes the pages for clean, shows them as they were
//! written, as long as they stay in memory, and syncs the next time without them. So nothing may rest on what such a sync was for.
//! Of the database it does not, since its transactions are two syncs: the pages, and then the header that names them; whichever
//! header is read, its pages were synced. And of the log it does not, since what is read of it is written to the database, and it
//! begins anew.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::{Database, WriteTransaction};

use super::database::{self, Open};
use super::disk::{Disk, DiskFile, Opening};
use super::error::{At, StoreError};
use super::memtable::Memtable;
use super::wal::{LogSize, Wal};

/// How often a database that failed is opened anew.
const RECOVERY: Duration = Duration::from_secs(1);
/// Bytes that the disk must take before a database that failed is opened anew.
const PROBE_BYTES: usize = 256 << 10;
const PROBE: &str = "probe";

/// The database, open or failed.
pub(super) struct Engine {
    pub(super) disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    pub(super) place: Arc<Path>,
    pub(super) log_size: LogSize,
    /// None where it could not be opened anew.
    database: RwLock<Option<Open>>,
    /// Whoever has it writes, and nobody else does. None until [`Self::catch_up`]. Locked after the database is.
    pub(super) wal: Mutex<Option<Wal>>,
    /// What the log has and the database lacks. It grows only in the hands of whoever has the log. Locked after the log is, and
    /// before a transaction of the database begins that writes.
    pub(super) memtable: Mutex<Memtable>,
    /// When it was last tried to open it anew.
    tried: Mutex<Option<Instant>>,
    reopened: AtomicBool,
}

/// What the lock of the database says when it is taken.
pub(super) enum Opened {
    Here(Box<Engine>),
    /// Another process has it.
    Elsewhere,
}

impl Engine {
    /// Opens the database at `place`, or makes it. What the log has beside it is not there before [`Self::catch_up`].
    pub(super) fn open(disk: Arc<dyn Disk>, place: Arc<Path>, log_size: LogSize) -> Result<Opened, StoreError> {
        let Some(file) = database::take(&*disk, &place)? else {
            return Ok(Opened::Elsewhere);
        };
        let open = database::open_first(&file, &place)?;
        Ok(Opened::Here(Box::new(Self {
            disk,
            file,
            log_size,
            database: RwLock::new(Some(open)),
            wal: Mutex::new(None),
            memtable: Mutex::default(),
            tried: Mutex::new(None),
            reopened: AtomicBool::new(false),
            place,
        })))
    }

    /// The disk that the database is on.
    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The database, for one transaction. Where the disk failed it, it is opened anew first, at most once a second; until that
    /// succeeds, the error is the one that the disk gave.
    pub(super) fn database(&self) -> Result<Held<'_>, StoreError> {
        let held = self.hold();
        match held.fault() {
            None => return Ok(held),
            Some(fault) if !self.may_try() => return Err(self.error(fault)),
            Some(_) => drop(held),
        }
        self.recover()?;
        let held = self.hold();
        match held.fault() {
            None => Ok(held),
            Some(fault) => Err(self.error(fault)),
        }
    }

    /// The database, whatever its state.
    pub(super) fn hold(&self) -> Held<'_> {
        Held(self.database.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the disk failed the database, which was not opened anew since.
    pub(super) fn failed(&self) -> Option<StoreError> {
        let held = self.hold();
        held.fault().map(|fault| self.error(fault))
    }

    /// The database is opened anew before it is used again.
    pub(super) fn distrust(&self) {
        self.hold().distrust();
    }

    /// Whether it was opened anew since this was last asked.
    pub(super) fn reopened(&self) -> bool {
        self.reopened.swap(false, Ordering::Relaxed)
    }

    /// Runs `meanwhile` while nobody else can use the database.
    #[cfg(test)]
    pub(super) fn withhold(&self, meanwhile: impl FnOnce()) {
        let _withheld = self.database.write().unwrap_or_else(PoisonError::into_inner);
        meanwhile();
    }

    pub(super) fn error(&self, fault: io::Error) -> StoreError {
        StoreError::io(&self.place, fault)
    }

    fn may_try(&self) -> bool {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let due = tried.is_none_or(|last| last.elapsed() >= RECOVERY);
        if due {
            *tried = Some(Instant::now());
        }
        due
    }

    fn recover(&self) -> Result<(), StoreError> {
        self.probe().map_err(|fault| self.error(fault))?;
        let mut database = self.database.write().unwrap_or_else(PoisonError::into_inner);
        if database.as_ref().is_some_and(|open| open.health.fault().is_none()) {
            return Ok(());
        }
        // The old one lets go before the new one looks at the file.
        *database = None;
        let open = database::open(&self.file, &self.place, false)?;
        guarded(&self.place, || self.replay(&open.database))?;
        *database = Some(open);
        self.reopened.store(true, Ordering::Relaxed);
        tracing::info!(path = %self.place.display(), "the database is in use again");
        Ok(())
    }

    /// Whether the disk takes data, before anything of the database is touched.
    fn probe(&self) -> io::Result<()> {
        let path = folder(&self.place).join(PROBE);
        let taken = self.disk.open(&path, Opening::Either).and_then(|file| {
            file.write_at(&vec![0; PROBE_BYTES], 0)?;
            file.sync_data()
        });
        let removed = self.disk.remove(&path);
        taken.and(removed)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::debug!(%error, "the database could not take the log along; the next start does");
        }
    }
}

/// The database while a transaction runs: it is not opened anew meanwhile.
pub(super) struct Held<'e>(RwLockReadGuard<'e, Option<Open>>);

impl<'e> Held<'e> {
    pub(super) fn fault(&self) -> Option<io::Error> {
        match self.0.as_ref() {
            Some(open) => open.health.fault(),
            None => Some(io::Error::other("the database could not be opened anew")),
        }
    }

    /// Notes a failure of the disk.
    pub(super) fn note<T>(&self, done: io::Result<T>) -> io::Result<T> {
        match self.0.as_ref() {
            Some(open) => open.health.note(done),
            None => done,
        }
    }

    pub(super) fn distrust(&self) {
        let _ = self.note::<()>(Err(io::Error::other("the database met what it holds impossible")));
    }

    /// A transaction that writes. That none can begin is of the whole database, which is opened anew before it is used again.
    pub(super) fn begin_write(&self, place: &Path) -> Result<WriteTransaction, StoreError> {
        let begun = self.get()?.begin_write().at(place);
        begun.inspect_err(|_| self.distrust())
    }

    /// Until what is returned is dropped, a panic makes the database be opened anew before it is used again: redb panics on what
    /// it holds impossible, and takes no transaction after that.
    pub(super) fn watched(&self) -> Watched<'_, 'e> {
        Watched(self)
    }

    pub(super) fn get(&self) -> Result<&Database, StoreError> {
        // Whoever gives a `Held` out has looked.
        self.0.as_ref().map(|open| &open.database).ok_or(StoreError::Stopped)
    }
}

/// See [`Held::watched`].
pub(super) struct Watched<'h, 'e>(&'h Held<'e>);

impl Drop for Watched<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.distrust();
        }
    }
}

pub(super) fn folder(place: &Path) -> PathBuf {
    place.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Does what redb may panic in, as it does on what it holds impossible: to whoever asked for it that is an error. The database must
/// be opened anew before it is used again.
pub(super) fn guarded<T>(place: &Path, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(StoreError::unmade(place)))
}
