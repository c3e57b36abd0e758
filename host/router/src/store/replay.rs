//! What the log holds, made again in the database after a crash.

use std::path::Path;
use std::sync::Arc;

use redb::{Database, Durability, WriteTransaction};

use super::engine::folder;
use super::error::{At, StoreError};
use super::tables::Writing;
use super::wal;

/// Bytes of the log that one transaction makes again, roughly.
const REPLAYED: usize = 4 << 20;

/// Records of the log on their way back into the database, many to a transaction.
pub(super) struct Replay<'d> {
    database: &'d Database,
    place: &'d Arc<Path>,
    open: Option<WriteTransaction>,
    bytes: usize,
}

impl<'d> Replay<'d> {
    pub(super) fn new(database: &'d Database, place: &'d Arc<Path>) -> Self {
        Self {
            database,
            place,
            open: None,
            bytes: 0,
        }
    }

    pub(super) fn record(&mut self, changes: &[u8]) -> Result<(), StoreError> {
        let transaction = match self.open.take() {
            Some(open) => open,
            None => self.database.begin_write().at(self.place)?,
        };
        let transaction = self.open.insert(transaction);
        let mut tables = Writing::new(transaction, self.place).deliveries()?;
        let damaged = |detail: &str| StoreError::Damaged {
            path: folder(self.place).join(wal::LOG),
            detail: detail.to_owned(),
        };
        for change in wal::read(changes) {
            let change = change.map_err(|_| damaged("a record is not what was written"))?;
            if !tables.again(&change)? {
                return Err(damaged("a record is of a table that is not known"));
            }
        }
        drop(tables);
        self.bytes += changes.len();
        if self.bytes >= REPLAYED {
            self.finish()?;
        }
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let Some(mut transaction) = self.open.take() else {
            return Ok(());
        };
        transaction.set_durability(Durability::None).at(self.place)?;
        transaction.commit().at(self.place)
    }
}
