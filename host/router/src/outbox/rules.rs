//! What becomes of a delivery when something happens to it: functions of its row alone, which neither read a clock nor a disk.
//! What is to come is timed by the calendar; what has happened is told by the wall clock.
//!
//! Two things hold after each of them. A recipient is `sending` exactly while the row says since when; and a delivery that
//! something is still to be done with is due, being sent, or both its end and its removal are on the calendar.

use std::time::Duration;

use jiff::Timestamp;
use relais_sandbox::Kind;

use super::calendar::Now;
use super::clock::{ms, span, time};
use super::delivery::{ATTEMPTS, Body, Delivery, Origin, Outcome, Recipient, RecipientState, Words};
use super::owed::owe;
use super::retention::Retention;
use super::row::{DeliveryRow, TimerKind};
use crate::names::InstanceName;

/// How long an uncertain delivery waits until the workspace's contact is told.
pub const UNCERTAIN_ALERT: Duration = Duration::from_secs(3600);
/// How long what nobody was there to attempt is spared at most.
const SPARED: Duration = Duration::from_secs(24 * 3600);

/// What somebody does with a delivery.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Failed, uncertain and cancelled recipients are tried again, now and for as long as at first: all of them, or those at
    /// these places. Refused while it is being sent, where its content is gone, and for a part of an all-or-none delivery.
    Resend { recipients: Option<Vec<usize>>, now: Now },
    /// An administrator knows what became of the uncertain recipients.
    Close { as_sent: bool, now: Now },
    /// Recipients that are queued or deferred are not tried any more.
    Cancel { now: Now },
    /// The next attempt is due then, by the calendar.
    Defer { until: Timestamp },
    /// It is not given up before then, by the calendar.
    Postpone { until: Timestamp },
    /// Recipients that are queued or deferred wait for what these words say; nothing was tried.
    Note { words: Words },
    /// Recipients that are queued or deferred have failed, with these words. What nobody has attempted since `since`, by the
    /// calendar, is due instead, once, and given up later: nobody may have been there to attempt it.
    GiveUp { now: Now, words: Words, since: Timestamp },
    /// Another connector instance of the same workspace sends it, from now on. Refused while it is being sent.
    Move { instance: InstanceName, now: Now },
}

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

