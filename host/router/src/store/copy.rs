//! A copy of the database while it is in use: a view is taken and held, and copied table by table into a file of its own. Nobody
//! waits for the copying; writers wait for as long as it takes to pin the files that the view names.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use redb::{Database, Key, ReadTransaction, ReadableTable, TableDefinition, TableHandle, Value};

use super::error::{At, StoreError};
use super::tables::{LOG, META, Reading};
use super::{Store, accounts, admin, audit, config, logged};

impl Store {
    /// A view of the store that stays as it is, and `pin` done at that very state: while it runs nothing is written, so no file
    /// that the view names goes away.
    pub(crate) fn snapshot<T, E: From<StoreError>>(
        &self,
        pin: impl FnOnce() -> Result<T, E>,
    ) -> Result<(Reading, T), E> {
        let held = self.engine.database()?;
        let _turn = self.engine.turn(&held)?;
        let view = self.engine.view(&held)?;
        Ok((view, pin()?))
    }
}

impl Reading {
    /// Writes all that this view holds into a new database at `path`, for its owner alone.
    pub(crate) fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| StoreError::io(path, error))?;
        let copy = Database::create(path).at(path)?;
        let mut copying = Copying {
            from: self.transaction(),
            to: &copy,
            place: self.place(),
            path,
            done: BTreeSet::new(),
        };
        copying.table(META)?;
        copying.without_log()?;
        copying.table(config::CONNECTORS)?;
        copying.table(config::INSTANCES)?;
        copying.table(config::DEFAULTS)?;
        copying.table(config::SECRETS)?;
        copying.table(accounts::ACCOUNTS)?;
        copying.table(accounts::ACCOUNT_SECRETS)?;
        copying.table(accounts::APPLICATIONS)?;
        copying.table(accounts::APPLICATION_SECRETS)?;
        copying.table(admin::WORKSPACES)?;
        copying.table(admin::ENABLED)?;
        copying.table(admin::FORCED)?;
        copying.table(admin::SERVICE_INSTANCES)?;
        copying.table(admin::TOKENS)?;
        copying.table(audit::AUDIT)?;
        copying.table(audit::AUDIT_OF)?;
        copying.table(audit::AUDIT_COUNTS)?;
        copying.table(logged::DELIVERIES)?;
        copying.table(logged::CONTENTS)?;
        copying.table(logged::DUE)?;
        copying.table(logged::SENDING)?;
        copying.table(logged::TIMERS)?;
        copying.table(logged::LISTING)?;
        copying.table(logged::COUNTS)?;
        copying.table(logged::IDEMPOTENCY)?;
        copying.table(logged::IDEMPOTENCY_EXPIRY)?;
        copying.finish()
    }
}

struct Copying<'c> {
    from: &'c ReadTransaction,
    to: &'c Database,
    place: &'c Path,
    path: &'c Path,
    done: BTreeSet<String>,
}

impl Copying<'_> {
    fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        definition: TableDefinition<K, V>,
    ) -> Result<(), StoreError> {
        self.done.insert(definition.name().to_owned());
        let there = self
            .from
            .list_tables()
            .at(self.place)?
            .any(|table| table.name() == definition.name());
        if !there {
            return Ok(());
        }
        let from = self.from.open_table(definition).at(self.place)?;
        let transaction = self.to.begin_write().at(self.path)?;
        {
            let mut to = transaction.open_table(definition).at(self.path)?;
            for row in from.iter().at(self.place)? {
                let (key, value) = row.at(self.place)?;
                to.insert(key.value(), value.value()).at(self.path)?;
            }
        }
        transaction.commit().at(self.path)
    }

    /// A copy holds all that the log does, and has none.
    fn without_log(&self) -> Result<(), StoreError> {
        let transaction = self.to.begin_write().at(self.path)?;
        {
            let mut meta = transaction.open_table(META).at(self.path)?;
            meta.remove(LOG).at(self.path)?;
        }
        transaction.commit().at(self.path)
    }

    /// A table that was forgotten here would be missing from every backup.
    fn finish(self) -> Result<(), StoreError> {
        let mut tables = self.from.list_tables().at(self.place)?;
        match tables.find(|table| !self.done.contains(table.name())) {
            None => Ok(()),
            Some(table) => Err(StoreError::Damaged {
                path: self.place.to_path_buf(),
                detail: format!("its table `{}` is not known", table.name()),
            }),
        }
    }
}
