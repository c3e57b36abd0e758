//! What can be asked of deliveries, and done with them.

use std::sync::Arc;
use std::time::Duration;

use relais_message::Message;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::audit::{self, Action};
use crate::dispatch::{Changed, Hub};
use crate::error::{DeliveryError, Error};
use crate::names::{InstancePath, WorkspaceName};
use crate::outbox::{Body, Book, Change, Delivery, DeliveryId, Filter, Page, RecipientState};
use crate::router::Router;
use crate::store::Store;
use crate::who::Who;

impl Router {
    /// The delivery of that id; one of another workspace is as unknown as one that never was.
    pub fn delivery(&self, ws: &WorkspaceName, id: DeliveryId) -> Result<Delivery, Error> {
        self.workspace(ws)?;
        Ok(self.shown(self.found(ws, id)?))
    }

    /// Deliveries of a workspace, the newest first.
    pub fn deliveries(&self, ws: &WorkspaceName, filter: &Filter) -> Result<Page, Error> {
        self.workspace(ws)?;
        let mut page = self.book.list(ws, filter)?;
        page.deliveries = page.deliveries.into_iter().map(|row| self.shown(row)).collect();
        Ok(page)
    }

    /// The message of a delivery as it was accepted. Blocks while a large one is verified.
    pub fn delivery_message(&self, ws: &WorkspaceName, id: DeliveryId) -> Result<Message, Error> {
        let delivery = self.delivery(ws, id)?;
        if delivery.body == Body::Gone {
            return Err(DeliveryError::BodyGone { id }.into());
        }
        let message = self.book.message(id)?;
        message.ok_or_else(|| DeliveryError::BodyGone { id }.into())
    }

    /// Sends again to the recipients that failed, are uncertain or were cancelled. Where there are none and the delivery waits
    /// for its next attempt, that is now.
    pub async fn resend_delivery(&self, ws: &WorkspaceName, id: DeliveryId, by: &Who) -> Result<Delivery, Error> {
        let delivery = self.delivery(ws, id)?;
        let now = self.book.now();
        let ended = |state| {
            matches!(
                state,
                RecipientState::Failed | RecipientState::Uncertain | RecipientState::Cancelled
            )
        };
        let change = match delivery.recipients.iter().any(|recipient| ended(recipient.state)) {
            true if delivery.body == Body::Gone => return Err(DeliveryError::BodyGone { id }.into()),
            true => Change::Resend { recipients: None, now },
            false => Change::Defer { until: now.calendar },
        };
        self.do_with(ws, delivery, change, Action::DeliveryResend, by).await
    }

    /// Settles what is uncertain, by somebody who knows whether it left.
    pub async fn close_delivery(
        &self,
        ws: &WorkspaceName,
        id: DeliveryId,
        as_sent: bool,
        by: &Who,
    ) -> Result<Delivery, Error> {
        let delivery = self.delivery(ws, id)?;
        let now = self.book.now();
        self.do_with(ws, delivery, Change::Close { as_sent, now }, Action::DeliveryClose, by)
            .await
    }

    /// Stops what is queued or deferred. What is being sent goes on.
    pub async fn cancel_delivery(&self, ws: &WorkspaceName, id: DeliveryId, by: &Who) -> Result<Delivery, Error> {
        let delivery = self.delivery(ws, id)?;
        let now = self.book.now();
        self.do_with(ws, delivery, Change::Cancel { now }, Action::DeliveryCancel, by)
            .await
    }

