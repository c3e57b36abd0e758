//! A table of which every change is noted for the log. What is written through it, and only that, survives a crash without the
//! database being synced.

use redb::{Key, StorageError, Table, Value};

use super::wal::{Change, Changes};

pub(super) struct Logged<'t, K: Key + 'static, V: Value + 'static> {
    table: Table<'t, K, V>,
    /// Its number in the log; it never changes.
    number: u8,
}

impl<'t, K: Key + 'static, V: Value + 'static> Logged<'t, K, V> {
    pub(super) fn new(number: u8, table: Table<'t, K, V>) -> Self {
        Self { table, number }
    }

    /// The table, to be read.
    pub(super) fn read(&self) -> &Table<'t, K, V> {
        &self.table
    }

    pub(super) fn insert(
        &mut self,
        changes: &mut Changes,
        key: K::SelfType<'_>,
        value: V::SelfType<'_>,
    ) -> Result<(), StorageError> {
        changes.put(self.number, K::as_bytes(&key).as_ref(), V::as_bytes(&value).as_ref());
        self.table.insert(&key, &value).map(drop)
    }

    pub(super) fn remove(&mut self, changes: &mut Changes, key: K::SelfType<'_>) -> Result<(), StorageError> {
        if self.table.remove(&key)?.is_some() {
            changes.removed(self.number, K::as_bytes(&key).as_ref());
        }
        Ok(())
    }

    /// Makes a change once more if it is of this table; whether it was.
    pub(super) fn again(&mut self, change: &Change<'_>) -> Result<bool, StorageError> {
        if change.table != self.number {
            return Ok(false);
        }
        let key = K::from_bytes(change.key);
        match change.value {
            Some(value) => self.table.insert(&key, V::from_bytes(value)).map(drop)?,
            None => self.table.remove(&key).map(drop)?,
        }
        Ok(true)
    }
}
