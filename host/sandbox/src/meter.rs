//! Counts what a session uses, and knows which limit ended it.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    max_heads: u64,
    heads: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    host_calls: AtomicU64,
    guest_bytes: AtomicU64,
    started: Instant,
    /// Milliseconds after `started` when something last moved.
    moved_at: AtomicU64,
    /// Who waits for the host itself, which is no silence of the guest's.
    waiting: Mutex<Waiting>,
    slow_bytes: u64,
    /// Bytes that moved since `paced_at`, fewer than `slow_bytes`.
    paced: AtomicU64,
    /// Milliseconds after `started` when the last `slow_bytes` were complete.
    paced_at: AtomicU64,
    /// In the call in progress, a connection that had been idle before it did not answer.
    lost_idle: AtomicBool,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            max_out: limits.bytes_out,
            max_in: limits.bytes_in,
            max_heads: limits.heads,
            heads: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            host_calls: AtomicU64::new(0),
            guest_bytes: AtomicU64::new(0),
            started: Instant::now(),
            moved_at: AtomicU64::new(0),
            waiting: Mutex::default(),
            slow_bytes: limits.slow_bytes,
            paced: AtomicU64::new(0),
            paced_at: AtomicU64::new(0),
            lost_idle: AtomicBool::new(false),
        }
    }

    pub(crate) fn call(&self) {
        self.host_calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes of a stream that are copied into or out of the guest's memory.
    pub(crate) fn through_guest(&self, bytes: usize) {
        self.guest_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A call begins: all that is counted by call starts anew.
    pub(crate) fn begin(&self) {
        self.lost_idle.store(false, Ordering::Relaxed);
        self.moved();
        self.paced.store(0, Ordering::Relaxed);
        self.paced_at.store(self.now(), Ordering::Relaxed);
    }

    /// Something happened: the silence starts anew.
    pub(crate) fn moved(&self) {
        self.moved_at.store(self.now(), Ordering::Relaxed);
    }

    /// So many bytes were taken by the remote, or came from it.
    pub(crate) fn carried(&self, bytes: usize) {
        self.moved();
        let bytes = bytes as u64;
        if self.paced.fetch_add(bytes, Ordering::Relaxed) + bytes >= self.slow_bytes {
            self.paced.store(0, Ordering::Relaxed);
            self.paced_at.store(self.now(), Ordering::Relaxed);
        }
    }

    /// A connection that had been idle before this call did not answer.
    pub(crate) fn loses_idle(&self) {
        self.lost_idle.store(true, Ordering::Relaxed);
    }

    pub(crate) fn lost_idle(&self) -> bool {
        self.lost_idle.load(Ordering::Relaxed)
    }

    /// How long nothing has moved.
    pub(crate) fn silence(&self) -> Duration {
        self.since(&self.moved_at)
    }

    /// How long it has been since [`Limits::slow_bytes`] have moved, counted from the last time that they had.
    pub(crate) fn dragging(&self) -> Duration {
        self.since(&self.paced_at)
    }

    fn since(&self, at: &AtomicU64) -> Duration {
        if self.waiting().count > 0 {
            return Duration::ZERO;
        }
        let at = Duration::from_millis(at.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(at)
    }

    /// Milliseconds after `started`.
    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Something waits for the host itself until this is dropped: silence and pace stand still meanwhile.
    pub(crate) fn wait_for_host(&self) -> Waits<'_> {
        let mut waiting = self.waiting();
        if waiting.count == 0 {
            waiting.since = self.now();
        }
        waiting.count += 1;
        Waits(self)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts bytes that are about to leave; what the remote has taken of them is [`carried`](Self::carried).
    pub(crate) fn out(&self, bytes: usize) -> Result<(), LimitHit> {
        let sum = self.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sum > self.max_out {
            return Err(LimitHit("bytes-out"));
        }
        self.moved();
        Ok(())
    }

    /// Counts a request's head that is about to leave.
    pub(crate) fn head(&self, bytes: usize) -> Result<(), LimitHit> {
        let sum = self.heads.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        (sum <= self.max_heads).then_some(()).ok_or(LimitHit("heads"))
    }

    /// More than half of what the heads may have has left.
    pub(crate) fn many_heads(&self) -> bool {
        self.heads.load(Ordering::Relaxed) > self.max_heads / 2
    }

    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out.load(Ordering::Relaxed)
    }

    /// Counts bytes that arrived.
    pub(crate) fn arrived(&self, bytes: usize) -> Result<(), LimitHit> {
        let sum = self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        if sum > self.max_in {
            return Err(LimitHit("bytes-in"));
        }
        self.carried(bytes);
        Ok(())
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

/// Somebody waits for the host itself.
pub(crate) struct Waits<'a>(&'a Meter);

impl Drop for Waits<'_> {
    /// What was counted before goes on: a guest that makes the host wait now and then would else never be silent.
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        waiting.count = waiting.count.saturating_sub(1);
        if waiting.count > 0 {
            return;
        }
        let now = self.0.now();
        let waited = now.saturating_sub(waiting.since);
        for at in [&self.0.moved_at, &self.0.paced_at] {
            let later = at.load(Ordering::Relaxed).saturating_add(waited);
            at.store(later.min(now), Ordering::Relaxed);
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    count: u32,
    /// Milliseconds after `started` when the first began.
    since: u64,
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

    fn pause() {
        std::thread::sleep(Duration::from_millis(20));
    }

    #[test]
    fn a_trickle_breaks_the_silence_and_drags_on() {
        let meter = Meter::new(&Limits {
            slow_bytes: 100,
            ..Limits::default()
        });
        meter.begin();
        pause();
        meter.carried(99);
        assert!(meter.silence() < Duration::from_millis(15) && meter.dragging() >= Duration::from_millis(20));
        meter.carried(1);
        assert!(meter.dragging() < Duration::from_millis(15));
    }

    #[test]
    fn neither_silence_nor_pace_is_counted_while_the_host_is_waited_for() {
        let meter = Meter::new(&Limits::default());
        meter.begin();
        let waits = meter.wait_for_host();
        pause();
        assert_eq!((meter.silence(), meter.dragging()), (Duration::ZERO, Duration::ZERO));
        drop(waits);
        assert!(meter.silence() < Duration::from_millis(15) && meter.dragging() < Duration::from_millis(15));
    }

    #[test]
    fn a_wait_for_the_host_makes_nothing_of_the_silence_before_it() {
        let meter = Meter::new(&Limits::default());
        meter.begin();
        pause();
        drop(meter.wait_for_host());
        let before = Duration::from_millis(20);
        assert!(meter.silence() >= before && meter.dragging() >= before);
    }
}
