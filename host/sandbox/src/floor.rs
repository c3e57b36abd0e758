//! What decides whether a failed send can have delivered, and what the remote said of it.
//!
//! The threat: a message that left and is said not to have. Work on a call's behalf can outlive it (a request's body on its
//! way), so everything that leaves does so in the name of one call, a [`Turn`], and none of it once that call is over: what
//! the floor says at the end of a call is final.
//!
//! A request that the connector's manifest says only prepares a message (a draft, an upload) is no step of its leaving. What it
//! carries is content that the remote holds from then on: the next request of another kind may be the one that sends it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::context::Context;
use crate::gate::{Held, Passed};

/// Bytes of the remote's words that are kept to compare a guest's code with: its longest last line, and more.
const HEARD_BYTES: usize = 16 << 10;

/// Addresses that are kept of the requests of a call.
const ADDRESSES: usize = 16;

/// Answers of a gateway that heard nothing it could pass on of the server behind it (RFC 9110 sections 15.6.3 and 15.6.5), which
/// may have taken the message.
const GATEWAYS: [[u8; 3]; 2] = [*b"502", *b"504"];

/// What marks a status of HTTP among the lines that were heard.
const HTTP: &str = "HTTP ";

/// The guest holds content that it can send in its own words (a body, an attachment).
const EXPOSED: u64 = 1;
/// The message may have left whole.
const REACHED: u64 = 1 << 1;
/// The gate said no.
const REFUSED: u64 = 1 << 2;
/// The call is over.
const OVER: u64 = 1 << 3;
/// Something left that is no request, or more requests than are kept.
const OTHERWISE: u64 = 1 << 4;
/// One call.
const CALL: u64 = 1 << 5;

/// One call of a session: what something leaves in the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    call: u64,
    /// What leaves so cannot send the message, by the connector's manifest: a draft, an upload.
    prepares: bool,
}

impl Turn {
    /// The same call, for a request that only prepares.
    pub(crate) fn preparing(self) -> Self {
        Self { prepares: true, ..self }
    }

    /// Whether both are of one call.
    pub(crate) fn is_of(self, other: Self) -> bool {
        self.call == other.call
    }

    pub(crate) fn prepares(self) -> bool {
        self.prepares
    }
}

/// What left in the call in progress.
#[derive(Debug)]
pub(crate) struct Floor {
    /// The call's number above its five bits: whether a call is over and whether its message left change in one step.
    word: AtomicU64,
    /// Bodies of requests that are not out yet.
    bodies: AtomicUsize,
    /// What the remote said since the message may have left: the last [`HEARD_BYTES`] of it.
    heard: Mutex<Vec<u8>>,
    /// The requests of the call that may have sent the message.
    asked: Mutex<Asked>,
}

/// Requests that may have sent the message.
#[derive(Debug, Default)]
struct Asked {
    /// Where they went.
    addresses: BTreeSet<String>,
    /// How many of them may have sent it, or still may.
    open: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(OVER),
            bodies: AtomicUsize::new(0),
            heard: Mutex::default(),
            asked: Mutex::default(),
        }
    }
}

impl Floor {
    /// A call begins: nothing has left in it.
    pub(crate) fn begin(&self) {
        let next = self.turn().call.wrapping_add(CALL);
        self.word.store(next, Ordering::SeqCst);
        *self.asked() = Asked::default();
    }

    /// The call is over: nothing leaves in its name any more.
    pub(crate) fn end(&self) {
        self.word.fetch_or(OVER, Ordering::SeqCst);
    }

    /// The call in progress.
    pub(crate) fn turn(&self) -> Turn {
        Turn {
            call: turn_of(self.word.load(Ordering::SeqCst)),
            prepares: false,
        }
    }

    /// The guest holds content that it can send in its own words: whatever leaves from now on may be the message.
    pub(crate) fn content_exposed(&self) {
        self.word.fetch_or(EXPOSED, Ordering::SeqCst);
    }

    pub(crate) fn is_exposed(&self) -> bool {
        self.word.load(Ordering::SeqCst) & EXPOSED != 0
    }

    /// Whether anything may leave in the name of a call.
    pub(crate) fn allows(&self, turn: Turn) -> Result<(), Held> {
        permit(self.word.load(Ordering::SeqCst), turn)
    }

