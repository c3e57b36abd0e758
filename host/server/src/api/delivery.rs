//! Deliveries: one accepted mail for one connector instance, a state per recipient, made of attempts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Named;

/// Why a recipient is where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// A word of the registry of failures: `rejected`, `timeout`, …
    #[schema(example = "rejected")]
    pub kind: String,
    /// The remote's own code. `proxy`, with the status that it answered, where the site's outgoing proxy is why: `proxy 407`.
    #[schema(example = "550 5.1.1")]
    pub code: Option<String>,
    /// The remote's own words, the connector's or the host's.
    pub text: String,
}

impl From<&relais_router::Words> for Answer {
    fn from(words: &relais_router::Words) -> Self {
        Self {
            kind: words.kind.clone(),
            code: words.code.clone(),
            text: words.text.clone(),
        }
    }
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Recipient {
    pub address: String,
    /// `queued`, `sending`, `sent` (the server took it over), `deferred`, `failed`, `uncertain` (it may have left), `cancelled`.
    pub state: String,
    /// Of the last attempt, where it did not send.
    pub answer: Option<Answer>,
}

/// One attempt, for the recipients that were pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    #[schema(format = DateTime)]
    pub began_at: String,
    #[schema(format = DateTime)]
    pub ended_at: String,
    /// What it came to for all, where they share it.
    pub answer: Option<Answer>,
    /// The recipients that differ from the rest.
    pub recipients: Vec<Recipient>,
    /// What the connector told of it, such as the server's queue id.
    pub details: Vec<Named>,
}

/// A delivery and its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    #[schema(example = "01jdz3k4v7m8n9p0q1r2s3t4v5", min_length = 26, max_length = 26)]
    pub id: String,
    pub workspace: String,
    /// The connector instance that sends it.
    pub instance: String,
    pub service_instance: Option<String>,
    /// The first of `sending`, `queued`, `deferred`, `uncertain`, `failed`, `cancelled`, `sent` that any recipient is in.
    pub state: String,
    /// Which way it came in: `api`, `submission`, `sendmail`, `cli`, `notice`.
    pub origin: String,
    /// Without its angle brackets.
    pub message_id: String,
    /// The reverse-path; `null` is `<>`.
    pub sender: Option<String>,
    pub recipients: Vec<Recipient>,
    /// Bytes of the message as MIME.
    pub size: u64,
    /// Whether the content is still kept.
    pub content_kept: bool,
    #[schema(format = DateTime)]
    pub accepted_at: String,
    /// When the next attempt is due.
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    /// When it is given up.
    #[schema(format = DateTime)]
    pub give_up_at: String,
    /// When nothing was pending any more.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    /// Attempts so far, also those that `attempts` has forgotten.
    pub tried: u32,
    pub attempts: Vec<Attempt>,
    /// Never tried again for a part of its recipients.
    pub all_or_none: bool,
    /// `hold`, `resend` or `close`.
    pub uncertain: String,
    /// The connector instance through which its sender is told of a failure.
    pub notices_through: Option<String>,
}

/// A delivery in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryLine {
    pub id: String,
    pub state: String,
    pub instance: String,
    pub service_instance: Option<String>,
    pub origin: String,
    pub message_id: String,
    pub sender: Option<String>,
    /// How many there are.
    pub recipients: u64,
    /// The address of the first.
    pub first_recipient: Option<String>,
    pub size: u64,
    #[schema(format = DateTime)]
    pub accepted_at: String,
    #[schema(format = DateTime)]
    pub due_at: Option<String>,
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
    pub tried: u32,
    /// Of the first recipient that is in the state of the whole.
    pub answer: Option<Answer>,
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    pub deliveries: Vec<DeliveryLine>,
    /// Give it as `before` for the next page; `null` at the end.
    pub next: Option<String>,
    /// Those among them whose record cannot be read. They are neither sent nor erased.
    #[serde(default)]
    pub unreadable: Vec<Unreadable>,
}

/// A delivery whose record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unreadable {
    pub id: String,
    /// `data-newer` where a later version of Relais wrote it, `data-damaged` where it is not what was written.
    pub code: String,
}

