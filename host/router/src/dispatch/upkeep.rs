//! What happens by the calendar: giving up, alerts, and the end of what is kept. And what nothing else would come back to: that
//! the calendar is noted, for the process after this one, that nothing is left as being sent by nobody, and that every instance
//! with work has its lane.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::core::{Core, Phase, reached};
use super::engine::Engine;
use super::recover;
use super::words;
use super::world::World;
use crate::names::WorkspaceName;
use crate::outbox::{Change, Delivery, DeliveryId, RecipientState, Timer, TimerKind};
use crate::store::StoreError;

/// Timers that are gone through at once.
const BATCH: usize = 256;
/// Batches of one tick at most: the next tick goes on.
const BATCHES: usize = 40;
/// How often the time is noted. After a crash the next process takes so much at most for time in which none ran.
const NOTED: Duration = Duration::from_secs(600);

/// Looks at the clock and the calendar until the dispatcher stops.
pub(super) async fn keep<W: World>(engine: Arc<Engine<W>>) {
    let core = engine.core.clone();
    let mut phase = core.phase.subscribe();
    let mut noted: Option<Instant> = None;
    loop {
        if let Some(by) = core.world.jumped() {
            core.hub.tally.clock_jumps.add(1);
            // Or Relais was not running for longer than the calendar believes. Either way nothing is hurried by it.
            tracing::warn!(target: "relais::dispatch", seconds = by.as_secs(), "the clock has jumped");
            noted = None;
        }
        if noted.is_none_or(|noted| noted.elapsed() >= NOTED) {
            // What could not be noted is noted at the next tick.
            noted = note(&core).await.then(Instant::now);
        }
        calendar(&core).await;
        recover::stranded(&core).await;
        lanes(&engine);
        tokio::select! {
            () = tokio::time::sleep(core.config.tick) => {}
            () = reached(&mut phase, Phase::Stopping) => break,
        }
    }
    note(&core).await;
}

/// Makes the lanes that are missing. Whoever accepts a delivery wakes its lane; should that ever fail, the delivery waits no
/// longer than this.
fn lanes<W: World>(engine: &Arc<Engine<W>>) {
    match engine.core.world.instances_with_work() {
        Ok(paths) => paths.iter().for_each(|path| drop(engine.lane(path))),
        Err(error) => {
            engine.core.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", code = error.code(), "what is due cannot be read");
        }
    }
}

async fn note<W: World>(core: &Core<W>) -> bool {
    match core.world.note_time().await {
        Ok(()) => true,
        Err(error) => {
            core.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", code = error.code(), "the time could not be noted");
            false
        }
    }
}

/// Goes through the timers whose time has come.
pub(super) async fn calendar<W: World>(core: &Arc<Core<W>>) {
    let now = core.world.now().calendar;
    let mut after = None;
    let mut alerts: BTreeMap<WorkspaceName, Vec<Timer>> = BTreeMap::new();
    for _ in 0..BATCHES {
        let timers = match core.world.timers(now, after, BATCH) {
            Ok(timers) => timers,
            Err(error) => {
                fault(core, &error);
                break;
            }
        };
        let full = timers.len() == BATCH;
        after = timers.last().copied();
        let mut tasks = JoinSet::new();
        for timer in timers {
            match timer.kind {
                TimerKind::UncertainAlert => match core.world.row(timer.id) {
                    Ok(Some(row)) => alerts.entry(row.workspace).or_default().push(timer),
                    Ok(None) => drop(tasks.spawn(fire(core.clone(), timer))),
                    Err(error) => failed(core, timer.id, &error),
                },
                // Its attempt is about to end, and knows by itself that it is too late.
                TimerKind::GiveUp if core.hub.in_hand(timer.id) => {}
                TimerKind::GiveUp => drop(tasks.spawn(give_up(core.clone(), timer))),
                TimerKind::BodyExpiry | TimerKind::JournalExpiry => drop(tasks.spawn(fire(core.clone(), timer))),
                TimerKind::NoticeOwed => drop(tasks.spawn(tell(core.clone(), timer))),
            }
        }
        // All at once, so that they share the store's commits.
        while tasks.join_next().await.is_some() {}
        if !full || !core.running() {
            break;
        }
    }
    // One alert for all that a workspace has.
    for (ws, uncertain) in alerts {
        alert(core, &ws, &uncertain).await;
    }
}

