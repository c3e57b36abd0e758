//! One batch of changes of the outbox: what each does within the record of the log that they share.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::oneshot;

use super::book::{Acceptance, Idempotency};
use super::clock::ms;
use super::delivery::{Body, Delivery};
use super::id::DeliveryId;
use super::query::Timer;
use super::retention::{Retention, Retentions};
use super::row::DeliveryRow;
use super::rules::{self, Fired};
use super::spool::Stored;
use crate::store::{Deliveries, IdempotencyRow, StoreError};

/// Idempotency keys that are forgotten at most for one that is remembered.
const EXPIRED_AT_ONCE: usize = 16;

/// Why a change is not made.
pub(super) enum Fault {
    /// Nothing was written for it; the others of its batch are not concerned.
    This(StoreError),
    /// The whole batch is undone.
    All(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::All(error)
    }
}

impl Fault {
    /// What one record says of itself concerns nobody else; what the disk says does.
    fn of_reading(error: StoreError) -> Self {
        match error.of_one_record() {
            true => Self::This(error),
            false => Self::All(error),
        }
    }
}

/// A batch while one of its changes is made.
pub(super) struct Batch<'t> {
    pub(super) tables: Deliveries<'t>,
    pub(super) retention: &'t Retentions,
    pub(super) spooled: &'t mut Spooled,
}

/// What is to be done with the spool once a batch is durable.
#[derive(Default)]
pub(super) struct Spooled {
    /// Deliveries whose file is named by a row from now on.
    pub(super) kept: HashSet<DeliveryId>,
    /// Deliveries whose file no row names any more.
    pub(super) dropped: Vec<DeliveryId>,
}

impl Batch<'_> {
    pub(super) fn accept(
        &mut self,
        delivery: Delivery,
        content: &[u8],
        idempotency: Option<Idempotency>,
    ) -> Result<Acceptance, Fault> {
        // A key lives by the calendar, too: a clock that jumps ahead must not have a mail accepted twice.
        let now_ms = ms(delivery.due_at.unwrap_or(delivery.accepted_at));
        let lasts_ms = |until| ms(until).saturating_sub(ms(delivery.accepted_at));
        if let Some(Idempotency {
            scope,
            key,
            fingerprint,
            ..
        }) = &idempotency
        {
            let known = self.tables.idempotency(scope, key).map_err(Fault::of_reading)?;
            if let Some(known) = known.filter(|known| known.expires_ms > now_ms) {
                return Ok(if known.fingerprint == STANDARD.encode(fingerprint) {
                    Acceptance::Replayed(known.delivery)
                } else {
                    Acceptance::Conflict
                });
            }
        }
        let expires_ms = idempotency
            .as_ref()
            .map(|given| now_ms.saturating_add(lasts_ms(given.expires_at)));
        let id = delivery.id;
        let spooled = delivery.body == Body::Spool;
        let retention = *self.retention.of(&delivery.workspace);
        let mut row = rules::accept(delivery, &retention);
        row.key_ms = expires_ms;
        self.tables.put(None, &row)?;
        if row.delivery.body != Body::Gone {
            self.tables.put_content(id, content);
            if spooled {
                self.spooled.kept.insert(id);
            }
        }
        if let (Some(given), Some(expires_ms)) = (idempotency, expires_ms) {
            self.tables.expire_idempotency(now_ms, EXPIRED_AT_ONCE)?;
            let row = IdempotencyRow {
                delivery: id,
                fingerprint: STANDARD.encode(given.fingerprint),
                expires_ms,
            };
            self.tables.put_idempotency(&given.scope, &given.key, &row)?;
        }
        Ok(Acceptance::New)
    }

    /// Changes one row by a rule; none where there is no such row, or the rule changes nothing.
    pub(super) fn alter(
        &mut self,
        id: DeliveryId,
        rule: impl FnOnce(&mut DeliveryRow, &Retention) -> bool,
    ) -> Result<Option<Delivery>, Fault> {
        let Some(before) = self.tables.row(id).map_err(Fault::of_reading)? else {
            return Ok(None);
        };
        let mut after = before.clone();
        if !rule(&mut after, self.retention.of(&before.delivery.workspace)) {
            return Ok(None);
        }
        self.forget_body(&before, after.delivery.body);
        self.tables.put(Some(&before), &after)?;
        Ok(Some(after.delivery))
    }

    pub(super) fn fire(&mut self, timer: Timer) -> Result<(), Fault> {
        let Some(before) = self.tables.row(timer.id).map_err(Fault::of_reading)? else {
            return Ok(());
        };
        let mut after = before.clone();
        match rules::fire(&mut after, ms(timer.at), timer.kind) {
            Fired::Nothing => {}
            Fired::Removed | Fired::BodyErased => {
                self.forget_body(&before, after.delivery.body);
                self.tables.put(Some(&before), &after)?;
            }
            Fired::RowErased => {
                self.forget_body(&before, Body::Gone);
                self.tables.erase(&before);
            }
        }
        Ok(())
    }

    fn forget_body(&mut self, before: &DeliveryRow, after: Body) {
        let Delivery { id, body, .. } = before.delivery;
        if body == Body::Gone || after != Body::Gone {
            return;
        }
        if body == Body::Spool {
            self.spooled.dropped.push(id);
        }
        self.tables.erase_content(id);
    }
}

/// Whether what is asked for may wait a moment for others to share its sync with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// A caller waits for it.
    Urgent,
    /// It is a step of a delivery, of which there is one more for each mail that is accepted.
    Patient,
}

/// What waits for the writer.
pub(super) struct Request {
    pub(super) haste: Haste,
    /// Bytes that it writes, roughly.
    pub(super) weight: usize,
    /// The body that it brings along.
    pub(super) file: Option<Stored>,
    pub(super) work: Box<dyn Work>,
}

/// One change, and whoever waits for it.
pub(super) trait Work: Send {
    /// Makes the change; an error undoes the whole batch.
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError>;
    /// Tells what it came to, now that the batch is durable, or why it is not.
    fn answer(self: Box<Self>, batch: Result<(), StoreError>);
}

pub(super) struct Task<T, F> {
    work: Option<F>,
    done: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Task<T, F>
where
    T: Send + 'static,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static,
{
    pub(super) fn new(work: F) -> (Box<Self>, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        let task = Self {
            work: Some(work),
            done: None,
            reply,
        };
        (Box::new(task), answer)
    }
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Fault> + Send,
{
    fn apply(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else {
            return Ok(());
        };
        self.done = match work(batch) {
            Ok(done) => Some(Ok(done)),
            Err(Fault::This(error)) => Some(Err(error)),
            Err(Fault::All(error)) => return Err(error),
        };
        Ok(())
    }

    fn answer(self: Box<Self>, batch: Result<(), StoreError>) {
        let Self { done, reply, .. } = *self;
        let answer = batch.and_then(|()| done.unwrap_or(Err(StoreError::Stopped)));
        // Whoever asked may have gone; what was done stays done.
        let _ = reply.send(answer);
    }
}