impl From<&relais_router::Unreadable> for Unreadable {
    fn from(unreadable: &relais_router::Unreadable) -> Self {
        Self {
            id: unreadable.id.to_string(),
            code: unreadable.code.to_owned(),
        }
    }
}

/// What becomes of a delivery of which nobody knows whether it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// Whether to take it as `sent`; else as `failed`.
    pub sent: bool,
}

/// A delivery changed: the data of an event `delivery`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryEvent {
    pub id: String,
    pub state: String,
}

impl From<&relais_router::Delivery> for Delivery {
    fn from(delivery: &relais_router::Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            workspace: delivery.workspace.to_string(),
            instance: delivery.instance.to_string(),
            service_instance: delivery.service_instance.as_ref().map(ToString::to_string),
            state: delivery.summary().word().to_owned(),
            origin: origin(delivery.origin).to_owned(),
            message_id: delivery.message_id.clone(),
            sender: delivery.sender.clone(),
            recipients: delivery.recipients.iter().map(recipient).collect(),
            size: delivery.size,
            content_kept: delivery.body != relais_router::Body::Gone,
            accepted_at: delivery.accepted_at.to_string(),
            due_at: delivery.due_at.map(|at| at.to_string()),
            give_up_at: delivery.give_up_at.to_string(),
            ended_at: delivery.ended_at.map(|at| at.to_string()),
            tried: delivery.tried,
            attempts: delivery
                .attempts
                .iter()
                .map(|one| attempt(one, &delivery.recipients))
                .collect(),
            all_or_none: delivery.all_or_none,
            uncertain: policy(delivery.uncertain).to_owned(),
            notices_through: delivery.notices_through.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&relais_router::Delivery> for DeliveryLine {
    fn from(delivery: &relais_router::Delivery) -> Self {
        let state = delivery.summary();
        let telling = delivery
            .recipients
            .iter()
            .find(|recipient| recipient.state == state.into() && recipient.words.is_some());
        Self {
            id: delivery.id.to_string(),
            state: state.word().to_owned(),
            instance: delivery.instance.to_string(),
            service_instance: delivery.service_instance.as_ref().map(ToString::to_string),
            origin: origin(delivery.origin).to_owned(),
            message_id: delivery.message_id.clone(),
            sender: delivery.sender.clone(),
            recipients: delivery.recipients.len() as u64,
            first_recipient: delivery.recipients.first().map(|first| first.address.clone()),
            size: delivery.size,
            accepted_at: delivery.accepted_at.to_string(),
            due_at: delivery.due_at.map(|at| at.to_string()),
            ended_at: delivery.ended_at.map(|at| at.to_string()),
            tried: delivery.tried,
            answer: telling.and_then(|recipient| recipient.words.as_ref()).map(Answer::from),
        }
    }
}

fn recipient(recipient: &relais_router::Recipient) -> Recipient {
    Recipient {
        address: recipient.address.clone(),
        state: recipient.state.word().to_owned(),
        answer: recipient.words.as_ref().map(Answer::from),
    }
}

fn attempt(attempt: &relais_router::Attempt, recipients: &[relais_router::Recipient]) -> Attempt {
    let result = |result: &relais_router::RecipientResult| {
        let address = recipients
            .get(result.recipient)
            .map(|recipient| recipient.address.clone());
        Some(Recipient {
            address: address?,
            state: result.state.word().to_owned(),
            answer: result.words.as_ref().map(Answer::from),
        })
    };
    Attempt {
        began_at: attempt.began_at.to_string(),
        ended_at: attempt.ended_at.to_string(),
        answer: attempt.words.as_ref().map(Answer::from),
        recipients: attempt.results.iter().filter_map(result).collect(),
        details: super::named(&attempt.details),
    }
}

fn origin(origin: relais_router::Origin) -> &'static str {
    use relais_router::Origin;
    match origin {
        Origin::Api => "api",
        Origin::Submission => "submission",
        Origin::Sendmail => "sendmail",
        Origin::Cli => "cli",
        Origin::Notice => "notice",
    }
}

pub(crate) fn policy(policy: relais_router::UncertainPolicy) -> &'static str {
    use relais_router::UncertainPolicy;
    match policy {
        UncertainPolicy::Hold => "hold",
        UncertainPolicy::Resend => "resend",
        UncertainPolicy::Close => "close",
    }
}
