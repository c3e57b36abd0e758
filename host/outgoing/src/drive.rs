//! Who moves a client's connections on: whoever waits for an answer, and a task of the client's own while nobody does.
//!
//! hyper would have a task for each connection. A request then goes to that task and its answer comes back from it, often from
//! another processor, which for a small mail is a good part of what the whole exchange costs. Here the caller itself polls the
//! connections while it waits for the head of an answer; all else that happens on them (the end of an idle one, the body of an
//! answer) wakes the [`keep`] task, as if each still had its own.
//!
//! Everything is woken through one [`Bell`], so that nothing is lost between the two: a ring is heard by the one who drives, or
//! wakes all who wait, or else the keeper.

use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{CatchUnwind, FutureExt as _};
use futures_util::stream::FuturesUnordered;
use futures_util::task::AtomicWaker;
use tokio::time::{Sleep, sleep};

/// What a client runs beside its requests: a connection, for one.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How often one poll looks again at what was rung for meanwhile. tokio bounds what a task does at a time, and what it then
/// puts off rings at once.
const ROUNDS: usize = 8;

/// How long a client's connections may take to end once it is gone. What a server does not take until then is thrown away: one
/// that takes nothing would have the host keep it for ever.
const FAREWELL: Duration = Duration::from_secs(5);

/// Something is to be done that nobody has looked at.
const RUNG: u8 = 1;
/// Somebody drives.
const DRIVEN: u8 = 1 << 1;

/// The work of one client.
#[derive(Clone)]
pub(crate) struct Drive(Arc<Shared>);

struct Shared {
    bell: Arc<Bell>,
    /// Rings the bell.
    waker: Waker,
    /// Polled by the one who drives. What panics ends alone: whoever polls it is another's, or all the others'.
    work: Mutex<FuturesUnordered<CatchUnwind<AssertUnwindSafe<Work>>>>,
    fresh: Mutex<Fresh>,
    /// The client is gone: what still runs comes to its end, or is given up.
    is_closing: AtomicBool,
}

/// What was not polled yet.
#[derive(Default)]
struct Fresh {
    work: Vec<Work>,
    /// There is a keeper, who will see to it.
    is_kept: bool,
}

/// What wakes whom.
#[derive(Default)]
struct Bell {
    /// [`RUNG`] and [`DRIVEN`].
    state: AtomicU8,
    waiting: Mutex<Waiting>,
    keeper: AtomicWaker,
}

/// Who waits for an answer.
#[derive(Default)]
struct Waiting {
    wakers: Vec<(u64, Waker)>,
    next: u64,
}

impl Drive {
    pub(crate) fn new() -> Self {
        let bell = Arc::<Bell>::default();
        Self(Arc::new(Shared {
            waker: Waker::from(bell.clone()),
            bell,
            work: Mutex::default(),
            fresh: Mutex::default(),
            is_closing: AtomicBool::new(false),
        }))
    }

    /// Waits for `request`, and moves the client's connections on meanwhile.
    pub(crate) async fn run<F: Future + Unpin>(&self, mut request: F) -> F::Output {
        let waiter = Waiter::new(&self.0.bell);
        poll_fn(|task| {
            waiter.waits(task.waker());
            self.0
                .turn(Some(waiter.id), task, |bell| Pin::new(&mut request).poll(bell))
        })
        .await
    }

    /// The client is gone. What runs is left to end by itself for [`FAREWELL`]: a connection says goodbye.
    pub(crate) fn close(&self) {
        self.0.is_closing.store(true, Ordering::SeqCst);
        self.0.bell.keeper.wake();
    }
}

impl hyper::rt::Executor<Work> for Drive {
    fn execute(&self, work: Work) {
        let is_kept = {
            let mut fresh = lock(&self.0.fresh);
            fresh.work.push(work);
            std::mem::replace(&mut fresh.is_kept, true)
        };
        if !is_kept {
            tokio::spawn(keep(Keeper(self.0.clone())));
        }
        self.0.bell.ring();
    }
}

