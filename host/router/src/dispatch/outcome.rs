//! What a verdict means for the book: when the next attempt is, or that it took too long already.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use relais_sandbox::Kind;

use super::verdict::Verdict;
use super::{DispatchConfig, backoff, words};
use crate::outbox::{Attempt, Delivery, Now, Outcome, RecipientResult, RecipientState, Words};

/// When an attempt was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub began_at: Timestamp,
    pub ended: Now,
    /// It is not given up, however long it has waited: see [`World::reprieve`].
    pub spared: bool,
}

/// The outcome of a verdict: with the time of the next attempt, or without one because it took too long already.
pub(super) fn outcome(config: &DispatchConfig, delivery: &Delivery, times: Times, verdict: Verdict) -> Outcome {
    let Times {
        began_at,
        ended,
        spared,
    } = times;
    let Verdict {
        mut results,
        words,
        details,
        asked,
        ..
    } = verdict;
    if overdue(delivery, ended) && !spared {
        give_up(delivery, &mut results, ended.wall);
    }
    let waits = results.iter().any(|result| result.state.pending());
    let next_at = waits.then(|| {
        let wait = backoff::retry(config, delivery.tried.saturating_add(1), asked, backoff::draw());
        after(ended.calendar, wait)
    });
    let told = results
        .iter()
        .filter(|result| result.words.is_some() && result.words != words);
    let attempt = Attempt {
        began_at,
        ended_at: ended.wall,
        results: brief(told.cloned().collect()),
        words,
        details,
    };
    Outcome {
        attempt,
        results,
        next_at,
        calendar: ended.calendar,
    }
}

/// Whether it has waited for too long.
pub(super) fn overdue(delivery: &Delivery, now: Now) -> bool {
    now.calendar >= delivery.give_up_at
}

/// Those that would wait for another attempt have failed instead.
fn give_up(delivery: &Delivery, results: &mut [RecipientResult], now: Timestamp) {
    for result in results {
        if result.state.pending() {
            let last = result.words.take();
            result.state = RecipientState::Failed;
            result.words = Some(words::gave_up(delivery, last.as_ref(), now));
        }
    }
}

/// Nothing left, and the book may think otherwise.
pub(super) fn put_back(delivery: &Delivery, began_at: Timestamp, now: Now) -> Outcome {
    let words = Words::new(Kind::Temporary, words::PUT_BACK);
    let results = delivery.pending().map(|(recipient, _)| RecipientResult {
        recipient,
        state: RecipientState::Queued,
        words: Some(words.clone()),
    });
    Outcome {
        results: results.collect(),
        attempt: Attempt {
            began_at,
            ended_at: now.wall,
            words: Some(words),
            results: Vec::new(),
            details: Vec::new(),
        },
        next_at: Some(now.calendar),
        calendar: now.calendar,
    }
}

/// An attempt for a thousand recipients keeps the remote's words for the first of them, and its codes for all: each recipient
/// has its own last words beside.
fn brief(mut results: Vec<RecipientResult>) -> Vec<RecipientResult> {
    const FULL: usize = 20;
    const CHARS: usize = 60;
    for words in results.iter_mut().skip(FULL).filter_map(|result| result.words.as_mut()) {
        words.text = words.text.chars().take(CHARS).collect();
    }
    results
}

/// The store counts in milliseconds; a wait that the calendar cannot hold ends with the calendar.
fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    let next = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    Timestamp::from_millisecond(next.as_millisecond()).unwrap_or(next)
}
