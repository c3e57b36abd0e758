//! The places for open sessions, over all connector instances. Who finds none waits its turn: the workspaces take turns, and
//! within a workspace its instances, so that neither one busy workspace nor one busy instance keeps the others out. No workspace
//! has more than three quarters of all places: what hangs in one of them, for as long as a call may, leaves places to the others.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use super::hub::lock;
use crate::names::{InstanceName, InstancePath, WorkspaceName};

/// See the module.
#[derive(Debug)]
pub(super) struct Slots {
    inner: Mutex<Inner>,
    /// More wait than have been promised a place: read without the lock, before every message.
    unmet: AtomicUsize,
    /// Somebody waits: who has a place and no work should leave it.
    pub(super) wanted: Notify,
}

#[derive(Debug)]
struct Inner {
    total: usize,
    /// How many places a workspace has, where it has any.
    taken: HashMap<WorkspaceName, usize>,
    /// Workspaces in which somebody waits, in the order of their turns.
    turns: VecDeque<WorkspaceName>,
    waiting: HashMap<WorkspaceName, VecDeque<InstanceName>>,
    /// How many wait.
    count: usize,
    /// How many are about to leave because somebody waits.
    leaving: usize,
}

impl Slots {
    pub(super) fn new(total: usize) -> Self {
        let total = total.max(1);
        Self {
            inner: Mutex::new(Inner {
                total,
                taken: HashMap::new(),
                turns: VecDeque::new(),
                waiting: HashMap::new(),
                count: 0,
                leaving: 0,
            }),
            unmet: AtomicUsize::new(0),
            wanted: Notify::new(),
        }
    }

    /// Asks for a place: true, it is taken; false, [`Slots::give_back`] will name the instance when its turn has come.
    pub(super) fn ask(&self, path: &InstancePath) -> bool {
        let mut inner = lock(&self.inner);
        if inner.taken() < inner.total && inner.has_share(&path.workspace) {
            inner.take(&path.workspace);
            return true;
        }
        let queue = inner.waiting.entry(path.workspace.clone()).or_default();
        let first = queue.is_empty();
        queue.push_back(path.name.clone());
        if first {
            inner.turns.push_back(path.workspace.clone());
        }
        inner.count += 1;
        self.publish(&inner);
        drop(inner);
        self.wanted.notify_waiters();
        false
    }

    /// A place that a workspace had is free again: the instance that gets it, if one waits that may. `surrendered` says that it
    /// was left because of that.
    pub(super) fn give_back(&self, from: &WorkspaceName, surrendered: bool) -> Option<InstancePath> {
        let mut inner = lock(&self.inner);
        if surrendered {
            inner.leaving = inner.leaving.saturating_sub(1);
        }
        inner.leave(from);
        let next = inner.next();
        if let Some(path) = &next {
            inner.take(&path.workspace);
        }
        self.publish(&inner);
        next
    }

    /// Whether somebody waits to whom no place was promised yet.
    pub(super) fn contended(&self) -> bool {
        self.unmet.load(Ordering::Relaxed) > 0
    }

    /// Promises the place that a workspace has to one who waits and may have it. True: the caller leaves, and says so when it gives
    /// the place back.
    pub(super) fn surrender(&self, from: &WorkspaceName) -> bool {
        let mut inner = lock(&self.inner);
        let owed = inner.waiting_for(from) > inner.leaving;
        if owed {
            inner.leaving += 1;
            self.publish(&inner);
        }
        owed
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        lock(&self.inner).taken()
    }

    fn publish(&self, inner: &Inner) {
        self.unmet
            .store(inner.count.saturating_sub(inner.leaving), Ordering::Relaxed);
    }
}

impl Inner {
    fn taken(&self) -> usize {
        self.taken.values().sum()
    }

    /// Whether a workspace may have one more place.
    fn has_share(&self, workspace: &WorkspaceName) -> bool {
        self.taken.get(workspace).copied().unwrap_or(0) < self.total - self.total / 4
    }

