//! What becomes of a delivery when something happens to it: functions of its row alone, which neither read a clock nor a disk.
//! What is to come is timed by the calendar; what has happened is told by the wall clock.
//!
//! Two things hold after each of them. A recipient is `sending` exactly while the row says since when; and a delivery that
//! something is still to be done with is due, being sent, or both its end and its removal are on the calendar.

use jiff::Timestamp;
use relais_sandbox::Kind;

use super::arrange::{arrange, set_alert};
use super::calendar::Now;
pub use super::changes::{Change, change};
use super::clock::ms;
use super::delivery::{ATTEMPTS, Body, Delivery, Outcome, Recipient, RecipientState, Words};
use super::owed::owe;
use super::retention::Retention;
use super::row::{DeliveryRow, TimerKind};

/// What a timer came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fired {
    /// It was not set, or for another time.
    Nothing,
    /// It is not set any more.
    Removed,
    /// The content goes.
    BodyErased,
    /// The delivery goes.
    RowErased,
}

/// A delivery as it is first stored.
pub fn accept(delivery: Delivery, retention: &Retention) -> DeliveryRow {
    let now = Now {
        wall: delivery.accepted_at,
        calendar: delivery.due_at.unwrap_or(delivery.accepted_at),
    };
    let mut row = DeliveryRow {
        patience_ms: ms(delivery.give_up_at).saturating_sub(ms(now.calendar)),
        sending_ms: None,
        ended_ms: None,
        heard_ms: ms(now.calendar),
        spared: false,
        key_ms: None,
        owed: Vec::new(),
        reports: 0,
        timers: Vec::new(),
        delivery,
    };
    arrange(&mut row, now, retention);
    row
}

/// Everything that is pending is being sent from now on. False, and nothing changes, where nothing is, or is already.
pub fn transmitting(row: &mut DeliveryRow, began_at: Timestamp) -> bool {
    if row.sending_ms.is_some() || row.delivery.pending().next().is_none() {
        return false;
    }
    for recipient in pending(row) {
        recipient.state = RecipientState::Sending;
    }
    row.sending_ms = Some(ms(began_at));
    row.delivery.due_at = None;
    true
}

/// An attempt is over. A recipient that was being sent to and of which the outcome says nothing is uncertain: whoever does not
/// know does not send twice.
pub fn settle(row: &mut DeliveryRow, outcome: Outcome, retention: &Retention) {
    let Outcome {
        attempt,
        results,
        next_at,
        calendar,
    } = outcome;
    let now = Now {
        wall: attempt.ended_at,
        calendar,
    };
    let mut newly_uncertain = false;
    let mut failed = Vec::new();
    for result in results {
        let Some(recipient) = row.delivery.recipients.get_mut(result.recipient) else {
            continue;
        };
        if !recipient.state.pending() || result.state == RecipientState::Sending {
            continue;
        }
        newly_uncertain |= result.state == RecipientState::Uncertain;
        if result.state == RecipientState::Failed {
            failed.push(result.recipient);
        }
        recipient.state = result.state;
        recipient.words = result.words;
    }
    for recipient in &mut row.delivery.recipients {
        if recipient.state == RecipientState::Sending {
            newly_uncertain = true;
            recipient.state = RecipientState::Uncertain;
            recipient.words = attempt.words.clone().or_else(|| {
                Some(Words::new(
                    Kind::UnknownOutcome,
                    "the attempt told nothing of this recipient",
                ))
            });
        }
    }
    row.sending_ms = None;
    row.heard_ms = ms(now.calendar);
    row.spared = false;
    row.delivery.tried = row.delivery.tried.saturating_add(1);
    row.delivery.attempts.push(attempt);
    if row.delivery.attempts.len() > ATTEMPTS {
        // The first stays: it says how it all began.
        row.delivery.attempts.remove(1);
    }
    row.delivery.due_at = next_at;
    owe(row, failed, now);
    if newly_uncertain {
        set_alert(row, now);
    }
    arrange(row, now, retention);
}

/// Nobody knows whether what is pending was sent: it is uncertain, with these words, until somebody says what is to be done. False,
/// and nothing changes, where nothing is pending.
pub fn doubt(row: &mut DeliveryRow, now: Now, words: &Words, retention: &Retention) -> bool {
    let pending = |recipient: &Recipient| recipient.state.pending();
    let any = turn(row, pending, RecipientState::Uncertain, Some(words));
    if any {
        row.sending_ms = None;
        set_alert(row, now);
        arrange(row, now, retention);
    }
    any
}

/// A timer's time has come. Giving up and alerting are the caller's; here such a timer is only taken away.
pub fn fire(row: &mut DeliveryRow, at_ms: u64, kind: TimerKind) -> Fired {
    if row.timer(kind) != Some(at_ms) {
        return Fired::Nothing;
    }
    row.set_timer(kind, None);
    match kind {
        TimerKind::GiveUp | TimerKind::UncertainAlert | TimerKind::NoticeOwed => Fired::Removed,
        TimerKind::BodyExpiry => {
            row.delivery.body = Body::Gone;
            Fired::BodyErased
        }
        TimerKind::JournalExpiry => Fired::RowErased,
    }
}

fn pending(row: &mut DeliveryRow) -> impl Iterator<Item = &mut Recipient> {
    let recipients = row.delivery.recipients.iter_mut();
    recipients.filter(|recipient| recipient.state.pending())
}

/// Turns the recipients that `which` names; false where it names none.
pub(super) fn turn(
    row: &mut DeliveryRow,
    which: impl Fn(&Recipient) -> bool,
    state: RecipientState,
    words: Option<&Words>,
) -> bool {
    let mut any = false;
    for recipient in row.delivery.recipients.iter_mut().filter(|recipient| which(recipient)) {
        recipient.state = state;
        if let Some(words) = words {
            recipient.words = Some(words.clone());
        }
        any = true;
    }
    any
}
