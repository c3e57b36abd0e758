//! A worker of a lane: it holds one of the places, and one session, and takes one delivery after another through it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::attempt::{self, Attempted, Found, When};
use super::core::{Phase, reached};
use super::engine::Engine;
use super::held::Held;
use super::hub::{Claim, lock};
use super::lane::{self, Lane};
use super::queue::Next;
use super::verdict::Report;
use super::world::World;

/// A worker's place. When it is dropped, however the worker ends, the place goes to whoever waits for one.
pub(super) struct Post<W: World> {
    engine: Arc<Engine<W>>,
    lane: Arc<Lane>,
    since: Instant,
    /// It is left because another instance waits for it.
    surrendered: bool,
    /// Its lane waits to be told what an attempt came to.
    attempting: bool,
}

impl<W: World> Post<W> {
    /// Takes up a place that was asked for.
    pub(super) fn new(engine: Arc<Engine<W>>, lane: Arc<Lane>) -> Self {
        lock(&lane.queue).started();
        Self {
            engine,
            lane,
            since: Instant::now(),
            surrendered: false,
            attempting: false,
        }
    }

    /// Whether the place should be left to another.
    fn owed(&mut self, idle: bool) -> bool {
        let slots = &self.engine.slots;
        let due = idle || self.since.elapsed() >= self.engine.core.config.turn;
        self.surrendered = due && slots.contended() && slots.surrender(&self.lane.path.workspace);
        self.surrendered
    }
}

impl<W: World> Drop for Post<W> {
    fn drop(&mut self) {
        if self.attempting {
            // It panicked. A lane that was probing by it would stay closed.
            self.engine.report(&self.lane, Report::Ails { asked: None });
        }
        lock(&self.lane.queue).left();
        self.engine.vacated(&self.lane.path, self.surrendered);
        // What came while it was leaving.
        self.engine.call(&self.lane);
    }
}

/// A worker's life.
pub(super) async fn work<W: World>(mut post: Post<W>) {
    let mut phase = post.engine.core.phase.subscribe();
    let mut held = Held::new();
    // The outcome of the delivery before, on its way into the store while the next one is sent.
    let mut settling: Option<JoinHandle<()>> = None;
    while let Some(claim) = next(&mut post, &mut held).await {
        let (engine, lane) = (post.engine.clone(), post.lane.clone());
        let core = &engine.core;
        post.attempting = true;
        // More may wait than this one worker can do.
        engine.call(&lane);
        let (attempted, message) = match attempt::find(core, claim.id(), When::Due).await {
            Found::Nothing => (nothing(Report::Nothing), None),
            Found::Broken(error) => {
                tracing::error!(target: "relais::dispatch", delivery = %claim.id(), code = error.code(), "the delivery cannot be read");
                (nothing(Report::Ails { asked: None }), None)
            }
            Found::Unreadable(delivery, error) => {
                let outcome = Some(core.lost(&delivery, &error));
                (
                    Attempted {
                        outcome,
                        ..nothing(Report::Nothing)
                    },
                    None,
                )
            }
            Found::Job(job) => {
                let edition = core.world.edition();
                let mut attempted = attempt::make(core, &lane.path, &mut held, &job, &mut phase).await;
                if attempted.report == Report::Waits && core.world.edition() != edition {
                    // What it waits for may have come meanwhile.
                    attempted.report = Report::Nothing;
                    held.close().await;
                    drop(claim);
                    engine.report(&lane, attempted.report);
                    post.attempting = false;
                    lane.tend.notify_one();
                    continue;
                }
                (attempted, Some(job.whole))
            }
        };
        if let Report::Ails { .. } | Report::Waits = attempted.report {
            held.close().await;
        }
        engine.report(&lane, attempted.report);
        post.attempting = false;
        let Some(outcome) = attempted.outcome else {
            continue;
        };
        if let Some(before) = settling.take() {
            // Only a panic ends it early, and its delivery is then found by the next start.
            let _ = before.await;
        }
        settling = Some(settle(&engine, &lane, claim, outcome, message).await);
    }
    if let Some(before) = settling {
        let _ = before.await;
    }
    // While Relais ends, a farewell must not outlast the grace.
    tokio::select! {
        () = held.close() => {}
        () = reached(&mut phase, Phase::Cut) => {}
    }
}

