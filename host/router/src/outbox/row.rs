//! What is kept of a delivery beside what it shows, and where its indexes must name it.
//!
//! Every index is a function of the row alone ([`Places`]), so a change of a row is a change of its indexes by difference, and
//! whoever doubts them computes them again.

use serde::{Deserialize, Serialize};

use super::clock::ms;
use super::delivery::{Delivery, RecipientState, Summary};
use super::owed::Owed;
use crate::names::{InstanceName, WorkspaceName};

/// What is to be done with a delivery at a time, whether or not it is due to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum TimerKind {
    /// It was tried for long enough.
    GiveUp = 0,
    /// Nobody has looked at what may or may not have been sent.
    UncertainAlert = 1,
    /// Nothing needs its content any more.
    BodyExpiry = 2,
    /// Nothing needs to be known of it any more.
    JournalExpiry = 3,
    /// Its sender was not told yet of recipients that failed.
    NoticeOwed = 4,
}

impl TimerKind {
    /// The kind of a key of the store.
    pub fn from_number(number: u8) -> Option<Self> {
        [
            Self::GiveUp,
            Self::UncertainAlert,
            Self::BodyExpiry,
            Self::JournalExpiry,
            Self::NoticeOwed,
        ]
        .into_iter()
        .find(|kind| *kind as u8 == number)
    }
}

/// A delivery as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryRow {
    pub delivery: Delivery,
    /// Milliseconds by the calendar from its acceptance, or from an administrator's new try, until it is given up.
    pub patience_ms: u64,
    /// Since when it is being sent, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sending_ms: Option<u64>,
    /// When nothing was pending any more, by the calendar; the delivery tells it by the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// When it was last attempted, or handed over for that, in milliseconds by the calendar; 0 where that was not noted yet.
    #[serde(default)]
    pub heard_ms: u64,
    /// Since then it was to be given up, and was not: nobody had been there to attempt it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spared: bool,
    /// Until when an idempotency key names it, in milliseconds by the calendar: whoever gives that key again is answered by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ms: Option<u64>,
    /// Of which failures its sender was not told yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owed: Vec<Owed>,
    /// How many reports to its sender it owed so far.
    #[serde(default)]
    pub reports: u32,
    /// At most one of a kind, in the order of the kinds; times by the calendar, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timers: Vec<(u64, TimerKind)>,
}

/// Where the indexes name a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places<'r> {
    pub workspace: &'r WorkspaceName,
    pub instance: &'r InstanceName,
    pub summary: Summary,
    pub due_ms: Option<u64>,
    pub sending_ms: Option<u64>,
    pub timers: &'r [(u64, TimerKind)],
}

impl DeliveryRow {
    /// Where the indexes must name it.
    pub fn places(&self) -> Places<'_> {
        Places {
            workspace: &self.delivery.workspace,
            instance: &self.delivery.instance,
            summary: self.delivery.summary(),
            due_ms: self.delivery.due_at.map(ms),
            sending_ms: self.sending_ms,
            timers: &self.timers,
        }
    }

    /// Whether any recipient is in that state.
    pub fn any(&self, state: RecipientState) -> bool {
        self.delivery
            .recipients
            .iter()
            .any(|recipient| recipient.state == state)
    }

    /// When it does that by itself, in milliseconds since 1970.
    pub fn timer(&self, kind: TimerKind) -> Option<u64> {
        self.timers
            .iter()
            .find(|(_, other)| *other == kind)
            .map(|(at_ms, _)| *at_ms)
    }

    /// Sets a timer, or takes it away.
    pub fn set_timer(&mut self, kind: TimerKind, at_ms: Option<u64>) {
        self.timers.retain(|(_, other)| *other != kind);
        if let Some(at_ms) = at_ms {
            self.timers.push((at_ms, kind));
            self.timers.sort_by_key(|(_, kind)| *kind);
        }
    }
}
