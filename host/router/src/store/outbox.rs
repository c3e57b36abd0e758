//! What a batch does with the tables of the outbox. A delivery's row stands apart from its content, so that a change of state rewrites a few hundred
//! bytes; the indexes say what the rows say, and are changed with them in one transaction.

use std::collections::BTreeMap;
use std::ops::Bound;

use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::error::{At, StoreError};
use super::logged::{
    CONTENT, CONTENTS, COUNT, DELIVERIES, DUE_AT, IDEMPOTENCY_EXPIRY, KEY, KEY_EXPIRY, Key, LISTED, ROW, SENDING_SINCE,
    Seen, TIMER,
};
use super::memtable::Memtable;
use super::record::{IdempotencyRow, decode, encode};
use super::tables::{Tables, Transaction, Writing};
use super::wal::Changes;
use crate::names::InstancePath;
use crate::outbox::{DeliveryId, DeliveryRow, Places, Summary};

/// Counts of deliveries that one transaction changes.
pub(crate) type Deltas = BTreeMap<(InstancePath, Summary), i64>;

/// When a key expires, its scope, the key.
pub(super) type Expiry = (u64, String, String);

/// The tables of the outbox, as a batch of changes sees them: what it changes it sees, and nobody else does before the batch is
/// durable.
pub(crate) struct Deliveries<'t, T = ReadTransaction> {
    pub(super) base: &'t Tables<T>,
    /// None where the database lacks nothing.
    pub(super) memtable: Option<&'t Memtable>,
    pub(super) made: &'t mut Made,
}

/// What a batch has changed so far, and the last of the expired keys that it has forgotten.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) changes: Changes,
    pub(super) deltas: Deltas,
    pub(super) forgotten: Option<Expiry>,
}

impl<'t> Writing<'t> {
    /// Changes the outbox within this transaction, which is not one of the log's.
    pub(crate) fn deliveries<R>(
        &mut self,
        work: impl FnOnce(&mut Deliveries<'_, &'t WriteTransaction>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        let mut made = Made::default();
        let mut tables = Deliveries {
            base: self,
            memtable: None,
            made: &mut made,
        };
        let done = work(&mut tables)?;
        tables.count()?;
        self.apply(&made.changes.into_last())?;
        Ok(done)
    }
}

#[allow(private_bounds)]
impl<T: Transaction> Deliveries<'_, T> {
    fn seen(&self) -> Seen<'_, T> {
        Seen {
            changes: &self.made.changes,
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
        ROW.put(&mut self.made.changes, id.to_u128(), bytes.as_slice());
        self.index(id.to_u128(), before.map(DeliveryRow::places), Some(after.places()));
        Ok(())
    }

    /// Removes a row, its indexes and its content.
    pub(crate) fn erase(&mut self, row: &DeliveryRow) {
        let id = row.delivery.id;
        ROW.remove(&mut self.made.changes, id.to_u128());
        self.erase_content(id);
        self.index(id.to_u128(), Some(row.places()), None);
    }

    /// Writes the content of a delivery, or of it what does not stand in the spool.
    pub(crate) fn put_content(&mut self, id: DeliveryId, content: &[u8]) {
        CONTENT.put(&mut self.made.changes, id.to_u128(), content);
    }

    /// Removes the content of a delivery.
    pub(crate) fn erase_content(&mut self, id: DeliveryId) {
        CONTENT.remove(&mut self.made.changes, id.to_u128());
    }

    /// What was accepted with that key.
    pub(crate) fn idempotency(&self, scope: &str, key: &str) -> Result<Option<IdempotencyRow>, StoreError> {
        let place = self.base.place();
        KEY.get(&self.seen(), (scope, key), |row| decode(row, key, place))
    }

    /// Remembers what was accepted with that key.
    pub(crate) fn put_idempotency(&mut self, scope: &str, key: &str, row: &IdempotencyRow) -> Result<(), StoreError> {
        if let Some(old) = self.idempotency(scope, key)? {
            KEY_EXPIRY.remove(&mut self.made.changes, (old.expires_ms, scope, key));
        }
        let bytes = encode(row, key, self.base.place())?;
        KEY.put(&mut self.made.changes, (scope, key), bytes.as_slice());
        KEY_EXPIRY.put(&mut self.made.changes, (row.expires_ms, scope, key), ());
        Ok(())
    }

