//! The content after DATA or BDAT: counts it and keeps it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relais_smtpd::{Incoming, Lost, Wire};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Keep;

/// Reads a mail, or a chunk of one, to its end, whatever its size: a client that is too big is told so only after its final dot
/// (RFC 5321 section 4.5.3.1.9).
pub(crate) async fn receive<S>(wire: &mut Wire<S>, mut incoming: Incoming, mut body: Body) -> Result<Body, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let step = incoming.step(wire.pending(), |part| body.push(part));
        wire.consume(step.consumed);
        if step.done {
            return Ok(body);
        }
        wire.fill().await?;
    }
}

/// Why content was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is larger than the limit of one mail.
    TooLarge,
    /// The mails kept so far leave no room for it.
    NoRoom,
}

impl Refusal {
    /// The reply that says so.
    pub(crate) fn reply(self) -> &'static str {
        match self {
            Self::TooLarge => "552 5.3.4 Mail larger than the announced SIZE",
            Self::NoRoom => "452 4.3.1 No room for more mails",
        }
    }
}

/// The content of one mail while it comes in.
#[derive(Debug)]
pub(crate) struct Body {
    octets: Vec<u8>,
    size: u64,
    limit: u64,
    keep: Keep,
    room: Arc<Room>,
    refusal: Option<Refusal>,
}

impl Body {
    /// Content of at most `limit` octets. What [`Keep::All`] holds is taken from `room`, and goes back when the body
    /// is dropped without [`Body::take`].
    pub(crate) fn new(limit: u64, keep: Keep, room: Arc<Room>) -> Self {
        Self {
            octets: Vec::new(),
            size: 0,
            limit,
            keep,
            room,
            refusal: None,
        }
    }

    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }

    /// The content, for good: its room is not given back.
    pub(crate) fn take(mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }

    fn push(&mut self, part: &[u8]) {
        if self.refusal.is_some() {
            return;
        }
        let length = part.len() as u64;
        self.size += length;
        if self.size > self.limit {
            self.refuse(Refusal::TooLarge);
        } else if self.keep == Keep::All {
            if self.room.take(length) {
                self.octets.extend_from_slice(part);
            } else {
                self.refuse(Refusal::NoRoom);
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refusal = Some(refusal);
        self.room.give(self.octets.len() as u64);
        self.octets = Vec::new();
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.room.give(self.octets.len() as u64);
    }
}

/// Octets that may still be kept, over all sessions.
#[derive(Debug)]
pub(crate) struct Room(AtomicU64);

impl Room {
    pub(crate) fn new(octets: u64) -> Self {
        Self(AtomicU64::new(octets))
    }

    fn take(&self, octets: u64) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(octets))
            .is_ok()
    }

    fn give(&self, octets: u64) {
        self.0.fetch_add(octets, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn kept_mails_take_room_and_refused_ones_give_it_back() {
        let room = Arc::new(Room::new(10));
        let body = |limit, content: &[u8]| {
            let mut body = Body::new(limit, Keep::All, Arc::clone(&room));
            content.chunks(2).for_each(|part| body.push(part));
            body
        };
        assert_eq!(body(5, b"sixsix").refusal(), Some(Refusal::TooLarge));
        assert_eq!(body(20, b"more than ten").refusal(), Some(Refusal::NoRoom));
        drop(body(20, b"forgotten"));
        assert_eq!(body(20, b"kept").take(), b"kept");
        assert_eq!(body(20, b"sevenoc").refusal(), Some(Refusal::NoRoom));
        assert_eq!(body(20, b"sixoct").refusal(), None);
    }

    #[test]
    fn counting_keeps_nothing() {
        let mut body = Body::new(10, Keep::Count, Arc::new(Room::new(0)));
        body.push(b"content");
        assert_eq!((body.refusal(), body.size), (None, 7));
        assert!(body.take().is_empty());
    }
}
