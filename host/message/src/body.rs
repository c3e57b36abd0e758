//! A stream of bytes that is pulled: the MIME of a message, or the content of an attachment.
//!
//! Whatever the size of the message, a body holds at most a few blocks. Small pieces are joined, so that a small
//! message is one block; big ones in memory are lent and not copied.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;

use crate::encode::{self, LINE_IN, LINE_OUT};
use crate::recode::{Recoder, changed};
use crate::source::Reader;
use crate::stuff;

/// No block is bigger, in bytes.
const BLOCK: usize = 64 * 1024;
/// With less room than this left in a block, a new one is begun.
const ROOM: usize = 1024;

/// One stretch of a body.
#[derive(Debug)]
pub(crate) enum Segment {
    /// Bytes that are ready.
    Ready(Bytes),
    /// Bytes that are ready, in which lines that begin with a dot get another one. Starts at the start of a line.
    Dotted { text: Bytes, at_line_start: bool },
    /// An attachment as it is.
    Content(Reader),
    /// An attachment in base64, in lines of 76 characters.
    Lines(Reader),
    /// An attachment in base64, in one line.
    Line(Reader),
    /// A stretch of MIME that came in.
    Recoded(Box<Recoding>),
}

/// A stretch of MIME, rewritten on its way.
#[derive(Debug)]
pub(crate) struct Recoding {
    pub(crate) reader: Reader,
    pub(crate) recoder: Recoder,
    /// Bytes that it still makes, dots not stuffed, as they were counted when the message was accepted.
    pub(crate) left: u64,
    /// Where dots are stuffed: whether a line starts here.
    pub(crate) at_line_start: Option<bool>,
}

impl Recoding {
    /// Makes some bytes, `room` at most.
    async fn step(&mut self, room: usize, scratch: &mut Vec<u8>, out: &mut Vec<u8>) -> io::Result<()> {
        // No recoder makes more than 3.2 bytes of one, and none that makes dots makes more than 2.
        let input = self.reader.fill(room / 4, 1).await?;
        scratch.clear();
        self.recoder.push(input, scratch)?;
        let count = input.len();
        self.reader.consume(count);
        if self.reader.is_done() {
            self.recoder.finish(scratch)?;
        }
        self.left = self.left.checked_sub(scratch.len() as u64).ok_or_else(changed)?;
        if self.reader.is_done() && self.left > 0 {
            return Err(changed());
        }
        match &mut self.at_line_start {
            Some(at_line_start) => stuff::append(scratch, at_line_start, out),
            None => out.extend_from_slice(scratch),
        }
        Ok(())
    }
}

/// A stream of bytes that is pulled.
///
/// An attachment that is a file is read on tokio's blocking threads, so that [`Body::next`] must run inside a tokio
/// runtime.
#[derive(Debug)]
pub struct Body {
    segments: VecDeque<Segment>,
    size: Option<u64>,
    block: Vec<u8>,
    scratch: Vec<u8>,
    failed: bool,
}

impl Body {
    pub(crate) fn new(segments: VecDeque<Segment>, size: Option<u64>) -> Self {
        Self {
            segments,
            size,
            block: Vec::new(),
            scratch: Vec::new(),
            failed: false,
        }
    }

    pub(crate) fn content(reader: Reader) -> Self {
        let size = reader.left();
        Self::new(VecDeque::from([Segment::Content(reader)]), Some(size))
    }

    pub(crate) fn base64(reader: Reader) -> Self {
        let size = encode::one_line_len(reader.left());
        Self::new(VecDeque::from([Segment::Line(reader)]), Some(size))
    }

    /// Bytes of the whole body, exactly; `None` where dots are stuffed.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// The next block: at most 64 KiB and never empty. `None` at the end, and for ever after.
    ///
    /// Dropping the future loses nothing: the next call goes on where it was.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or whose size is not the one it had when the message was accepted. The body is then
    /// of no use any more: every later call fails too, so that a broken stream cannot be taken for a finished one.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.failed {
            return Err(io::Error::other("this body failed before"));
        }
        let result = self.pull().await;
        self.failed = result.is_err();
        result
    }

    async fn pull(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let room = BLOCK - self.block.len().min(BLOCK);
            if room < ROOM {
                return Ok(self.flush());
            }
            if let Some(lent) = self.lend() {
                return Ok(Some(lent));
            }
            if self.block.capacity() == 0 {
                let left = self.segments.iter().map(Segment::left).fold(0, usize::saturating_add);
                self.block.reserve_exact(left.min(BLOCK));
            }
            let Some(segment) = self.segments.front_mut() else {
                return Ok(self.flush());
            };
            match segment {
                Segment::Ready(bytes) => self.block.extend_from_slice(&bytes.split_to(bytes.len().min(room))),
                Segment::Dotted { text, at_line_start } => {
                    // Every third byte can be a dot to stuff.
                    let chunk = text.split_to(text.len().min(room / 4 * 3));
                    stuff::append(&chunk, at_line_start, &mut self.block);
                }
                Segment::Content(reader) => {
                    let input = reader.fill(room, 1).await?;
                    self.block.extend_from_slice(input);
                    let count = input.len();
                    reader.consume(count);
                }
                Segment::Lines(reader) => {
                    let input = reader.fill(room / LINE_OUT * LINE_IN, LINE_IN).await?;
                    encode::wrapped(input, &mut self.scratch, &mut self.block);
                    let count = input.len();
                    reader.consume(count);
                }
                Segment::Line(reader) => {
                    let input = reader.fill(room / 4 * 3, 3).await?;
                    encode::append(input, &mut self.block);
                    let count = input.len();
                    reader.consume(count);
                }
                Segment::Recoded(recoding) => {
                    recoding.step(room, &mut self.scratch, &mut self.block).await?;
                }
            }
            if segment.is_done() {
                self.segments.pop_front();
            }
        }
    }

    /// Bytes in memory that make a block by themselves need not be copied.
    fn lend(&mut self) -> Option<Bytes> {
        let alone = self.segments.len() == 1;
        if !self.block.is_empty() {
            return None;
        }
        let segment = self.segments.front_mut()?;
        let bytes = match segment {
            Segment::Ready(bytes) => bytes,
            Segment::Content(reader) => reader.in_memory()?,
            _ => return None,
        };
        if bytes.is_empty() || (bytes.len() < BLOCK && !alone) {
            return None;
        }
        let lent = bytes.split_to(bytes.len().min(BLOCK));
        if segment.is_done() {
            self.segments.pop_front();
        }
        Some(lent)
    }

    fn flush(&mut self) -> Option<Bytes> {
        let block = std::mem::take(&mut self.block);
        (!block.is_empty()).then(|| block.into())
    }
}

impl Segment {
    fn is_done(&self) -> bool {
        match self {
            Self::Ready(bytes) | Self::Dotted { text: bytes, .. } => bytes.is_empty(),
            Self::Content(reader) | Self::Lines(reader) | Self::Line(reader) => reader.is_done(),
            Self::Recoded(recoding) => recoding.reader.is_done(),
        }
    }

    /// Bytes that it still makes, or a little fewer where dots are stuffed.
    fn left(&self) -> usize {
        let size = match self {
            Self::Ready(bytes) | Self::Dotted { text: bytes, .. } => return bytes.len(),
            Self::Content(reader) => reader.left(),
            Self::Lines(reader) => encode::wrapped_len(reader.left()),
            Self::Line(reader) => encode::one_line_len(reader.left()),
            Self::Recoded(recoding) => recoding.left,
        };
        usize::try_from(size).unwrap_or(usize::MAX)
    }
}
