//! Attempts without lanes: what a crash interrupted, and the one attempt of a router without a dispatcher.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::DispatchConfig;
use super::attempt::{self, Found, When};
use super::core::Core;
use super::held::Held;
use super::outcome::{self, Times};
use super::verdict;
use super::words;
use super::world::World;
use crate::error::Error;
use crate::outbox::{Book, Delivery, DeliveryId, Now, Outcome, Recipient, RecipientState, blocking};
use crate::router::Router;
use crate::store::StoreError;

/// Interrupted deliveries that are settled at once, so that they share the store's commits.
const BATCH: usize = 64;

impl Router {
    /// Settles what was being sent when the process before this one ended: nobody knows whether it left. Whoever opens the store
    /// holds it alone, so nobody else can be sending.
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        let config = DispatchConfig::default();
        // The store may have to be opened anew, or the disk be slow.
        let book = self.book.clone();
        let interrupted = blocking(move || book.interrupted()).await?;
        for ids in interrupted.chunks(BATCH) {
            let (book, ids) = (self.book.clone(), ids.to_vec());
            let mut tasks = JoinSet::new();
            for delivery in blocking(move || read(&book, &ids)).await? {
                let (book, id) = (self.book.clone(), delivery.id);
                let outcome = interruption(&config, &delivery, book.now(), words::STOPPED);
                tracing::warn!(target: "relais::dispatch", delivery = %id, "Relais had ended while it was being sent");
                tasks.spawn(async move { book.settle(id, outcome).await.map(drop) });
            }
            while let Some(settled) = tasks.join_next().await {
                settled.unwrap_or(Err(StoreError::Stopped))?;
            }
        }
        Ok(())
    }
}

/// Those of the deliveries that are there and can be read.
fn read(book: &Book, ids: &[DeliveryId]) -> Result<Vec<Delivery>, StoreError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        match book.get(*id) {
            Ok(delivery) => found.extend(delivery),
            Err(error) if error.of_one_record() => {
                book.set_aside(*id);
                tracing::error!(target: "relais::dispatch", delivery = %id, code = error.code(), %error, "the record of a delivery cannot be read; it is set aside until the next start");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// What an attempt came to of which nobody has seen the end.
fn interruption(config: &DispatchConfig, delivery: &Delivery, now: Now, text: &str) -> Outcome {
    let verdict = verdict::of_interruption(delivery, text);
    let times = Times {
        began_at: now.wall,
        ended: now,
        // What was being sent is uncertain now, which is not given up.
        spared: false,
    };
    outcome::outcome(config, delivery, times, verdict)
}

/// Settles what is being sent by nobody: its attempt broke off by a fault of Relais and could not say so. Without this it would
/// be looked at only by the next start.
pub(super) async fn stranded<W: World>(core: &Core<W>) {
    let sending = match core.world.sending() {
        Ok(sending) => sending,
        Err(error) => {
            core.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", code = error.code(), "what is being sent cannot be read");
            return;
        }
    };
    for id in sending {
        // Whoever sends has it in hand until the outcome is durable.
        let Some(claim) = core.hub.claim(id) else { continue };
        let row = match core.world.row(id) {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err(error) if error.of_one_record() => {
                core.set_aside(id, &error);
                continue;
            }
            Err(_) => return,
        };
        let sending = |recipient: &Recipient| recipient.state == RecipientState::Sending;
        if row.recipients.iter().any(sending) {
            tracing::error!(target: "relais::dispatch", delivery = %id, "nobody sends it any more, and nobody has said what became of it");
            let outcome = interruption(&core.config, &row, core.world.now(), words::BROKE_OFF);
            core.settle(claim, outcome, None).await;
        }
    }
}

/// Attempts a delivery once, in a session of its own.
pub(super) async fn try_once<W: World>(core: &Arc<Core<W>>, id: DeliveryId) -> Result<(), Error> {
    let Some(claim) = core.hub.claim(id) else {
        return Ok(());
    };
    let (outcome, message) = match attempt::find(core, id, When::Now).await {
        Found::Nothing => return Ok(()),
        Found::Broken(error) => return Err(error.into()),
        Found::Unreadable(delivery, error) => (Some(core.lost(&delivery, &error)), None),
        Found::Job(job) => {
            let path = job.delivery.path();
            let mut held = Held::new();
            let mut phase = core.phase.subscribe();
            let attempted = attempt::make(core, &path, &mut held, &job, &mut phase).await;
            held.close().await;
            (attempted.outcome, Some(job.whole))
        }
    };
    if let Some(outcome) = outcome {
        core.settle(claim, outcome, message).await;
    }
    Ok(())
}
