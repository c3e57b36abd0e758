//! One lane: the queue of one connector instance, and its keeper, which knows when something becomes due.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::core::{Phase, reached};
use super::engine::Engine;
use super::hub::lock;
use super::queue::Queue;
use super::verdict::Report;
use super::world::{Mark, World};
use crate::names::InstancePath;
use crate::outbox::DeliveryId;

/// How long a keeper sleeps at most. It is told what it has to know; should that ever fail, a delivery waits no longer than
/// this.
const SLEEP: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug)]
pub(super) struct Lane {
    pub path: InstancePath,
    pub queue: Mutex<Queue>,
    /// What the instance was when it was last looked at.
    pub mark: Mutex<Option<Mark>>,
    /// There is work for one who rests.
    pub work: Notify,
    /// What is due when may have changed.
    pub tend: Notify,
}

impl Lane {
    pub(super) fn new(path: InstancePath, queue: Queue, mark: Option<Mark>) -> Self {
        Self {
            path,
            queue: Mutex::new(queue),
            mark: Mutex::new(mark),
            work: Notify::new(),
            tend: Notify::new(),
        }
    }
}

/// Looks after a lane until the dispatcher stops: reads what became due, and calls a worker for it.
pub(super) async fn keep<W: World>(engine: Arc<Engine<W>>, lane: Arc<Lane>) {
    let mut phase = engine.core.phase.subscribe();
    loop {
        let wake_at = tend(&engine, &lane);
        tokio::select! {
            () = tokio::time::sleep_until(wake_at) => {}
            () = lane.tend.notified() => {}
            () = reached(&mut phase, Phase::Stopping) => return,
        }
    }
}

/// Does what is to be done now, and answers when to look again.
fn tend<W: World>(engine: &Arc<Engine<W>>, lane: &Arc<Lane>) -> Instant {
    // One time for both: nothing becomes due between what is read and what is waited for.
    let now = engine.core.world.now().calendar;
    if !lock(&lane.queue).suffices() {
        refill(engine, lane, now);
    }
    let due_at = next_due(engine, lane, now);
    engine.call(lane);
    let now = Instant::now();
    let next = lock(&lane.queue).next_at(now);
    [next, due_at].into_iter().flatten().fold(now + SLEEP, Instant::min)
}

/// When the next delivery becomes due that is not due at `now`.
fn next_due<W: World>(engine: &Arc<Engine<W>>, lane: &Arc<Lane>, now: Timestamp) -> Option<Instant> {
    if !lock(&lane.queue).complete() {
        return None;
    }
    let core = &engine.core;
    // The last of all ids: whatever is due at this very time comes before it.
    let last = DeliveryId::from_u128(u128::MAX);
    let next = core.world.due(&lane.path, Timestamp::MAX, Some((now, last)), 1);
    let (at, _) = next.ok()?.into_iter().next()?;
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
    if wait > core.config.far {
        // A clock was wrong when it was put off.
        refill(engine, lane, Timestamp::MAX);
        return None;
    }
    // The store counts in milliseconds, and has cut off the rest.
    Some(Instant::now() + wait + Duration::from_millis(1))
}

/// Reads what is due by the calendar; true where that brought anything new.
pub(super) fn refill<W: World>(engine: &Arc<Engine<W>>, lane: &Lane, until: Timestamp) -> bool {
    let Some(asked) = lock(&lane.queue).begin_reading() else {
        return false;
    };
    let core = &engine.core;
    match core.world.due(&lane.path, until, None, asked) {
        Ok(found) => {
            let found: Vec<DeliveryId> = found.into_iter().map(|(_, id)| id).collect();
            lock(&lane.queue).end_reading(&found, asked, |id| core.hub.in_hand(id))
        }
        Err(error) => {
            core.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", instance = %lane.path, code = error.code(), "what is due cannot be read");
            lock(&lane.queue).fail_reading();
            engine.report(lane, Report::Ails { asked: None });
            false
        }
    }
}
