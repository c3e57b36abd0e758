//! The dispatcher: what makes a delivery that was accepted leave.
//!
//! The way of a delivery through the modules: [`Hub`] (it is due, and its message is in memory) → `lane` (one for each connector
//! instance, with its `queue`) → `worker` (one of the places of `slots`, one `held` session) → `attempt` (through the `gate`,
//! to a `verdict`) → `core` (the outcome into the book, the sender told by a `notice`). Beside it, `upkeep` goes by the calendar.
//!
//! Four things hold, whatever happens:
//!
//! 1. Before a message may have left, the book says durably that it is being sent.
//! 2. A delivery is in one hand at a time, until the outcome of its attempt is durable.
//! 3. A message of which nobody knows whether it left is not sent again by itself, unless its service instance says so.
//! 4. An instance that does not work costs the others nothing: it pauses, and tries with one delivery at a time.
//!
//! Nothing is asked for over and over: who accepts a delivery wakes its lane, and a lane knows when its next one is due.

mod attempt;
mod backoff;
mod config;
mod core;
mod engine;
mod gate;
mod grace;
mod held;
mod hub;
mod lane;
mod live;
mod measures;
mod notice;
mod outcome;
mod pace;
mod queue;
mod recent;
mod recover;
mod shut;
mod slots;
mod upkeep;
mod verdict;
mod words;
mod worker;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

pub use config::DispatchConfig;
pub(crate) use grace::grace;
pub(crate) use hub::Hub;
pub use measures::{BUCKETS, Changed, Histogram, LaneMeasure, Measures};

use self::core::{Core, Phase};
use self::engine::Engine;
use self::hub::Wake;
use self::live::Live;
use self::world::World;
use crate::error::{DeliveryError, Error};
use crate::outbox::{Delivery, DeliveryId};
use crate::router::Router;

/// How long outcomes may take into the store after the last session was dropped.
const LAST_WRITES: Duration = Duration::from_secs(10);

/// A dispatcher that runs. Dropping it stops nothing; [`Dispatcher::stop`] does.
#[must_use = "a dispatcher that is not stopped leaves what is being sent uncertain"]
pub struct Dispatcher {
    running: Running<Live>,
}

impl Dispatcher {
    /// Takes no new work, and answers when all work has ended. Sessions in flight get `grace`; then they are dropped, and what
    /// may have left of them is uncertain, while the rest stays queued.
    pub async fn stop(self, grace: Duration) {
        self.running.stop(grace).await;
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").finish_non_exhaustive()
    }
}

impl Router {
    /// Starts to send what is due, as it becomes due. A router has one dispatcher at a time: a second one answers
    /// [`DeliveryError::AlreadyDispatched`].
    pub fn dispatch(self: &Arc<Self>) -> Result<Dispatcher, Error> {
        self.dispatch_with(DispatchConfig::default())
    }

    /// The same, at another pace.
    pub fn dispatch_with(self: &Arc<Self>, config: DispatchConfig) -> Result<Dispatcher, Error> {
        let world = Arc::new(Live::new(self.clone()));
        let running = Running::start(Core::new(world, self.hub.clone(), config))?;
        self.keep_token_uses();
        self.warn_of_silence();
        self.keep_accounts();
        Ok(Dispatcher { running })
    }

    /// Attempts a delivery once, now, where no dispatcher runs; answers where it stands then. One that is in another hand, or
    /// not pending, is left alone.
    pub async fn try_once(self: &Arc<Self>, id: DeliveryId) -> Result<Delivery, Error> {
        let core = Core::new(
            Arc::new(Live::new(self.clone())),
            self.hub.clone(),
            DispatchConfig::default(),
        );
        recover::try_once(&core, id).await?;
        let delivery = self.book.get(id)?.ok_or(DeliveryError::Unknown { id })?;
        Ok(self.book.calendar().shown(delivery))
    }

    /// All figures of acceptance and dispatch.
    pub fn measures(&self) -> Measures {
        self.hub.measures()
    }
}

/// An engine and its tasks.
struct Running<W: World> {
    engine: Arc<Engine<W>>,
    ended: mpsc::Receiver<()>,
}

impl<W: World> Running<W> {
    fn start(core: Arc<Core<W>>) -> Result<Self, Error> {
        let (engine, ended) = Engine::new(core);
        let wake: Arc<dyn Wake> = engine.clone();
        if !engine.hub().employ(Arc::downgrade(&wake)) {
            return Err(DeliveryError::AlreadyDispatched.into());
        }
        for path in engine.core.world.instances_with_work()? {
            engine.lane(&path);
        }
        engine.spawn(upkeep::keep(engine.clone()));
        Ok(Self { engine, ended })
    }

    async fn stop(mut self, grace: Duration) {
        let phase = &self.engine.core.phase;
        self.engine.hub().dismiss();
        // First: a worker that finds the engine closed must not be replaced.
        phase.send_replace(Phase::Stopping);
        self.engine.close();
        if tokio::time::timeout(grace, self.ended.recv()).await.is_ok() {
            return;
        }
        phase.send_replace(Phase::Cut);
        if tokio::time::timeout(LAST_WRITES, self.ended.recv()).await.is_ok() {
            return;
        }
        tracing::error!(target: "relais::dispatch", "outcomes could not be stored; the next start finds them uncertain");
        phase.send_replace(Phase::Ended);
        // Bounded as well: a task that waits for a dead disk ends with the process.
        let _ = tokio::time::timeout(LAST_WRITES, self.ended.recv()).await;
    }
}

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
