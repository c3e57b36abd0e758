//! The gate that every message passes: before it may have left, the book says durably that it is being sent. So whoever finds
//! the book after a crash knows which messages may be out.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use jiff::Timestamp;
use relais_sandbox::Gate;

use super::world::World;
use crate::outbox::DeliveryId;

/// How far the gate of one attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// The message has not left, and the book does not think so.
    Shut = 0,
    /// The message has not left, and the book may think so.
    Asked = 1,
    /// The message may have left.
    Open = 2,
    /// The message has not left, and must not: it is not pending any more.
    Withdrawn = 3,
    /// The message has not left: the book could not be written.
    Broken = 4,
}

/// The gate of one attempt.
pub(super) struct BookGate<W> {
    world: Arc<W>,
    id: DeliveryId,
    began_at: Timestamp,
    stage: AtomicU8,
}

impl<W: World> BookGate<W> {
    pub(super) fn new(world: Arc<W>, id: DeliveryId, began_at: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            world,
            id,
            began_at,
            stage: AtomicU8::new(Stage::Shut as u8),
        })
    }

    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Shut,
            1 => Stage::Asked,
            2 => Stage::Open,
            3 => Stage::Withdrawn,
            _ => Stage::Broken,
        }
    }

    fn set(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    async fn ask(&self) -> Result<(), String> {
        match self.stage() {
            Stage::Shut => {}
            Stage::Open => return Ok(()),
            Stage::Asked | Stage::Withdrawn | Stage::Broken => return Err("the gate was refused before".to_owned()),
        }
        self.set(Stage::Asked);
        match self.world.transmitting(self.id, self.began_at).await {
            Ok(true) => {
                self.set(Stage::Open);
                Ok(())
            }
            Ok(false) => {
                self.set(Stage::Withdrawn);
                Err("the delivery is not pending any more".to_owned())
            }
            Err(error) => {
                self.set(Stage::Broken);
                tracing::error!(target: "relais::dispatch", delivery = %self.id, code = error.code(), "the store did not take note of a transmission, which did not begin");
                Err(format!("the store did not take note of it: {}", error.code()))
            }
        }
    }
}

impl<W: World> Gate for BookGate<W> {
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(self.ask())
    }
}
