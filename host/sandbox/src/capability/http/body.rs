//! Bodies: pieces on their way out, counted as they leave; answers on their way in, counted as they arrive.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use relais_outgoing::Body;

use super::underway::{BLOCK, Outward, Unread};
use crate::bindings::relais::connector::streams::StreamError;
use crate::capability::part::MessageBody;
use crate::capability::streams::some_of;
use crate::context::Context;
use crate::floor::Turn;

/// A piece of a request body.
pub(crate) enum Piece {
    Bytes(Bytes),
    Message(Box<MessageBody>),
    Response(Box<ResponseBody>),
}

/// Bytes of all pieces, where each is known.
pub(super) fn size(pieces: &[Piece]) -> Option<u64> {
    pieces.iter().try_fold(0u64, |sum, piece| {
        let size = match piece {
            Piece::Bytes(bytes) => Some(bytes.len() as u64),
            Piece::Message(body) => body.size(),
            Piece::Response(_) => None,
        };
        sum.checked_add(size?)
    })
}

/// The pieces as one body. The end of the message's own stream is marked before its last block is handed over, so that a
/// connection lost meanwhile leaves the outcome unknown.
pub(super) fn request_body(pieces: Vec<Piece>, turn: Turn, outward: Arc<Outward>, context: Arc<Context>) -> Body {
    let start = Blocks {
        pieces: pieces.into_iter(),
        current: None,
        ahead: None,
        turn,
        outward: Some(outward),
        context,
    };
    Body::wrap_stream(blocks(start))
}

struct Blocks {
    pieces: std::vec::IntoIter<Piece>,
    current: Option<Piece>,
    /// Read ahead of what is handed over.
    ahead: Option<Bytes>,
    turn: Turn,
    /// Until the last block is handed over, which holds it on.
    outward: Option<Arc<Outward>>,
    context: Arc<Context>,
}

fn blocks(start: Blocks) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::try_unfold(start, |mut blocks| async move {
        let block = match blocks.ahead.take() {
            Some(block) => Some(block),
            None => blocks.read().await?,
        };
        let Some(block) = block else {
            return Ok(None);
        };
        // Before the message is read to its end for nothing, and once more before anything of it leaves.
        blocks.goes_on().await?;
        blocks.ahead = blocks.read().await?;
        let leaves = blocks.context.leave(blocks.turn, block.len()).await;
        leaves.map_err(std::io::Error::other)?;
        blocks.goes_on().await?;
        blocks.context.meter.carried(block.len());
        let outward = match blocks.ahead {
            Some(_) => blocks.outward.clone(),
            None => blocks.outward.take(),
        };
        let block = match outward {
            Some(outward) => outward.block(block),
            None => block,
        };
        Ok(Some((block, blocks)))
    })
}

impl Blocks {
    async fn goes_on(&mut self) -> Result<(), std::io::Error> {
        match &self.outward {
            Some(outward) => outward.goes_on(self.turn, &self.context).await,
            None => Ok(()),
        }
    }

    async fn read(&mut self) -> Result<Option<Bytes>, std::io::Error> {
        let failed = |error: StreamError| std::io::Error::other(format!("{error:?}"));
        loop {
            let block = match &mut self.current {
                None => None,
                Some(Piece::Bytes(bytes)) => Some(some_of(bytes, BLOCK)).filter(|bytes| !bytes.is_empty()),
                Some(Piece::Message(body)) => body.next(self.turn, &self.context).await.map_err(failed)?,
                Some(Piece::Response(body)) => body.read(usize::MAX, &self.context).await.map_err(failed)?,
            };
            match block {
                Some(block) => return Ok(Some(block)),
                None => match self.pieces.next() {
                    Some(piece) => self.current = Some(piece),
                    None => return Ok(None),
                },
            }
        }
    }
}

/// An answer's body, read block by block.
pub struct ResponseBody {
    body: Body,
    pending: Bytes,
    /// Given back with the end of the body: a runtime may drop it late.
    unread: Option<Unread>,
}

impl ResponseBody {
    pub(super) fn new(body: Body, unread: Unread) -> Self {
        Self {
            unread: (!body.is_end_stream()).then_some(unread),
            body,
            pending: Bytes::new(),
        }
    }

    /// At most `len` bytes; none at the end.
    pub(crate) async fn read(&mut self, len: usize, context: &Context) -> Result<Option<Bytes>, StreamError> {
        while self.pending.is_empty() {
            if self.body.is_end_stream() {
                self.unread = None;
                return Ok(None);
            }
            let frame = tokio::time::timeout(context.limits.silence, self.body.frame()).await;
            match frame.map_err(|_| StreamError::Timeout)? {
                None => {
                    self.unread = None;
                    return Ok(None);
                }
                Some(Err(error)) if error.is_timeout() => return Err(StreamError::Timeout),
                Some(Err(error)) => return Err(StreamError::Failed(format!("the answer broke off: {error}"))),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        let counted = context.meter.arrived(bytes.len());
                        counted.map_err(|limit| StreamError::Refused(context.limited(limit)))?;
                        self.pending = bytes;
                    }
                }
            }
        }
        Ok(Some(some_of(&mut self.pending, len)))
    }
}
