//! The tables of the outbox. A delivery's row stands apart from its content, so that a change of state rewrites a few hundred
//! bytes; the indexes say what the rows say, and are changed with them in one transaction.

use std::collections::BTreeMap;
use std::path::Path;

use redb::{Key as Sortable, ReadableTable, TableDefinition, Value};

use super::error::{At, StoreError};
use super::logged::Logged;
use super::record::{IdempotencyRow, decode, encode};
use super::tables::{Bytes, Tables, Transaction, Two, Writing};
use super::wal::{Change, Changes};
use crate::names::InstancePath;
use crate::outbox::{DeliveryId, DeliveryRow, Places, Summary};

/// A delivery's id.
pub(crate) type Key = u128;
/// Workspace, instance, milliseconds since 1970, delivery.
pub(super) type DueKey = (&'static str, &'static str, u64, Key);
/// Milliseconds since 1970, delivery, kind.
pub(super) type TimerKey = (u64, Key, u8);
/// Workspace, state, delivery.
pub(super) type ListingKey = (&'static str, u8, Key);
/// Workspace, instance, state.
pub(super) type CountKey = (&'static str, &'static str, u8);
/// Milliseconds since 1970, scope, key.
pub(super) type ExpiryKey = (u64, &'static str, &'static str);

pub(super) const DELIVERIES: TableDefinition<Key, Bytes> = TableDefinition::new("deliveries");
pub(super) const CONTENTS: TableDefinition<Key, Bytes> = TableDefinition::new("contents");
pub(super) const DUE: TableDefinition<DueKey, ()> = TableDefinition::new("due");
pub(super) const SENDING: TableDefinition<Key, u64> = TableDefinition::new("sending");
pub(super) const TIMERS: TableDefinition<TimerKey, ()> = TableDefinition::new("timers");
pub(super) const LISTING: TableDefinition<ListingKey, ()> = TableDefinition::new("listing");
pub(super) const COUNTS: TableDefinition<CountKey, u64> = TableDefinition::new("counts");
pub(super) const IDEMPOTENCY: TableDefinition<Two, Bytes> = TableDefinition::new("idempotency");
pub(super) const IDEMPOTENCY_EXPIRY: TableDefinition<ExpiryKey, ()> = TableDefinition::new("idempotency-expiry");

/// Counts of deliveries that one transaction changes.
pub(crate) type Deltas = BTreeMap<(InstancePath, Summary), i64>;

/// The tables of the outbox, open for one batch of changes.
pub(crate) struct Deliveries<'t> {
    rows: Logged<'t, Key, Bytes>,
    contents: Logged<'t, Key, Bytes>,
    due: Logged<'t, DueKey, ()>,
    sending: Logged<'t, Key, u64>,
    timers: Logged<'t, TimerKey, ()>,
    listing: Logged<'t, ListingKey, ()>,
    idempotency: Logged<'t, Two, Bytes>,
    idempotency_expiry: Logged<'t, ExpiryKey, ()>,
    counts: Logged<'t, CountKey, u64>,
    deltas: Deltas,
    changes: Changes,
    place: std::sync::Arc<Path>,
}

impl<'t> Writing<'t> {
    /// The tables of the outbox. They are let go of before anything else of the outbox is asked of this transaction.
    pub(crate) fn deliveries(&self) -> Result<Deliveries<'t>, StoreError> {
        // The numbers stand in logs that were written: none is ever another table's.
        Ok(Deliveries {
            rows: self.logged(1, DELIVERIES)?,
            contents: self.logged(2, CONTENTS)?,
            due: self.logged(3, DUE)?,
            sending: self.logged(4, SENDING)?,
            timers: self.logged(5, TIMERS)?,
            listing: self.logged(6, LISTING)?,
            idempotency: self.logged(7, IDEMPOTENCY)?,
            idempotency_expiry: self.logged(8, IDEMPOTENCY_EXPIRY)?,
            counts: self.logged(9, COUNTS)?,
            deltas: Deltas::new(),
            changes: Changes::new(),
            place: self.place().into(),
        })
    }

    fn logged<K: Sortable + 'static, V: Value + 'static>(
        &self,
        number: u8,
        definition: TableDefinition<K, V>,
    ) -> Result<Logged<'t, K, V>, StoreError> {
        Ok(Logged::new(number, self.table(definition)?))
    }
}

