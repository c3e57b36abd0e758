//! What redb sees of a [`super::disk::Disk`], and the first failure of it.

use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use redb::{BackendError, StorageBackend};

use super::disk::{DiskFile, same};

/// The first failure of the disk since the database was opened.
#[derive(Debug, Default)]
pub(super) struct Health(OnceLock<io::Error>);

impl Health {
    pub(super) fn note<T>(&self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done {
            // Only the first counts: what follows it may be its consequence.
            let _ = self.0.set(same(error));
        }
        done
    }

    pub(super) fn fault(&self) -> Option<io::Error> {
        self.0.get().map(same)
    }

    fn sound(&self) -> io::Result<()> {
        self.fault().map_or(Ok(()), Err)
    }
}

/// What redb sees of the disk: nothing that is written once it has failed. A database that is let go of commits what it has, in
/// another way than ours and over what nobody knows the disk kept; the log has all of that. The file is locked before redb is
/// given it and as long as the [`Engine`] lives, so that no lock is asked of anybody here.
pub(super) struct Backend {
    file: Arc<dyn DiskFile>,
    health: Arc<Health>,
}

impl Backend {
    pub(super) fn new(file: Arc<dyn DiskFile>, health: Arc<Health>) -> Self {
        Self { file, health }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend").finish_non_exhaustive()
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.health.note(self.file.length())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let wanted = out.len();
        let read = self.file.read_at(out, offset).and_then(|count| {
            if count == wanted {
                Ok(())
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
        });
        self.health.note(read)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.health.sound()?;
        self.health.note(self.file.set_length(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.health.sound()?;
        self.health.note(self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.health.sound()?;
        self.health.note(self.file.write_at(data, offset))
    }

    fn try_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn try_lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(true)
    }

    fn lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn lock_shared_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), BackendError> {
        Ok(())
    }

    fn query_lock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<bool, BackendError> {
        Ok(false)
    }
}
