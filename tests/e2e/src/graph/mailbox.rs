//! Mailboxes: drafts, what is being sent, and Sent Items.
//!
//! A message has two ids: the usual one ends when it is moved to another folder, the other lasts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use super::faults::Faults;
use super::mail::Sent;
use super::upload::Session;
use super::{Counts, Directory, MESSAGE_BYTES};

/// Everything that changes.
#[derive(Debug)]
pub(super) struct State {
    boxes: BTreeMap<String, Vec<Item>>,
    pub(super) sessions: BTreeMap<u64, Session>,
    next: u64,
    moves_after: Duration,
    keeps: bool,
    ahead: Duration,
    pub(super) sent: Vec<Sent>,
    pub(super) faults: Faults,
    pub(super) counts: Counts,
}

/// A message in a mailbox.
#[derive(Debug)]
pub(super) struct Item {
    number: u64,
    place: Place,
    /// When it came to be, by Graph's clock.
    pub(super) created: SystemTime,
    pub(super) mail: Sent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Drafts,
    /// Accepted, and not moved yet.
    Leaving(Instant),
    SentItems,
}

impl Item {
    /// The id, of one kind or the other.
    pub(super) fn id(&self, lasting: bool) -> String {
        let folder = if self.place == Place::SentItems { "S" } else { "D" };
        match lasting {
            true => format!("AAkA_I-{}=", self.number),
            false => format!("AAMk-{folder}_{}=", self.number),
        }
    }

    pub(super) fn is_draft(&self) -> bool {
        self.place != Place::SentItems
    }

    fn bytes(&self) -> usize {
        self.mail.text.len() + self.mail.files.iter().map(|(_, content)| content.len()).sum::<usize>()
    }
}

impl State {
    pub(super) fn new(directory: &Directory) -> Self {
        Self {
            boxes: directory
                .mailboxes
                .iter()
                .map(|name| (name.to_lowercase(), Vec::new()))
                .collect(),
            sessions: BTreeMap::new(),
            next: 1,
            moves_after: directory.moves_after,
            keeps: directory.keeps,
            ahead: directory.clock_ahead,
            sent: Vec::new(),
            faults: Faults::default(),
            counts: Counts::default(),
        }
    }

    pub(super) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A new draft. Its place among the drafts comes with its number.
    pub(super) fn draft(&mut self, mail: Sent) -> &Item {
        let (number, created) = (self.number(), SystemTime::now() + self.ahead);
        let items = self.boxes.entry(mail.mailbox.to_lowercase()).or_default();
        items.push(Item {
            number,
            place: Place::Drafts,
            created,
            mail,
        });
        items.last().unwrap()
    }

    /// Takes a message over, so that it will be moved.
    pub(super) fn accept(&mut self, mailbox: &str, id: &str) {
        self.counts.accepted += 1;
        let keeps = self.keeps;
        let item = self.find(mailbox, id).unwrap();
        if keeps {
            item.place = Place::Leaving(Instant::now());
            let mail = item.mail.clone();
            self.sent.push(mail);
        } else {
            let number = item.number;
            self.boxes
                .entry(mailbox.to_lowercase())
                .or_default()
                .retain(|item| item.number != number);
            self.counts.requests.clear();
        }
    }

    /// The message of that id, of either kind.
    pub(super) fn find(&mut self, mailbox: &str, id: &str) -> Option<&mut Item> {
        self.move_on();
        let items = self.boxes.get_mut(&mailbox.to_lowercase())?;
        items
            .iter_mut()
            .find(|item| item.id(true) == id || item.id(false) == id)
    }

    /// A draft that nothing was done with but to write it.
    pub(super) fn find_draft(&mut self, mailbox: &str, id: &str) -> Option<&mut Item> {
        self.find(mailbox, id).filter(|item| item.place == Place::Drafts)
    }

    /// Messages of the Sent Items with this Message-ID.
    pub(super) fn sent_items(&mut self, mailbox: &str, message_id: &str) -> Vec<&Item> {
        self.move_on();
        let items = self.boxes.get(&mailbox.to_lowercase()).into_iter().flatten();
        items
            .filter(|item| item.place == Place::SentItems && item.mail.message_id == message_id)
            .collect()
    }

    /// What is being sent is not deleted: it is locked.
    pub(super) fn delete(&mut self, mailbox: &str, id: &str) -> bool {
        let Some(item) = self.find(mailbox, id) else {
            return false;
        };
        if matches!(item.place, Place::Leaving(_)) {
            return false;
        }
        let number = item.number;
        if let Some(items) = self.boxes.get_mut(&mailbox.to_lowercase()) {
            items.retain(|item| item.number != number);
        }
        true
    }

    /// Adds a file to a draft, unless the message becomes too large.
    pub(super) fn attach(&mut self, mailbox: &str, id: &str, file: (String, Vec<u8>)) -> bool {
        let Some(item) = self.find_draft(mailbox, id) else {
            return false;
        };
        let fits = item.bytes() + file.1.len() <= MESSAGE_BYTES;
        if fits {
            item.mail.files.push(file);
        }
        fits
    }

    /// Whether so many bytes more would fit into a draft.
    pub(super) fn fits(&mut self, mailbox: &str, id: &str, bytes: usize) -> bool {
        let item = self.find_draft(mailbox, id);
        item.is_some_and(|item| item.bytes() + bytes <= MESSAGE_BYTES)
    }

    pub(super) fn drafts(&mut self) -> usize {
        self.move_on();
        self.boxes.values().flatten().filter(|item| item.is_draft()).count()
    }

    pub(super) fn kept(&mut self) -> usize {
        self.move_on();
        self.boxes.values().flatten().filter(|item| !item.is_draft()).count()
    }

    /// Moves what was accepted long enough ago.
    fn move_on(&mut self) {
        for items in self.boxes.values_mut() {
            for item in items.iter_mut() {
                if let Place::Leaving(since) = item.place
                    && since.elapsed() >= self.moves_after
                {
                    item.place = Place::SentItems;
                }
            }
            items.retain(|item| item.place != Place::SentItems || item.mail.kept);
        }
    }
}