    /// Forgets keys that have expired, so many at most, of those that the database knows.
    pub(crate) fn expire_idempotency(&mut self, now_ms: u64, most: usize) -> Result<(), StoreError> {
        let Some(table) = self.base.open(IDEMPOTENCY_EXPIRY)? else {
            return Ok(());
        };
        let place = self.base.place();
        // The database still has those that were forgotten since it was given anything.
        let forgotten = self.made.forgotten.as_ref();
        let forgotten = forgotten.or_else(|| self.memtable?.forgotten());
        if forgotten.is_some_and(|(at_ms, ..)| *at_ms > now_ms) {
            return Ok(());
        }
        let after = forgotten.map_or(Bound::Unbounded, |(at_ms, scope, key)| {
            Bound::Excluded((*at_ms, scope.as_str(), key.as_str()))
        });
        let until = Bound::Excluded((now_ms.saturating_add(1), "", ""));
        let mut expired = Vec::new();
        for row in table.range((after, until)).at(place)?.take(most) {
            let (key, _) = row.at(place)?;
            let (at_ms, scope, key) = key.value();
            expired.push((at_ms, scope.to_owned(), key.to_owned()));
        }
        for (at_ms, scope, key) in &expired {
            // Replaced since: what stands under the key now is another row.
            if KEY_EXPIRY.is_gone(&self.seen(), (*at_ms, scope, key)) {
                continue;
            }
            KEY_EXPIRY.remove(&mut self.made.changes, (*at_ms, scope, key));
            KEY.remove(&mut self.made.changes, (scope, key));
        }
        if let Some(last) = expired.pop() {
            self.made.forgotten = Some(last);
        }
        Ok(())
    }

    /// See [`Seen::look`].
    pub(super) fn look(&self) -> Result<(), StoreError> {
        self.seen().look()
    }

    /// Writes the counts, after all else: once for a batch.
    pub(super) fn count(&mut self) -> Result<(), StoreError> {
        let mut counts = Vec::with_capacity(self.made.deltas.len());
        for ((path, summary), delta) in self.made.deltas.iter().filter(|(_, delta)| **delta != 0) {
            let key = (path.workspace.as_str(), path.name.as_str(), *summary as u8);
            let before = COUNT.get(&self.seen(), key, Ok)?.unwrap_or(0);
            counts.push((path, *summary, before.saturating_add_signed(*delta)));
        }
        let changes = &mut self.made.changes;
        for (path, summary, count) in counts {
            let key = (path.workspace.as_str(), path.name.as_str(), summary as u8);
            match count {
                0 => COUNT.remove(changes, key),
                count => COUNT.put(changes, key, count),
            }
        }
        Ok(())
    }

    fn index(&mut self, id: Key, before: Option<Places<'_>>, after: Option<Places<'_>>) {
        let Made { changes, deltas, .. } = &mut *self.made;
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
            *deltas.entry((path, summary)).or_default() -= 1;
        }
        if let Some((path, summary)) = new {
            LISTED.put(changes, (path.workspace.as_str(), summary as u8, id), ());
            *deltas.entry((path, summary)).or_default() += 1;
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

/// What tests break and look at.
#[cfg(test)]
mod spoil {
    use std::ops::ControlFlow;

    use redb::{TableDefinition, TableHandle};

    use super::super::logged::LISTING;
    use super::super::tables::Reading;
    use super::*;

    impl Writing<'_> {
        /// Gives a row a version that nobody knows.
        pub(crate) fn spoil_delivery(&mut self, id: DeliveryId) -> Result<(), StoreError> {
            self.put_bytes(DELIVERIES, id.to_u128(), br#"{"v":9}"#)
        }

        /// Makes an index that nothing can be read of and nothing written to.
        pub(crate) fn spoil_listing(&mut self) -> Result<(), StoreError> {
            self.drop_table(LISTING)?;
            self.table(TableDefinition::<u8, u8>::new(LISTING.name())).map(drop)
        }
    }

    impl Reading {
        /// How many idempotency keys are remembered.
        pub(crate) fn remembered(&self) -> Result<usize, StoreError> {
            let mut count = 0;
            self.scan(IDEMPOTENCY_EXPIRY, (0, "", ""), |_, ()| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(count)
        }
    }
}
