//! Counts what a session uses, and knows which limit ended it.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Limits;

/// A limit ended the call. The name is the one in [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitHit(pub &'static str);

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the limit `{}` of the instance was reached", self.0)
    }
}

impl std::error::Error for LimitHit {}

/// Shared by a session and by what runs on its behalf, such as a request body on its way out.
#[derive(Debug)]
pub(crate) struct Meter {
    max_out: u64,
    max_in: u64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    host_calls: AtomicU64,
    guest_bytes: AtomicU64,
    started: Instant,
    /// Milliseconds after `started` when something last moved.
    moved_at: AtomicU64,
    floor: Floor,
}

/// Bytes of the remote's words that are kept to compare a guest's code with: its longest last line, and more.
const HEARD_BYTES: usize = 16 << 10;

/// What decides whether a failed send can have delivered.
#[derive(Debug, Default)]
struct Floor {
    /// The guest read content that it can send in its own words (a body, an attachment).
    exposed: AtomicBool,
    /// The message may have left whole.
    reached: AtomicBool,
    /// What the remote said since: the last [`HEARD_BYTES`] of it.
    heard: Mutex<Vec<u8>>,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_out: limits.bytes_out,
            max_in: limits.bytes_in,
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            host_calls: AtomicU64::new(0),
            guest_bytes: AtomicU64::new(0),
            started: Instant::now(),
            moved_at: AtomicU64::new(0),
            floor: Floor::default(),
        }
    }

    pub(crate) fn call(&self) {
        self.host_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of a stream that are copied into or out of the guest's memory.
    pub(crate) fn through_guest(&self, bytes: usize) {
        self.guest_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Something happened: the silence starts anew.
    pub(crate) fn moved(&self) {
        let at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_at.store(at, Ordering::Relaxed);
    }

    pub(crate) fn silence(&self) -> Duration {
        let moved = Duration::from_millis(self.moved_at.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(moved)
    }

    /// Counts bytes that are about to leave.
    pub(crate) fn out(&self, bytes: usize) -> Result<(), LimitHit> {
        let sum = self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sum > self.max_out {
            return Err(LimitHit("bytes-out"));
        }
        self.moved();
        if self.floor.exposed.load(Ordering::Relaxed) {
            self.left_whole();
        }
        Ok(())
    }

    /// Counts the head of a request that is about to leave; answers what [`unsent`](Self::unsent) takes back.
    pub(crate) fn head_out(&self, bytes: usize) -> Result<Head, LimitHit> {
        let reached = self.may_have_left();
        self.out(bytes)?;
        Ok(Head {
            reached,
            sum: self.bytes_out.load(Ordering::Relaxed),
        })
    }

    /// No connection was made for that head: unless something else left meanwhile, the message is where it was.
    pub(crate) fn unsent(&self, head: &Head) {
        if !head.reached && self.bytes_out.load(Ordering::Relaxed) == head.sum {
            self.floor.reached.store(false, Ordering::Relaxed);
        }
    }

    /// Counts bytes that arrived.
    pub(crate) fn arrived(&self, bytes: usize) -> Result<(), LimitHit> {
        let sum = self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sum > self.max_in {
            return Err(LimitHit("bytes-in"));
        }
        self.moved();
        Ok(())
    }

    /// A new message: nothing of it has left.
    pub(crate) fn new_message(&self) {
        self.floor.exposed.store(false, Ordering::Relaxed);
        self.floor.reached.store(false, Ordering::Relaxed);
    }

    /// The guest holds content that it can send in its own words: whatever leaves from now on may be the message.
    pub(crate) fn content_exposed(&self) {
        self.floor.exposed.store(true, Ordering::Relaxed);
    }

    /// The message may have left whole: its stream was read to the end.
    pub(crate) fn left_whole(&self) {
        if !self.floor.reached.swap(true, Ordering::Relaxed) {
            self.floor.heard.lock().unwrap_or_else(|e| e.into_inner()).clear();
        }
    }

    /// What the remote says: bytes of a connection, or the status line of an HTTP answer.
    pub(crate) fn heard(&self, bytes: &[u8]) {
        if self.may_have_left() {
            let mut heard = self.floor.heard.lock().unwrap_or_else(|e| e.into_inner());
            heard.extend_from_slice(bytes);
            let excess = heard.len().saturating_sub(HEARD_BYTES);
            heard.drain(..excess);
        }
    }

    pub(crate) fn may_have_left(&self) -> bool {
        self.floor.reached.load(Ordering::Relaxed)
    }

    /// The status of an HTTP answer.
    pub(crate) fn heard_status(&self, status: u16) {
        self.heard(format!("{HTTP}{status}\n").as_bytes());
    }

    /// Whether a guest's code is the remote's last word on the message, and a refusal: the last status that was heard since
    /// the message left, 4yz or 5yz, or of HTTP 3xx too, since no redirect is followed.
    pub(crate) fn remote_refused_with(&self, code: &str) -> bool {
        let heard = self.floor.heard.lock().unwrap_or_else(|e| e.into_inner());
        let last = heard
            .rsplit(|byte| *byte == b'\n')
            .find_map(|line| match line.strip_prefix(HTTP.as_bytes()) {
                Some(line) => digits(line).map(|digits| (digits, b'3')),
                None => digits(line).map(|digits| (digits, b'4')),
            });
        last.is_some_and(|(said, least)| {
            let [class, ..] = said;
            digits(code.as_bytes()) == Some(said) && (least..=b'5').contains(&class)
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            host_calls: self.host_calls.load(Ordering::Relaxed),
            guest_bytes: self.guest_bytes.load(Ordering::Relaxed),
            memory: 0,
        }
    }
}

/// What marks a status of HTTP among the lines that were heard.
const HTTP: &str = "HTTP ";

/// A request's head on its way.
#[derive(Debug)]
pub(crate) struct Head {
    reached: bool,
    sum: u64,
}

/// The three digits that begin a line of status, of SMTP (RFC 5321 section 4.2) or of HTTP.
fn digits(line: &[u8]) -> Option<[u8; 3]> {
    let digits = line
        .first_chunk::<3>()
        .filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    matches!(line.get(3), None | Some(b' ' | b'-' | b'\r')).then_some(*digits)
}

/// What a session used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// Calls from the guest into capabilities of `relais:*`.
    pub host_calls: u64,
    /// Bytes of streams that were copied into or out of the guest's memory; what is spliced is not among them.
    pub guest_bytes: u64,
    /// Bytes of linear memory.
    pub memory: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_remotes_only_if_it_was_its_last_word_after_the_message_left() {
        let meter = Meter::new(&Limits::default());
        meter.heard(b"451 4.3.0 before\r\n");
        meter.left_whole();
        assert!(!meter.remote_refused_with("451 4.3.0"));
        meter.heard(b"450 4.1.1 a recipient\r\n");
        assert!(meter.remote_refused_with("450 4.1.1"));
        meter.heard(b"250-queued\r\n25");
        meter.heard(b"0 451 of them\r\n");
        for claimed in ["450 4.1.1", "451 4.3.0", "250 2.0.0", "45", "\u{e9}50"] {
            assert!(!meter.remote_refused_with(claimed), "{claimed}");
        }
    }

    #[test]
    fn a_redirect_of_http_is_a_refusal_and_an_intermediate_reply_of_smtp_is_none() {
        let meter = Meter::new(&Limits::default());
        meter.left_whole();
        meter.heard(b"354 go on\r\n");
        assert!(!meter.remote_refused_with("354"));
        meter.heard_status(307);
        assert!(meter.remote_refused_with("307"));
        meter.heard_status(202);
        assert!(!meter.remote_refused_with("202") && !meter.remote_refused_with("307"));
    }

    #[test]
    fn a_request_that_met_nobody_leaves_the_message_where_it_was() {
        let meter = Meter::new(&Limits::default());
        meter.content_exposed();
        let head = meter.head_out(100).unwrap_or_else(|e| unreachable!("{e}"));
        assert!(meter.may_have_left());
        meter.unsent(&head);
        assert!(!meter.may_have_left());
        let head = meter.head_out(100).unwrap_or_else(|e| unreachable!("{e}"));
        assert!(meter.out(1).is_ok());
        meter.unsent(&head);
        assert!(meter.may_have_left());
    }
}
