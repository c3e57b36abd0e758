//! The database over a [`Disk`], and what happens when the disk fails it.
//!
//! After a failed write redb refuses everything until it is opened anew, since it cannot know what the disk kept. Here that is
//! done as soon as the disk takes data again, without letting go of the lock in between: a full disk that was made room on is
//! in use again without a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::Database;

use super::backend::{Backend, Health};
use super::disk::{Disk, DiskFile, Opening};
use super::error::{At, StoreError};

/// Bytes of the database that are kept in memory at most; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 32 << 20;
/// A database up to this size is checked whole when it is opened: redb may panic on a damaged file that it trusts.
const CHECKED_BYTES: u64 = 64 << 20;
/// How often a database that failed is opened anew.
const RECOVERY: Duration = Duration::from_secs(1);
/// Bytes that the disk must take before a database that failed is opened anew.
const PROBE_BYTES: usize = 256 << 10;
const PROBE: &str = "probe";
/// Ends the name of a database that is being made.
const UNFINISHED: &str = "part";

/// The database, open or failed.
pub(super) struct Engine {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    place: Arc<Path>,
    /// None where it could not be opened anew.
    database: RwLock<Option<Open>>,
    /// When it was last tried to open it anew.
    tried: Mutex<Option<Instant>>,
    reopened: AtomicBool,
}

struct Open {
    database: Database,
    health: Arc<Health>,
}

/// What the lock of the database says when it is taken.
pub(super) enum Opened {
    Here(Engine),
    /// Another process has it.
    Elsewhere,
}

impl Engine {
    /// Opens the database at `place`, or makes it.
    pub(super) fn open(disk: Arc<dyn Disk>, place: Arc<Path>) -> Result<Opened, StoreError> {
        let fault = |source| StoreError::io(&place, source);
        let made = if exists(&*disk, &place).map_err(fault)? {
            None
        } else {
            match make(&*disk, &place)? {
                Made::Here(file) => Some(file),
                Made::Meanwhile => None,
                Made::Elsewhere => return Ok(Opened::Elsewhere),
            }
        };
        let file = match made {
            Some(file) => file,
            None => {
                let file = disk.open(&place, Opening::Either).map_err(fault)?;
                if !file.try_lock().map_err(fault)? {
                    return Ok(Opened::Elsewhere);
                }
                file
            }
        };
        let size = file.length().map_err(fault)?;
        let open = open(&file, &place, size > 0 && size <= CHECKED_BYTES)?;
        Ok(Opened::Here(Self {
            disk,
            file,
            database: RwLock::new(Some(open)),
            tried: Mutex::new(None),
            reopened: AtomicBool::new(false),
            place,
        }))
    }

    /// The disk that the database is on.
    pub(super) fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The database, for one transaction. Where the disk failed it, it is opened anew first, at most once a second; until that
    /// succeeds, the error is the one that the disk gave.
    pub(super) fn database(&self) -> Result<Held<'_>, StoreError> {
        let held = Held(self.database.read().unwrap_or_else(PoisonError::into_inner));
        match held.fault() {
            None => return Ok(held),
            Some(fault) if !self.may_try() => return Err(self.error(fault)),
            Some(_) => drop(held),
        }
        self.recover()?;
        let held = Held(self.database.read().unwrap_or_else(PoisonError::into_inner));
        match held.fault() {
            None => Ok(held),
            Some(fault) => Err(self.error(fault)),
        }
    }

    /// Whether the disk failed the database, which was not opened anew since.
    pub(super) fn failed(&self) -> Option<StoreError> {
        let held = Held(self.database.read().unwrap_or_else(PoisonError::into_inner));
        held.fault().map(|fault| self.error(fault))
    }

    /// The database is opened anew before it is used again.
    pub(super) fn distrust(&self) {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = database.as_ref() {
            let _ = open
                .health
                .note::<()>(Err(io::Error::other("the database met what it holds impossible")));
        }
    }

    /// Whether it was opened anew since this was last asked.
    pub(super) fn reopened(&self) -> bool {
        self.reopened.swap(false, Ordering::Relaxed)
    }

    fn error(&self, fault: io::Error) -> StoreError {
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
        *database = Some(open(&self.file, &self.place, false)?);
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

/// Who makes the database.
enum Made {
    /// We did, and have its lock.
    Here(Arc<dyn DiskFile>),
    /// Another process did, and has finished.
    Meanwhile,
    /// Another process does.
    Elsewhere,
}

/// Makes the database under another name and gives it its own when it is whole: redb takes a file that was half made when the
/// power was cut for one that is not its own.
fn make(disk: &dyn Disk, place: &Path) -> Result<Made, StoreError> {
    let fault = |source| StoreError::io(place, source);
    let unfinished = place.with_extension(UNFINISHED);
    let file = disk.open(&unfinished, Opening::Either).map_err(fault)?;
    if !file.try_lock().map_err(fault)? {
        return Ok(Made::Elsewhere);
    }
    // Whoever had the lock before may have renamed this very file.
    if exists(disk, place).map_err(fault)? {
        return Ok(Made::Meanwhile);
    }
    file.set_length(0).map_err(fault)?;
    drop(open(&file, place, false)?);
    let named = file
        .sync_data()
        .and_then(|()| disk.rename(&unfinished, place))
        .and_then(|()| disk.sync_folder(&folder(place)));
    named.map_err(fault)?;
    Ok(Made::Here(file))
}

fn exists(disk: &dyn Disk, path: &Path) -> io::Result<bool> {
    match disk.open(path, Opening::Existing) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The database while a transaction runs: it is not opened anew meanwhile.
pub(super) struct Held<'e>(RwLockReadGuard<'e, Option<Open>>);

impl Held<'_> {
    fn fault(&self) -> Option<io::Error> {
        match self.0.as_ref() {
            Some(open) => open.health.fault(),
            None => Some(io::Error::other("the database could not be opened anew")),
        }
    }

    pub(super) fn get(&self) -> Result<&Database, StoreError> {
        // Whoever gives a `Held` out has looked.
        self.0.as_ref().map(|open| &open.database).ok_or(StoreError::Stopped)
    }
}

fn open(file: &Arc<dyn DiskFile>, place: &Path, check: bool) -> Result<Open, StoreError> {
    let health = Arc::new(Health::default());
    let backend = Backend::new(file.clone(), health.clone());
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(check)
        .create_with_backend(backend)
        .at(place)?;
    Ok(Open { database, health })
}

fn folder(place: &Path) -> PathBuf {
    place.parent().map(Path::to_path_buf).unwrap_or_default()
}
