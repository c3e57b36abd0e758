//! The content after DATA: finds its end, takes the added dots out, counts it and keeps it.
//!
//! Only CRLF.CRLF ends a mail and only CRLF begins a line, so that content with lone CR or LF stays one mail. Blocks
//! are scanned as they come, in the buffer of the connection; nothing is done line by line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::Keep;
use crate::wire::{Lost, Wire};

/// Reads a mail to its end, whatever its size: a client that is too big is told so only after its final dot
/// (RFC 5321 section 4.5.3.1.9).
pub(crate) async fn receive<S>(wire: &mut Wire<S>, mut body: Body) -> Result<Body, Lost>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut scanner = Scanner::default();
    loop {
        let step = scanner.step(wire.pending(), |part| body.push(part));
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

/// Where the scan stands between two blocks.
#[derive(Debug)]
struct Scanner {
    /// The next octet begins a line: the mail's start, or right after CRLF.
    at_line_start: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { at_line_start: true }
    }
}

struct Step {
    /// Octets of the block that are done with; at most two stay, to be given again with what follows.
    consumed: usize,
    /// The final dot was among them.
    done: bool,
}

impl Scanner {
    /// Passes the content in `block` to `push`, up to the end of the mail or of what can be judged yet.
    fn step(&mut self, block: &[u8], mut push: impl FnMut(&[u8])) -> Step {
        let mut rest = block;
        loop {
            if self.at_line_start {
                match rest {
                    [b'.', b'\r', b'\n', after @ ..] => {
                        return Step {
                            consumed: block.len() - after.len(),
                            done: true,
                        };
                    }
                    [b'.'] | [b'.', b'\r'] => break,
                    // RFC 5321 section 4.5.2: the first of the dots was added.
                    [b'.', after @ ..] => rest = after,
                    [] => break,
                    _ => {}
                }
                self.at_line_start = false;
            }
            let split = match memmem::find(rest, b"\r\n.") {
                Some(found) => {
                    self.at_line_start = true;
                    found + 2
                }
                None if rest.ends_with(b"\r\n") => {
                    self.at_line_start = true;
                    rest.len()
                }
                // It may be the first half of a CRLF.
                None if rest.ends_with(b"\r") => rest.len() - 1,
                None => rest.len(),
            };
            let (content, after) = rest.split_at_checked(split).unwrap_or((rest, &[]));
            push(content);
            rest = after;
            if !self.at_line_start {
                break;
            }
        }
        Step {
            consumed: block.len() - rest.len(),
            done: false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// Feeds `sent` in blocks of `size` as a connection would, and returns the content and what follows the end.
    fn scan(sent: &[u8], size: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut scanner, mut content, mut pending) = (Scanner::default(), Vec::new(), Vec::new());
        let mut blocks = sent.chunks(size);
        while let Some(block) = blocks.next() {
            pending.extend_from_slice(block);
            let step = scanner.step(&pending, |part| content.extend_from_slice(part));
            pending.drain(..step.consumed);
            if step.done {
                pending.extend(blocks.flatten());
                return Some((content, pending));
            }
            assert!(pending.len() <= 2, "{pending:?} cannot stay behind");
        }
        None
    }

    #[test]
    fn the_end_and_the_added_dots_are_found_wherever_the_blocks_are_cut() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b".\r\n", b""),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n"),
            (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n"),
            (b"a\n.\r\nb\r.\r\nc\r\n.\r\n", b"a\n.\r\nb\r.\r\nc\r\n"),
            (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n"),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n"),
            (b"\r\r\n\r\n\r\n.\r\n", b"\r\r\n\r\n\r\n"),
        ];
        for (sent, content) in cases {
            let followed = [sent, b"MAIL"].concat();
            for size in 1..=followed.len() {
                let shown = sent.escape_ascii();
                let (got, after) = scan(&followed, size).unwrap_or_else(|| panic!("{shown} by {size}: no end"));
                assert_eq!(got, content, "{shown} by {size}");
                assert_eq!(after, b"MAIL", "{shown} by {size}");
            }
        }
    }

    #[test]
    fn nothing_but_crlf_dot_crlf_is_an_end() {
        for sent in [
            &b"a\n.\n"[..],
            b"a\r\n.\n",
            b"a\n.\r\n",
            b"a\r.\r",
            b"a\r\n.\r",
            b"a.\r\n",
            b"a\r\n. \r\n",
        ] {
            for size in 1..=sent.len() {
                assert!(scan(sent, size).is_none(), "{} by {size}", sent.escape_ascii());
            }
        }
    }

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
