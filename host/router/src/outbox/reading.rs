//! What the book is asked, and answers without the writer: one consistent view of the store each time.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLockReadGuard};

use jiff::Timestamp;
use relais_message::{Message, Source};

use super::book::{Book, blocking};
use super::clock::{ms, time};
use super::content::{self, Place, Unreadable};
use super::delivery::{Body, Delivery};
use super::id::DeliveryId;
use super::owed::Owed;
use super::query::{Counts, Filter, Page, Timer, Written};
use crate::names::{InstancePath, WorkspaceName};
use crate::store::{Reading, StoreError, What};

impl Book {
    /// The delivery of that id.
    pub fn get(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.read(|tables| tables.delivery(id))?.map(|row| row.delivery))
    }

    /// A delivery, and of what its sender was not told yet; none where that is nothing.
    pub fn owed(&self, id: DeliveryId) -> Result<Option<(Delivery, Vec<Owed>)>, StoreError> {
        let row = self.read(|tables| tables.delivery(id))?;
        let row = row.filter(|row| !row.owed.is_empty());
        Ok(row.map(|row| (row.delivery, row.owed)))
    }

    /// The message of a delivery, as it was accepted; none where its content was erased. Blocks: a body of the spool is read
    /// once, to verify that it is the one that was accepted ([`StoreError::Body`] where it is not).
    pub fn message(&self, id: DeliveryId) -> Result<Option<Message>, StoreError> {
        let found = self.read(|tables| {
            let bytes = tables.content(id)?;
            let row = if bytes.is_none() { tables.delivery(id)? } else { None };
            Ok((bytes, row))
        })?;
        let bytes = match found {
            (Some(bytes), _) => bytes,
            (None, Some(row)) if row.delivery.body != Body::Gone => {
                return Err(StoreError::Damaged {
                    path: self.0.store.place().to_path_buf(),
                    detail: format!("the content of delivery {id} is missing"),
                });
            }
            (None, _) => return Ok(None),
        };
        let damaged = |detail: String| StoreError::Damaged {
            path: self.0.store.place().to_path_buf(),
            detail: format!("the content of delivery {id}: {detail}"),
        };
        let content = content::decode(bytes).map_err(|fault| match fault {
            Unreadable::Damaged => damaged("it was cut".to_owned()),
            Unreadable::Newer(version) => StoreError::Newer {
                what: What::Delivery,
                key: id.to_string(),
                version: version.into(),
                known: content::VERSION.into(),
            },
        })?;
        let body = match content.body {
            Place::Inline(bytes) => Source::Bytes(bytes),
            Place::Spool { length, digest } => match self.0.spool.body(id, length, &digest) {
                // It was erased just now, and not by another hand.
                Err(StoreError::Body { missing: true, .. }) if self.read(|tables| tables.content(id))?.is_none() => {
                    return Ok(None);
                }
                body => body?,
            },
        };
        let message = Message::restore(&content.head, &body);
        message.map(Some).map_err(|error| damaged(error.to_string()))
    }

    /// The same on a thread that may block.
    pub async fn load(&self, id: DeliveryId) -> Result<Option<Message>, StoreError> {
        let book = self.clone();
        blocking(move || book.message(id)).await
    }

    /// What is due for an instance until then, the longest due first, after the one that is named; nothing that is set aside.
    pub fn due(
        &self,
        instance: &InstancePath,
        until: Timestamp,
        after: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryId)>, StoreError> {
        let after = after.map(|(at, id)| (ms(at), id));
        let aside = self.aside();
        self.read(|tables| tables.due(instance, ms(until), after, limit, |id| aside.contains(&id)))
    }

    /// When anything is due next for an instance.
    pub fn next_due(&self, instance: &InstancePath) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read(|tables| tables.next_due(instance))?.map(time))
    }

    /// The instances that have anything due, now or later.
    pub fn instances_with_work(&self) -> Result<Vec<InstancePath>, StoreError> {
        self.read(|tables| tables.instances_with_work())
    }

    /// Deliveries that were being sent: at the start, those that a crash interrupted.
    pub fn interrupted(&self) -> Result<Vec<DeliveryId>, StoreError> {
        self.read(|tables| tables.sending())
    }

    /// Timers until then, the earliest first, after the one that is named.
    pub fn timers(&self, until: Timestamp, after: Option<Timer>, limit: usize) -> Result<Vec<Timer>, StoreError> {
        let after = after.map(|timer| (ms(timer.at), timer.id, timer.kind));
        let aside = self.aside();
        self.read(|tables| tables.timers(ms(until), after, limit, |id| aside.contains(&id)))
    }

    /// Sets a delivery aside whose record cannot be read: until the next start, when it is tried again, it is neither due nor on
    /// the calendar. False where it was already.
    pub fn set_aside(&self, id: DeliveryId) -> bool {
        self.0.aside.write().unwrap_or_else(PoisonError::into_inner).insert(id)
    }

    /// How many deliveries are set aside.
    pub fn unreadable(&self) -> usize {
        self.aside().len()
    }

    fn aside(&self) -> RwLockReadGuard<'_, HashSet<DeliveryId>> {
        self.0.aside.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next timer is set for.
    pub fn next_timer(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.read(|tables| tables.next_timer())?.map(time))
    }

    /// Deliveries of a workspace, the newest first.
    pub fn list(&self, ws: &WorkspaceName, filter: &Filter) -> Result<Page, StoreError> {
        self.read(|tables| tables.list(ws, filter))
    }

    /// How many deliveries each instance has in each state. Reads nothing from the disk.
    pub fn counts(&self) -> Counts {
        self.0.counts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the writer has done since the book was opened, for metrics.
    pub fn written(&self) -> Written {
        *self.0.written.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be stored now, as far as that is known without trying.
    pub fn failed(&self) -> Option<StoreError> {
        self.0.store.failed()
    }

    /// Reads everything and tells where the indexes differ from the rows; empty where they do not. For tests and for doubts:
    /// it holds all indexes in memory.
    pub fn differences(&self) -> Result<Vec<String>, StoreError> {
        let mut told = self.read(|tables| tables.differences())?;
        let stored = Counts(self.read(|tables| tables.counts())?);
        if stored != self.counts() {
            told.push("counts: those in memory are others".to_owned());
        }
        Ok(told)
    }

    /// Gives a row a version that nobody knows.
    #[cfg(test)]
    pub(crate) fn spoil(&self, id: DeliveryId) {
        let _ = self.0.store.write(|tables| tables.spoil_delivery(id));
    }

    /// Takes the content of a delivery away behind its row's back.
    #[cfg(test)]
    #[allow(clippy::expect_used)]
    pub(crate) fn lose_content(&self, id: DeliveryId) {
        let appended = self.0.store.append().and_then(|mut appending| {
            appending.change(|mut tables| {
                tables.erase_content(id);
                Ok(())
            })?;
            appending.commit()
        });
        appended.expect("the content is erased");
    }

    pub(super) fn read<T>(&self, work: impl FnOnce(&Reading) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.0.store.read(work)
    }
}
