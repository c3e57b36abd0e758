#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod book;
mod faults;
mod figures;
mod memtable;
mod power;
mod rules;
mod sequences;
mod spool;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use relais_message::{Addressing, Draft, DraftAttachment, Framing, Limits, Message, Source};
use tempfile::TempDir;

use super::*;
use crate::names::{InstancePath, WorkspaceName};
use crate::store::sim::{LOG_SIZE, SimDisk};
use crate::store::{Store, StoreError};

const SECOND: u64 = 1000;
const HOUR: u64 = 3600 * SECOND;
const DAY: u64 = 24 * HOUR;
/// When the tests begin.
const START: u64 = 1_800_000_000_000;

/// A time after [`START`].
fn at(ms: u64) -> Timestamp {
    time(START + ms)
}

/// The same by both clocks.
fn on(ms: u64) -> Now {
    at(ms).into()
}

fn instance(name: &str) -> InstancePath {
    InstancePath {
        workspace: WorkspaceName::default(),
        name: name.parse().unwrap(),
    }
}

/// A message with an attachment of so many bytes, of which no two blocks are alike.
fn message(attached: usize) -> Message {
    message_of(Source::Bytes(content(attached)))
}

fn message_of(attached: Source) -> Message {
    let draft = Draft {
        from: Some("Mairie <envoi@mairie.example>".into()),
        to: vec!["a@b.example".into(), "c@d.example".into()],
        subject: "Délibération".into(),
        text: Some("Bonjour,\n\nvoici le texte.".into()),
        attachments: vec![DraftAttachment {
            name: Some("délibération.pdf".into()),
            content_type: None,
            content_id: None,
            source: attached,
        }],
        ..Draft::default()
    };
    draft.accept(&Limits::default()).unwrap()
}

fn content(length: usize) -> Bytes {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(length as u64).fill(&mut bytes);
    bytes.into()
}

async fn mime(message: &Message) -> Vec<u8> {
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    let mut bytes = Vec::new();
    while let Some(block) = body.next().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    bytes
}

/// A delivery of that message, accepted so long after the start.
fn delivery(message: &Message, accepted_ms: u64) -> Delivery {
    let recipients = message.envelope().recipients.iter().map(|address| Recipient {
        address: address.clone(),
        state: RecipientState::Queued,
        words: None,
    });
    Delivery {
        id: DeliveryId::new(START + accepted_ms).unwrap(),
        workspace: WorkspaceName::default(),
        instance: "smtp".parse().unwrap(),
        service_instance: None,
        origin: Origin::Api,
        message_id: message.id().to_owned(),
        sender: message.envelope().sender.clone(),
        recipients: recipients.collect(),
        size: message.size(),
        body: Body::Inline,
        accepted_at: at(accepted_ms),
        due_at: Some(at(accepted_ms)),
        give_up_at: at(accepted_ms + 5 * DAY),
        ended_at: None,
        tried: 0,
        attempts: Vec::new(),
        all_or_none: false,
        uncertain: UncertainPolicy::Hold,
        notices_through: None,
    }
}

fn new(message: &Message, accepted_ms: u64) -> NewDelivery {
    NewDelivery {
        delivery: delivery(message, accepted_ms),
        message: message.clone(),
        idempotency: None,
    }
}

/// What an attempt came to that ended then, with these states for the first recipients.
fn outcome(ended_ms: u64, states: &[RecipientState], next_ms: Option<u64>) -> Outcome {
    let results = states.iter().enumerate().map(|(recipient, state)| RecipientResult {
        recipient,
        state: *state,
        words: None,
    });
    Outcome {
        attempt: Attempt {
            began_at: at(ended_ms.saturating_sub(SECOND)),
            ended_at: at(ended_ms),
            words: None,
            results: Vec::new(),
            details: Vec::new(),
        },
        results: results.collect(),
        next_at: next_ms.map(at),
        calendar: at(ended_ms),
    }
}

/// A book on a real disk.
struct Bench {
    folder: TempDir,
    book: Book,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let book = open_real(folder.path()).await;
        Self { folder, book }
    }

    /// Closes the book and opens it again.
    async fn again(self) -> Self {
        let Self { folder, book } = self;
        drop(book);
        let book = open_real(folder.path()).await;
        Self { folder, book }
    }

    async fn accept(&self, attached: usize, accepted_ms: u64) -> DeliveryId {
        let new = new(&message(attached), accepted_ms);
        let id = new.delivery.id;
        assert_eq!(self.book.accept(new).await.unwrap(), Acceptance::New);
        id
    }

    fn sound(&self) {
        assert_eq!(self.book.differences().unwrap(), Vec::<String>::new());
    }

    /// The files of the spool, of those that have their place.
    fn spooled(&self) -> usize {
        let mut count = 0;
        for folder in std::fs::read_dir(self.folder.path().join("spool")).unwrap() {
            let folder = folder.unwrap();
            if folder.file_name() != "incoming" {
                count += std::fs::read_dir(folder.path()).unwrap().count();
            }
        }
        count
    }

    fn incoming(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("spool/incoming"))
            .unwrap()
            .count()
    }
}

async fn open_real(folder: &Path) -> Book {
    Book::open(Arc::new(Store::open(folder).await.unwrap()), Retention::default()).unwrap()
}

/// A book on a disk whose power can be cut; the folder is real, for what is not on that disk.
async fn open_sim(disk: &SimDisk, folder: &Path) -> Result<Book, StoreError> {
    let store = Store::open_on(Arc::new(disk.clone()), folder, Duration::ZERO, LOG_SIZE).await?;
    Book::open(Arc::new(store), Retention::default())
}
