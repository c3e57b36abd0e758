//! The state of one lane: what is due, who works on it, how well the instance does. It reads no clock and wakes nobody; the
//! lane around it does.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::DispatchConfig;
use super::backoff;
use super::pace::Pace;
use super::verdict::Report;
use crate::instances::InstanceLimits;
use crate::outbox::DeliveryId;

/// Sessions that an instance begins with. Each delivery that its remote answers opens the way for one more, so that an instance
/// whose remote is dead holds no more than these.
const FIRST_SESSIONS: u32 = 2;

/// How well the connector instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Well,
    /// Nothing is attempted until then, and then one delivery, to see.
    Paused {
        until: Instant,
        step: u32,
    },
    /// That one delivery is being attempted.
    Probing {
        step: u32,
    },
}

/// What a worker does next.
#[derive(Debug)]
pub(super) enum Next<C> {
    /// Attempts this delivery, which it has claimed.
    Take(C),
    /// Reads more that is due from the store.
    Refill,
    /// Nothing can be done now.
    Wait,
}

/// Whom work is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Nobody,
    /// A worker that has nothing to do.
    Idle,
    /// One worker more; it counts as asked for.
    Worker,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    /// Due deliveries, in the order in which they are due.
    heads: VecDeque<DeliveryId>,
    most: usize,
    /// The store may hold due deliveries that are not among the heads.
    more: bool,
    /// A delivery came that is not among the heads, since the last reading began.
    arrived: bool,
    reading: bool,
    workers: u32,
    idle: u32,
    asked: u32,
    /// How many workers are trusted to the instance.
    window: u32,
    sessions: u32,
    sessions_default: u32,
    pace: Pace,
    health: Health,
}

impl Queue {
    pub(super) fn new(config: &DispatchConfig, limits: InstanceLimits) -> Self {
        let mut queue = Self {
            heads: VecDeque::new(),
            most: config.heads.max(1),
            // Whatever was there before the lane was.
            more: true,
            arrived: false,
            reading: false,
            workers: 0,
            idle: 0,
            asked: 0,
            window: FIRST_SESSIONS,
            sessions: 1,
            sessions_default: config.sessions_per_instance,
            pace: Pace::default(),
            health: Health::Well,
        };
        queue.edited(limits);
        queue
    }

    /// The instance was edited: what it did before says nothing of what it will do.
    pub(super) fn edited(&mut self, limits: InstanceLimits) {
        self.sessions = limits.sessions.unwrap_or(self.sessions_default).max(1);
        self.pace.set(limits.per_minute);
        self.health = Health::Well;
        self.window = FIRST_SESSIONS;
    }

    /// A delivery is due now.
    pub(super) fn push(&mut self, id: DeliveryId) {
        // Behind what is in the store already, so that nothing overtakes it for ever.
        if self.more || self.heads.len() >= self.most {
            self.more = true;
            self.arrived = true;
        } else if !self.heads.contains(&id) {
            self.heads.push_back(id);
        }
    }

    /// What a worker does next. `claim` takes a delivery in hand, or tells that another has it.
    pub(super) fn take<C>(&mut self, now: Instant, claim: impl Fn(DeliveryId) -> Option<C>) -> Next<C> {
        if !self.open(now) || self.pace.wait(now).is_some() {
            return Next::Wait;
        }
        while let Some(id) = self.heads.pop_front() {
            let Some(claim) = claim(id) else { continue };
            self.pace.spend(now);
            if let Health::Paused { step, .. } = self.health {
                self.health = Health::Probing { step };
            }
            return Next::Take(claim);
        }
        match self.more && !self.reading {
            true => Next::Refill,
            false => Next::Wait,
        }
    }

    /// A reading of the store begins: how many due deliveries to ask for. None where another goes on.
    pub(super) fn begin_reading(&mut self) -> Option<usize> {
        if self.reading {
            // The other one may miss what has just become due.
            self.arrived = true;
            return None;
        }
        self.reading = true;
        self.arrived = false;
        // Each worker may have one in hand, and one whose outcome is not stored yet.
        let in_hand = usize::try_from(self.workers).unwrap_or(usize::MAX).saturating_mul(2);
        Some(self.most.saturating_add(in_hand))
    }

