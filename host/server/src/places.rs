//! Places for what there can be few of at the same time: mails over [`crate::LARGE_BYTES`] or of no announced length that are
//! received, and streams of events.
//!
//! The threat: one who takes all of them and keeps them, so that there are none for anybody else. So a caller has a few places, a workspace
//! some more, whatever the number of its tokens; and once half of all places are taken, a workspace gets no second one. Whoever
//! finds none waits for a while.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use relais_router::WorkspaceName;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::rate::Key;

/// How many places there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// In all.
    pub all: usize,
    /// Of one workspace.
    pub workspace: usize,
    /// Of one caller in one workspace.
    pub caller: usize,
}

/// The places, and who holds them.
#[derive(Debug)]
pub struct Places {
    shares: Shares,
    held: Mutex<HashMap<WorkspaceName, HashMap<Key, usize>>>,
    freed: Notify,
}

impl Places {
    /// All of them free. There is one at least.
    pub fn new(shares: Shares) -> Self {
        Self {
            shares: Shares {
                all: shares.all.max(1),
                workspace: shares.workspace.max(1),
                caller: shares.caller.max(1),
            },
            held: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A place, for which the caller waits so long at most; none where there was none in that time.
    pub async fn take(self: &Arc<Self>, ws: &WorkspaceName, caller: &Key, patience: Duration) -> Option<Place> {
        let deadline = Instant::now() + patience;
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Before the look: what is freed after it is not missed.
            freed.as_mut().enable();
            if let Some(place) = self.try_take(ws, caller) {
                return Some(place);
            }
            timeout_at(deadline, freed).await.ok()?;
        }
    }

    /// A place, if there is one now.
    pub fn try_take(self: &Arc<Self>, ws: &WorkspaceName, caller: &Key) -> Option<Place> {
        let mut held = self.held();
        let all: usize = held.values().flat_map(HashMap::values).sum();
        let of_workspace = held.get(ws).map_or(0, |callers| callers.values().sum());
        let of_caller = held.get(ws).and_then(|callers| callers.get(caller)).copied();
        let crowded = all >= self.shares.all.div_ceil(2);
        let free = all < self.shares.all
            && of_workspace < self.shares.workspace
            && of_caller.unwrap_or_default() < self.shares.caller
            && (!crowded || of_workspace == 0);
        if !free {
            return None;
        }
        *held.entry(ws.clone()).or_default().entry(caller.clone()).or_default() += 1;
        Some(Place {
            places: Arc::clone(self),
            ws: ws.clone(),
            caller: caller.clone(),
        })
    }

    fn held(&self) -> MutexGuard<'_, HashMap<WorkspaceName, HashMap<Key, usize>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place, which is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    ws: WorkspaceName,
    caller: Key,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.places.held();
        if let Some(callers) = held.get_mut(&self.ws) {
            if let Some(count) = callers.get_mut(&self.caller) {
                *count = count.saturating_sub(1);
            }
            // Callers come and go; nobody is remembered for a place that is free.
            callers.retain(|_, count| *count > 0);
            if callers.is_empty() {
                held.remove(&self.ws);
            }
        }
        drop(held);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SHARES: Shares = Shares {
        all: 8,
        workspace: 4,
        caller: 2,
    };

    fn ws(name: &str) -> WorkspaceName {
        WorkspaceName::new(name).unwrap()
    }

    fn token(id: &str) -> Key {
        Key::Token(id.to_owned())
    }

    #[test]
    fn one_caller_and_one_workspace_have_no_more_than_their_share() {
        let places = Arc::new(Places::new(SHARES));
        let (ours, theirs) = (ws("ours"), ws("theirs"));
        let mut kept = Vec::new();
        for caller in ["a", "a", "b", "b"] {
            kept.push(places.try_take(&ours, &token(caller)).unwrap());
            if kept.len() == 2 {
                assert!(places.try_take(&ours, &token("a")).is_none());
            }
        }
        assert!(places.try_take(&ours, &token("c")).is_none());
        assert!(places.try_take(&theirs, &token("d")).is_some());
    }

    #[test]
    fn beyond_half_of_all_a_workspace_gets_no_second_place() {
        let places = Arc::new(Places::new(SHARES));
        let hostile: Vec<_> = ["a", "a", "b", "b"]
            .map(|caller| places.try_take(&ws("hostile"), &token(caller)).unwrap())
            .into();
        let first = places.try_take(&ws("ours"), &token("c")).unwrap();
        assert!(places.try_take(&ws("ours"), &token("d")).is_none());
        drop(hostile);
        assert!(places.try_take(&ws("ours"), &token("d")).is_some());
        drop(first);
        assert!(places.held().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_place_waits_for_one_and_not_for_ever() {
        let places = Arc::new(Places::new(Shares {
            all: 1,
            workspace: 1,
            caller: 1,
        }));
        let patience = Duration::from_secs(5);
        let held = places.take(&ws("ours"), &token("a"), patience).await.unwrap();
        assert!(places.take(&ws("theirs"), &token("b"), patience).await.is_none());
        let freed = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(held);
        };
        let (theirs, caller) = (ws("theirs"), token("b"));
        let (taken, ()) = tokio::join!(places.take(&theirs, &caller, patience), freed);
        assert!(taken.is_some());
    }
}
