//! Time on the processor in one call, of the guest and of the host on its behalf: the time in which the call is polled. While
//! it waits for a connection, a file or a clock nobody polls it, so waiting costs nothing, whoever provides the wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What a call has spent so far.
#[derive(Debug)]
pub(crate) struct Busy {
    origin: Instant,
    /// Nanoseconds of polls that have ended.
    spent: AtomicU64,
    /// When the poll in progress began, in nanoseconds after `origin`; 0: none is.
    since: AtomicU64,
}

impl Default for Busy {
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            spent: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }
}

impl Busy {
    /// A call begins.
    pub(crate) fn begin(&self) {
        self.spent.store(0, Ordering::Relaxed);
        self.since.store(0, Ordering::Relaxed);
    }

    /// What the call in progress has spent, up to now.
    pub(crate) fn spent(&self) -> Duration {
        let since = self.since.load(Ordering::Relaxed);
        let running = if since == 0 {
            0
        } else {
            self.now().saturating_sub(since)
        };
        Duration::from_nanos(self.spent.load(Ordering::Relaxed).saturating_add(running))
    }

    /// Counts the time in which a call is polled.
    pub(crate) fn during<F: Future>(&self, call: F) -> Timed<'_, F> {
        Timed {
            busy: self,
            call: Box::pin(call),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos())
            .unwrap_or(u64::MAX)
            .max(1)
    }
}

/// A call whose polls are counted.
pub(crate) struct Timed<'a, F> {
    busy: &'a Busy,
    call: Pin<Box<F>>,
}

impl<F: Future> Future for Timed<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let begun = self.busy.now();
        self.busy.since.store(begun, Ordering::Relaxed);
        let polled = self.call.as_mut().poll(task);
        let took = self.busy.now().saturating_sub(begun);
        self.busy.since.store(0, Ordering::Relaxed);
        self.busy.spent.fetch_add(took, Ordering::Relaxed);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_counts_and_waiting_does_not() {
        let busy = Busy::default();
        busy.begin();
        let work = Duration::from_millis(30);
        busy.during(async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            std::thread::sleep(work);
            assert!(busy.spent() >= work);
        })
        .await;
        assert!(
            busy.spent() >= work && busy.spent() < Duration::from_millis(200),
            "{:?}",
            busy.spent()
        );
        busy.begin();
        assert_eq!(busy.spent(), Duration::ZERO);
    }
}
