//! A request on its way, from when it takes its place among the session's connections to the last of its bytes.
//!
//! The threat: a request that holds memory of the host and counts for nothing. A server of the guest's own answers at once and
//! takes no more bytes; the guest drops the answer and begins another. So the place is held by whoever holds any of the request:
//! its answer, its body, and each block of the body that was handed over and is not written yet.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use crate::floor::OnItsWay;

/// What a guest composed is handed over in blocks of so many bytes at most: a server that takes one byte has the host keep one
/// block, and not all of the body.
pub(super) const BLOCK: usize = 64 << 10;

/// One request and its answer. Its place is free once nobody holds it any more.
pub(crate) struct Underway {
    _place: OwnedSemaphorePermit,
}

impl Underway {
    pub(super) fn new(place: OwnedSemaphorePermit) -> Arc<Self> {
        Arc::new(Self { _place: place })
    }
}

/// The body of a request, until all of it is written or given up.
pub(super) struct Outward {
    _underway: Arc<Underway>,
    _on_its_way: OnItsWay,
}

impl Outward {
    pub(super) fn new(underway: Arc<Underway>, on_its_way: OnItsWay) -> Arc<Self> {
        Arc::new(Self {
            _underway: underway,
            _on_its_way: on_its_way,
        })
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
