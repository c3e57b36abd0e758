//! What the router and its dispatcher share: which deliveries are in whose hands, who waits for one, and what was just
//! accepted. It is there with or without a dispatcher.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use relais_message::Message;
use tokio::sync::{Notify, broadcast};

use super::measures::{Changed, Measures, Tally};
use super::recent::Recent;
use crate::names::InstancePath;
use crate::outbox::{Delivery, DeliveryId};

/// Changes that a slow watcher may be behind before it misses some.
const CHANGES: usize = 1024;

/// The running dispatcher, as the rest of the router sees it.
pub(crate) trait Wake: Send + Sync {
    /// A delivery is due for this instance.
    fn wake(&self, path: &InstancePath, id: DeliveryId);
    /// Instances, connectors or what is enabled has changed.
    fn edited(&self);
    /// What stands at this moment: sessions and lanes.
    fn measures(&self, tally: &Tally) -> Measures;
}

/// See the module.
pub(crate) struct Hub {
    recent: Mutex<Recent>,
    in_hand: Mutex<HashSet<DeliveryId>>,
    in_progress: Mutex<HashSet<(String, String)>>,
    waiting: Mutex<HashMap<DeliveryId, Weak<Notify>>>,
    changes: broadcast::Sender<Changed>,
    dispatcher: Mutex<Option<Weak<dyn Wake>>>,
    /// Counts the changes of the configuration.
    edition: AtomicU64,
    pub(crate) tally: Tally,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            recent: Mutex::default(),
            in_hand: Mutex::default(),
            in_progress: Mutex::default(),
            waiting: Mutex::default(),
            changes: broadcast::Sender::new(CHANGES),
            dispatcher: Mutex::default(),
            edition: AtomicU64::new(0),
            tally: Tally::default(),
        }
    }
}

impl Hub {
    /// Remembers a message that is being accepted, for its first attempt.
    pub(crate) fn remember(&self, delivery: Delivery, message: Message, in_memory: u64) {
        lock(&self.recent).put(delivery, message, in_memory);
    }

    /// Takes out what was remembered: for its first attempt, or because it is not true any more.
    pub(crate) fn recall(&self, id: DeliveryId) -> Option<(Delivery, Message)> {
        lock(&self.recent).take(id)
    }

    /// Takes a delivery in hand; none where somebody has it.
    pub(crate) fn claim(self: &Arc<Self>, id: DeliveryId) -> Option<Claim> {
        lock(&self.in_hand).insert(id).then(|| Claim { hub: self.clone(), id })
    }

    /// Whether a delivery is being attempted, or its outcome is not stored yet.
    pub(crate) fn in_hand(&self, id: DeliveryId) -> bool {
        lock(&self.in_hand).contains(&id)
    }

    /// Marks an idempotency key as being in progress; none where it is already.
    pub(crate) fn progress(self: &Arc<Self>, scope: &str, key: &str) -> Option<Progress> {
        let mark = (scope.to_owned(), key.to_owned());
        lock(&self.in_progress).insert(mark.clone()).then(|| Progress {
            hub: self.clone(),
            mark,
        })
    }

    /// Wakes whoever waits for this delivery to change, when it does.
    pub(crate) fn waiter(&self, id: DeliveryId) -> Arc<Notify> {
        let mut waiting = lock(&self.waiting);
        if let Some(notify) = waiting.get(&id).and_then(Weak::upgrade) {
            return notify;
        }
        // Those that nobody waits for any more go, once they are many.
        if waiting.len() >= 64 && waiting.len().is_power_of_two() {
            waiting.retain(|_, notify| notify.strong_count() > 0);
        }
        let notify = Arc::new(Notify::new());
        waiting.insert(id, Arc::downgrade(&notify));
        notify
    }

