//! How tables are opened, read and written within one transaction. What stands in them is the business of the modules beside
//! this one: each names its own tables, and opens them when it asks. A table that does not exist yet is empty, so that a
//! database of an earlier version needs no other step than being opened.

use std::ops::ControlFlow;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, TableHandle, Value,
    WriteTransaction,
};

use super::error::{At, StoreError, What};
use super::record::{FormatRow, LogRow, Record, decode, encode};
use super::wal::Salt;

pub(super) type One = &'static str;
pub(super) type Two = (&'static str, &'static str);
pub(super) type Three = (&'static str, &'static str, &'static str);
pub(super) type Bytes = &'static [u8];

pub(super) const META: TableDefinition<One, Bytes> = TableDefinition::new("meta");
const FORMAT: &str = "format";
/// The round of the log that this state is followed by; none where the log holds nothing.
pub(super) const LOG: &str = "log";

/// A transaction of the database, for reading or for writing.
pub(crate) trait Transaction {
    type Table<K: Key + 'static, V: Value + 'static>: ReadableTable<K, V>;

    /// The table, or none where nothing was ever written to it.
    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<Self::Table<K, V>>, TableError>;
}

impl Transaction for ReadTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = ReadOnlyTable<K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<Self::Table<K, V>>, TableError> {
        match self.open_table(definition) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<'t> Transaction for &'t WriteTransaction {
    type Table<K: Key + 'static, V: Value + 'static> = Table<'t, K, V>;

    fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<Self::Table<K, V>>, TableError> {
        WriteTransaction::open_table(self, definition).map(Some)
    }
}

/// All tables, as one transaction sees them.
pub struct Tables<T> {
    transaction: T,
    place: Arc<Path>,
}

/// One consistent view of the store.
pub type Reading = Tables<ReadTransaction>;

/// One change of the store.
pub type Writing<'t> = Tables<&'t WriteTransaction>;

// The bound is an implementation detail of a crate-private type.
#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    pub(super) fn new(transaction: T, place: &Arc<Path>) -> Self {
        Self {
            transaction,
            place: place.clone(),
        }
    }

    /// The database's file, for messages.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The table, or none where nothing was ever written to it. A writing transaction opens a table once at a time: let go of
    /// it before it is asked for again.
    pub(super) fn open<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Option<T::Table<K, V>>, StoreError> {
        self.transaction.table(definition).at(&self.place)
    }

    /// The bytes of one row.
    pub(super) fn bytes<K: Key + 'static>(
        &self,
        definition: TableDefinition<K, Bytes>,
        key: K::SelfType<'_>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(table) = self.open(definition)? else {
            return Ok(None);
        };
        let row = table.get(key).at(&self.place)?;
        Ok(row.map(|row| row.value().to_vec()))
    }

    /// One record; `label` names it in an error.
    pub(super) fn record<K: Key + 'static, R: Record>(
        &self,
        definition: TableDefinition<K, Bytes>,
        key: K::SelfType<'_>,
        label: &str,
    ) -> Result<Option<R>, StoreError> {
        let Some(table) = self.open(definition)? else {
            return Ok(None);
        };
        let row = table.get(key).at(&self.place)?;
        row.map(|row| decode(row.value(), label, &self.place)).transpose()
    }

    /// Shows the rows from `first` on, in the order of their keys, until `visit` breaks off.
    pub(super) fn scan<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
        first: K::SelfType<'_>,
        mut visit: impl FnMut(K::SelfType<'_>, V::SelfType<'_>) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let Some(table) = self.open(definition)? else {
            return Ok(());
        };
        for row in table.range(first..).at(&self.place)? {
            let (key, value) = row.at(&self.place)?;
            if visit(key.value(), value.value())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Reads back a name that was checked when it was written.
    pub(super) fn name<N: FromStr>(&self, text: &str) -> Result<N, StoreError> {
        text.parse().map_err(|_| self.damaged(format!("{text:?} is no name")))
    }

    pub(super) fn damaged(&self, detail: String) -> StoreError {
        StoreError::Damaged {
            path: self.place.to_path_buf(),
            detail,
        }
    }
}