/// Does what was asked for; false, and nothing changes, where there is nothing that it applies to.
pub fn change(row: &mut DeliveryRow, change: &Change, retention: &Retention) -> bool {
    match change {
        Change::Resend { recipients, now } => resend(row, recipients.as_deref(), *now, retention),
        Change::Close { as_sent, now } => {
            let state = if *as_sent {
                RecipientState::Sent
            } else {
                RecipientState::Failed
            };
            let uncertain = |recipient: &Recipient| recipient.state == RecipientState::Uncertain;
            turn(row, uncertain, state, None) && arranged(row, *now, retention)
        }
        Change::Cancel { now } => turn(row, waiting, RecipientState::Cancelled, None) && arranged(row, *now, retention),
        Change::GiveUp { now, words, since } => spare(row, *now, *since) || give_up(row, *now, words, retention),
        Change::Defer { until } => {
            let waits = row.sending_ms.is_none() && row.delivery.recipients.iter().any(waiting);
            if waits {
                row.delivery.due_at = Some(*until);
            }
            waits
        }
        Change::Postpone { until } => {
            let waits = row.delivery.recipients.iter().any(waiting);
            if waits {
                row.delivery.give_up_at = row.delivery.give_up_at.max(*until);
                row.set_timer(TimerKind::GiveUp, Some(ms(row.delivery.give_up_at)));
            }
            waits
        }
        Change::Note { words } => {
            let waits = row.sending_ms.is_none() && row.delivery.recipients.iter().any(waiting);
            for recipient in row
                .delivery
                .recipients
                .iter_mut()
                .filter(|recipient| waits && waiting(recipient))
            {
                recipient.words = Some(words.clone());
            }
            waits
        }
        Change::Move { instance, now } => {
            let waits = row.sending_ms.is_none() && row.delivery.recipients.iter().any(waiting);
            if waits {
                row.delivery.instance = instance.clone();
                row.delivery.due_at = Some(now.calendar);
            }
            waits
        }
    }
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

fn resend(row: &mut DeliveryRow, places: Option<&[usize]>, now: Now, retention: &Retention) -> bool {
    let again = |recipient: &Recipient| {
        matches!(
            recipient.state,
            RecipientState::Failed | RecipientState::Uncertain | RecipientState::Cancelled
        )
    };
    let named = |place: usize| places.is_none_or(|places| places.contains(&place));
    let chosen: Vec<usize> = (0..)
        .zip(&row.delivery.recipients)
        .filter(|(place, recipient)| named(*place) && again(recipient))
        .map(|(place, _)| place)
        .collect();
    let unknown = places.is_some_and(|places| places.iter().any(|place| !chosen.contains(place)));
    let part = row.delivery.all_or_none && chosen.len() < row.delivery.recipients.len();
    if chosen.is_empty() || unknown || part || row.sending_ms.is_some() || row.delivery.body == Body::Gone {
        return false;
    }
    for place in chosen {
        if let Some(recipient) = row.delivery.recipients.get_mut(place) {
            recipient.state = RecipientState::Queued;
        }
    }
    row.heard_ms = ms(now.calendar);
    row.spared = false;
    row.delivery.due_at = Some(now.calendar);
    row.delivery.give_up_at = time(ms(now.calendar).saturating_add(row.patience_ms));
    arranged(row, now, retention)
}

fn give_up(row: &mut DeliveryRow, now: Now, words: &Words, retention: &Retention) -> bool {
    let recipients = (0..).zip(&row.delivery.recipients);
    let failed: Vec<usize> = recipients
        .filter(|(_, recipient)| waiting(recipient))
        .map(|(place, _)| place)
        .collect();
    if !turn(row, waiting, RecipientState::Failed, Some(words)) {
        return false;
    }
    owe(row, failed, now);
    arranged(row, now, retention)
}

/// The workspace's contact is told if nobody has decided by then. Of what Relais wrote itself nobody is told, or an alert of
/// which nobody knows would be followed by alerts for ever.
fn set_alert(row: &mut DeliveryRow, now: Now) {
    if row.delivery.origin != Origin::Notice {
        let at_ms = ms(now.calendar).saturating_add(span(UNCERTAIN_ALERT));
        row.set_timer(TimerKind::UncertainAlert, Some(at_ms));
    }
}

/// Puts off giving up what was not attempted since then, by a day at most; false where it was, or was spared already.
fn spare(row: &mut DeliveryRow, now: Now, since: Timestamp) -> bool {
    let waits = row.sending_ms.is_none() && row.delivery.recipients.iter().any(waiting);
    if !waits || row.spared || row.heard_ms >= ms(since) {
        return false;
    }
    let until_ms = ms(now.calendar).saturating_add(row.patience_ms.min(span(SPARED)));
    row.spared = true;
    row.delivery.due_at = Some(now.calendar);
    row.delivery.give_up_at = time(until_ms);
    row.set_timer(TimerKind::GiveUp, Some(until_ms));
    true
}

fn waiting(recipient: &Recipient) -> bool {
    matches!(recipient.state, RecipientState::Queued | RecipientState::Deferred)
}

fn pending(row: &mut DeliveryRow) -> impl Iterator<Item = &mut Recipient> {
    let recipients = row.delivery.recipients.iter_mut();
    recipients.filter(|recipient| recipient.state.pending())
}

/// Turns the recipients that `which` names; false where it names none.
fn turn(
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

fn arranged(row: &mut DeliveryRow, now: Now, retention: &Retention) -> bool {
    arrange(row, now, retention);
    true
}

/// Sets the calendar by the states of the recipients.
fn arrange(row: &mut DeliveryRow, now: Now, retention: &Retention) {
    if !row.any(RecipientState::Uncertain) {
        row.set_timer(TimerKind::UncertainAlert, None);
    }
    if row.delivery.pending().next().is_some() {
        row.delivery.ended_at = None;
        row.ended_ms = None;
        if row.sending_ms.is_none() {
            row.delivery.due_at.get_or_insert(now.calendar);
        }
        row.set_timer(TimerKind::GiveUp, Some(ms(row.delivery.give_up_at)));
        row.set_timer(TimerKind::BodyExpiry, None);
        row.set_timer(TimerKind::JournalExpiry, None);
        return;
    }
    row.delivery.due_at = None;
    row.set_timer(TimerKind::GiveUp, None);
    // Of a row that ended before there was a calendar, the wall clock tells.
    let before = row.delivery.ended_at.map(ms);
    let ended_ms = *row.ended_ms.get_or_insert(before.unwrap_or(ms(now.calendar)));
    row.delivery.ended_at.get_or_insert(now.wall);
    let all_sent = row
        .delivery
        .recipients
        .iter()
        .all(|recipient| recipient.state == RecipientState::Sent);
    let kept = if all_sent {
        retention.sent_body
    } else {
        retention.failed_body
    };
    if kept.is_zero() {
        row.delivery.body = Body::Gone;
    }
    let body_ms = ended_ms.saturating_add(span(kept));
    row.set_timer(
        TimerKind::BodyExpiry,
        (row.delivery.body != Body::Gone).then_some(body_ms),
    );
    let named_ms = row.key_ms.unwrap_or(0);
    let journal_ms = ended_ms
        .saturating_add(span(retention.journal))
        .max(body_ms)
        .max(named_ms);
    row.set_timer(TimerKind::JournalExpiry, Some(journal_ms));
}
