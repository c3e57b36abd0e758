//! What a batch does with the tables of the outbox. A delivery's row stands apart from its content, so that a change of state rewrites a few hundred
//! bytes; the indexes say what the rows say, and are changed with them in one transaction.

use std::collections::BTreeMap;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::error::{At, StoreError};
use super::logged::{
    CONTENT, CONTENTS, COUNT, DELIVERIES, DUE_AT, IDEMPOTENCY_EXPIRY, KEY, KEY_EXPIRY, Key, LISTED, ROW, SENDING_SINCE,
    Seen, TIMER,
};
use super::memtable::Memtable;
use super::record::{IdempotencyRow, decode, encode};
use super::tables::{Reading, Tables, Transaction, Writing};
use super::wal::Changes;
use crate::names::InstancePath;
use crate::outbox::{DeliveryId, DeliveryRow, Places, Summary};

/// Counts of deliveries that one transaction changes.
pub(crate) type Deltas = BTreeMap<(InstancePath, Summary), i64>;

/// The tables of the outbox, for one batch of changes. What it changes it sees, and nobody else does before the batch is in the
/// log.
pub(crate) struct Deliveries<'t, T = ReadTransaction> {
    base: &'t Tables<T>,
    memtable: Option<&'t Memtable>,
    changes: Changes,
    deltas: Deltas,
}

impl<'t> Deliveries<'t> {
    /// Over what the database has, and what it lacks yet.
    pub(super) fn new(base: &'t Reading, memtable: &'t Memtable) -> Self {
        Self::over(base, Some(memtable))
    }
}

impl Writing<'_> {
    /// Changes the outbox within this transaction, which is not one of the log's.
    pub(crate) fn deliveries<R>(
        &mut self,
        work: impl FnOnce(&mut Deliveries<'_, &WriteTransaction>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut tables = Deliveries::over(self, None);
        let done = work(&mut tables)?;
        let (_, changes) = tables.finish()?;
        self.apply(&changes.into_last())?;
        Ok(done)
    }
}

#[cfg(test)]
impl Writing<'_> {
    /// Gives a row a version that nobody knows.
    pub(crate) fn spoil_delivery(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        self.put_bytes(DELIVERIES, id.to_u128(), br#"{"v":9}"#)
    }
}

#[allow(private_bounds)]
impl<'t, T: Transaction> Deliveries<'t, T> {
    fn over(base: &'t Tables<T>, memtable: Option<&'t Memtable>) -> Self {
        Self {
            base,
            memtable,
            changes: Changes::new(),
            deltas: Deltas::new(),
        }
    }

