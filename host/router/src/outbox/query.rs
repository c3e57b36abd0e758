//! What is asked of the outbox, and what it answers.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::delivery::{Delivery, Summary};
use super::id::DeliveryId;
use super::row::TimerKind;
use crate::names::{InstanceName, InstancePath, ServiceInstanceName, WorkspaceName};

/// Which deliveries of a workspace are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub state: Option<Summary>,
    pub instance: Option<InstanceName>,
    pub service_instance: Option<ServiceInstanceName>,
    /// Those older than this one: [`Page::next`] of the page before.
    pub before: Option<DeliveryId>,
    /// At most so many, between 1 and 500.
    pub limit: usize,
}

impl Filter {
    pub(crate) fn admits(&self, delivery: &Delivery) -> bool {
        let instance = self.instance.as_ref();
        let service_instance = self.service_instance.as_ref();
        instance.is_none_or(|instance| *instance == delivery.instance)
            && service_instance.is_none_or(|wanted| delivery.service_instance.as_ref() == Some(wanted))
    }
}

/// Deliveries, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; none at the end. A page may show fewer than were asked for, even none, and not be the last:
    /// so many rows are looked at for one page, and no more.
    pub next: Option<DeliveryId>,
    /// Those among them whose record cannot be read, whatever the filter says of them beside their state.
    pub unreadable: Vec<Unreadable>,
}

/// A delivery whose record cannot be read: it is damaged, or a later version of Relais wrote it. Nothing is done with it, and
/// nothing of it is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable {
    pub id: DeliveryId,
    /// The code of the error that reading it gives.
    pub code: &'static str,
}

/// Something that is to be done with a delivery at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// Whole milliseconds.
    pub at: Timestamp,
    pub id: DeliveryId,
    pub kind: TimerKind,
}

/// What the writer has done since the book was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Batches that are on the disk; each is one sync of the log at most.
    pub batches: u64,
    /// Changes in them.
    pub changes: u64,
    /// Batches that failed.
    pub failures: u64,
}

/// How many deliveries each connector instance has in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(pub(super) BTreeMap<(InstancePath, Summary), u64>);

impl Counts {
    /// Every instance and state of which there are any.
    pub fn iter(&self) -> impl Iterator<Item = (&InstancePath, Summary, u64)> {
        self.0.iter().map(|((path, summary), count)| (path, *summary, *count))
    }

    /// How many an instance has in one state.
    pub fn of(&self, instance: &InstancePath, summary: Summary) -> u64 {
        self.0.get(&(instance.clone(), summary)).copied().unwrap_or(0)
    }

    /// How many of a workspace Relais still has something to do with by itself.
    pub fn pending(&self, ws: &WorkspaceName) -> u64 {
        let here = self.iter().filter(|(path, ..)| path.workspace == *ws);
        here.filter(|(_, summary, _)| super::RecipientState::from(*summary).pending())
            .map(|(.., count)| count)
            .sum()
    }

    pub(super) fn apply(&mut self, deltas: crate::store::Deltas) {
        for (key, delta) in deltas {
            let count = self.0.get(&key).copied().unwrap_or(0).saturating_add_signed(delta);
            if count == 0 {
                self.0.remove(&key);
            } else {
                self.0.insert(key, count);
            }
        }
    }
}
