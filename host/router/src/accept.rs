//! The door: a mail becomes a delivery that is on the disk. From the yes on, it leaves once, or it waits where an
//! administrator sees why.

use std::sync::Arc;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use relais_message::{Draft, FieldError, Limits, Message, Source};

use crate::dispatch::Hub;
use crate::error::{DeliveryError, Error, SendError};
use crate::names::WorkspaceName;
use crate::outbox::{
    Acceptance, Body, Book, Delivery, DeliveryId, Idempotency, NewDelivery, Now, Origin, Recipient, RecipientState,
};
use crate::resolve::{Resolved, Route};
use crate::router::Router;
use crate::who::Who;
use relais_message::MimeDraft;

/// Bytes of a raw message that is parsed where it stands; a larger one is parsed on a thread that may wait.
const AT_ONCE: u64 = 256 << 10;
/// Bytes of contents that are kept in memory for the first attempt; more is read back.
const REMEMBERED: u64 = 256 << 10;

/// What a mail consists of.
#[derive(Debug)]
pub enum Content {
    /// Fields.
    Draft(Draft),
    /// MIME as a caller wrote it.
    Mime(MimeDraft),
}

/// A mail that somebody hands over.
#[derive(Debug)]
pub struct Mail {
    pub content: Content,
    pub route: Route,
    pub origin: Origin,
    /// By what the caller recognises a mail that it sends twice.
    pub idempotency: Option<Idempotency>,
}

/// A mail that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    pub delivery: Delivery,
    /// It had been accepted before, with the same idempotency key; nothing was accepted now.
    pub replayed: bool,
}

impl Router {
    /// Accepts a mail: durable when this returns. Dropping the future in the midst leaves the mail either accepted whole, and
    /// sent, or not accepted at all.
    ///
    /// # Errors
    ///
    /// [`SendError::Message`] for fields that are refused, [`DeliveryError::InProgress`] and
    /// [`DeliveryError::IdempotencyMismatch`] for the idempotency key; what [`Router::resolve`] answers; a store that failed.
    /// Nothing was accepted then, except that after a failure of the disk itself the mail may leave all the same.
    pub async fn accept(&self, ws: &WorkspaceName, mail: Mail, by: &Who) -> Result<Accepted, Error> {
        let began = Instant::now();
        let accepted = self.take_in(ws, mail, by).await;
        let tally = &self.hub.tally;
        match &accepted {
            Ok(Accepted { replayed: true, .. }) => tally.replayed.add(1),
            Ok(Accepted { delivery, .. }) => {
                tally.accepted.add(1);
                tally.accepted_bytes.add(delivery.size);
                tally.accepting.note(began.elapsed());
            }
            Err(_) => tally.refused.add(1),
        }
        accepted
    }

    /// Checks a mail without accepting it: which instance would send it, and the message.
    pub async fn check(
        &self,
        ws: &WorkspaceName,
        content: Content,
        route: &Route,
    ) -> Result<(Arc<Resolved>, Message), Error> {
        let resolved = self.resolve(ws, route)?;
        let message = message(content, &resolved).await?;
        Ok((resolved, message))
    }

    async fn take_in(&self, ws: &WorkspaceName, mail: Mail, by: &Who) -> Result<Accepted, Error> {
        // Until the outcome is known, so that a caller that is impatient does not have the same work done twice.
        let progress = match &mail.idempotency {
            Some(Idempotency { scope, key, .. }) => {
                Some(self.hub.progress(scope, key).ok_or(DeliveryError::InProgress)?)
            }
            None => None,
        };
        let turn = match weight(&mail.content) {
            Some(bytes) => self.intake.turn(bytes).await,
            None => None,
        };
        let (resolved, message) = self.check(ws, mail.content, &mail.route).await?;
        let delivery = delivery(ws, &resolved, mail.origin, &message, self.book.now())?;
        let stored = Stored {
            book: self.book.clone(),
            hub: self.hub.clone(),
            by: by.clone(),
        };
        let idempotency = mail.idempotency;
        // A task of its own: a caller that hangs up must not leave a delivery on the disk of which no lane knows.
        let task = tokio::spawn(async move {
            let accepted = stored.store(delivery, message, idempotency).await;
            drop((progress, turn));
            accepted
        });
        task.await.unwrap_or(Err(Error::Stopped))
    }
}

struct Stored {
    book: Book,
    hub: Arc<Hub>,
    by: Who,
}