/// Drives whenever nobody else does, until the client is gone and its work done, or [`FAREWELL`] after it.
async fn keep(keeper: Keeper) {
    let shared = &keeper.0;
    let mut farewell: Option<Pin<Box<Sleep>>> = None;
    poll_fn(|task| {
        shared.bell.keeper.register(task.waker());
        let is_closing = shared.is_closing.load(Ordering::SeqCst);
        if is_closing {
            let farewell = farewell.get_or_insert_with(|| Box::pin(sleep(FAREWELL)));
            if farewell.as_mut().poll(task).is_ready() {
                return Poll::Ready(());
            }
        }
        shared.turn(None, task, |_| match is_closing && shared.is_done() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
    })
    .await;
}

/// The keeper's share. Connections may hold one too, so that it takes them along when it ends, with its runtime for one. What comes
/// after it has a keeper of its own.
struct Keeper(Arc<Shared>);

impl Drop for Keeper {
    fn drop(&mut self) {
        let work = std::mem::take(&mut *lock(&self.0.work));
        let fresh = std::mem::take(&mut *lock(&self.0.fresh));
        drop((work, fresh));
    }
}

impl Shared {
    /// Polls `step`, and the work that is rung for, until neither can go on. Only one drives at a time: another polls its step
    /// alone, and is woken when the one has moved anything.
    fn turn<T>(
        &self,
        id: Option<u64>,
        task: &mut Context<'_>,
        mut step: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let mut bell = Context::from_waker(&self.waker);
        let Some(mut seat) = self.bell.sit(id) else {
            return step(&mut bell);
        };
        for _ in 0..ROUNDS {
            let stepped = step(&mut bell);
            let rung = self.bell.take_ring();
            if rung {
                self.work(&mut bell);
                seat.moved = true;
            }
            if stepped.is_ready() || (!rung && seat.leave_in_silence()) {
                return stepped;
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }

    fn work(&self, bell: &mut Context<'_>) {
        let mut work = lock(&self.work);
        let fresh = std::mem::take(&mut lock(&self.fresh).work);
        work.extend(fresh.into_iter().map(|work| AssertUnwindSafe(work).catch_unwind()));
        while let Poll::Ready(Some(_)) = work.poll_next_unpin(bell) {}
    }

    fn is_done(&self) -> bool {
        lock(&self.fresh).work.is_empty() && lock(&self.work).is_empty()
    }
}

impl Bell {
    fn ring(&self) {
        if self.state.fetch_or(RUNG, Ordering::SeqCst) == 0 {
            self.alert(None);
        }
    }

    fn take_ring(&self) -> bool {
        self.state.fetch_and(!RUNG, Ordering::SeqCst) & RUNG != 0
    }

    /// The place of the one who drives, where it is free.
    fn sit(&self, id: Option<u64>) -> Option<Seat<'_>> {
        let before = self.state.fetch_or(DRIVEN, Ordering::SeqCst);
        (before & DRIVEN == 0).then_some(Seat {
            bell: self,
            id,
            moved: false,
            left: false,
        })
    }

    /// Wakes all who wait, but `except`; the keeper where nobody waits.
    fn alert(&self, except: Option<u64>) {
        let wakers: Vec<Waker> = {
            let waiting = lock(&self.waiting);
            let others = waiting.wakers.iter().filter(|(id, _)| Some(*id) != except);
            others.map(|(_, waker)| waker.clone()).collect()
        };
        if wakers.is_empty() && except.is_none() {
            self.keeper.wake();
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.ring();
    }
}

/// The place of the one who drives.
struct Seat<'a> {
    bell: &'a Bell,
    id: Option<u64>,
    /// Work was polled: others may have their answer by it.
    moved: bool,
    left: bool,
}

impl Seat<'_> {
    /// Leaves it, unless somebody has rung.
    fn leave_in_silence(&mut self) -> bool {
        let state = &self.bell.state;
        self.left = state
            .compare_exchange(DRIVEN, 0, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        self.left
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let rung = !self.left && self.bell.state.fetch_and(!DRIVEN, Ordering::SeqCst) & RUNG != 0;
        if rung {
            self.bell.alert(None);
        } else if self.moved {
            self.bell.tell_others(self.id);
        }
    }
}

impl Bell {
    fn tell_others(&self, id: Option<u64>) {
        match id {
            Some(id) => self.alert(Some(id)),
            None if lock(&self.waiting).wakers.is_empty() => {}
            None => self.alert(None),
        }
    }
}

/// Somebody who waits for an answer.
struct Waiter<'a> {
    bell: &'a Bell,
    id: u64,
}

impl<'a> Waiter<'a> {
    fn new(bell: &'a Bell) -> Self {
        let mut waiting = lock(&bell.waiting);
        waiting.next += 1;
        Self { bell, id: waiting.next }
    }

    /// Is woken by this from now on.
    fn waits(&self, waker: &Waker) {
        let mut waiting = lock(&self.bell.waiting);
        match waiting.wakers.iter_mut().find(|(id, _)| *id == self.id) {
            Some((_, known)) => known.clone_from(waker),
            None => waiting.wakers.push((self.id, waker.clone())),
        }
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        lock(&self.bell.waiting).wakers.retain(|(id, _)| *id != self.id);
        // What it was woken for and did not look at is for the others, or the keeper.
        if self.bell.state.load(Ordering::SeqCst) == RUNG {
            self.bell.alert(None);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
