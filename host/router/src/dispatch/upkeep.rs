//! What happens by the calendar: giving up, alerts, and the end of what is kept. And the calendar itself, where the clock jumps.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::core::{Core, Phase, reached};
use super::engine::Engine;
use super::words;
use super::world::World;
use crate::names::WorkspaceName;
use crate::outbox::{Change, Delivery, DeliveryId, RecipientState, Timer, TimerKind};
use crate::store::StoreError;

/// Timers that are gone through at once.
const BATCH: usize = 256;
/// Batches of one tick at most: the next tick goes on.
const BATCHES: usize = 40;
/// Uncertain deliveries that one alert names.
const NAMED: usize = 100;

/// Looks at the clock and the calendar until the dispatcher stops.
pub(super) async fn keep<W: World>(engine: Arc<Engine<W>>) {
    let core = engine.core.clone();
    let mut phase = core.phase.subscribe();
    let mut clock = Clock::new(core.world.now(), Instant::now());
    loop {
        let (wall, steady) = (core.world.now(), Instant::now());
        if let Some(jump) = clock.look(wall, steady, core.config.jump) {
            shift(&engine, jump, wall.saturating_sub(jump).unwrap_or(wall)).await;
        }
        core.set_calendar(wall, steady);
        calendar(&core).await;
        tokio::select! {
            () = tokio::time::sleep(core.config.tick) => {}
            () = reached(&mut phase, Phase::Stopping) => return,
        }
    }
}

/// The clock of the calendar against the one that only goes forward.
#[derive(Debug)]
struct Clock {
    wall: Timestamp,
    steady: Instant,
}

impl Clock {
    fn new(wall: Timestamp, steady: Instant) -> Self {
        Self { wall, steady }
    }

    /// By how much the clock has jumped since it was looked at last; none where it went as clocks go.
    fn look(&mut self, wall: Timestamp, steady: Instant, jump: Duration) -> Option<SignedDuration> {
        let passed = SignedDuration::try_from(steady.duration_since(self.steady)).unwrap_or(SignedDuration::MAX);
        let by = wall.duration_since(self.wall).saturating_sub(passed);
        *self = Self::new(wall, steady);
        (by.unsigned_abs() > jump).then_some(by)
    }
}

/// What is to be done waits as long as it would have without the jump.
async fn shift<W: World>(engine: &Arc<Engine<W>>, by: SignedDuration, known: Timestamp) {
    let core = &engine.core;
    core.hub.tally.clock_jumps.add(1);
    tracing::warn!(target: "relais::dispatch", seconds = by.as_secs(), "the clock has jumped");
    if let Err(error) = core.world.shift(by, known).await {
        core.hub.tally.store_faults.add(1);
        tracing::error!(target: "relais::dispatch", code = error.code(), "the due times could not follow the clock");
    }
    engine.tend_all();
}

/// Goes through the timers whose time has come.
pub(super) async fn calendar<W: World>(core: &Arc<Core<W>>) {
    for _ in 0..BATCHES {
        let timers = match core.world.timers(core.world.now(), BATCH) {
            Ok(timers) => timers,
            Err(error) => return fault(core, &error),
        };
        let full = timers.len() == BATCH;
        let mut alerts: BTreeMap<WorkspaceName, Vec<(DeliveryId, Timer)>> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        let mut moved = 0_usize;
        for timer in timers {
            match timer.kind {
                TimerKind::UncertainAlert => match core.world.row(timer.id) {
                    Ok(Some(row)) => alerts.entry(row.workspace).or_default().push((timer.id, timer)),
                    Ok(None) => {
                        moved += 1;
                        tasks.spawn(fire(core.clone(), timer));
                    }
                    Err(error) => return fault(core, &error),
                },
                // Its attempt is about to end, and knows by itself that it is too late.
                TimerKind::GiveUp if core.hub.in_hand(timer.id) => {}
                TimerKind::GiveUp => {
                    moved += 1;
                    tasks.spawn(give_up(core.clone(), timer));
                }
                TimerKind::BodyExpiry | TimerKind::JournalExpiry => {
                    moved += 1;
                    tasks.spawn(fire(core.clone(), timer));
                }
            }
        }
        for (ws, of_workspace) in alerts {
            moved += of_workspace.len();
            alert(core, &ws, &of_workspace).await;
            for (_, timer) in of_workspace {
                tasks.spawn(fire(core.clone(), timer));
            }
        }
        // All at once, so that they share the store's commits.
        while tasks.join_next().await.is_some() {}
        if !full || moved == 0 || !core.running() {
            return;
        }
    }
}

