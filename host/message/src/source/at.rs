//! Things that can be read anywhere: the seam to whoever keeps files, and a plain file of the caller's.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::OnceLock;

use crate::reason::Reason;

/// Something of a fixed length that can be read anywhere: a spool file of the store.
pub trait ReadAt: Send + Sync + fmt::Debug {
    /// Reads some bytes from `offset` on into `buf`, and says how many; none only at the end, or for an empty `buf`.
    ///
    /// # Errors
    ///
    /// What the disk tells. An error that is [`io::ErrorKind::Interrupted`] is tried again.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Its length in bytes.
    fn len(&self) -> u64;

    /// Whether it holds nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Fills `buf`. Asks once where it is empty, so that a file that went away is seen.
pub(super) fn read_exact(file: &dyn ReadAt, buf: &mut [u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    loop {
        let rest = buf.get_mut(done..).unwrap_or_default();
        let wanted = rest.len();
        match file.read_at(rest, offset.saturating_add(done as u64)) {
            Ok(count) if count == wanted => return Ok(()),
            Ok(0) => return Err(cut()),
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What was announced is not there.
pub(super) fn cut() -> io::Error {
    io::Error::new(
        io::ErrorKind::UnexpectedEof,
        "the content ends before its announced length",
    )
}

/// A file of the caller's, that must not change its size from when it was found. Opened when it is first read.
#[derive(Debug)]
pub(super) struct FileAt {
    path: PathBuf,
    size: u64,
    file: OnceLock<File>,
}

impl FileAt {
    /// Looks whether there is a regular file that can be read.
    pub(super) fn find(path: PathBuf) -> Result<Self, Reason> {
        let shown = || path.display().to_string();
        let fault = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => Reason::FileMissing { path: shown() },
            _ => Reason::FileUnreadable {
                path: shown(),
                error: error.to_string(),
            },
        };
        // Before it is opened: opening a pipe waits for whoever writes to it.
        if !fs::metadata(&path).map_err(fault)?.is_file() {
            return Err(Reason::FileNotRegular { path: shown() });
        }
        let size = File::open(&path).and_then(|file| file.metadata()).map_err(fault)?.len();
        Ok(Self {
            path,
            size,
            file: OnceLock::new(),
        })
    }
}

impl ReadAt for FileAt {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = File::open(&self.path)?;
                self.file.get_or_init(|| file)
            }
        };
        let changed = || io::Error::new(io::ErrorKind::InvalidData, Changed(&self.path, self.size).to_string());
        if file.metadata()?.len() != self.size {
            return Err(changed());
        }
        match file.read_at(buf, offset)? {
            0 if !buf.is_empty() && offset < self.size => Err(changed()),
            count => Ok(count),
        }
    }

    fn len(&self) -> u64 {
        self.size
    }
}

struct Changed<'a>(&'a PathBuf, u64);

impl fmt::Display for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(path, size) = self;
        let path = path.display();
        write!(
            f,
            "the attachment {path} changed while it was sent: it had {size} bytes"
        )
    }
}
