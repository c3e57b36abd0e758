//! The places for open sessions, over all connector instances. Who finds none waits its turn: the workspaces take turns, and
//! within a workspace its instances, so that neither one busy workspace nor one busy instance keeps the others out.

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
    free: usize,
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
                free: total,
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
        if inner.free > 0 {
            inner.free -= 1;
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

    /// A place is free again: the instance that gets it, if one waits. `surrendered` says that it was left because of that.
    pub(super) fn give_back(&self, surrendered: bool) -> Option<InstancePath> {
        let mut inner = lock(&self.inner);
        if surrendered {
            inner.leaving = inner.leaving.saturating_sub(1);
        }
        let next = inner.next();
        if next.is_none() {
            inner.free = (inner.free + 1).min(inner.total);
        }
        self.publish(&inner);
        next
    }

    /// Whether somebody waits to whom no place was promised yet.
    pub(super) fn contended(&self) -> bool {
        self.unmet.load(Ordering::Relaxed) > 0
    }

    /// Promises the caller's place to one who waits. True: the caller leaves, and says so when it gives the place back.
    pub(super) fn surrender(&self) -> bool {
        let mut inner = lock(&self.inner);
        let owed = inner.count > inner.leaving;
        if owed {
            inner.leaving += 1;
            self.publish(&inner);
        }
        owed
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        let inner = lock(&self.inner);
        inner.total - inner.free
    }

    fn publish(&self, inner: &Inner) {
        self.unmet
            .store(inner.count.saturating_sub(inner.leaving), Ordering::Relaxed);
    }
}

impl Inner {
    fn next(&mut self) -> Option<InstancePath> {
        let workspace = self.turns.pop_front()?;
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

    #[test]
    fn workspaces_take_turns_and_their_instances_within_them() {
        let slots = Slots::new(1);
        assert!(slots.ask(&path("a/one")));
        for who in ["a/one", "a/one", "a/two", "b/one", "c/one", "b/two"] {
            assert!(!slots.ask(&path(who)));
        }
        let order: Vec<String> = (0..6).map(|_| slots.give_back(false).unwrap().to_string()).collect();
        assert_eq!(order, ["a/one", "b/one", "c/one", "a/one", "b/two", "a/two"]);
        assert_eq!(slots.give_back(false), None);
        assert_eq!(slots.taken(), 0);
    }

    #[test]
    fn only_as_many_leave_as_wait() {
        let slots = Slots::new(3);
        assert!((0..3).all(|_| slots.ask(&path("a/one"))));
        assert!(!slots.contended() && !slots.surrender());
        assert!(!slots.ask(&path("b/one")));
        assert!(slots.contended() && slots.surrender());
        assert!(!slots.contended() && !slots.surrender());
        assert_eq!(slots.give_back(true), Some(path("b/one")));
        assert!(!slots.contended());
        assert_eq!(slots.taken(), 3);
    }

    #[test]
    fn a_place_that_nobody_waits_for_is_free() {
        let slots = Slots::new(2);
        assert!(slots.ask(&path("a/one")) && slots.ask(&path("a/one")));
        assert_eq!(slots.give_back(false), None);
        assert_eq!(slots.taken(), 1);
        assert!(slots.ask(&path("b/one")));
    }
}
