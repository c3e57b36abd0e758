//! The disk, as far as the database and the spool use it. All of their work goes through here, so that a test can stand between
//! them and the hardware, and forget whatever was not synced.
//!
//! What is promised is what POSIX promises: the content of a file survives a power cut once [`DiskFile::sync_data`] returned, and
//! the name of a file survives it once [`Disk::sync_folder`] returned for its folder. Nothing else does.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// It is there, and is only read.
    Existing,
    /// It is made, for its owner alone; an error if it is there.
    New,
    /// It is made, for its owner alone, if it is not there.
    Either,
}

/// An open file. Dropping it closes it and lets go of its lock.
pub trait DiskFile: fmt::Debug + Send + Sync + 'static {
    /// Bytes that it holds.
    fn length(&self) -> io::Result<u64>;
    /// Reads from `offset`; fewer bytes than asked for only where the file ends.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts it, or extends it with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Makes its content and its length survive a power cut.
    fn sync_data(&self) -> io::Result<()>;
    /// Takes it for this handle alone; false where another has it.
    fn try_lock(&self) -> io::Result<bool>;
}

/// A disk.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// Opens a file.
    fn open(&self, path: &Path, opening: Opening) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name on the same disk; what had that name is gone.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file's name; whoever has it open reads on.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder for its owner alone; it may be there.
    fn make_folder(&self, path: &Path) -> io::Result<()>;
    /// Removes a folder in which nothing is; an error where something is.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder survive a power cut.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// The names in a folder, in no order.
    fn list(&self, path: &Path) -> io::Result<Vec<OsString>>;
    /// Bytes that this process may still write to the disk of that folder.
    fn room(&self, path: &Path) -> io::Result<u64>;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn open(&self, path: &Path, opening: Opening) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).mode(0o600);
        match opening {
            Opening::Existing => {}
            Opening::New => {
                options.write(true).create_new(true);
            }
            Opening::Either => {
                options.write(true).create(true).truncate(false);
            }
        }
        Ok(Arc::new(RealFile(options.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            made => made,
        }
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        fs::read_dir(path)?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect()
    }

    fn room(&self, path: &Path) -> io::Result<u64> {
        let file_system = rustix::fs::statvfs(path)?;
        Ok(file_system.f_bavail.saturating_mul(file_system.f_frsize))
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        read_whole(buffer, offset, |rest, at| FileExt::read_at(&self.0, rest, at))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    /// The lock of the whole file that every version of Relais takes.
    fn try_lock(&self) -> io::Result<bool> {
        match self.0.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Reads until the buffer is full or the file ends: the system may give fewer bytes than there are.
fn read_whole(
    buffer: &mut [u8],
    offset: u64,
    mut read: impl FnMut(&mut [u8], u64) -> io::Result<usize>,
) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read(rest, offset + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Another error that says the same: an [`io::Error`] cannot be cloned, and everybody who waited is told.
pub fn same(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}
