//! One accepted message for one connector instance: its recipients, each with a state, and the attempts made so far.

use jiff::Timestamp;
use relais_sandbox::{Failure, Kind};
use serde::{Deserialize, Serialize};

use super::DeliveryId;
use crate::names::{InstanceName, InstancePath, ServiceInstanceName, WorkspaceName};

/// Attempts that a delivery remembers; the oldest after the first go.
pub const ATTEMPTS: usize = 40;

/// Where one recipient of a delivery stands.
///
/// ```text
/// queued ──► sending ──► sent
///   ▲  │        ├──────► failed
///   │  │        ├──────► uncertain ──► (an administrator) queued or failed
///   │  │        └──────► deferred ───► sending …
///   └──┴─► cancelled
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecipientState {
    /// Waits for its first attempt, or for one that an administrator asked for.
    Queued,
    /// Its message is being handed to the remote: whoever finds this after a crash does not know whether it left.
    Sending,
    /// The remote took it over. That is not delivery.
    Sent,
    /// Could not be sent yet; waits for the next attempt.
    Deferred,
    /// Will not be sent.
    Failed,
    /// May have been sent: nobody knows. Never sent again by itself.
    Uncertain,
    /// An administrator stopped it before it was sent.
    Cancelled,
}

impl RecipientState {
    /// Whether Relais still has something to do by itself.
    pub fn pending(self) -> bool {
        matches!(self, Self::Queued | Self::Sending | Self::Deferred)
    }

    /// The word that the API and the store use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The state of a whole delivery in one word, for lists: the first of these that any recipient is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Summary {
    Sending = 0,
    Queued = 1,
    Deferred = 2,
    Uncertain = 3,
    Failed = 4,
    Cancelled = 5,
    Sent = 6,
}

impl Summary {
    /// All, in their order.
    pub const ALL: [Self; 7] = [
        Self::Sending,
        Self::Queued,
        Self::Deferred,
        Self::Uncertain,
        Self::Failed,
        Self::Cancelled,
        Self::Sent,
    ];

    /// The word that the API and the store use.
    pub fn word(self) -> &'static str {
        RecipientState::from(self).word()
    }
}

impl From<Summary> for RecipientState {
    fn from(summary: Summary) -> Self {
        match summary {
            Summary::Sending => Self::Sending,
            Summary::Queued => Self::Queued,
            Summary::Deferred => Self::Deferred,
            Summary::Uncertain => Self::Uncertain,
            Summary::Failed => Self::Failed,
            Summary::Cancelled => Self::Cancelled,
            Summary::Sent => Self::Sent,
        }
    }
}

impl From<RecipientState> for Summary {
    fn from(state: RecipientState) -> Self {
        match state {
            RecipientState::Sending => Self::Sending,
            RecipientState::Queued => Self::Queued,
            RecipientState::Deferred => Self::Deferred,
            RecipientState::Uncertain => Self::Uncertain,
            RecipientState::Failed => Self::Failed,
            RecipientState::Cancelled => Self::Cancelled,
            RecipientState::Sent => Self::Sent,
        }
    }
}

/// Why a recipient is where it is: a failure as the connector or the host told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// A word of the registry of failures: `rejected`, `timeout`, …
    pub kind: String,
    /// What happened, for people: the remote's own words where it spoke.
    pub text: String,
    /// The remote's own code: `550 5.1.1`. Of the host's own way out: `proxy 407`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

impl From<&Failure> for Words {
    fn from(failure: &Failure) -> Self {
        Self {
            kind: failure.kind.word().to_owned(),
            text: failure.text.clone(),
            code: failure.code.clone(),
        }
    }
}

impl Words {
    /// Words of the host's own.
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind: kind.word().to_owned(),
            text: text.into(),
            code: None,
        }
    }
}

/// One recipient of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    pub address: String,
    pub state: RecipientState,
    /// Of the last attempt, where it did not send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// What one attempt came to for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecipientResult {
    /// The recipient's place in [`Delivery::recipients`].
    pub recipient: usize,
    pub state: RecipientState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// One attempt, for the recipients that were pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    /// What the whole attempt came to where all recipients share it; else see `results`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
    /// The recipients that differ from the rest of the attempt; empty where all were sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<RecipientResult>,
    /// What the connector told of it, such as the remote's queue id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, String)>,
}

/// What one attempt came to, before it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub attempt: Attempt,
    /// The state after it for every recipient that was pending.
    pub results: Vec<RecipientResult>,
    /// When to try again, for those that are deferred or queued; by the calendar.
    pub next_at: Option<Timestamp>,
    /// When the attempt ended, by the calendar.
    pub calendar: Timestamp,
}

/// What is done by itself with a delivery of which nobody knows whether it left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UncertainPolicy {
    /// It waits for an administrator.
    #[default]
    Hold,
    /// It is sent again: for services where twice is better than never.
    Resend,
    /// It is taken as sent: for services where never is better than twice.
    Close,
}

/// Which way a mail came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    Api,
    Submission,
    Sendmail,
    Cli,
    /// A failure notice or an alert of Relais's own.
    Notice,
}

/// Where the content of a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// In the database, beside the delivery.
    Inline,
    /// In a file of the spool that has the delivery's id.
    Spool,
    /// Erased: nothing needed it any more.
    Gone,
}

/// One accepted message for one connector instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: DeliveryId,
    pub workspace: WorkspaceName,
    /// The connector instance that sends it.
    pub instance: InstanceName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_instance: Option<ServiceInstanceName>,
    pub origin: Origin,
    /// Without its angle brackets.
    pub message_id: String,
    /// The reverse-path; none is `<>`.
    pub sender: Option<String>,
    pub recipients: Vec<Recipient>,
    /// Bytes of the message as MIME.
    pub size: u64,
    pub body: Body,
    pub accepted_at: Timestamp,
    /// When the next attempt is due; none where nothing is pending. By the calendar in the book; the router shows it by the
    /// wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
    /// When it is given up; by the same clock.
    pub give_up_at: Timestamp,
    /// When nothing was pending any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Attempts so far, also those that `attempts` has forgotten.
    pub tried: u32,
    pub attempts: Vec<Attempt>,
    /// Never retried for a part of its recipients.
    pub all_or_none: bool,
    pub uncertain: UncertainPolicy,
    /// The instance through which its sender is told of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices_through: Option<InstanceName>,
}

impl Delivery {
    /// The instance that sends it.
    pub fn path(&self) -> InstancePath {
        InstancePath {
            workspace: self.workspace.clone(),
            name: self.instance.clone(),
        }
    }

    /// The state in one word.
    pub fn summary(&self) -> Summary {
        let states = self.recipients.iter().map(|recipient| Summary::from(recipient.state));
        states.min().unwrap_or(Summary::Cancelled)
    }

    /// Whether its sender is told when it fails: there is one, and a way. Of Relais's own mail nobody is told, so that no two
    /// machines write to each other for ever.
    pub fn tells_its_sender(&self) -> bool {
        self.sender.is_some() && self.origin != Origin::Notice && self.notices_through.is_some()
    }

    /// The recipients that the next attempt carries, and their places.
    pub fn pending(&self) -> impl Iterator<Item = (usize, &Recipient)> {
        self.recipients
            .iter()
            .enumerate()
            .filter(|(_, recipient)| recipient.state.pending())
    }
}
