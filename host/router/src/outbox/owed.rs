//! What a delivery owes its sender, and its workspace: to be told.
//!
//! The threat is silence. A report is a mail of its own, and is accepted after the failure is durable: between the two the power
//! may be cut, or the way that it should take may not work. So the failure and the debt are one change of one row, with a timer
//! that comes back to it until the debt is paid. Each debt has a number, by which a report that is written twice is one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::calendar::Now;
use super::clock::{ms, span};
use super::row::{DeliveryRow, TimerKind};

/// How long whoever made the debt has to pay it, until the calendar does.
const SOON: Duration = Duration::from_secs(60);
/// How long the calendar waits where it could not pay.
pub const AGAIN: Duration = Duration::from_secs(3600);
/// How long a sender is tried to be told.
pub const PATIENCE: Duration = Duration::from_secs(5 * 24 * 3600);

/// Recipients that failed, of which the sender was not told yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Counts the reports of a delivery, from 1.
    pub number: u32,
    /// When they failed, by the calendar, in milliseconds since 1970.
    pub since_ms: u64,
    /// Their places.
    pub recipients: Vec<usize>,
}

/// The recipients at these places have failed: their sender is to be told, where there is one and a way to do so.
pub fn owe(row: &mut DeliveryRow, failed: Vec<usize>, now: Now) {
    if failed.is_empty() || !row.delivery.tells_its_sender() {
        return;
    }
    let since_ms = ms(now.calendar);
    row.reports = row.reports.saturating_add(1);
    row.owed.push(Owed {
        number: row.reports,
        since_ms,
        recipients: failed,
    });
    if row.timer(TimerKind::NoticeOwed).is_none() {
        row.set_timer(TimerKind::NoticeOwed, Some(since_ms.saturating_add(span(SOON))));
    }
}

/// The sender was told, by the report of that number. False where it is not owed any more.
pub fn told(row: &mut DeliveryRow, number: u32) -> bool {
    let before = row.owed.len();
    row.owed.retain(|owed| owed.number != number);
    if row.owed.is_empty() {
        row.set_timer(TimerKind::NoticeOwed, None);
    }
    row.owed.len() < before
}

/// A timer could not be done justice to, and comes again. False where it is not set any more.
pub fn again(row: &mut DeliveryRow, kind: TimerKind, now: Now) -> bool {
    let set = row.timer(kind).is_some();
    if set {
        row.set_timer(kind, Some(ms(now.calendar).saturating_add(span(AGAIN))));
    }
    set
}
