//! Everything that the dispatcher needs of the rest: the time, the book of deliveries, sessions of connector instances, and the
//! way back into the router for its own notices. A trait, so that the rules are tried without a disk and without a sandbox.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use relais_message::Message;
use relais_sandbox::{Failure, Gate, Receipt};

use super::notice::Notice;
use crate::error::Error;
use crate::instances::InstanceLimits;
use crate::names::{InstancePath, WorkspaceName};
use crate::outbox::{Change, Delivery, DeliveryId, Now, Outcome, Owed, Timer};
use crate::store::StoreError;

/// What a session was made of: it is used only while this is still the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Of the connector's component.
    pub sha256: String,
    /// Of the instance.
    pub revision: u64,
    /// When the instance was created: another one of the same name is another one.
    pub created_at: Timestamp,
    /// Whether none of its accounts is missing or forbidden. A session that logged in before would not ask again.
    pub accounts: bool,
}

/// A session of a connector instance.
pub(crate) trait Session: Send + 'static {
    /// Hands one message over; the gate is asked before it may have left.
    fn send(&mut self, message: &Message, gate: Arc<dyn Gate>)
    -> impl Future<Output = Result<Receipt, Failure>> + Send;

    /// Whether another message should go through it.
    fn usable(&self) -> bool;

    /// Lets the connector say goodbye.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// See the module.
pub(crate) trait World: Send + Sync + 'static {
    type Session: Session;

    /// The moment by both clocks.
    fn now(&self) -> Now;

    /// By how much the wall clock has jumped since this was last asked.
    fn jumped(&self) -> Option<SignedDuration>;

    /// See `Book::note_time`.
    fn note_time(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Grows with every change of the configuration: where it is what it was, every [`World::mark`] is too.
    fn edition(&self) -> u64;

    /// None where the instance cannot be used.
    fn mark(&self, path: &InstancePath) -> Option<Mark>;

    /// What an administrator set for the instance.
    fn limits(&self, path: &InstancePath) -> InstanceLimits;

    /// A fresh session. A failure says why there is none; nothing has left then.
    fn open(&self, path: &InstancePath) -> impl Future<Output = Result<Self::Session, Failure>> + Send;

    /// The message of a delivery; none where it is gone. An error that is of this message alone is
    /// [`StoreError::Body`], [`StoreError::Damaged`] or [`StoreError::Newer`].
    fn message(&self, delivery: &Delivery) -> impl Future<Output = Result<Option<Message>, StoreError>> + Send;

    /// The delivery as it stands.
    fn row(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// See `Book::transmitting`.
    fn transmitting(
        &self,
        id: DeliveryId,
        began_at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// See `Book::settle`.
    fn settle(
        &self,
        id: DeliveryId,
        outcome: Outcome,
    ) -> impl Future<Output = Result<Option<Delivery>, StoreError>> + Send;

    /// See `Book::change`.
    fn change(
        &self,
        id: DeliveryId,
        change: Change,
    ) -> impl Future<Output = Result<Option<Delivery>, StoreError>> + Send;

    /// See `Book::due`.
    fn due(
        &self,
        path: &InstancePath,
        until: Timestamp,
        after: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryId)>, StoreError>;

    /// See `Book::interrupted`.
    fn sending(&self) -> Result<Vec<DeliveryId>, StoreError>;

    /// See `Book::instances_with_work`.
    fn instances_with_work(&self) -> Result<Vec<InstancePath>, StoreError>;

    /// See `Book::timers`.
    fn timers(&self, until: Timestamp, after: Option<Timer>, limit: usize) -> Result<Vec<Timer>, StoreError>;

    /// See `Book::set_aside`.
    fn set_aside(&self, id: DeliveryId) -> bool;

    /// Until when a delivery is not given up although its time has come, because an account of its instance is missing, or was
    /// until a while ago.
    fn reprieve(&self, delivery: &Delivery, now: Now) -> Option<Timestamp>;

    /// See `Book::fire`.
    fn fire(&self, timer: Timer) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// See `Book::owed`.
    fn owed(&self, id: DeliveryId) -> Result<Option<(Delivery, Vec<Owed>)>, StoreError>;

    /// See `Book::told`.
    fn told(&self, id: DeliveryId, number: u32) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// See `Book::again`.
    fn again(&self, timer: Timer, now: Now) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Tells the sender of a delivery that it failed; once for each number, however often it is asked to.
    fn notify(&self, notice: Notice) -> impl Future<Output = Result<(), Error>> + Send;

    /// Tells the contact of a workspace of deliveries that are uncertain; false where there is none, or no way.
    fn alert(&self, ws: &WorkspaceName, ids: &[DeliveryId]) -> impl Future<Output = Result<bool, Error>> + Send;
}