fn fault<W: World>(core: &Core<W>, error: &StoreError) {
    core.hub.tally.store_faults.add(1);
    tracing::error!(target: "relais::dispatch", code = error.code(), "the calendar cannot be read");
}

/// One thing could not be done: it is of one record, or of the store.
fn failed<W: World>(core: &Core<W>, id: DeliveryId, error: &StoreError) {
    match error.of_one_record() {
        true => core.set_aside(id, error),
        false => fault(core, error),
    }
}

async fn fire<W: World>(core: Arc<Core<W>>, timer: Timer) {
    if let Err(error) = core.world.fire(timer).await {
        failed(&core, timer.id, &error);
    }
}

/// A timer could not be done justice to.
async fn again<W: World>(core: Arc<Core<W>>, timer: Timer) {
    if let Err(error) = core.world.again(timer, core.world.now()).await {
        failed(&core, timer.id, &error);
    }
}

/// Tells a sender what nobody came to tell it.
async fn tell<W: World>(core: Arc<Core<W>>, timer: Timer) {
    match core.tell(timer.id, None).await {
        Ok(true) => {}
        Ok(false) => again(core, timer).await,
        Err(error) => failed(&core, timer.id, &error),
    }
}

/// Tells the contact of a workspace; where that cannot be done, it is tried again in an hour.
async fn alert<W: World>(core: &Arc<Core<W>>, ws: &WorkspaceName, uncertain: &[Timer]) {
    let ids: Vec<DeliveryId> = uncertain.iter().map(|timer| timer.id).collect();
    let alerted = core.world.alert(ws, &ids).await.unwrap_or_else(|error| {
        tracing::warn!(target: "relais::dispatch", workspace = %ws, uncertain = ids.len(), code = error.code(), "the workspace's contact could not be told of uncertain deliveries");
        false
    });
    if alerted {
        core.hub.tally.notices.add(1);
    }
    for timers in uncertain.chunks(BATCH) {
        let mut tasks = JoinSet::new();
        for timer in timers {
            match alerted {
                true => drop(tasks.spawn(fire(core.clone(), *timer))),
                false => drop(tasks.spawn(again(core.clone(), *timer))),
            }
        }
        while tasks.join_next().await.is_some() {}
    }
}

/// A delivery that waited for too long has failed.
async fn give_up<W: World>(core: Arc<Core<W>>, timer: Timer) {
    let id = timer.id;
    let Some(claim) = core.hub.claim(id) else { return };
    let row = match core.world.row(id) {
        Ok(Some(row)) => row,
        Ok(None) => return fire(core, timer).await,
        Err(error) => return failed(&core, id, &error),
    };
    if let Some(until) = core.reprieve(&row, core.world.now()) {
        if let Err(error) = core.world.change(id, Change::Postpone { until }).await {
            fault(&core, &error);
        }
        return;
    }
    let waiting = row.pending().count();
    let last = row.pending().find_map(|(_, recipient)| recipient.words.as_ref());
    let now = core.world.now();
    let words = words::gave_up(&row, last, now.wall);
    let since = core.began_at;
    match core.world.change(id, Change::GiveUp { now, words, since }).await {
        Ok(Some(row)) if row.pending().next().is_some() => {
            drop(claim);
            tracing::info!(target: "relais::dispatch", delivery = %id, "attempted before it is given up");
            let path = row.path();
            core.hub.wake(&path, id);
        }
        Ok(Some(row)) => {
            drop(claim);
            gave_up(&core, &row, waiting).await;
        }
        // It ended meanwhile.
        Ok(None) => fire(core, timer).await,
        Err(error) => failed(&core, id, &error),
    }
}

async fn gave_up<W: World>(core: &Core<W>, row: &Delivery, waiting: usize) {
    for _ in 0..waiting {
        core.hub.tally.recipient(RecipientState::Failed);
    }
    tracing::info!(target: "relais::dispatch", delivery = %row.id, state = row.summary().word(), tried = row.tried, "given up");
    core.hub.changed(row);
    core.notify(row, None).await;
}
