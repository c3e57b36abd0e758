//! Reads a content from its beginning without holding it, and without waiting for the disk on the caller's thread.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::task::JoinHandle;

use super::Content;
use super::at::{self, ReadAt};

/// Bytes of a file that are read at once and held.
const READ: u64 = 192 * 1024;

/// Reads a [`Content`] from its beginning, as `BufRead` does: bytes are shown, and then consumed.
#[derive(Debug)]
pub(crate) enum Reader {
    Bytes(Bytes),
    Range(RangeReader),
}

impl Reader {
    pub(super) fn new(content: &Content) -> Self {
        match content {
            Content::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Content::Range { file, offset, len } => Self::Range(RangeReader {
                file: Arc::clone(file),
                offset: *offset,
                unread: *len,
                buffer: Vec::new(),
                start: 0,
                begun: false,
                reading: None,
            }),
        }
    }

    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Range(range) => range.unread + range.ready().len() as u64,
        }
    }

    /// Whether everything was consumed. Asked after a `fill`, which looks at an empty file too.
    pub(crate) fn is_done(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Range(range) => range.unread == 0 && range.ready().is_empty(),
        }
    }

    /// At most `want` bytes, which is a multiple of `unit`: whole units, fewer only at the end. Dropping the future
    /// loses nothing: the next call goes on.
    pub(crate) async fn fill(&mut self, want: usize, unit: usize) -> io::Result<&[u8]> {
        let (ready, all) = match self {
            Self::Bytes(bytes) => (&**bytes, true),
            Self::Range(range) => {
                range.fill(unit).await?;
                (range.ready(), range.unread == 0)
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
            Self::Range(range) => range.start = range.buffer.len().min(range.start + count),
        }
    }
}

/// Reads in a few big steps, each of which goes to another thread and back, into one buffer.
#[derive(Debug)]
pub(crate) struct RangeReader {
    file: Arc<dyn ReadAt>,
    /// Where the next step reads.
    offset: u64,
    /// Bytes that no step has read yet.
    unread: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were consumed.
    start: usize,
    /// Whether the file was looked at: an empty one is, too.
    begun: bool,
    /// A read that was begun and not yet fetched. It has the buffer, and gives it back with as many bytes more as it
    /// was to read.
    reading: Option<JoinHandle<io::Result<Vec<u8>>>>,
}

impl RangeReader {
    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Makes at least `unit` bytes ready, or all that are left.
    async fn fill(&mut self, unit: usize) -> io::Result<()> {
        if self.ready().len() >= unit || (self.unread == 0 && self.begun) {
            return Ok(());
        }
        let step = self.unread.min(READ);
        let reading = match &mut self.reading {
            Some(reading) => reading,
            empty => {
                self.buffer.drain(..self.start);
                self.start = 0;
                let mut buffer = std::mem::take(&mut self.buffer);
                let (file, offset) = (Arc::clone(&self.file), self.offset);
                empty.insert(tokio::task::spawn_blocking(move || {
                    let held = buffer.len();
                    buffer.resize(held + usize::try_from(step).unwrap_or_default(), 0);
                    at::read_exact(&*file, buffer.get_mut(held..).unwrap_or_default(), offset)?;
                    Ok(buffer)
                }))
            }
        };
        let result = reading.await;
        self.reading = None;
        self.buffer = result.map_err(io::Error::other)??;
        self.offset += step;
        self.unread -= step;
        self.begun = true;
        Ok(())
    }
}