fn nothing(report: Report) -> Attempted {
    Attempted { outcome: None, report }
}

/// Stores an outcome aside. Its worker waits for it before it ends, and stopping waits for the worker. It stands in the writer's
/// queue before this returns, so before the session's next message asks to leave: a crash finds one of them being sent at most.
async fn settle<W: World>(
    engine: &Arc<Engine<W>>,
    lane: &Arc<Lane>,
    claim: Claim,
    outcome: crate::outbox::Outcome,
    message: Option<relais_message::Message>,
) -> JoinHandle<()> {
    let (engine, lane) = (engine.clone(), lane.clone());
    let mut settling = Box::pin(async move {
        let again = outcome.next_at.is_some();
        engine.core.settle(claim, outcome, message).await;
        if again {
            lane.tend.notify_one();
        }
    });
    // Unconstrained: a task that has used up its turn would be asked to come back before it did anything.
    match tokio::task::unconstrained(settling.as_mut()).now_or_never() {
        Some(()) => tokio::spawn(async {}),
        None => tokio::spawn(settling),
    }
}

/// Waits for the next delivery; none: the worker has no more reason to be.
async fn next<W: World>(post: &mut Post<W>, held: &mut Held<W::Session>) -> Option<Claim> {
    let (engine, lane) = (post.engine.clone(), post.lane.clone());
    let core = &engine.core;
    let mut phase = core.phase.subscribe();
    if post.owed(false) {
        return None;
    }
    let mut read = false;
    loop {
        // Before the queue is looked at: whatever comes from now on is noticed.
        let mut work = std::pin::pin!(lane.work.notified());
        work.as_mut().enable();
        let mut wanted = std::pin::pin!(engine.slots.wanted.notified());
        wanted.as_mut().enable();
        if !core.running() {
            return None;
        }
        let next = {
            let mut queue = lock(&lane.queue);
            let next = queue.take(Instant::now(), |id| engine.hub().claim(id));
            let waits = matches!(next, Next::Wait) || (read && matches!(next, Next::Refill));
            if waits {
                queue.rests();
                if queue.next_at(Instant::now()).is_some() {
                    // The keeper calls when the pause is over, or the next message may go.
                    lane.tend.notify_one();
                }
            }
            if waits { Next::Wait } else { next }
        };
        match next {
            Next::Take(claim) => return Some(claim),
            Next::Refill => {
                read = !lane::refill(&engine, &lane, core.world.now().calendar);
                // When what is not due yet becomes due can be told only once all that is due is known.
                lane.tend.notify_one();
                continue;
            }
            Next::Wait => {}
        }
        let resting = Resting(&lane);
        held.check(core, &lane.path).await;
        let used_at = held.used_at()?;
        if post.owed(true) {
            return None;
        }
        let until = used_at + rest(post);
        tokio::select! {
            () = work => {}
            () = wanted => {}
            () = tokio::time::sleep_until(until) => {
                if used_at.elapsed() >= rest(post) {
                    return None;
                }
            }
            () = reached(&mut phase, Phase::Stopping) => return None,
        }
        drop(resting);
        read = false;
    }
}

/// How long a session may stay without work.
fn rest<W: World>(post: &Post<W>) -> std::time::Duration {
    let config = &post.engine.core.config;
    match lock(&post.lane.queue).workers() {
        0..=1 => config.idle_last,
        _ => config.idle,
    }
}

/// Counts a worker as idle until it is dropped.
struct Resting<'l>(&'l Lane);

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        lock(&self.0.queue).stirs();
    }
}
