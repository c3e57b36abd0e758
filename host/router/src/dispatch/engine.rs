//! The lanes, one for each connector instance that has work, and the places for sessions that they share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::backoff;
use super::core::Core;
use super::hub::{Hub, Wake, lock};
use super::lane::{self, Lane};
use super::measures::{LaneMeasure, Measures, Tally};
use super::queue::{Call, Queue};
use super::slots::Slots;
use super::verdict::Report;
use super::worker::{self, Post};
use super::world::World;
use crate::names::InstancePath;
use crate::outbox::DeliveryId;

/// See the module.
pub(super) struct Engine<W: World> {
    pub core: Arc<Core<W>>,
    pub slots: Slots,
    lanes: Mutex<HashMap<InstancePath, Arc<Lane>>>,
    /// Every task holds one: the last to end closes the channel.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    this: std::sync::Weak<Self>,
}

impl<W: World> Engine<W> {
    /// The engine, and what closes when the last of its tasks has ended.
    pub(super) fn new(core: Arc<Core<W>>) -> (Arc<Self>, mpsc::Receiver<()>) {
        let (alive, ended) = mpsc::channel(1);
        let engine = Arc::new_cyclic(|this| Self {
            slots: Slots::new(core.config.sessions),
            core,
            lanes: Mutex::default(),
            alive: Mutex::new(Some(alive)),
            this: this.clone(),
        });
        (engine, ended)
    }

    /// Runs a task that stopping waits for; nothing where the engine has stopped.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(alive) = lock(&self.alive).clone() else { return };
        tokio::spawn(async move {
            task.await;
            drop(alive);
        });
    }

    /// No further task.
    pub(super) fn close(&self) {
        lock(&self.alive).take();
    }

    /// The lane of an instance; it is made where there is none.
    pub(super) fn lane(self: &Arc<Self>, path: &InstancePath) -> Arc<Lane> {
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get(path) {
            return lane.clone();
        }
        let world = &self.core.world;
        let queue = Queue::new(&self.core.config, world.limits(path));
        let lane = Arc::new(Lane::new(path.clone(), queue, world.mark(path)));
        lanes.insert(path.clone(), lane.clone());
        drop(lanes);
        self.spawn(lane::keep(self.clone(), lane.clone()));
        lane
    }

    fn lanes(&self) -> Vec<Arc<Lane>> {
        lock(&self.lanes).values().cloned().collect()
    }

    /// Calls whom the work of a lane waits for.
    pub(super) fn call(self: &Arc<Self>, lane: &Arc<Lane>) {
        if !self.core.running() {
            return;
        }
        let call = lock(&lane.queue).call(Instant::now());
        match call {
            Call::Nobody => {}
            Call::Idle => lane.work.notify_one(),
            Call::Worker => {
                if self.slots.ask(&lane.path) {
                    self.employ(lane.clone());
                }
            }
        }
    }

    /// Starts a worker on a place that was taken for it.
    fn employ(self: &Arc<Self>, lane: Arc<Lane>) {
        let post = Post::new(self.clone(), lane);
        if self.core.running() {
            self.spawn(worker::work(post));
        }
    }

    /// A place is free: whoever waits for it gets it, unless nobody works any more.
    pub(super) fn vacated(self: &Arc<Self>, from: &InstancePath, surrendered: bool) {
        if let Some(path) = self.slots.give_back(&from.workspace, surrendered)
            && self.core.running()
        {
            let lane = self.lane(&path);
            self.employ(lane);
        }
    }

    /// What an attempt told of an instance.
    pub(super) fn report(&self, lane: &Lane, report: Report) {
        let now = Instant::now();
        let paused = {
            let mut queue = lock(&lane.queue);
            let begins = queue.report(report, now, &self.core.config, backoff::draw());
            begins.then(|| queue.paused_for(now)).flatten()
        };
        if let Some(span) = paused {
            tracing::warn!(target: "relais::dispatch", instance = %lane.path, seconds = span.as_secs(), "the instance does not work, and pauses");
            lane.tend.notify_one();
        }
    }
}

impl<W: World> Wake for Engine<W> {
    fn wake(&self, path: &InstancePath, id: DeliveryId) {
        let Some(engine) = self.this.upgrade() else { return };
        let lane = engine.lane(path);
        lock(&lane.queue).push(id);
        engine.call(&lane);
    }

    fn edited(&self) {
        for lane in self.lanes() {
            let mark = self.core.world.mark(&lane.path);
            let before = std::mem::replace(&mut *lock(&lane.mark), mark.clone());
            if before != mark {
                let limits = self.core.world.limits(&lane.path);
                lock(&lane.queue).edited(limits);
                lane.tend.notify_one();
            }
            // Who rests looks whether the session is still what it should be.
            lane.work.notify_waiters();
        }
    }

    fn measures(&self, tally: &Tally) -> Measures {
        let now = Instant::now();
        let mut lanes: Vec<LaneMeasure> = self
            .lanes()
            .into_iter()
            .map(|lane| {
                let queue = lock(&lane.queue);
                LaneMeasure {
                    path: lane.path.clone(),
                    heads: queue.heads(),
                    workers: queue.workers(),
                    paused_for: queue.paused_for(now),
                }
            })
            .collect();
        lanes.sort_by(|a, b| a.path.cmp(&b.path));
        tally.read(self.slots.taken(), lanes)
    }
}

impl<W: World> Engine<W> {
    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.core.hub
    }
}
