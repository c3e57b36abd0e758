//! How many bytes are being accepted at once.
//!
//! Checking a mail and writing it down share the processors with sending those before it. Callers that wait in great numbers
//! would take all of them: what is accepted piles up, falls out of memory, and costs more to read back than it cost to take in,
//! so that in the end less is delivered. With a bound, whoever comes next waits a little before rather than after.

use std::sync::Arc;
use std::thread;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that each processor may have before it: an attachment, or dozens of texts. With twice as many, sixteen callers had a quarter more
/// of PDFs accepted than were delivered.
const EACH: u64 = 128 << 10;
const KIB: u64 = 1 << 10;

#[derive(Debug)]
pub(crate) struct Intake {
    free: Arc<Semaphore>,
    kib: u32,
}

impl Default for Intake {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, |count| count.get() as u64);
        Self::of(processors.saturating_mul(EACH))
    }
}

impl Intake {
    fn of(bytes: u64) -> Self {
        let kib = u32::try_from(bytes / KIB).unwrap_or(u32::MAX).max(1);
        Self {
            free: Arc::new(Semaphore::new(kib as usize)),
            kib,
        }
    }

    /// Waits, first come first served, until so many bytes may be accepted; they are until what is returned is dropped.
    pub(crate) async fn turn(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let kib = u32::try_from(bytes.div_ceil(KIB))
            .unwrap_or(u32::MAX)
            .clamp(1, self.kib);
        // It is never closed.
        self.free.clone().acquire_many_owned(kib).await.ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_beyond_the_bound_waits_and_comes_in_its_order() {
        let intake = Intake::of(10 * KIB);
        let first = intake.turn(6 * KIB).await;
        let mut second = Box::pin(intake.turn(6 * KIB));
        let mut third = Box::pin(intake.turn(1));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none(), "it would overtake");
        drop(first);
        assert!(second.await.is_some() && third.await.is_some());
    }

    #[tokio::test]
    async fn more_than_the_whole_bound_has_it_alone() {
        let intake = Intake::of(10 * KIB);
        let whole = intake.turn(1 << 40).await;
        assert!(intake.turn(1).now_or_never().is_none());
        drop(whole);
        assert!(intake.turn(1).now_or_never().is_some());
    }
}
