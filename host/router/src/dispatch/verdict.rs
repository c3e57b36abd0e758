//! What an attempt came to, by a table: for each recipient, and for the connector instance.
//!
//! The threat is a mail sent twice, or lost without a word. The sandbox judges first: a failure that reaches this table with
//! another kind than [`Kind::UnknownOutcome`] either happened before the message left or was told by the remote itself. What
//! is decided here:
//!
//! 1. A message that may have left, and of which nobody knows, is uncertain. It may have left only if the gate was opened: a
//!    connector that claims not to know, with the gate closed, is tried again.
//! 2. What the remote refused for good has failed.
//! 3. Everything else waits for another attempt.
//!
//! A failure that does not speak of this message but of the instance, its settings or its remote makes the instance pause, so
//! that a thousand deliveries do not each find out the same.

use std::time::Duration;

use relais_sandbox::{Failure, Kind, Receipt};

use crate::outbox::{Delivery, RecipientResult, RecipientState, UncertainPolicy, Words};

/// Characters of a text that the journal keeps of one recipient.
const TEXT_CHARS: usize = 1_000;
/// Pairs that the journal keeps of one attempt, and characters of one.
const DETAILS: usize = 16;
const DETAIL_CHARS: usize = 300;

/// What an attempt tells of the connector instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// Its remote answered of the message.
    Works,
    /// It should pause, for at least as long as the remote asked.
    Ails { asked: Option<Duration> },
    /// An account of it has to be associated first, or the way out to be opened: it waits until it is edited, or looks again after
    /// the longest pause, and no attempt was made.
    Waits,
    /// Nothing.
    Nothing,
}

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// For every recipient that the attempt carried.
    pub results: Vec<RecipientResult>,
    /// Where all recipients share them.
    pub words: Option<Words>,
    pub details: Vec<(String, String)>,
    /// How long the remote asked to wait.
    pub asked: Option<Duration>,
    pub report: Report,
}

/// The state of a recipient after a failure.
pub(super) fn state_after(kind: Kind, gate_open: bool) -> RecipientState {
    match (kind, gate_open) {
        (Kind::UnknownOutcome, true) => RecipientState::Uncertain,
        (Kind::Rejected | Kind::TooLarge, _) => RecipientState::Failed,
        (
            Kind::UnknownOutcome
            | Kind::Configuration
            | Kind::Authentication
            | Kind::Unreachable
            | Kind::Timeout
            | Kind::Throttled
            | Kind::Temporary
            | Kind::Other,
            _,
        ) => RecipientState::Deferred,
    }
}

/// What a failure tells of the instance.
fn report_after(failure: &Failure) -> Report {
    match failure.kind {
        Kind::Temporary | Kind::Rejected | Kind::TooLarge => Report::Works,
        Kind::Configuration
        | Kind::Authentication
        | Kind::Unreachable
        | Kind::Timeout
        | Kind::Throttled
        | Kind::UnknownOutcome
        | Kind::Other => Report::Ails {
            asked: failure.retry_after,
        },
    }
}

/// What is done by itself with a recipient of which nobody knows.
fn settled(state: RecipientState, policy: UncertainPolicy) -> RecipientState {
    match (state, policy) {
        (RecipientState::Uncertain, UncertainPolicy::Resend) => RecipientState::Deferred,
        (RecipientState::Uncertain, UncertainPolicy::Close) => RecipientState::Sent,
        (state, _) => state,
    }
}

/// The remote took the message for at least one recipient.
pub(super) fn of_receipt(delivery: &Delivery, receipt: &Receipt) -> Verdict {
    let results = delivery.pending().map(|(place, recipient)| {
        let refusal = receipt
            .refused
            .iter()
            .find(|refusal| refusal.recipient == recipient.address);
        let Some(refusal) = refusal else {
            return RecipientResult {
                recipient: place,
                state: RecipientState::Sent,
                words: None,
            };
        };
        // A first digit 4 means that it may be tried again (RFC 5321 section 4.2.1). A message that goes to all or to none
        // is never tried for a part of them.
        let again = refusal.code.as_deref().is_some_and(|code| code.starts_with('4')) && !delivery.all_or_none;
        let (kind, state) = match again {
            true => (Kind::Temporary, RecipientState::Deferred),
            false => (Kind::Rejected, RecipientState::Failed),
        };
        RecipientResult {
            recipient: place,
            state,
            words: Some(Words {
                kind: kind.word().to_owned(),
                text: cut(&refusal.text, TEXT_CHARS),
                code: refusal.code.as_deref().map(|code| cut(code, DETAIL_CHARS)),
            }),
        }
    });
    let id = receipt.id.iter().map(|id| ("id".to_owned(), id.clone()));
    // Not `reply`, under which an SMTP connector tells the code alone.
    let text = Some(("text".to_owned(), receipt.text.clone())).filter(|(_, text)| !text.is_empty());
    Verdict {
        results: results.collect(),
        words: None,
        details: details(id.chain(text).chain(receipt.details.iter().cloned())),
        asked: None,
        report: Report::Works,
    }
}

/// The attempt failed for all recipients that it carried.
pub(super) fn of_failure(delivery: &Delivery, failure: &Failure, gate_open: bool) -> Verdict {
    let words = Words {
        text: cut(&failure.text, TEXT_CHARS),
        code: failure.code.as_deref().map(|code| cut(code, DETAIL_CHARS)),
        ..Words::from(failure)
    };
    let state = settled(state_after(failure.kind, gate_open), delivery.uncertain);
    let results = delivery.pending().map(|(place, _)| RecipientResult {
        recipient: place,
        state,
        words: (state != RecipientState::Sent).then(|| words.clone()),
    });
    Verdict {
        results: results.collect(),
        words: Some(words),
        details: details(failure.details.iter().cloned()),
        asked: failure.retry_after,
        report: report_after(failure),
    }
}

/// The host ended the attempt itself, after the gate was opened.
pub(super) fn of_interruption(delivery: &Delivery, text: &str) -> Verdict {
    Verdict {
        report: Report::Nothing,
        ..of_failure(delivery, &Failure::new(Kind::UnknownOutcome, text), true)
    }
}

/// The same for an attempt that never came to the message itself: nothing that was told of it is final.
pub(super) fn waits(mut verdict: Verdict) -> Verdict {
    for result in &mut verdict.results {
        if result.state == RecipientState::Failed {
            result.state = RecipientState::Deferred;
        }
    }
    verdict
}

fn details(pairs: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let pair = |(name, value): (String, String)| (cut(&name, DETAIL_CHARS), cut(&value, DETAIL_CHARS));
    pairs.take(DETAILS).map(pair).collect()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
