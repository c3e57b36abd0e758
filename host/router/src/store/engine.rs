//! The database and its log over a [`Disk`], and what happens when the disk fails them.
//!
//! A transaction is durable in one of two ways: by a record of the log, and then it waits in the memory of the database for the
//! next of the other kind; or by the database itself, which takes all of the log along.
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
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use redb::{Database, Durability, ReadableDatabase, WriteTransaction};

use super::backend::{Backend, Health};
use super::disk::{Disk, DiskFile, Opening};
use super::error::{At, StoreError};
use super::tables::{Reading, Writing};
use super::wal::{self, Changes, LogSize, Wal};

/// Bytes of the database that are kept in memory at most; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 32 << 20;
/// A database up to this size is checked whole when it is opened: redb may panic on a damaged file that it trusts.
const CHECKED_BYTES: u64 = 64 << 20;
/// Bytes of the log that one transaction makes again, roughly.
const REPLAYED: usize = 4 << 20;
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
    log_size: LogSize,
    /// None where it could not be opened anew.
    database: RwLock<Option<Open>>,
    /// None until [`Self::catch_up`]. Locked after the database is, and after a transaction has begun.
    wal: Mutex<Option<Wal>>,
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
    Here(Box<Engine>),
    /// Another process has it.
    Elsewhere,
}