    /// Every change from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Changed> {
        self.changes.subscribe()
    }

    /// Tells that a delivery is in another state.
    pub(crate) fn changed(&self, delivery: &Delivery) {
        if self.changes.receiver_count() > 0 {
            // Fails where the last watcher has just left.
            let _ = self.changes.send(Changed {
                workspace: delivery.workspace.clone(),
                id: delivery.id,
                summary: delivery.summary(),
            });
        }
        if let Some(notify) = lock(&self.waiting)
            .remove(&delivery.id)
            .and_then(|notify| notify.upgrade())
        {
            notify.notify_waiters();
        }
    }

    /// Sets the dispatcher that is told what is due; false where one runs already.
    pub(crate) fn employ(&self, dispatcher: Weak<dyn Wake>) -> bool {
        let mut slot = lock(&self.dispatcher);
        if slot.as_ref().and_then(Weak::upgrade).is_some() {
            return false;
        }
        *slot = Some(dispatcher);
        true
    }

    /// The dispatcher has stopped.
    pub(crate) fn dismiss(&self) {
        *lock(&self.dispatcher) = None;
    }

    fn dispatcher(&self) -> Option<Arc<dyn Wake>> {
        lock(&self.dispatcher).as_ref().and_then(Weak::upgrade)
    }

    /// Tells the dispatcher, where one runs, that a delivery is due.
    pub(crate) fn wake(&self, path: &InstancePath, id: DeliveryId) {
        if let Some(dispatcher) = self.dispatcher() {
            dispatcher.wake(path, id);
        }
    }

    /// Called when a change of the configuration is durable, before its caller is answered: no session that was opened before
    /// carries a message from then on, unless nothing of its own has changed.
    pub(crate) fn edited(&self) {
        self.edition.fetch_add(1, Ordering::AcqRel);
        if let Some(dispatcher) = self.dispatcher() {
            dispatcher.edited();
        }
    }

    /// Grows with every change of the configuration.
    pub(crate) fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// All figures.
    pub(crate) fn measures(&self) -> Measures {
        match self.dispatcher() {
            Some(dispatcher) => dispatcher.measures(&self.tally),
            None => self.tally.read(0, Vec::new()),
        }
    }
}

/// A delivery in hand: nobody else attempts it until this is dropped.
pub(crate) struct Claim {
    hub: Arc<Hub>,
    id: DeliveryId,
}

impl Claim {
    pub(crate) fn id(&self) -> DeliveryId {
        self.id
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.hub.in_hand).remove(&self.id);
    }
}

/// An idempotency key in progress, until this is dropped.
pub(crate) struct Progress {
    hub: Arc<Hub>,
    mark: (String, String),
}

impl Drop for Progress {
    fn drop(&mut self) {
        lock(&self.hub.in_progress).remove(&self.mark);
    }
}

/// What a panic of another thread left is as good as what it found: each change of these is whole in one call.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_delivery_is_in_one_hand_only() {
        let hub = Arc::new(Hub::default());
        let id = DeliveryId::from_u128(7);
        let claim = hub.claim(id).unwrap();
        assert!(hub.in_hand(id) && hub.claim(id).is_none());
        drop(claim);
        assert!(!hub.in_hand(id) && hub.claim(id).is_some());
    }

    #[test]
    fn a_key_in_progress_is_one_of_its_scope() {
        let hub = Arc::new(Hub::default());
        let first = hub.progress("token-a", "1");
        assert!(first.is_some() && hub.progress("token-a", "1").is_none());
        assert!(hub.progress("token-b", "1").is_some());
        drop(first);
        assert!(hub.progress("token-a", "1").is_some());
    }

    #[tokio::test]
    async fn who_waits_for_a_delivery_is_told_of_that_one() {
        let hub = Hub::default();
        let (delivery, _) = crate::dispatch::fake::delivery(1, &["a@example.org"]);
        let (mine, same) = (hub.waiter(delivery.id), hub.waiter(delivery.id));
        assert!(Arc::ptr_eq(&mine, &same));
        let told = mine.notified();
        hub.changed(&delivery);
        told.await;
        for number in 0..1000 {
            hub.waiter(DeliveryId::from_u128(number));
        }
        assert!(lock(&hub.waiting).len() <= 128);
    }
}