    fn seen(&self) -> Seen<'_, T> {
        Seen {
            changes: &self.changes,
            memtable: self.memtable,
            base: self.base,
        }
    }

    /// The row of that delivery.
    pub(crate) fn row(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        let place = self.base.place();
        ROW.get(&self.seen(), id.to_u128(), |row| decode(row, &id.to_string(), place))
    }

    /// Writes a row in the place of the one that was read, with its indexes.
    pub(crate) fn put(&mut self, before: Option<&DeliveryRow>, after: &DeliveryRow) -> Result<(), StoreError> {
        let id = after.delivery.id;
        let bytes = encode(after, &id.to_string(), self.base.place())?;
        ROW.put(&mut self.changes, id.to_u128(), bytes.as_slice());
        self.index(id.to_u128(), before.map(DeliveryRow::places), Some(after.places()));
        Ok(())
    }

    /// Removes a row, its indexes and its content.
    pub(crate) fn erase(&mut self, row: &DeliveryRow) {
        let id = row.delivery.id;
        ROW.remove(&mut self.changes, id.to_u128());
        self.erase_content(id);
        self.index(id.to_u128(), Some(row.places()), None);
    }

    /// Writes the content of a delivery, or of it what does not stand in the spool.
    pub(crate) fn put_content(&mut self, id: DeliveryId, content: &[u8]) {
        CONTENT.put(&mut self.changes, id.to_u128(), content);
    }

    /// Removes the content of a delivery.
    pub(crate) fn erase_content(&mut self, id: DeliveryId) {
        CONTENT.remove(&mut self.changes, id.to_u128());
    }

    /// What was accepted with that key.
    pub(crate) fn idempotency(&self, scope: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let place = self.base.place();
        KEY.get(&self.seen(), (scope, key), |row| decode(row, key, place))
    }

    /// Remembers what was accepted with that key.
    pub(crate) fn put_idempotency(&mut self, scope: &str, key: &str, row: &IdempotencyRow) -> Result<(), StoreError> {
        if let Some(old) = self.idempotency(scope, key)? {
            KEY_EXPIRY.remove(&mut self.changes, (old.expires_ms, scope, key));
        }
        let bytes = encode(row, key, self.base.place())?;
        KEY.put(&mut self.changes, (scope, key), bytes.as_slice());
        KEY_EXPIRY.put(&mut self.changes, (row.expires_ms, scope, key), ());
        Ok(())
    }

    /// Forgets keys that have expired, so many at most, of those that the database knows.
    pub(crate) fn expire_idempotency(&mut self, now_ms: u64, most: usize) -> Result<(), StoreError> {
        let Some(table) = self.base.open(IDEMPOTENCY_EXPIRY)? else {
            return Ok(());
        };
        let place = self.base.place();
        let mut expired = Vec::new();
        for row in table.range(..(now_ms.saturating_add(1), "", "")).at(place)?.take(most) {
            let (key, _) = row.at(place)?;
            let (at_ms, scope, key) = key.value();
            // Removed since: what stands under the key now is another row.
            if !KEY_EXPIRY.is_gone(&self.seen(), (at_ms, scope, key)) {
                expired.push((at_ms, scope.to_owned(), key.to_owned()));
            }
        }
        for (at_ms, scope, key) in &expired {
            KEY_EXPIRY.remove(&mut self.changes, (*at_ms, scope, key));
            KEY.remove(&mut self.changes, (scope, key));
        }
        Ok(())
    }

    /// Writes the counts, and returns by how much they changed, and all changes.
    pub(crate) fn finish(mut self) -> Result<(Deltas, Changes), StoreError> {
        let deltas = std::mem::take(&mut self.deltas);
        for ((path, summary), delta) in &deltas {
            let key = (path.workspace.as_str(), path.name.as_str(), *summary as u8);
            let before = COUNT.get(&self.seen(), key, Ok)?.unwrap_or(0);
            match before.saturating_add_signed(*delta) {
                _ if *delta == 0 => {}
                0 => COUNT.remove(&mut self.changes, key),
                count => COUNT.put(&mut self.changes, key, count),
            }
        }
        Ok((deltas, self.changes))
    }

    fn index(&mut self, id: Key, before: Option<Places<'_>>, after: Option<Places<'_>>) {
        let changes = &mut self.changes;
        let (before, after) = (before.as_ref(), after.as_ref());
        let due = |places: &'_ Places<'_>| Some((places.workspace.clone(), places.instance.clone(), places.due_ms?));
        let (old, new) = (before.and_then(due), after.and_then(due));
        if old != new {
            if let Some((ws, instance, at_ms)) = &old {
                DUE_AT.remove(changes, (ws.as_str(), instance.as_str(), *at_ms, id));
            }
            if let Some((ws, instance, at_ms)) = &new {
                DUE_AT.put(changes, (ws.as_str(), instance.as_str(), *at_ms, id), ());
            }
        }
        let sending = |places: &Places<'_>| places.sending_ms;
        match (before.and_then(sending), after.and_then(sending)) {
            (old, new) if old == new => {}
            (_, Some(since_ms)) => SENDING_SINCE.put(changes, id, since_ms),
            (_, None) => SENDING_SINCE.remove(changes, id),
        }
        let (old, new) = (timers(before), timers(after));
        for (at_ms, kind) in old.iter().filter(|timer| !new.contains(timer)) {
            TIMER.remove(changes, (*at_ms, id, *kind as u8));
        }
        for (at_ms, kind) in new.iter().filter(|timer| !old.contains(timer)) {
            TIMER.put(changes, (*at_ms, id, *kind as u8), ());
        }
        let listed = |places: &Places<'_>| {
            let path = InstancePath {
                workspace: places.workspace.clone(),
                name: places.instance.clone(),
            };
            (path, places.summary)
        };
        let (old, new) = (before.map(listed), after.map(listed));
        if old == new {
            return;
        }
        if let Some((path, summary)) = old {
            LISTED.remove(changes, (path.workspace.as_str(), summary as u8, id));
            *self.deltas.entry((path, summary)).or_default() -= 1;
        }
        if let Some((path, summary)) = new {
            LISTED.put(changes, (path.workspace.as_str(), summary as u8, id), ());
            *self.deltas.entry((path, summary)).or_default() += 1;
        }
    }
}

fn timers<'r>(places: Option<&Places<'r>>) -> &'r [(u64, crate::outbox::TimerKind)] {
    places.map_or(&[], |places| places.timers)
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
