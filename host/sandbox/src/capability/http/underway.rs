//! A request on its way, from when it takes its place among the session's connections to the last of its bytes.
//!
//! The threat: a request that holds memory of the host and counts for nothing. A server of the guest's own answers at once and
//! takes no more bytes; the guest drops the answer and begins another. So the place is held by whoever holds any of the request:
//! its answer, its body, and each block of the body that was handed over and is not written yet.
//!
//! The other: a message that the remote turned down while it was coming, and that then came whole. A body whose answer is no
//! success goes no further: how much of it the remote has is then certain.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::context::Context;
use crate::floor::{OnItsWay, Turn};

/// What a guest composed is handed over in blocks of so many bytes at most: a server that takes one byte has the host keep one
/// block, and not all of the body.
pub(super) const BLOCK: usize = 64 << 10;

/// How long the rest of a body waits for its answer to be read. Breaking a body off ends the connection, the answer with it;
/// going on waiting would hang where a server wants all of a request before it says why it wants none of it.
const READING: Duration = Duration::from_secs(10);

/// One request and its answer. Its place is free once nobody holds it any more.
pub(crate) struct Underway {
    _place: OwnedSemaphorePermit,
    /// The request was answered, and by no success. Comes to its end when the answer is read or dropped.
    turned_down: Mutex<Option<oneshot::Receiver<()>>>,
}

/// Whoever holds it may still read the answer to a request that was turned down.
pub(crate) struct Unread {
    _underway: Arc<Underway>,
    _reads: Option<oneshot::Sender<()>>,
}

impl Underway {
    pub(super) fn new(place: OwnedSemaphorePermit) -> Arc<Self> {
        Arc::new(Self {
            _place: place,
            turned_down: Mutex::default(),
        })
    }

    /// There is an answer. Where it is no success, no block of the body is handed over from here on.
    pub(super) fn answered(self: Arc<Self>, status: http::StatusCode) -> Unread {
        let reads = (!status.is_success()).then(|| {
            let (reads, ends) = oneshot::channel();
            *self.turned_down.lock().unwrap_or_else(|e| e.into_inner()) = Some(ends);
            reads
        });
        Unread {
            _underway: self,
            _reads: reads,
        }
    }
}

/// The body of a request, until all of it is written or given up.
pub(super) struct Outward {
    underway: Arc<Underway>,
    _on_its_way: OnItsWay,
}

impl Outward {
    pub(super) fn new(underway: Arc<Underway>, on_its_way: OnItsWay) -> Arc<Self> {
        Arc::new(Self {
            underway,
            _on_its_way: on_its_way,
        })
    }

    /// Whether the body goes on, asked before each block is handed over. An error breaks it off.
    pub(super) async fn goes_on(&self, turn: Turn, context: &Context) -> io::Result<()> {
        let turned_down = {
            let mut turned_down = self.underway.turned_down.lock().unwrap_or_else(|e| e.into_inner());
            turned_down.take()
        };
        match turned_down {
            None => Ok(()),
            Some(ends) => {
                context.floor.withheld(turn);
                let _ = tokio::time::timeout(READING, ends).await;
                Err(io::Error::other("the server has turned the request down"))
            }
        }
    }

    /// A block of the body, which holds it until the connection has written the block.
    pub(super) fn block(self: Arc<Self>, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Block { bytes, _of: self })
    }
}

struct Block {
    bytes: Bytes,
    _of: Arc<Outward>,
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