impl Stored {
    async fn store(
        self,
        delivery: Delivery,
        message: Message,
        idempotency: Option<Idempotency>,
    ) -> Result<Accepted, Error> {
        let (book, hub) = (self.book, self.hub);
        let id = delivery.id;
        let path = delivery.path();
        // Before it is durable: once it is, a lane may find it by itself.
        if let Some(bytes) = in_memory(&message) {
            hub.remember(delivery.clone(), message.clone(), bytes);
        }
        let new = NewDelivery {
            delivery: delivery.clone(),
            message,
            idempotency,
        };
        let acceptance = book.accept(new).await;
        if !matches!(acceptance, Ok(Acceptance::New)) {
            hub.recall(id);
        }
        match acceptance? {
            Acceptance::New => {
                tracing::info!(target: "relais::accept", delivery = %id, instance = %path, origin = ?delivery.origin, by = %self.by, recipients = delivery.recipients.len(), bytes = delivery.size, "accepted");
                hub.changed(&delivery);
                hub.wake(&path, id);
                Ok(Accepted {
                    delivery: book.calendar().shown(delivery),
                    replayed: false,
                })
            }
            Acceptance::Replayed(earlier) => {
                let delivery = book.get(earlier)?.ok_or(DeliveryError::Unknown { id: earlier })?;
                Ok(Accepted {
                    delivery: book.calendar().shown(delivery),
                    replayed: true,
                })
            }
            Acceptance::Conflict => Err(DeliveryError::IdempotencyMismatch.into()),
        }
    }
}

/// Bytes of a content that is in memory; none where it has to wait for a disk, and for its place among those that do.
fn weight(content: &Content) -> Option<u64> {
    let in_memory = |source: &Source| match source {
        Source::Bytes(bytes) => Some(bytes.len() as u64),
        Source::File { .. } | Source::Range { .. } => None,
    };
    match content {
        Content::Draft(draft) => {
            let texts = [&draft.text, &draft.html]
                .into_iter()
                .flatten()
                .map(|text| text.len() as u64);
            let attached = draft.attachments.iter().map(|attachment| in_memory(&attachment.source));
            texts.map(Some).chain(attached).sum()
        }
        Content::Mime(draft) => in_memory(&draft.source),
    }
}

/// Checks a content and makes the message of it.
async fn message(content: Content, resolved: &Resolved) -> Result<Message, Error> {
    let limits = Limits::default();
    let (waits, check): (bool, Box<dyn FnOnce() -> Checked + Send>) = match content {
        Content::Draft(mut draft) => {
            if draft.from.is_none() {
                draft.from.clone_from(&resolved.sender);
            }
            let in_memory = |source: &Source| matches!(source, Source::Bytes(_));
            let waits = !draft.attachments.iter().all(|attachment| in_memory(&attachment.source));
            (waits, Box::new(move || draft.accept(&limits)))
        }
        Content::Mime(mut draft) => {
            if draft.default_from.is_none() {
                draft.default_from.clone_from(&resolved.sender);
            }
            let waits = !matches!(&draft.source, Source::Bytes(bytes) if bytes.len() as u64 <= AT_ONCE);
            (waits, Box::new(move || draft.accept(&limits)))
        }
    };
    let checked = match waits {
        true => tokio::task::spawn_blocking(check).await.map_err(|_| Error::Stopped)?,
        false => check(),
    };
    Ok(checked.map_err(SendError::Message)?)
}

type Checked = Result<Message, Vec<FieldError>>;

fn delivery(
    ws: &WorkspaceName,
    resolved: &Resolved,
    origin: Origin,
    message: &Message,
    now: Now,
) -> Result<Delivery, Error> {
    let made_ms = u64::try_from(now.wall.as_millisecond()).unwrap_or_default();
    let envelope = message.envelope();
    let recipients = envelope.recipients.iter().map(|address| Recipient {
        address: address.clone(),
        state: RecipientState::Queued,
        words: None,
    });
    let give_up = SignedDuration::try_from(resolved.give_up).unwrap_or(SignedDuration::MAX);
    Ok(Delivery {
        id: DeliveryId::new(made_ms).map_err(|_| DeliveryError::NoRandomness)?,
        workspace: ws.clone(),
        instance: resolved.instance.clone(),
        service_instance: resolved.service_instance.clone(),
        origin,
        message_id: message.id().to_owned(),
        sender: envelope.sender.clone(),
        recipients: recipients.collect(),
        size: message.size(),
        body: Body::Inline,
        accepted_at: now.wall,
        due_at: Some(now.calendar),
        give_up_at: now.calendar.checked_add(give_up).unwrap_or(Timestamp::MAX),
        ended_at: None,
        tried: 0,
        attempts: Vec::new(),
        all_or_none: resolved.all_or_none,
        uncertain: resolved.uncertain,
        notices_through: resolved.notices_through.clone(),
    })
}

/// Bytes that a message holds in memory, where it is small and depends on nothing outside: a file of the caller's may go once
/// the mail is accepted.
fn in_memory(message: &Message) -> Option<u64> {
    let bytes = message
        .contents()
        .iter()
        .try_fold(0, |sum: u64, content| match content {
            Source::Bytes(bytes) => sum.checked_add(bytes.len() as u64),
            Source::File { .. } | Source::Range { .. } => None,
        })?;
    (bytes <= REMEMBERED).then_some(bytes)
}