fn fault<W: World>(core: &Core<W>, error: &StoreError) {
    core.hub.tally.store_faults.add(1);
    tracing::error!(target: "relais::dispatch", code = error.code(), "the calendar cannot be read");
}

async fn fire<W: World>(core: Arc<Core<W>>, timer: Timer) {
    if let Err(error) = core.world.fire(timer).await {
        core.hub.tally.store_faults.add(1);
        tracing::error!(target: "relais::dispatch", delivery = %timer.id, code = error.code(), "what is kept too long could not be erased");
    }
}

async fn alert<W: World>(core: &Core<W>, ws: &WorkspaceName, uncertain: &[(DeliveryId, Timer)]) {
    let ids: Vec<DeliveryId> = uncertain.iter().map(|(id, _)| *id).collect();
    for ids in ids.chunks(NAMED) {
        match core.world.alert(ws, ids).await {
            Ok(()) => core.hub.tally.notices.add(1),
            Err(error) => {
                tracing::warn!(target: "relais::dispatch", workspace = %ws, uncertain = ids.len(), code = error.code(), "the workspace's contact could not be told of uncertain deliveries");
            }
        }
    }
}

/// A delivery that waited for too long has failed.
async fn give_up<W: World>(core: Arc<Core<W>>, timer: Timer) {
    let id = timer.id;
    let Some(claim) = core.hub.claim(id) else { return };
    let row = match core.world.row(id) {
        Ok(Some(row)) => row,
        Ok(None) => return fire(core, timer).await,
        Err(error) => return fault(&core, &error),
    };
    if let Some(until) = core.world.reprieve(&row) {
        if let Err(error) = core.world.change(id, Change::Postpone { until }).await {
            fault(&core, &error);
        }
        return;
    }
    let waiting: Vec<usize> = row.pending().map(|(place, _)| place).collect();
    let last = row.pending().find_map(|(_, recipient)| recipient.words.as_ref());
    let now = core.world.now();
    let words = words::gave_up(&row, last, now);
    match core.world.change(id, Change::GiveUp { now, words }).await {
        Ok(Some(row)) => {
            drop(claim);
            gave_up(&core, &row, &waiting).await;
        }
        // It ended meanwhile.
        Ok(None) => fire(core, timer).await,
        Err(error) => fault(&core, &error),
    }
}

async fn gave_up<W: World>(core: &Core<W>, row: &Delivery, waiting: &[usize]) {
    let failed: Vec<usize> = (0..)
        .zip(&row.recipients)
        .filter(|(place, recipient)| waiting.contains(place) && recipient.state == RecipientState::Failed)
        .map(|(place, _)| place)
        .collect();
    for _ in &failed {
        core.hub.tally.recipient(RecipientState::Failed);
    }
    tracing::info!(target: "relais::dispatch", delivery = %row.id, state = row.summary().word(), tried = row.tried, "given up");
    core.hub.changed(row);
    core.notify(row, failed, None).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_clock_that_is_put_right_by_a_second_has_not_jumped() {
        let (wall, steady) = (Timestamp::from_second(1_000_000).unwrap(), Instant::now());
        let limit = Duration::from_secs(60);
        let mut clock = Clock::new(wall, steady);
        let second = |count| SignedDuration::from_secs(count);
        let later = steady + Duration::from_secs(10);
        assert_eq!(clock.look(wall + second(11), later, limit), None);
        let later = later + Duration::from_secs(10);
        assert_eq!(clock.look(wall + second(3_621), later, limit), Some(second(3_600)));
        // From then on the new time is the right one.
        let later = later + Duration::from_secs(10);
        assert_eq!(clock.look(wall + second(3_631), later, limit), None);
        let later = later + Duration::from_secs(10);
        assert_eq!(clock.look(wall, later, limit), Some(second(-3_641)));
    }
}
