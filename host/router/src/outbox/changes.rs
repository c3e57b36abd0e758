//! What people and the calendar do with a delivery, beside attempting it: functions of its row alone, as in `rules`.

use std::time::Duration;

use jiff::Timestamp;

use super::arrange::arranged;
use super::calendar::Now;
use super::clock::{ms, span, time};
use super::delivery::{Body, Recipient, RecipientState, Words};
use super::owed::owe;
use super::retention::Retention;
use super::row::{DeliveryRow, TimerKind};
use super::rules::turn;
use crate::names::InstanceName;

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