    fn take(&mut self, workspace: &WorkspaceName) {
        *self.taken.entry(workspace.clone()).or_default() += 1;
    }

    fn leave(&mut self, workspace: &WorkspaceName) {
        if let Some(taken) = self.taken.get_mut(workspace) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                self.taken.remove(workspace);
            }
        }
    }

    /// How many wait who could have a place of that workspace.
    fn waiting_for(&self, from: &WorkspaceName) -> usize {
        let may = self
            .waiting
            .iter()
            .filter(|(workspace, _)| *workspace == from || self.has_share(workspace));
        may.map(|(_, queue)| queue.len()).sum()
    }

    fn next(&mut self) -> Option<InstancePath> {
        let at = self.turns.iter().position(|workspace| self.has_share(workspace))?;
        let workspace = self.turns.remove(at)?;
        let queue = self.waiting.get_mut(&workspace)?;
        let name = queue.pop_front();
        match queue.is_empty() {
            true => {
                self.waiting.remove(&workspace);
            }
            false => self.turns.push_back(workspace.clone()),
        }
        self.count = self.count.saturating_sub(1);
        name.map(|name| InstancePath { workspace, name })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn path(text: &str) -> InstancePath {
        let (workspace, name) = text.split_once('/').unwrap();
        InstancePath {
            workspace: workspace.parse().unwrap(),
            name: name.parse().unwrap(),
        }
    }

    fn ws(text: &str) -> WorkspaceName {
        text.parse().unwrap()
    }

    #[test]
    fn workspaces_take_turns_and_their_instances_within_them() {
        let slots = Slots::new(1);
        assert!(slots.ask(&path("a/one")));
        for who in ["a/one", "a/one", "a/two", "b/one", "c/one", "b/two"] {
            assert!(!slots.ask(&path(who)));
        }
        let mut has = ws("a");
        let order: Vec<String> = (0..6)
            .map(|_| {
                let next = slots.give_back(&has, false).unwrap();
                has = next.workspace.clone();
                next.to_string()
            })
            .collect();
        assert_eq!(order, ["a/one", "b/one", "c/one", "a/one", "b/two", "a/two"]);
        assert_eq!(slots.give_back(&has, false), None);
        assert_eq!(slots.taken(), 0);
    }

    #[test]
    fn only_as_many_leave_as_wait() {
        let slots = Slots::new(3);
        assert!((0..3).all(|_| slots.ask(&path("a/one"))));
        assert!(!slots.contended() && !slots.surrender(&ws("a")));
        assert!(!slots.ask(&path("b/one")));
        assert!(slots.contended() && slots.surrender(&ws("a")));
        assert!(!slots.contended() && !slots.surrender(&ws("a")));
        assert_eq!(slots.give_back(&ws("a"), true), Some(path("b/one")));
        assert!(!slots.contended());
        assert_eq!(slots.taken(), 3);
    }

    #[test]
    fn a_place_that_nobody_waits_for_is_free() {
        let slots = Slots::new(2);
        assert!(slots.ask(&path("a/one")) && slots.ask(&path("a/one")));
        assert_eq!(slots.give_back(&ws("a"), false), None);
        assert_eq!(slots.taken(), 1);
        assert!(slots.ask(&path("b/one")));
    }

    #[test]
    fn a_workspace_whose_sessions_all_hang_leaves_a_quarter_to_the_others() {
        let slots = Slots::new(8);
        assert!((0..6).all(|_| slots.ask(&path("a/one"))));
        assert!(!slots.ask(&path("a/two")));
        // Its own share is what is missing: nobody else leaves for it.
        assert!(slots.ask(&path("b/one")) && slots.ask(&path("b/one")));
        assert!(!slots.surrender(&ws("b")));
        assert_eq!(slots.give_back(&ws("b"), false), None);
        // Its own instances still take turns.
        assert!(slots.surrender(&ws("a")));
        assert_eq!(slots.give_back(&ws("a"), true), Some(path("a/two")));
        assert_eq!(slots.taken(), 7);
    }
}
