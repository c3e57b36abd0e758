//! Where the bytes of an attachment are, and how they are read: block by block, and never more or fewer than were
//! announced.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::task::JoinHandle;

use crate::reason::Reason;

/// Bytes of a file that are read at once and held.
const READ: u64 = 192 * 1024;

/// The content of an attachment.
#[derive(Debug, Clone)]
pub enum Source {
    /// In memory.
    Bytes(Bytes),
    /// A file, read while the message is sent. It must stay there, and keep its size, as long as the message is used.
    File {
        /// Absolute, or relative to the folder in which the process runs.
        path: PathBuf,
    },
}

/// A source that exists, with its size.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bytes(Bytes),
    File { path: Arc<Path>, size: u64 },
}

impl Content {
    /// Looks whether the source is there and can be read.
    pub(crate) fn find(source: Source) -> Result<Self, Reason> {
        let path = match source {
            Source::Bytes(bytes) => return Ok(Self::Bytes(bytes)),
            Source::File { path } => path,
        };
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
        Ok(Self::File {
            path: path.into(),
            size,
        })
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { size, .. } => *size,
        }
    }

    pub(crate) fn reader(&self) -> Reader {
        match self {
            Self::Bytes(bytes) => Reader::Bytes(bytes.clone()),
            Self::File { path, size } => Reader::File(FileReader::new(Arc::clone(path), *size)),
        }
    }
}

/// Reads a [`Content`] from its beginning, as `BufRead` does: bytes are shown, and then consumed.
#[derive(Debug)]
pub(crate) enum Reader {
    Bytes(Bytes),
    File(FileReader),
}

impl Reader {
    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.unread + file.ready().len() as u64,
        }
    }

    /// Whether everything was consumed. Asked after a `fill`, which looks at an empty file too.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::File(file) => file.unread == 0 && file.ready().is_empty(),
        }
    }

    /// At most `want` bytes, which is a multiple of `unit`: whole units, fewer only at the end. Dropping the future
    /// loses nothing: the next call goes on.
    pub(crate) async fn fill(&mut self, want: usize, unit: usize) -> io::Result<&[u8]> {
        let (ready, all) = match self {
            Self::Bytes(bytes) => (&**bytes, true),
            Self::File(file) => {
                file.fill(unit).await?;
                (file.ready(), file.unread == 0)
            }
        };
        let length = if all || ready.len() >= want {
            ready.len()
        } else {
            ready.len() / unit * unit
        };
        Ok(ready.get(..length.min(want)).unwrap_or_default())
    }

    /// Goes on behind the next `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        match self {
            Self::Bytes(bytes) => bytes.advance(count.min(bytes.len())),
            Self::File(file) => file.start = file.buffer.len().min(file.start + count),
        }
    }
}

/// Reads a file in a few big steps, each of which goes to another thread and back, into one buffer.
#[derive(Debug)]
pub(crate) struct FileReader {
    path: Arc<Path>,
    size: u64,
    /// Bytes of the file that were not read yet.
    unread: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were consumed.
    start: usize,
    file: Option<File>,
    /// A read that was begun and not yet fetched. It has the buffer and the file.
    reading: Option<JoinHandle<io::Result<Step>>>,
}

impl FileReader {
    fn new(path: Arc<Path>, size: u64) -> Self {
        Self {
            path,
            size,
            unread: size,
            buffer: Vec::new(),
            start: 0,
            file: None,
            reading: None,
        }
    }

    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Makes at least `unit` bytes ready, or all that are left.
    async fn fill(&mut self, unit: usize) -> io::Result<()> {
        if self.ready().len() >= unit || (self.unread == 0 && self.file.is_some()) {
            return Ok(());
        }
        let reading = match &mut self.reading {
            Some(reading) => reading,
            empty => {
                self.buffer.drain(..self.start);
                self.start = 0;
                let step = Step {
                    file: self.file.take(),
                    buffer: std::mem::take(&mut self.buffer),
                    unread: self.unread,
                };
                let (path, size) = (Arc::clone(&self.path), self.size);
                empty.insert(tokio::task::spawn_blocking(move || step.take(&path, size)))
            }
        };
        let result = reading.await;
        self.reading = None;
        let step = result.map_err(io::Error::other)??;
        self.file = step.file;
        self.buffer = step.buffer;
        self.unread = step.unread;
        Ok(())
    }
}

/// What a read works on.
#[derive(Debug)]
struct Step {
    file: Option<File>,
    buffer: Vec<u8>,
    unread: u64,
}

impl Step {
    /// Reads on behind what is in the buffer. Opens the file, of which `size` bytes are expected, if it is not open
    /// yet, and makes sure at its end that there are no more.
    fn take(mut self, path: &Path, size: u64) -> io::Result<Self> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => File::open(path)?,
        };
        if self.unread == size && file.metadata()?.len() != size {
            return Err(changed(path, size));
        }
        let want = self.unread.min(READ);
        self.buffer.reserve_exact(usize::try_from(want).unwrap_or_default());
        let count = (&mut file).take(want).read_to_end(&mut self.buffer)? as u64;
        self.unread -= want;
        if count != want || (self.unread == 0 && file.read(&mut [0])? != 0) {
            return Err(changed(path, size));
        }
        self.file = Some(file);
        Ok(self)
    }
}

fn changed(path: &Path, size: u64) -> io::Error {
    let path = path.display();
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the attachment {path} changed while it was sent: it had {size} bytes"),
    )
}
