//! Attempts without lanes: what a crash interrupted, and the one attempt of a router without a dispatcher.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::attempt::{self, Found, When};
use super::core::Core;
use super::held::Held;
use super::verdict;
use super::words;
use super::world::World;
use crate::error::Error;
use crate::names::InstancePath;
use crate::outbox::DeliveryId;
use crate::store::StoreError;

/// Interrupted deliveries that are settled at once, so that they share the store's commits.
const BATCH: usize = 64;

/// Settles what was being sent when the process before this one ended: nobody knows whether it left.
pub(super) async fn interrupted<W: World>(core: &Arc<Core<W>>, ids: Vec<DeliveryId>) -> Result<(), StoreError> {
    let mut tasks = JoinSet::new();
    for id in ids {
        if tasks.len() >= BATCH {
            tasks.join_next().await;
        }
        let core = core.clone();
        let Some(delivery) = core.world.row(id)? else { continue };
        let Some(claim) = core.hub.claim(id) else { continue };
        tasks.spawn(async move {
            tracing::warn!(target: "relais::dispatch", delivery = %id, "Relais had ended while it was being sent");
            let verdict = verdict::of_interruption(&delivery, words::STOPPED);
            let outcome = attempt::outcome(&core, &delivery, core.world.now(), verdict);
            core.settle(claim, outcome, None).await;
        });
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
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
            let path = InstancePath {
                workspace: job.delivery.workspace.clone(),
                name: job.delivery.instance.clone(),
            };
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
