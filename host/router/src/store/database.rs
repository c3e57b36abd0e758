//! The file of the database: who has its lock, how it comes about, and how redb opens it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use redb::Database;

use super::backend::{Backend, Health};
use super::disk::{Disk, DiskFile, Opening};
use super::engine::folder;
use super::error::{At, StoreError};

/// Bytes of the database that are kept in memory at most; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 32 << 20;
/// A database up to this size is checked whole when it is opened: redb may panic on a damaged file that it trusts.
const CHECKED_BYTES: u64 = 64 << 20;
/// Ends the name of a database that is being made.
const UNFINISHED: &str = "part";

/// A database that is open, and how its disk does.
pub(super) struct Open {
    pub(super) database: Database,
    pub(super) health: Arc<Health>,
}

/// Takes the lock of the database at `place`, which is made where it is not there; none where another process has it.
pub(super) fn take(disk: &dyn Disk, place: &Path) -> Result<Option<Arc<dyn DiskFile>>, StoreError> {
    let fault = |source| StoreError::io(place, source);
    let made = if exists(disk, place).map_err(fault)? {
        None
    } else {
        match make(disk, place)? {
            Made::Here(file) => Some(file),
            Made::Meanwhile => None,
            Made::Elsewhere => return Ok(None),
        }
    };
    let file = match made {
        Some(file) => file,
        None => {
            let file = disk.open(place, Opening::Either).map_err(fault)?;
            if !file.try_lock().map_err(fault)? {
                return Ok(None);
            }
            file
        }
    };
    Ok(Some(file))
}

/// Opens a file of which nothing is known yet. Its lock is ours.
pub(super) fn open_first(file: &Arc<dyn DiskFile>, place: &Path) -> Result<Open, StoreError> {
    let size = file.length().map_err(|source| StoreError::io(place, source))?;
    open(file, place, size > 0 && size <= CHECKED_BYTES)
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

/// Opens a file whose lock is ours. `check` reads all of it.
pub(super) fn open(file: &Arc<dyn DiskFile>, place: &Path, check: bool) -> Result<Open, StoreError> {
    let health = Arc::new(Health::default());
    let backend = Backend::new(file.clone(), health.clone());
    let database = Database::builder()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(check)
        .create_with_backend(backend)
        .at(place)?;
    Ok(Open { database, health })
}
