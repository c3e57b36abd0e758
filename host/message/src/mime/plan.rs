//! What a MIME becomes: stretches of it that pass as they are, and what stands in the place of the others.

use super::Fault;
use crate::frame::Piece;
use crate::recode::Recode;
use crate::source::Content;

/// A place at the start of a line, or at the end of one in front of its line break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes before it.
    pub(super) at: u64,
    /// Line breaks before it that are LF alone, each of which will be a byte more.
    pub(super) lfs: u64,
}

/// Made from the front to the back.
pub(super) struct Plan<'a> {
    content: &'a Content,
    pieces: Vec<Piece>,
    size: u64,
    /// Up to where everything is decided.
    done: Place,
}

impl<'a> Plan<'a> {
    /// For what stands behind the message's header, from `start` on.
    pub(super) fn new(content: &'a Content, start: Place) -> Self {
        Self {
            content,
            pieces: Vec::new(),
            size: 0,
            done: start,
        }
    }

    /// Everything up to `to` passes as it is; `unended` where the message ends there without a line break.
    pub(super) fn pass(&mut self, to: Place, unended: bool) -> Result<(), Fault> {
        let from = std::mem::replace(&mut self.done, to);
        let len = to.at.saturating_sub(from.at);
        if len > 0 {
            let end = if unended { 2 } else { 0 };
            self.stream(from.at, len, Recode::Lines, len + to.lfs.saturating_sub(from.lfs) + end)?;
        }
        Ok(())
    }

    /// What is behind the place that was decided last is left out up to `to`.
    pub(super) fn skip(&mut self, to: Place) {
        self.done = to;
    }

    pub(super) fn text(&mut self, text: Vec<u8>) {
        self.size += text.len() as u64;
        self.pieces.push(Piece::Text(text.into()));
    }

    /// The `len` bytes from `start` on, written in another way. Says how many bytes they become.
    pub(super) fn recode(&mut self, start: u64, len: u64, how: Recode) -> Result<u64, Fault> {
        let size = how.measure(&self.stretch(start, len)?)?;
        self.stream(start, len, how, size)?;
        Ok(size)
    }

    fn stream(&mut self, start: u64, len: u64, how: Recode, size: u64) -> Result<(), Fault> {
        let content = self.stretch(start, len)?;
        self.size = self.size.saturating_add(size);
        self.pieces.push(Piece::Stream { content, how, size });
        Ok(())
    }

    fn stretch(&self, start: u64, len: u64) -> Result<Content, Fault> {
        self.content
            .slice(start, len)
            .ok_or_else(|| Fault::Read(crate::recode::changed()))
    }

    /// The pieces, and the bytes of them all.
    pub(super) fn finish(self) -> (Vec<Piece>, u64) {
        (self.pieces, self.size)
    }
}
