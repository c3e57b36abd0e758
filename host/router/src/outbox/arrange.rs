//! What of a delivery is on the calendar, by the states of its recipients: when it is given up, when nobody's decision is alerted, when
//! its content and its row go.

use std::time::Duration;

use super::calendar::Now;
use super::clock::{ms, span};
use super::delivery::{Body, Origin, RecipientState};
use super::retention::Retention;
use super::row::{DeliveryRow, TimerKind};

/// How long an uncertain delivery waits until the workspace's contact is told.
pub const UNCERTAIN_ALERT: Duration = Duration::from_secs(3600);

/// The workspace's contact is told if nobody has decided by then. Of what Relais wrote itself nobody is told, or an alert of
/// which nobody knows would be followed by alerts for ever.
pub(super) fn set_alert(row: &mut DeliveryRow, now: Now) {
    if row.delivery.origin != Origin::Notice {
        let at_ms = ms(now.calendar).saturating_add(span(UNCERTAIN_ALERT));
        row.set_timer(TimerKind::UncertainAlert, Some(at_ms));
    }
}

pub(super) fn arranged(row: &mut DeliveryRow, now: Now, retention: &Retention) -> bool {
    arrange(row, now, retention);
    true
}

/// Sets the calendar by the states of the recipients.
pub(super) fn arrange(row: &mut DeliveryRow, now: Now, retention: &Retention) {
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