    /// The delivery when nothing of it is to be done at once any more: it has ended, or waits for its next attempt. After
    /// `at_most`, as it stands then.
    pub async fn wait(&self, ws: &WorkspaceName, id: DeliveryId, at_most: Duration) -> Result<Delivery, Error> {
        let until = Instant::now() + at_most;
        self.workspace(ws)?;
        loop {
            let waiter = self.hub.waiter(id);
            let mut told = std::pin::pin!(waiter.notified());
            // Before it is looked at: whatever happens from now on is noticed.
            told.as_mut().enable();
            let delivery = self.found(ws, id)?;
            let at_once = |state| matches!(state, RecipientState::Queued | RecipientState::Sending);
            if !delivery.recipients.iter().any(|recipient| at_once(recipient.state)) {
                return Ok(self.shown(delivery));
            }
            if tokio::time::timeout_at(until, told).await.is_err() {
                return Ok(self.shown(self.found(ws, id)?));
            }
        }
    }

    /// Every change of a delivery's state from now on, in every workspace. Whoever falls far behind misses some, and is told
    /// so ([`broadcast::error::RecvError::Lagged`]).
    pub fn watch(&self) -> broadcast::Receiver<Changed> {
        self.hub.watch()
    }

    /// What is to come of it is shown by the wall clock.
    fn shown(&self, delivery: Delivery) -> Delivery {
        self.book.calendar().shown(delivery)
    }

    fn found(&self, ws: &WorkspaceName, id: DeliveryId) -> Result<Delivery, Error> {
        let delivery = self.book.get(id)?.filter(|delivery| delivery.workspace == *ws);
        delivery.ok_or_else(|| DeliveryError::Unknown { id }.into())
    }

    async fn do_with(
        &self,
        ws: &WorkspaceName,
        delivery: Delivery,
        change: Change,
        action: Action,
        by: &Who,
    ) -> Result<Delivery, Error> {
        let doing = Doing {
            store: self.store.clone(),
            book: self.book.clone(),
            hub: self.hub.clone(),
            ws: ws.clone(),
            by: by.clone(),
        };
        // A task of its own: a caller that hangs up must leave neither a delivery of which no lane knows nor a change that the
        // journal does not name.
        let task = tokio::spawn(doing.change(delivery, change, action));
        let changed = task.await.unwrap_or(Err(Error::Stopped))?;
        Ok(self.shown(changed))
    }
}

/// A change of a delivery, with all that follows from it.
struct Doing {
    store: Arc<Store>,
    book: Book,
    hub: Arc<Hub>,
    ws: WorkspaceName,
    by: Who,
}

impl Doing {
    async fn change(self, delivery: Delivery, change: Change, action: Action) -> Result<Delivery, Error> {
        let id = delivery.id;
        // What is remembered of its acceptance is not true any more.
        self.hub.recall(id);
        // A cancellation meets the attempt at its gate; anything else would change under its hands.
        let claim = match action {
            Action::DeliveryCancel => None,
            _ => Some(self.hub.claim(id).ok_or_else(|| wrong_state(&delivery, true))?),
        };
        let changed = self.book.change(id, change).await?;
        drop(claim);
        let Some(changed) = changed else {
            // As it stands now: it may have moved since it was looked at.
            let now = self.book.get(id)?.ok_or(DeliveryError::Unknown { id })?;
            return Err(wrong_state(&now, self.hub.in_hand(id)).into());
        };
        tracing::info!(target: "relais::deliveries", delivery = %id, by = %self.by, action = action.word(), state = changed.summary().word(), "changed");
        self.hub.changed(&changed);
        if changed.pending().next().is_some() {
            let path = InstancePath {
                workspace: changed.workspace.clone(),
                name: changed.instance.clone(),
            };
            self.hub.wake(&path, id);
        }
        self.store.write(|tables| {
            let states = vec![
                delivery.summary().word().to_owned(),
                changed.summary().word().to_owned(),
            ];
            audit::note(tables, &self.by, Some(&self.ws), action, &id.to_string(), states)
        })?;
        Ok(changed)
    }
}

fn wrong_state(delivery: &Delivery, in_hand: bool) -> DeliveryError {
    DeliveryError::WrongState {
        id: delivery.id,
        state: delivery.summary(),
        in_hand,
    }
}
