//! The tables of the outbox, whose changes go by the log: the number of each there, and how its rows are found and changed.
//!
//! A row may stand in three places, the newest first: among the changes of the batch that is being made, in the memtable, and in
//! the database.

use std::collections::BTreeMap;

use bytes::Bytes as Shared;
use redb::{Key as Sortable, ReadableTable, TableDefinition, Value};

use super::error::{At, StoreError};
use super::memtable::Memtable;
use super::tables::{Bytes, Tables, Transaction, Two, Writing};
use super::wal::{Changes, Last};

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

// The numbers stand in logs that were written: none is ever another table's.
pub(super) const ROW: Logged<Key, Bytes> = Logged(1, DELIVERIES);
pub(super) const CONTENT: Logged<Key, Bytes> = Logged(2, CONTENTS);
pub(super) const DUE_AT: Logged<DueKey, ()> = Logged(3, DUE);
pub(super) const SENDING_SINCE: Logged<Key, u64> = Logged(4, SENDING);
pub(super) const TIMER: Logged<TimerKey, ()> = Logged(5, TIMERS);
pub(super) const LISTED: Logged<ListingKey, ()> = Logged(6, LISTING);
pub(super) const KEY: Logged<Two, Bytes> = Logged(7, IDEMPOTENCY);
pub(super) const KEY_EXPIRY: Logged<ExpiryKey, ()> = Logged(8, IDEMPOTENCY_EXPIRY);
pub(super) const COUNT: Logged<CountKey, u64> = Logged(9, COUNTS);

/// One of them.
pub(super) struct Logged<K: Sortable + 'static, V: Value + 'static>(u8, TableDefinition<'static, K, V>);

impl<K: Sortable + 'static, V: Value + 'static> Logged<K, V> {
    pub(super) fn put(&self, changes: &mut Changes, key: K::SelfType<'_>, value: V::SelfType<'_>) {
        changes.put(self.0, K::as_bytes(&key).as_ref(), V::as_bytes(&value).as_ref());
    }

    pub(super) fn remove(&self, changes: &mut Changes, key: K::SelfType<'_>) {
        changes.removed(self.0, K::as_bytes(&key).as_ref());
    }

    /// What `read` makes of the value under a key; none where there is none.
    pub(super) fn get<T: Transaction, R>(
        &self,
        seen: &Seen<'_, T>,
        key: K::SelfType<'_>,
        read: impl FnOnce(V::SelfType<'_>) -> Result<R, StoreError>,
    ) -> Result<Option<R>, StoreError> {
        if let Some(found) = self.recent(seen, &key) {
            return found.map(|value| read(V::from_bytes(value))).transpose();
        }
        let Some(table) = seen.base.open(self.1)? else {
            return Ok(None);
        };
        let found = table.get(key).at(seen.base.place())?;
        found.map(|value| read(value.value())).transpose()
    }

    /// Whether a row that the database has was removed since.
    pub(super) fn is_gone<T: Transaction>(&self, seen: &Seen<'_, T>, key: K::SelfType<'_>) -> bool {
        matches!(self.recent(seen, &key), Some(None))
    }

    fn recent<'s, T>(&self, seen: &'s Seen<'_, T>, key: &K::SelfType<'_>) -> Option<Option<&'s [u8]>> {
        let key = K::as_bytes(key);
        let key = key.as_ref();
        let here = seen.changes.get(self.0, key);
        here.or_else(|| seen.memtable?.get(self.0, key))
    }
}

/// What a batch finds while it is being made.
pub(super) struct Seen<'s, T> {
    pub(super) changes: &'s Changes,
    /// None where the database has all of it.
    pub(super) memtable: Option<&'s Memtable>,
    pub(super) base: &'s Tables<T>,
}

/// What is done with the table of a number.
trait OnTable {
    fn run<K: Sortable, V: Value>(self, table: &Logged<K, V>) -> Result<(), StoreError>;
}

/// Does it; none where no table has that number.
fn on_table(number: u8, action: impl OnTable) -> Option<Result<(), StoreError>> {
    Some(match number {
        n if n == ROW.0 => action.run(&ROW),
        n if n == CONTENT.0 => action.run(&CONTENT),
        n if n == DUE_AT.0 => action.run(&DUE_AT),
        n if n == SENDING_SINCE.0 => action.run(&SENDING_SINCE),
        n if n == TIMER.0 => action.run(&TIMER),
        n if n == LISTED.0 => action.run(&LISTED),
        n if n == KEY.0 => action.run(&KEY),
        n if n == KEY_EXPIRY.0 => action.run(&KEY_EXPIRY),
        n if n == COUNT.0 => action.run(&COUNT),
        _ => return None,
    })
}

impl Writing<'_> {
    /// Makes changes that are in the log already, or go there with this very transaction.
    pub(super) fn apply(&self, last: &Last<Shared>) -> Result<(), StoreError> {
        for (number, rows) in last {
            let unknown = || self.damaged(format!("a record of its log is of table {number}, which is not known"));
            on_table(*number, Apply { tables: self, rows }).ok_or_else(unknown)??;
        }
        Ok(())
    }
}

struct Apply<'a, 't> {
    tables: &'a Writing<'t>,
    rows: &'a BTreeMap<Vec<u8>, Option<Shared>>,
}

impl OnTable for Apply<'_, '_> {
    fn run<K: Sortable, V: Value>(self, table: &Logged<K, V>) -> Result<(), StoreError> {
        let place = self.tables.place();
        let mut table = self.tables.table(table.1)?;
        for (key, value) in self.rows {
            let key = K::from_bytes(key);
            match value {
                Some(value) => table.insert(&key, V::from_bytes(value)).map(drop).at(place)?,
                None => table.remove(&key).map(drop).at(place)?,
            }
        }
        Ok(())
    }
}

impl<T: Transaction> Seen<'_, T> {
    /// An error where the database cannot be read where rows of old are to be removed. Once the log has a change, there is no other
    /// way than to give it to the database: what cannot be done must be found before. New rows go where others have just gone.
    pub(super) fn look(&self) -> Result<(), StoreError> {
        for (number, keys) in self.changes.gone() {
            let memtable = self.memtable;
            let old = |key: &&[u8]| memtable.is_none_or(|memtable| memtable.get(number, key).is_none());
            let mut keys = keys.filter(old).peekable();
            if keys.peek().is_some() {
                on_table(number, Look { base: self.base, keys }).transpose()?;
            }
        }
        Ok(())
    }
}

struct Look<'a, T, I> {
    base: &'a Tables<T>,
    keys: I,
}

impl<'k, T: Transaction, I: Iterator<Item = &'k [u8]>> OnTable for Look<'_, T, I> {
    fn run<K: Sortable, V: Value>(mut self, table: &Logged<K, V>) -> Result<(), StoreError> {
        let Some(table) = self.base.open(table.1)? else {
            return Ok(());
        };
        self.keys
            .try_for_each(|key| table.get(K::from_bytes(key)).map(drop))
            .at(self.base.place())
    }
}
