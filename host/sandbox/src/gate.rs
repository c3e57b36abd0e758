//! The gate: who hands a message over is asked once, before anything leaves after which the message may have arrived, and
//! can still say no.
//!
//! The threat: a message that left although nobody wrote down that it was about to. A guest reaches the network through many
//! doors, and some work goes on beside it (a request's body on its way). So [`Passed`] is made here only, and without one the
//! [`Floor`](crate::floor::Floor) cannot come to say that the message may have left.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::Notify;

use crate::floor::Turn;
use crate::meter::LimitHit;

/// Asked at most once in a send, before anything leaves after which the message may have arrived.
///
/// Until it has answered nothing of that kind leaves; the time that it takes is not counted against the connector. An error,
/// in words for an administrator, ends the send with [`Kind::Temporary`](crate::Kind::Temporary): the message has not left.
pub trait Gate: Send + Sync {
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>>;
}

/// Proof that the gate was opened in this call, or that there is none.
#[derive(Debug)]
pub(crate) struct Passed(());

impl Passed {
    #[cfg(test)]
    pub(crate) fn for_a_test() -> Self {
        Self(())
    }
}

/// What keeps bytes from leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Limit(LimitHit),
    /// The gate said no: nothing leaves any more in this call.
    Refused,
    /// The call on whose behalf they would leave is over.
    Over,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Held::Limit(limit) => limit.fmt(f),
            Held::Refused => f.write_str("the host keeps the message, and nothing more may leave in this call"),
            Held::Over => f.write_str("the call that began this is over"),
        }
    }
}

impl std::error::Error for Held {}

type Answer = Shared<BoxFuture<'static, Result<(), String>>>;

/// The gate of the call in progress, and its answer, shared by all who wait for it.
#[derive(Default)]
pub(crate) struct Doorway {
    kept: Mutex<Option<Kept>>,
    refused: Notify,
}

struct Kept {
    turn: Turn,
    gate: Option<Arc<dyn Gate>>,
    answer: Option<Answer>,
}

impl Doorway {
    /// A send begins. Without a gate it may leave at once.
    pub(crate) fn begin(&self, turn: Turn, gate: Option<Arc<dyn Gate>>) {
        let answer = None;
        *self.kept() = Some(Kept { turn, gate, answer });
    }

    /// Waits for the gate, and asks it if nobody has.
    pub(crate) async fn pass(&self, turn: Turn) -> Result<Passed, Held> {
        let answer = {
            let mut kept = self.kept();
            let Some(kept) = kept.as_mut().filter(|kept| kept.turn == turn) else {
                return Err(Held::Over);
            };
            let Some(gate) = kept.gate.clone() else {
                return Ok(Passed(()));
            };
            // Owned by all who wait: the question goes on where one of them is given up.
            let ask = || async move { gate.open().await }.boxed().shared();
            kept.answer.get_or_insert_with(ask).clone()
        };
        if answer.await.is_err() {
            // The session ends with this call, so that no later one finds the permit.
            self.refused.notify_one();
            return Err(Held::Refused);
        }
        Ok(Passed(()))
    }

    /// Waits until the gate has refused.
    pub(crate) async fn refused(&self) {
        self.refused.notified().await;
    }

    /// The send is over; answers why the gate said no, if it did. A question that is still open is waited for, so that its
    /// answer never comes after the send's.
    pub(crate) async fn end(&self) -> Option<String> {
        let answer = self.kept().take()?.answer?;
        answer.await.err()
    }

    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::floor::Floor;

    /// Counts how often it is asked, and answers after a while.
    #[derive(Default)]
    struct Slow {
        asked: AtomicU32,
        refusal: Option<String>,
    }

    impl Gate for Slow {
        fn open(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            Box::pin(async {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                self.refusal.clone().map_or(Ok(()), Err)
            })
        }
    }

    fn begun(doorway: &Doorway, gate: &Arc<Slow>) -> Turn {
        let floor = Floor::default();
        floor.begin();
        doorway.begin(floor.turn(), Some(gate.clone()));
        floor.turn()
    }

    #[tokio::test]
    async fn all_who_wait_share_one_question() {
        let (doorway, gate) = (Doorway::default(), Arc::new(Slow::default()));
        let turn = begun(&doorway, &gate);
        let (first, second) = tokio::join!(doorway.pass(turn), doorway.pass(turn));
        assert!(first.is_ok() && second.is_ok() && doorway.pass(turn).await.is_ok());
        assert_eq!(gate.asked.load(Ordering::SeqCst), 1);
        assert_eq!(doorway.end().await, None);
    }

    #[tokio::test]
    async fn a_question_whose_asker_was_given_up_is_not_asked_again() {
        let (doorway, gate) = (Doorway::default(), Arc::new(Slow::default()));
        let turn = begun(&doorway, &gate);
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), doorway.pass(turn)).await;
        assert!(given_up.is_err());
        assert!(doorway.pass(turn).await.is_ok());
        assert_eq!(gate.asked.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_refusal_is_for_all_and_is_told_at_the_end() {
        let (doorway, gate) = (Doorway::default(), Slow::default());
        let gate = Arc::new(Slow {
            refusal: Some("it was cancelled".to_owned()),
            ..gate
        });
        let turn = begun(&doorway, &gate);
        assert_eq!(doorway.pass(turn).await.unwrap_err(), Held::Refused);
        assert_eq!(doorway.pass(turn).await.unwrap_err(), Held::Refused);
        doorway.refused().await;
        assert_eq!(doorway.end().await.as_deref(), Some("it was cancelled"));
    }

    #[tokio::test]
    async fn the_end_waits_for_an_open_question_and_nobody_passes_after_it() {
        let (doorway, gate) = (Doorway::default(), Arc::new(Slow::default()));
        let turn = begun(&doorway, &gate);
        assert!(doorway.pass(turn).now_or_never().is_none());
        let begun = std::time::Instant::now();
        assert_eq!(doorway.end().await, None);
        assert!(begun.elapsed() >= std::time::Duration::from_millis(15));
        assert_eq!(doorway.pass(turn).await.unwrap_err(), Held::Over);
    }
}