    /// The gate said no.
    pub(crate) fn refuse(&self, turn: Turn) {
        let refused = |word| permit(word, turn).is_ok().then_some(word | REFUSED);
        let _ = self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refused);
    }

    /// The message may leave whole from here on.
    pub(crate) fn left_whole(&self, turn: Turn, _: Passed) -> Result<(), Held> {
        let reached = |word| permit(word, turn).is_ok().then_some(word | REACHED);
        match self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, reached) {
            Ok(before) => {
                if before & REACHED == 0 {
                    self.heard.lock().unwrap_or_else(|e| e.into_inner()).clear();
                }
                Ok(())
            }
            Err(word) => permit(word, turn),
        }
    }

    /// A request that may send the message leaves for this address.
    pub(crate) fn asks(&self, turn: Turn, address: &str) {
        let mut asked = self.asked();
        if !self.turn().is_of(turn) {
            return;
        }
        asked.open += 1;
        if asked.addresses.len() < ADDRESSES {
            asked.addresses.insert(address.to_owned());
        } else {
            self.asks_otherwise();
        }
    }

    /// Something leaves that is no request.
    pub(crate) fn asks_otherwise(&self) {
        self.word.fetch_or(OTHERWISE, Ordering::SeqCst);
    }

    /// What was prepared at this address was taken back, so says the remote: the message will not be sent any more, unless
    /// something else was asked for it than by requests to that address or below.
    pub(crate) fn withdrawn(&self, turn: Turn, address: &str) {
        let asked = self.asked();
        let below = |other: &String| {
            let rest = other.strip_prefix(address);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.word.load(Ordering::SeqCst) & OTHERWISE == 0 && asked.addresses.iter().all(below) {
            self.stayed(turn);
        }
    }

    /// One of the requests has come to its end. Where the message cannot have left by then, nor be on its way in any body, this
    /// one did not send it.
    pub(crate) fn settled(&self, turn: Turn) {
        let asked = self.asked();
        if !self.has_bodies() && !self.may_have_left() {
            self.undone(asked, turn, false);
        }
    }

    /// No connection was made for one of the requests: it did nothing. Where that is so of all of them the message is where it
    /// was, unless it may have left before this one (`reached`).
    pub(crate) fn unheard(&self, turn: Turn, reached: bool) {
        self.undone(self.asked(), turn, !reached);
    }

    /// One of the requests was answered 401 to a credential of the host's: it did nothing (RFC 9110 section 15.5.2), and where
    /// that is so of all of them the message is where it was. A guest need not say so in the remote's words, and cannot where the
    /// account then has no other token: its next request does not leave.
    pub(crate) fn turned_away(&self, turn: Turn) {
        self.undone(self.asked(), turn, true);
    }

    /// The rest of a request's body stays here, since it was turned down. The message may have been about to leave with it, and
    /// it waited for the gate when the request was found to have done nothing.
    pub(crate) fn withheld(&self, turn: Turn) {
        let asked = self.asked();
        if asked.open == 0 {
            self.undone(asked, turn, true);
        }
    }

    /// One of the requests did not send the message; where none did, it is taken back that it may have left. What only prepares
    /// is none of them, and neither is what an earlier call began.
    fn undone(&self, mut asked: MutexGuard<'_, Asked>, turn: Turn, takes_back: bool) {
        if turn.prepares() || !self.turn().is_of(turn) {
            return;
        }
        asked.open = asked.open.saturating_sub(1);
        if takes_back && asked.open == 0 && self.word.load(Ordering::SeqCst) & OTHERWISE == 0 {
            self.stayed(turn);
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// What was thought to leave has not: the message is where it was.
    fn stayed(&self, turn: Turn) {
        let stayed = |word| permit(word, turn).is_ok().then_some(word & !REACHED);
        let _ = self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, stayed);
    }

    /// The message may have left whole. Never so where the gate was not opened.
    pub(crate) fn may_have_left(&self) -> bool {
        self.word.load(Ordering::SeqCst) & REACHED != 0
    }

    /// What the remote says: bytes of a connection, or the status line of an HTTP answer.
    pub(crate) fn heard(&self, bytes: &[u8]) {
        if self.may_have_left() {
            let mut heard = self.heard.lock().unwrap_or_else(|e| e.into_inner());
            heard.extend_from_slice(bytes);
            let excess = heard.len().saturating_sub(HEARD_BYTES);
            heard.drain(..excess);
        }
    }

    /// The status of an HTTP answer.
    pub(crate) fn heard_status(&self, status: u16) {
        self.heard(format!("{HTTP}{status}\n").as_bytes());
    }

    /// Whether a guest's code is the remote's last word on the message, and a refusal: the last status that was heard since
    /// the message left, 4yz or 5yz, or of HTTP 3xx too, since no redirect is followed. A gateway's word is not the remote's.
    pub(crate) fn remote_refused_with(&self, code: &str) -> bool {
        let heard = self.heard.lock().unwrap_or_else(|e| e.into_inner());
        let last = heard
            .rsplit(|byte| *byte == b'\n')
            .find_map(|line| match line.strip_prefix(HTTP.as_bytes()) {
                Some(line) => digits(line).map(|digits| (digits, true)),
                None => digits(line).map(|digits| (digits, false)),
            });
        last.is_some_and(|(said, http)| {
            let [class, ..] = said;
            let least = if http { b'3' } else { b'4' };
            digits(code.as_bytes()) == Some(said)
                && (least..=b'5').contains(&class)
                && !(http && GATEWAYS.contains(&said))
        })
    }

    /// Whether a request's body is still on its way.
    pub(crate) fn has_bodies(&self) -> bool {
        self.bodies.load(Ordering::SeqCst) > 0
    }
}

/// Whether something may leave in the name of `turn` while the floor's word is this.
fn permit(word: u64, turn: Turn) -> Result<(), Held> {
    if turn_of(word) != turn.call || word & OVER != 0 {
        Err(Held::Over)
    } else if word & REFUSED != 0 {
        Err(Held::Refused)
    } else {
        Ok(())
    }
}

fn turn_of(word: u64) -> u64 {
    word & !(CALL - 1)
}

/// The three digits that begin a line of status, of SMTP (RFC 5321 section 4.2) or of HTTP.
fn digits(line: &[u8]) -> Option<[u8; 3]> {
    let digits = line
        .first_chunk::<3>()
        .filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    matches!(line.get(3), None | Some(b' ' | b'-' | b'\r')).then_some(*digits)
}

/// A request's body on its way, counted until it is out or given up.
pub(crate) struct OnItsWay(Arc<Context>);

impl OnItsWay {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        context.floor.bodies.fetch_add(1, Ordering::SeqCst);
        Self(context)
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.floor.bodies.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[path = "floor_tests.rs"]
mod tests;