    /// What the reading found, of `asked` deliveries. `known` are in somebody's hand. True where it brought anything new.
    pub(super) fn end_reading(
        &mut self,
        found: &[DeliveryId],
        asked: usize,
        known: impl Fn(DeliveryId) -> bool,
    ) -> bool {
        self.reading = false;
        self.more = self.arrived || found.len() >= asked;
        let before = self.heads.len();
        for id in found {
            if self.heads.contains(id) || known(*id) {
                continue;
            }
            if self.heads.len() >= self.most {
                self.more = true;
                break;
            }
            self.heads.push_back(*id);
        }
        self.heads.len() > before
    }

    /// A reading failed.
    pub(super) fn fail_reading(&mut self) {
        self.reading = false;
        self.more = true;
    }

    /// Something may have become due: whether the heads suffice for now. If so, the store is read when they are gone.
    pub(super) fn suffices(&mut self) -> bool {
        let enough = self.heads.len() > self.most / 2;
        if enough {
            self.more = true;
            self.arrived = true;
        }
        enough
    }

    /// Whether everything that is due now is known here.
    pub(super) fn complete(&self) -> bool {
        !self.more
    }

    /// Whom the work waits for.
    pub(super) fn call(&mut self, now: Instant) -> Call {
        let work = !self.heads.is_empty() || (self.more && !self.reading);
        if !work || !self.open(now) || self.pace.wait(now).is_some() {
            return Call::Nobody;
        }
        if self.idle > 0 {
            return Call::Idle;
        }
        if self.workers.saturating_add(self.asked) < self.allowed() {
            self.asked += 1;
            return Call::Worker;
        }
        Call::Nobody
    }

    /// When [`Queue::call`] may name somebody where it names nobody now.
    pub(super) fn next_at(&self, now: Instant) -> Option<Instant> {
        if self.heads.is_empty() && !self.more {
            return None;
        }
        match self.health {
            Health::Paused { until, .. } if until > now => Some(until),
            _ => self.pace.wait(now),
        }
    }

    /// A worker that was asked for begins.
    pub(super) fn started(&mut self) {
        self.asked = self.asked.saturating_sub(1);
        self.workers += 1;
    }

    /// A worker ends.
    pub(super) fn left(&mut self) {
        self.workers = self.workers.saturating_sub(1);
    }

    /// A worker has nothing to do.
    pub(super) fn rests(&mut self) {
        self.idle += 1;
    }

    /// It looks again.
    pub(super) fn stirs(&mut self) {
        self.idle = self.idle.saturating_sub(1);
    }

    pub(super) fn workers(&self) -> u32 {
        self.workers
    }

    pub(super) fn heads(&self) -> usize {
        self.heads.len()
    }

    /// How long nothing is attempted yet.
    pub(super) fn paused_for(&self, now: Instant) -> Option<Duration> {
        match self.health {
            Health::Paused { until, .. } => Some(until.saturating_duration_since(now)),
            Health::Well | Health::Probing { .. } => None,
        }
    }

    /// What an attempt told of the instance. True where it begins to pause because of it.
    pub(super) fn report(&mut self, report: Report, now: Instant, config: &DispatchConfig, draw: f64) -> bool {
        match (report, self.health) {
            (Report::Works, _) => {
                self.health = Health::Well;
                self.window = self.window.saturating_add(1).min(self.sessions.max(FIRST_SESSIONS));
                false
            }
            (Report::Nothing, Health::Probing { step }) => {
                self.health = Health::Paused { until: now, step };
                false
            }
            // An attempt that began before the pause tells nothing new.
            (Report::Nothing, _) | (Report::Ails { .. } | Report::Waits, Health::Paused { .. }) => false,
            // Whoever associates the account edits the instance. Should that be missed, one delivery in a while finds out.
            (Report::Waits, _) => self.pause(0, now, config.pause_most),
            (Report::Ails { asked }, Health::Well) => self.pause(0, now, backoff::pause(config, 0, asked, draw)),
            (Report::Ails { asked }, Health::Probing { step }) => {
                let step = step.saturating_add(1);
                self.pause(step, now, backoff::pause(config, step, asked, draw))
            }
        }
    }

    fn pause(&mut self, step: u32, now: Instant, span: Duration) -> bool {
        self.health = Health::Paused {
            until: now + span,
            step,
        };
        self.window = FIRST_SESSIONS;
        true
    }

    fn open(&self, now: Instant) -> bool {
        match self.health {
            Health::Well => true,
            Health::Paused { until, .. } => until <= now,
            Health::Probing { .. } => false,
        }
    }

    fn allowed(&self) -> u32 {
        match self.health {
            Health::Well => self.window.min(self.sessions),
            Health::Paused { .. } | Health::Probing { .. } => 1,
        }
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