impl Engine {
    /// Opens the database at `place`, or makes it. What the log has beside it is not there before [`Self::catch_up`].
    pub(super) fn open(disk: Arc<dyn Disk>, place: Arc<Path>, log_size: LogSize) -> Result<Opened, StoreError> {
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
        Ok(Opened::Here(Box::new(Self {
            disk,
            file,
            log_size,
            database: RwLock::new(Some(open)),
            wal: Mutex::new(None),
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
        Held(self.database.read().unwrap_or_else(PoisonError::into_inner)).distrust();
    }

    /// Makes what the log holds again, and begins a round of it. Whoever opened the database has found it to be ours.
    pub(super) fn catch_up(&self) -> Result<(), StoreError> {
        let database = self.database()?;
        self.replay(database.get()?)
    }

    fn replay(&self, database: &Database) -> Result<(), StoreError> {
        let salt = Reading::new(database.begin_read().at(&self.place)?, &self.place).log()?;
        let folder = folder(&self.place);
        let mut wal = Wal::open(self.disk.clone(), &folder, self.log_size, salt)?;
        if salt.is_some() {
            let mut replay = Replay {
                database,
                place: &self.place,
                open: None,
                bytes: 0,
            };
            wal.replay(|changes| replay.record(changes))?;
            replay.finish()?;
        }
        let transaction = database.begin_write().at(&self.place)?;
        Writing::new(&transaction, &self.place).set_format()?;
        let mut place = self.wal.lock().unwrap_or_else(PoisonError::into_inner);
        self.settle(transaction, Some(&mut wal))?;
        *place = Some(wal);
        Ok(())
    }

    /// Makes a transaction durable, all of whose changes these are where there are any.
    pub(super) fn commit(
        &self,
        held: &Held<'_>,
        transaction: WriteTransaction,
        changes: Option<Changes>,
    ) -> Result<(), StoreError> {
        let mut wal = self.wal.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fault) = held.fault() {
            // Whoever had the log before failed with it, and nobody knows what stands there.
            let _ = transaction.abort();
            return Err(self.error(fault));
        }
        let logged = changes.filter(|changes| wal.as_mut().is_some_and(|wal| wal.has_room(changes)));
        let done = match (wal.as_mut(), logged) {
            (Some(wal), Some(changes)) => self.log(held, transaction, wal, changes),
            (wal, _) => self.settle(transaction, wal),
        };
        if done.is_err() {
            // Whether it is there is known once everything was read anew.
            held.distrust();
        }
        done
    }

    /// By a record of the log.
    fn log(
        &self,
        held: &Held<'_>,
        mut transaction: WriteTransaction,
        wal: &mut Wal,
        mut changes: Changes,
    ) -> Result<(), StoreError> {
        if let Err(error) = held.note(wal.append(&mut changes)) {
            let _ = transaction.abort();
            return Err(StoreError::io(wal.place(), error));
        }
        transaction.set_durability(Durability::None).at(&self.place)?;
        transaction.commit().at(&self.place)
    }

    /// By the database itself, which then holds all that the log does.
    fn settle(&self, mut transaction: WriteTransaction, wal: Option<&mut Wal>) -> Result<(), StoreError> {
        let salt = wal::draw().map_err(|error| self.error(error))?;
        if wal.is_some() {
            Writing::new(&transaction, &self.place).set_log(Some(salt))?;
        }
        // In two phases, on which the recovery rests; and it makes the start after a crash a matter of milliseconds however
        // large the database is. Such a commit is rare.
        transaction.set_quick_repair(true);
        transaction.commit().at(&self.place)?;
        match wal {
            Some(wal) => wal.begin(salt).map_err(|error| StoreError::io(wal.place(), error)),
            None => Ok(()),
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
        let open = open(&self.file, &self.place, false)?;
        self.replay(&open.database)?;
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

impl Engine {
    /// The database takes the log along, so that it stands for itself. Nothing can be written any more after that.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        let wal = self.wal.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let held = Held(self.database.read().unwrap_or_else(PoisonError::into_inner));
        if wal.is_none() {
            return Ok(());
        }
        if let Some(fault) = held.fault() {
            return Err(self.error(fault));
        }
        let transaction = held.get()?.begin_write().at(&self.place)?;
        Writing::new(&transaction, &self.place).set_log(None)?;
        self.settle(transaction, None)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::debug!(%error, "the database could not take the log along; the next start does");
        }
    }
}

/// Records of the log on their way back into the database, many to a transaction.
struct Replay<'d> {
    database: &'d Database,
    place: &'d Arc<Path>,
    open: Option<WriteTransaction>,
    bytes: usize,
}

impl Replay<'_> {
    fn record(&mut self, changes: &[u8]) -> Result<(), StoreError> {
        let transaction = match self.open.take() {
            Some(open) => open,
            None => self.database.begin_write().at(self.place)?,
        };
        let transaction = self.open.insert(transaction);
        let mut tables = Writing::new(transaction, self.place).deliveries()?;
        let damaged = |detail: &str| StoreError::Damaged {
            path: folder(self.place).join(wal::LOG),
            detail: detail.to_owned(),
        };
        for change in wal::read(changes) {
            let change = change.map_err(|_| damaged("a record is not what was written"))?;
            if !tables.again(&change)? {
                return Err(damaged("a record is of a table that is not known"));
            }
        }
        drop(tables);
        self.bytes += changes.len();
        if self.bytes >= REPLAYED {
            self.finish()?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let Some(mut transaction) = self.open.take() else {
            return Ok(());
        };
        transaction.set_durability(Durability::None).at(self.place)?;
        transaction.commit().at(self.place)
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

impl<'e> Held<'e> {
    fn fault(&self) -> Option<io::Error> {
        match self.0.as_ref() {
            Some(open) => open.health.fault(),
            None => Some(io::Error::other("the database could not be opened anew")),
        }
    }

    /// Notes a failure of the disk.
    fn note<T>(&self, done: io::Result<T>) -> io::Result<T> {
        match self.0.as_ref() {
            Some(open) => open.health.note(done),
            None => done,
        }
    }

    fn distrust(&self) {
        let _ = self.note::<()>(Err(io::Error::other("the database met what it holds impossible")));
    }

    /// A transaction that writes. That none can begin is of the whole database, which is opened anew before it is used again.
    pub(super) fn begin_write(&self, place: &Path) -> Result<WriteTransaction, StoreError> {
        let begun = self.get()?.begin_write().at(place);
        begun.map_err(|error| {
            self.distrust();
            error.of_all()
        })
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