#[cfg(test)]
impl Writing<'_> {
    /// Gives a row a version that nobody knows.
    pub(crate) fn spoil_delivery(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        self.put_bytes(DELIVERIES, id.to_u128(), br#"{"v":9}"#)
    }
}

impl Deliveries<'_> {
    /// The row of that delivery.
    pub(crate) fn row(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        let row = self.rows.read().get(id.to_u128()).at(&self.place)?;
        row.map(|row| decode(row.value(), &id.to_string(), &self.place))
            .transpose()
    }

    /// Writes a row in the place of the one that was read, with its indexes.
    pub(crate) fn put(&mut self, before: Option<&DeliveryRow>, after: &DeliveryRow) -> Result<(), StoreError> {
        let id = after.delivery.id;
        let bytes = encode(after, &id.to_string(), &self.place)?;
        self.rows
            .insert(&mut self.changes, id.to_u128(), bytes.as_slice())
            .at(&self.place)?;
        self.index(id.to_u128(), before.map(DeliveryRow::places), Some(after.places()))
    }

    /// Removes a row, its indexes and its content.
    pub(crate) fn erase(&mut self, row: &DeliveryRow) -> Result<(), StoreError> {
        let id = row.delivery.id;
        self.rows.remove(&mut self.changes, id.to_u128()).at(&self.place)?;
        self.erase_content(id)?;
        self.index(id.to_u128(), Some(row.places()), None)
    }

    /// Writes the content of a delivery, or of it what does not stand in the spool.
    pub(crate) fn put_content(&mut self, id: DeliveryId, content: &[u8]) -> Result<(), StoreError> {
        self.contents
            .insert(&mut self.changes, id.to_u128(), content)
            .at(&self.place)
    }

    /// Removes the content of a delivery.
    pub(crate) fn erase_content(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        self.contents.remove(&mut self.changes, id.to_u128()).at(&self.place)
    }

    /// What was accepted with that key.
    pub(crate) fn idempotency(&self, scope: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let row = self.idempotency.read().get((scope, key)).at(&self.place)?;
        row.map(|row| decode(row.value(), key, &self.place)).transpose()
    }

    /// Remembers what was accepted with that key.
    pub(crate) fn put_idempotency(&mut self, scope: &str, key: &str, row: &IdempotencyRow) -> Result<(), StoreError> {
        if let Some(old) = self.idempotency(scope, key)? {
            self.idempotency_expiry
                .remove(&mut self.changes, (old.expires_ms, scope, key))
                .at(&self.place)?;
        }
        let bytes = encode(row, key, &self.place)?;
        self.idempotency
            .insert(&mut self.changes, (scope, key), bytes.as_slice())
            .at(&self.place)?;
        self.idempotency_expiry
            .insert(&mut self.changes, (row.expires_ms, scope, key), ())
            .at(&self.place)?;
        Ok(())
    }

    /// Forgets keys that have expired, so many at most.
    pub(crate) fn expire_idempotency(&mut self, now_ms: u64, most: usize) -> Result<(), StoreError> {
        let mut expired = Vec::new();
        for row in self
            .idempotency_expiry
            .read()
            .range((0, "", "")..(now_ms.saturating_add(1), "", ""))
            .at(&self.place)?
            .take(most)
        {
            let (key, ()) = row.map(|(key, _)| (key, ())).at(&self.place)?;
            let (at_ms, scope, key) = key.value();
            expired.push((at_ms, scope.to_owned(), key.to_owned()));
        }
        for (at_ms, scope, key) in expired {
            self.idempotency_expiry
                .remove(&mut self.changes, (at_ms, scope.as_str(), key.as_str()))
                .at(&self.place)?;
            self.idempotency
                .remove(&mut self.changes, (scope.as_str(), key.as_str()))
                .at(&self.place)?;
        }
        Ok(())
    }

    /// Writes the counts, and returns by how much they changed, and all changes for the log.
    pub(crate) fn finish(mut self) -> Result<(Deltas, Changes), StoreError> {
        let deltas = std::mem::take(&mut self.deltas);
        for ((path, summary), delta) in &deltas {
            let key = (path.workspace.as_str(), path.name.as_str(), *summary as u8);
            let before = self
                .counts
                .read()
                .get(key)
                .at(&self.place)?
                .map_or(0, |count| count.value());
            match before.saturating_add_signed(*delta) {
                0 => self.counts.remove(&mut self.changes, key).at(&self.place)?,
                count => self.counts.insert(&mut self.changes, key, count).at(&self.place)?,
            }
        }
        Ok((deltas, self.changes))
    }

    /// Makes a change of the log once more; false where it is of no table that this version knows.
    pub(super) fn again(&mut self, change: &Change<'_>) -> Result<bool, StoreError> {
        let place = self.place.clone();
        let done = self.rows.again(change).at(&place)?
            || self.contents.again(change).at(&place)?
            || self.due.again(change).at(&place)?
            || self.sending.again(change).at(&place)?
            || self.timers.again(change).at(&place)?
            || self.listing.again(change).at(&place)?
            || self.idempotency.again(change).at(&place)?
            || self.idempotency_expiry.again(change).at(&place)?
            || self.counts.again(change).at(&place)?;
        Ok(done)
    }

    fn index(&mut self, id: Key, before: Option<Places<'_>>, after: Option<Places<'_>>) -> Result<(), StoreError> {
        let (place, changes) = (&self.place, &mut self.changes);
        let due = |places: &Option<Places<'_>>| {
            let places = places.as_ref()?;
            Some((places.workspace.clone(), places.instance.clone(), places.due_ms?))
        };
        let (old, new) = (due(&before), due(&after));
        if old != new {
            if let Some((ws, instance, at_ms)) = &old {
                self.due
                    .remove(changes, (ws.as_str(), instance.as_str(), *at_ms, id))
                    .at(place)?;
            }
            if let Some((ws, instance, at_ms)) = &new {
                self.due
                    .insert(changes, (ws.as_str(), instance.as_str(), *at_ms, id), ())
                    .at(place)?;
            }
        }
        let sending = |places: &Option<Places<'_>>| places.as_ref().and_then(|places| places.sending_ms);
        match (sending(&before), sending(&after)) {
            (old, new) if old == new => {}
            (_, Some(since_ms)) => self.sending.insert(changes, id, since_ms).at(place)?,
            (_, None) => self.sending.remove(changes, id).at(place)?,
        }
        let (old, new) = (timers(&before), timers(&after));
        for (at_ms, kind) in old.iter().filter(|timer| !new.contains(timer)) {
            self.timers.remove(changes, (*at_ms, id, *kind as u8)).at(place)?;
        }
        for (at_ms, kind) in new.iter().filter(|timer| !old.contains(timer)) {
            self.timers.insert(changes, (*at_ms, id, *kind as u8), ()).at(place)?;
        }
        let listed = |places: &Option<Places<'_>>| {
            let places = places.as_ref()?;
            let path = InstancePath {
                workspace: places.workspace.clone(),
                name: places.instance.clone(),
            };
            Some((path, places.summary))
        };
        let (old, new) = (listed(&before), listed(&after));
        if old == new {
            return Ok(());
        }
        if let Some((path, summary)) = old {
            let key = (path.workspace.as_str(), summary as u8, id);
            self.listing.remove(changes, key).at(place)?;
            *self.deltas.entry((path, summary)).or_default() -= 1;
        }
        if let Some((path, summary)) = new {
            let key = (path.workspace.as_str(), summary as u8, id);
            self.listing.insert(changes, key, ()).at(place)?;
            *self.deltas.entry((path, summary)).or_default() += 1;
        }
        Ok(())
    }
}

fn timers<'r>(places: &Option<Places<'r>>) -> &'r [(u64, crate::outbox::TimerKind)] {
    places.as_ref().map_or(&[], |places| places.timers)
}

#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// The row of that delivery.
    pub(crate) fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        self.record(DELIVERIES, id.to_u128(), &id.to_string())
    }

    /// The content of that delivery, as it was written.
    pub(crate) fn content(&self, id: DeliveryId) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes(CONTENTS, id.to_u128())
    }
}