impl Reading {
    /// The salt of the log's round that came after this state, if any did.
    pub(super) fn log(&self) -> Result<Option<Salt>, StoreError> {
        let row: Option<LogRow> = self.record(META, LOG, LOG)?;
        let salt = row.map(|row| Salt::from_str_radix(&row.salt, 16));
        salt.transpose()
            .map_err(|error| self.damaged(format!("record `{LOG}`: {error}")))
    }

    pub(super) fn transaction(&self) -> &ReadTransaction {
        &self.transaction
    }
}

impl<'t> Writing<'t> {
    /// The table, made where there is none. See [`Tables::open`] for how often.
    pub(super) fn table<K: Key + 'static, V: Value + 'static>(
        &self,
        definition: TableDefinition<K, V>,
    ) -> Result<Table<'t, K, V>, StoreError> {
        self.transaction.open_table(definition).at(&self.place)
    }

    /// Adds a record, or replaces it; `label` names it in an error.
    pub(super) fn put<K: Key + 'static, R: Record>(
        &mut self,
        definition: TableDefinition<K, Bytes>,
        key: K::SelfType<'_>,
        record: &R,
        label: &str,
    ) -> Result<(), StoreError> {
        let bytes = encode(record, label, &self.place)?;
        self.put_bytes(definition, key, &bytes)
    }

    /// Adds a row, or replaces it.
    pub(super) fn put_bytes<K: Key + 'static>(
        &mut self,
        definition: TableDefinition<K, Bytes>,
        key: K::SelfType<'_>,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.table(definition)?.insert(key, bytes).at(&self.place)?;
        Ok(())
    }

    /// Removes a row; true if it was there.
    pub(super) fn remove<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<K, V>,
        key: K::SelfType<'_>,
    ) -> Result<bool, StoreError> {
        let mut table = self.table(definition)?;
        let removed = table.remove(key).at(&self.place)?.is_some();
        Ok(removed)
    }

    #[cfg(test)]
    pub(super) fn drop_table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<K, V>,
    ) -> Result<(), StoreError> {
        self.transaction.delete_table(definition).map(drop).at(&self.place)
    }

    pub(super) fn set_log(&mut self, salt: Option<Salt>) -> Result<(), StoreError> {
        match salt {
            None => self.remove(META, LOG).map(drop),
            Some(salt) => {
                let salt = format!("{salt:032x}");
                self.put(META, LOG, &LogRow { salt }, LOG)
            }
        }
    }

    pub(super) fn set_format(&mut self) -> Result<(), StoreError> {
        self.put(META, FORMAT, &FormatRow {}, FORMAT)
    }
}

/// An error for a store of a later format, or for a file of redb that is not ours.
pub(super) fn check_format(transaction: &ReadTransaction, place: &Path) -> Result<(), StoreError> {
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => {
            return match transaction.list_tables().at(place)?.next() {
                None => Ok(()),
                Some(other) => Err(StoreError::Damaged {
                    path: place.to_path_buf(),
                    detail: format!("it holds the table `{}` and no format", other.name()),
                }),
            };
        }
        Err(error) => return Err(StoreError::of(error.into(), place)),
    };
    let Some(row) = table.get(FORMAT).at(place)? else {
        return Err(StoreError::Damaged {
            path: place.to_path_buf(),
            detail: "it has no format".to_owned(),
        });
    };
    decode::<FormatRow>(row.value(), FORMAT, place).map(drop)
}

/// The version of a sealed secret is its first byte.
pub(crate) fn newer_secret(field: &str, version: u8, known: u8) -> StoreError {
    StoreError::Newer {
        what: What::Secret,
        key: field.to_owned(),
        version: version.into(),
        known: known.into(),
    }
}
