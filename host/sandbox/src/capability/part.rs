//! A part of the message as a stream: the whole MIME, or an attachment; a range of one; either in base64.
//!
//! The threat: a message that left whole though no stream of it was read to its end. So a guest that takes a range of the
//! message itself holds content that it can send in its own words, as if it had read it.

use std::sync::Arc;

use bytes::Bytes;
use relais_message as mail;
use tokio::sync::Mutex;

use crate::bindings::relais::connector::streams::StreamError;
use crate::capability::base64::Base64;
use crate::capability::streams::some_of;
use crate::context::Context;
use crate::floor::Turn;

/// A part of the message on its way.
pub struct MessageBody {
    /// The call that it is good for.
    pub(crate) call: u64,
    plain: Plain,
    encoding: Option<Encoding>,
}

/// The bytes as they are.
struct Plain {
    /// Shared with the ranges that were taken from it.
    source: Arc<Mutex<Source>>,
    /// The stream is the message itself, so that its end is the message gone.
    whole: bool,
    /// Bytes still to come of a range, however many its source has.
    range: Option<u64>,
    ended: bool,
}

/// Bytes of the message, as they come.
struct Source {
    body: mail::Body,
    /// What came and was not wanted yet.
    pending: Bytes,
    /// Bytes still to come, those that are pending among them, where that is known.
    left: Option<u64>,
    ended: bool,
}

#[derive(Default)]
struct Encoding {
    base64: Base64,
    /// What was encoded and not wanted yet.
    pending: Bytes,
    ended: bool,
}

impl Source {
    /// At most `most` bytes; none at the end.
    async fn next(&mut self, most: u64) -> Result<Option<Bytes>, StreamError> {
        if self.pending.is_empty() && !self.ended {
            let failed = |e: std::io::Error| StreamError::Failed(format!("the message cannot be read: {e}"));
            match self.body.next().await.map_err(failed)? {
                Some(block) => self.pending = block,
                None => self.ended = true,
            }
        }
        if self.pending.is_empty() {
            return Ok(None);
        }
        let some = some_of(&mut self.pending, fitting(most));
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(some.len() as u64);
        }
        Ok(Some(some))
    }
}

impl Plain {
    /// At most `most` bytes; none at the end.
    async fn next(&mut self, most: u64, turn: Turn, context: &Context) -> Result<Option<Bytes>, StreamError> {
        let most = self.range.map_or(most, |range| range.min(most));
        if self.ended || most == 0 {
            return Ok(None);
        }
        // What prepares the message leaves it with the remote: any request after it may be the one that sends it.
        if !self.whole || turn.prepares() {
            context.floor.content_exposed();
        }
        let block = self.source.lock().await.next(most).await?;
        match &block {
            Some(block) => self.range = self.range.map(|range| range.saturating_sub(block.len() as u64)),
            None => {
                if self.whole {
                    let passed = context.before_leaving(turn).await;
                    passed.map_err(|held| StreamError::Refused(context.held(held)))?;
                }
                self.ended = true;
            }
        }
        Ok(block)
    }

    fn size(&self) -> Option<u64> {
        let left = self.source.try_lock().ok()?.left?;
        Some(self.range.map_or(left, |range| range.min(left)))
    }
}

impl Encoding {
    /// At most `most` characters; none at the end.
    async fn next(
        &mut self,
        plain: &mut Plain,
        most: u64,
        turn: Turn,
        context: &Context,
    ) -> Result<Option<Bytes>, StreamError> {
        while self.pending.is_empty() && !self.ended {
            self.pending = match plain.next(u64::MAX, turn, context).await? {
                Some(block) => self.base64.push(&block).into(),
                None => {
                    self.ended = true;
                    self.base64.finish().into()
                }
            };
        }
        Ok(Some(some_of(&mut self.pending, fitting(most))).filter(|block| !block.is_empty()))
    }
}

impl MessageBody {
    pub(crate) fn new(body: mail::Body, call: u64, whole: bool) -> Self {
        let source = Source {
            left: body.size(),
            body,
            pending: Bytes::new(),
            ended: false,
        };
        let plain = Plain {
            source: Arc::new(Mutex::new(source)),
            whole,
            range: None,
            ended: false,
        };
        Self {
            call,
            plain,
            encoding: None,
        }
    }

    /// The next block, as large as it comes; none at the end. Before the end of the message itself it waits for the gate:
    /// whoever reads ahead of what it writes has not written the last block by then.
    pub(crate) async fn next(&mut self, turn: Turn, context: &Context) -> Result<Option<Bytes>, StreamError> {
        self.at_most(u64::MAX, turn, context).await
    }

    /// At most `len` bytes for the guest, who can send them in its own words from here on.
    pub(crate) async fn read(&mut self, len: usize, context: &Context) -> Result<Option<Bytes>, StreamError> {
        context.floor.content_exposed();
        self.at_most(len as u64, context.floor.turn(), context).await
    }

    /// Leaves `len` bytes out, or all that are left; answers their number.
    pub(crate) async fn skip(&mut self, len: u64, context: &Context) -> Result<u64, StreamError> {
        let turn = context.floor.turn();
        let mut skipped = 0;
        while skipped < len {
            match self.at_most(len - skipped, turn, context).await? {
                Some(block) => skipped += block.len() as u64,
                None => break,
            }
        }
        Ok(skipped)
    }

    /// The next `len` bytes, or all that are left, as a stream of its own; none where they are in base64.
    pub(crate) fn take(&self, len: u64, context: &Context) -> Option<Self> {
        if self.encoding.is_some() {
            return None;
        }
        if self.plain.whole {
            context.floor.content_exposed();
        }
        let plain = Plain {
            source: self.plain.source.clone(),
            whole: false,
            range: Some(self.plain.range.map_or(len, |range| range.min(len))),
            ended: self.plain.ended,
        };
        Some(Self {
            call: self.call,
            plain,
            encoding: None,
        })
    }

    /// Writes what is left in base64.
    pub(crate) fn encode(&mut self) {
        self.encoding.get_or_insert_default();
    }

    /// Bytes still to come, where that is known.
    pub(crate) fn size(&self) -> Option<u64> {
        let left = self.plain.size()?;
        Some(match &self.encoding {
            None => left,
            Some(encoding) => encoding.base64.left(left) + encoding.pending.len() as u64,
        })
    }

    async fn at_most(&mut self, most: u64, turn: Turn, context: &Context) -> Result<Option<Bytes>, StreamError> {
        match &mut self.encoding {
            None => self.plain.next(most, turn, context).await,
            Some(encoding) => encoding.next(&mut self.plain, most, turn, context).await,
        }
    }
}

fn fitting(most: u64) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}
