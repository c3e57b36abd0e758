//! What the router counts, for whoever watches it. Counting takes an atomic addition, and no lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::names::InstancePath;
use crate::outbox::{RecipientState, Summary};

/// The upper bounds of the histograms' buckets, in seconds; one more holds the rest.
pub const BUCKETS: [f64; 14] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3600.0,
];

/// The states that an attempt leaves a recipient in.
const ENDS: [RecipientState; 5] = [
    RecipientState::Sent,
    RecipientState::Deferred,
    RecipientState::Failed,
    RecipientState::Uncertain,
    RecipientState::Queued,
];

/// A distribution of durations.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// How many fell into each of [`BUCKETS`], not cumulated, and into the rest.
    pub counts: [u64; BUCKETS.len() + 1],
    /// In seconds.
    pub sum: f64,
}

/// What a lane, the queue of one connector instance, is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneMeasure {
    pub path: InstancePath,
    /// Due deliveries that are held in memory; the store knows how many there are in all.
    pub heads: usize,
    /// Workers, each with a session or about to open one.
    pub workers: u32,
    /// How long it pauses yet, where it does.
    pub paused_for: Option<Duration>,
}

/// All figures since the process began, and what stands at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    pub accepted: u64,
    /// Of messages as MIME.
    pub accepted_bytes: u64,
    /// Answered with an earlier delivery because of their idempotency key.
    pub replayed: u64,
    /// Refused, or not stored.
    pub refused: u64,
    pub attempts: u64,
    /// Recipients by the state that an attempt left them in.
    pub recipients: Vec<(RecipientState, u64)>,
    pub sessions_opened: u64,
    /// Sessions that could not be opened.
    pub sessions_failed: u64,
    /// Notices and alerts.
    pub notices: u64,
    /// Times that an outcome could not be stored at once.
    pub store_faults: u64,
    /// Times that the clock jumped.
    pub clock_jumps: u64,
    /// From the caller's call to the durable acceptance.
    pub accepting: Histogram,
    /// One attempt, opening its session included.
    pub attempting: Histogram,
    /// From the acceptance to the end of a delivery that was sent.
    pub delivering: Histogram,
    /// Sessions that hold one of the places.
    pub sessions: usize,
    pub lanes: Vec<LaneMeasure>,
}

/// A figure that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A [`Histogram`] that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Durations {
    counts: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

impl Durations {
    pub(crate) fn note(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|bound| seconds <= *bound);
        if let Some(count) = self.counts.get(bucket.unwrap_or(BUCKETS.len())) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    fn read(&self) -> Histogram {
        Histogram {
            counts: self.counts.each_ref().map(|count| count.load(Ordering::Relaxed)),
            sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}

/// The figures while they are being counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) accepted: Counter,
    pub(crate) accepted_bytes: Counter,
    pub(crate) replayed: Counter,
    pub(crate) refused: Counter,
    pub(crate) attempts: Counter,
    recipients: [Counter; ENDS.len()],
    pub(crate) sessions_opened: Counter,
    pub(crate) sessions_failed: Counter,
    pub(crate) notices: Counter,
    pub(crate) store_faults: Counter,
    pub(crate) clock_jumps: Counter,
    pub(crate) accepting: Durations,
    pub(crate) attempting: Durations,
    pub(crate) delivering: Durations,
}

impl Tally {
    /// An attempt left a recipient in this state.
    pub(crate) fn recipient(&self, state: RecipientState) {
        let place = ENDS.iter().position(|end| *end == state);
        if let Some(counter) = place.and_then(|place| self.recipients.get(place)) {
            counter.add(1);
        }
    }

    /// The figures, with what the dispatcher says of this moment.
    pub(crate) fn read(&self, sessions: usize, lanes: Vec<LaneMeasure>) -> Measures {
        Measures {
            accepted: self.accepted.get(),
            accepted_bytes: self.accepted_bytes.get(),
            replayed: self.replayed.get(),
            refused: self.refused.get(),
            attempts: self.attempts.get(),
            recipients: ENDS.into_iter().zip(self.recipients.iter().map(Counter::get)).collect(),
            sessions_opened: self.sessions_opened.get(),
            sessions_failed: self.sessions_failed.get(),
            notices: self.notices.get(),
            store_faults: self.store_faults.get(),
            clock_jumps: self.clock_jumps.get(),
            accepting: self.accepting.read(),
            attempting: self.attempting.read(),
            delivering: self.delivering.read(),
            sessions,
            lanes,
        }
    }
}

/// A delivery is in another state than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub workspace: crate::names::WorkspaceName,
    pub id: crate::outbox::DeliveryId,
    pub summary: Summary,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_falls_into_one_bucket() {
        let durations = Durations::default();
        for millis in [0, 1, 3, 700, 10_000_000] {
            durations.note(Duration::from_millis(millis));
        }
        let read = durations.read();
        assert_eq!(read.counts.iter().sum::<u64>(), 5);
        assert_eq!((read.counts.first(), read.counts.last()), (Some(&2), Some(&1)));
        assert!((read.sum - 10_000.704).abs() < 1e-6);
    }

    #[test]
    fn recipients_are_counted_by_how_they_ended() {
        let tally = Tally::default();
        tally.recipient(RecipientState::Failed);
        tally.recipient(RecipientState::Failed);
        tally.recipient(RecipientState::Cancelled);
        let read = tally.read(0, Vec::new());
        assert!(read.recipients.contains(&(RecipientState::Failed, 2)));
        assert_eq!(read.recipients.iter().map(|(_, count)| count).sum::<u64>(), 2);
    }
}
