//! Reads a content from its beginning without holding it, and without waiting for the disk on the caller's thread.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use tokio::task::JoinHandle;

use super::Content;
use super::at::{self, ReadAt};
use crate::recode::{Decode, Decoder, changed};

/// Bytes of a file that are read at once and held.
const READ: u64 = 192 * 1024;

/// Bytes of an encoded content that are decoded at once.
const DECODED: usize = 64 * 1024;

/// Reads a [`Content`] from its beginning, as `BufRead` does: bytes are shown, and then consumed.
#[derive(Debug)]
pub(crate) enum Reader {
    Plain(Plain),
    Decoded(Box<Decoded>),
}

impl Reader {
    pub(super) fn plain(content: &Content) -> Self {
        Self::Plain(Plain::new(content))
    }

    /// Reads what `content` decodes to, which are `size` bytes.
    pub(crate) fn decoded(content: &Content, how: Decode, size: u64) -> Self {
        Self::Decoded(Box::new(Decoded {
            encoded: Plain::new(content),
            decoder: Decoder::new(how),
            undecoded: size,
            buffer: Vec::new(),
            start: 0,
            begun: false,
        }))
    }

    /// Bytes that are still to come.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Plain(plain) => plain.left(),
            Self::Decoded(decoded) => decoded.undecoded + decoded.ready().len() as u64,
        }
    }

    /// Whether everything was consumed. Asked after a `fill`, which looks at an empty file too.
    pub(crate) fn is_done(&self) -> bool {
        self.left() == 0
    }

    /// At most `want` bytes, which is a multiple of `unit`: whole units, fewer only at the end. Dropping the future
    /// loses nothing: the next call goes on.
    pub(crate) async fn fill(&mut self, want: usize, unit: usize) -> io::Result<&[u8]> {
        let (ready, all) = match self {
            Self::Plain(plain) => return plain.fill(want, unit).await,
            Self::Decoded(decoded) => {
                decoded.fill(unit).await?;
                (decoded.ready(), decoded.undecoded == 0)
            }
        };
        Ok(whole_units(ready, all, want, unit))
    }

    /// Goes on behind the next `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        match self {
            Self::Plain(plain) => plain.consume(count),
            Self::Decoded(decoded) => decoded.start = decoded.buffer.len().min(decoded.start + count),
        }
    }

    /// What is left, where it is in memory.
    pub(crate) fn in_memory(&mut self) -> Option<&mut Bytes> {
        match self {
            Self::Plain(Plain::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// At most `want` of what is ready, and whole units unless it is all there is.
fn whole_units(ready: &[u8], all: bool, want: usize, unit: usize) -> &[u8] {
    let length = if all || ready.len() >= want {
        ready.len()
    } else {
        ready.len() / unit * unit
    };
    ready.get(..length.min(want)).unwrap_or_default()
}

/// Reads a content as it is.
#[derive(Debug)]
pub(crate) enum Plain {
    Bytes(Bytes),
    Range(RangeReader),
}

impl Plain {
    fn new(content: &Content) -> Self {
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

    fn left(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Range(range) => range.unread + range.ready().len() as u64,
        }
    }

    async fn fill(&mut self, want: usize, unit: usize) -> io::Result<&[u8]> {
        let (ready, all) = match self {
            Self::Bytes(bytes) => (&**bytes, true),
            Self::Range(range) => {
                range.fill(unit).await?;
                (range.ready(), range.unread == 0)
            }
        };
        Ok(whole_units(ready, all, want, unit))
    }

    fn consume(&mut self, count: usize) {
        match self {
            Self::Bytes(bytes) => bytes.advance(count.min(bytes.len())),
            Self::Range(range) => range.start = range.buffer.len().min(range.start + count),
        }
    }
}

/// Reads what a content decodes to.
#[derive(Debug)]
pub(crate) struct Decoded {
    encoded: Plain,
    decoder: Decoder,
    /// Bytes that are still to be decoded, as they were counted when the message was accepted.
    undecoded: u64,
    buffer: Vec<u8>,
    /// Bytes of the buffer that were consumed.
    start: usize,
    /// Whether the content was looked at: one that decodes to nothing is, too.
    begun: bool,
}

impl Decoded {
    fn ready(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Makes at least `unit` bytes ready, or all that are left.
    async fn fill(&mut self, unit: usize) -> io::Result<()> {
        if self.begun && (self.ready().len() >= unit || self.undecoded == 0) {
            return Ok(());
        }
        self.buffer.drain(..self.start);
        self.start = 0;
        while self.buffer.len() < unit.max(DECODED / 2) && (self.encoded.left() > 0 || !self.begun) {
            let input = self.encoded.fill(DECODED, 1).await?;
            let before = self.buffer.len();
            self.decoder.push(input, &mut self.buffer);
            let count = input.len();
            self.encoded.consume(count);
            if self.encoded.left() == 0 {
                self.decoder.finish(&mut self.buffer);
            }
            let more = (self.buffer.len() - before) as u64;
            self.undecoded = self.undecoded.checked_sub(more).ok_or_else(changed)?;
            self.begun = true;
        }
        if self.encoded.left() == 0 && self.undecoded > 0 {
            return Err(changed());
        }
        Ok(())
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
