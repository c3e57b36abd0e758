//! The tables, and every question and change that the rules above ask for. Each key is a tuple of whole names, so that no
//! two names can be joined into a third.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition, TableError, TableHandle,
    WriteTransaction,
};

use super::error::{At, StoreError, What};
use super::record::{ConnectorRow, DefaultRow, FormatRow, InstanceRow, Record, decode, encode};
use crate::names::{InstanceName, InstancePath, WorkspaceName};

type One = &'static str;
type Two = (&'static str, &'static str);
type Three = (&'static str, &'static str, &'static str);
type Bytes = &'static [u8];

const META: TableDefinition<One, Bytes> = TableDefinition::new("meta");
const CONNECTORS: TableDefinition<One, Bytes> = TableDefinition::new("connectors");
const INSTANCES: TableDefinition<Two, Bytes> = TableDefinition::new("instances");
const DEFAULTS: TableDefinition<Two, Bytes> = TableDefinition::new("defaults");
const SECRETS: TableDefinition<Three, Bytes> = TableDefinition::new("secrets");

const FORMAT: &str = "format";
const KEY_CHECK: &str = "key-check";

/// All tables in one transaction.
pub struct Tables<M, C, I, D, S> {
    meta: M,
    connectors: C,
    instances: I,
    defaults: D,
    secrets: S,
    place: Arc<Path>,
}

/// One consistent view of the store.
pub type Reading = Tables<
    ReadOnlyTable<One, Bytes>,
    ReadOnlyTable<One, Bytes>,
    ReadOnlyTable<Two, Bytes>,
    ReadOnlyTable<Two, Bytes>,
    ReadOnlyTable<Three, Bytes>,
>;

/// One change of the store.
pub type Writing<'t> = Tables<
    Table<'t, One, Bytes>,
    Table<'t, One, Bytes>,
    Table<'t, Two, Bytes>,
    Table<'t, Two, Bytes>,
    Table<'t, Three, Bytes>,
>;

impl<M, C, I, D, S> Tables<M, C, I, D, S>
where
    M: ReadableTable<One, Bytes>,
    C: ReadableTable<One, Bytes>,
    I: ReadableTable<Two, Bytes>,
    D: ReadableTable<Two, Bytes>,
    S: ReadableTable<Three, Bytes>,
{
    /// The database's file, for messages.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The connector of that id.
    pub fn connector(&self, id: &str) -> Result<Option<ConnectorRow>, StoreError> {
        let row = self.connectors.get(id).at(&self.place)?;
        row.map(|row| decode(row.value(), id, &self.place)).transpose()
    }

    /// Every connector, by id.
    pub fn connectors(&self) -> Result<Vec<ConnectorRow>, StoreError> {
        let rows = self.connectors.iter().at(&self.place)?;
        rows.map(|row| {
            let (key, value) = row.at(&self.place)?;
            decode(value.value(), key.value(), &self.place)
        })
        .collect()
    }

    /// The instance of that name.
    pub fn instance(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<Option<InstanceRow>, StoreError> {
        let row = self.instances.get((ws.as_str(), name.as_str())).at(&self.place)?;
        row.map(|row| decode(row.value(), &format!("{ws}/{name}"), &self.place))
            .transpose()
    }

    /// Every instance of a workspace, by name.
    pub fn instances(&self, ws: &WorkspaceName) -> Result<Vec<(InstanceName, InstanceRow)>, StoreError> {
        let all = self.all_instances()?.into_iter();
        Ok(all
            .filter(|(path, _)| path.workspace == *ws)
            .map(|(path, row)| (path.name, row))
            .collect())
    }

    /// Every instance of a connector, in every workspace.
    pub fn instances_of(&self, connector: &str) -> Result<Vec<(InstancePath, InstanceRow)>, StoreError> {
        let all = self.all_instances()?.into_iter();
        Ok(all.filter(|(_, row)| row.connector == connector).collect())
    }

    fn all_instances(&self) -> Result<Vec<(InstancePath, InstanceRow)>, StoreError> {
        let rows = self.instances.iter().at(&self.place)?;
        rows.map(|row| {
            let (key, value) = row.at(&self.place)?;
            let (ws, name) = key.value();
            let path = InstancePath {
                workspace: self.name(ws)?,
                name: self.name(name)?,
            };
            let row = decode(value.value(), &path.to_string(), &self.place)?;
            Ok((path, row))
        })
        .collect()
    }

    /// The default instance of a service.
    pub fn default_of(&self, ws: &WorkspaceName, service: &str) -> Result<Option<InstanceName>, StoreError> {
        let Some(row) = self.defaults.get((ws.as_str(), service)).at(&self.place)? else {
            return Ok(None);
        };
        let row: DefaultRow = decode(row.value(), service, &self.place)?;
        self.name(&row.instance).map(Some)
    }

    /// Every service of a workspace that has a default, with it.
    pub fn defaults(&self, ws: &WorkspaceName) -> Result<Vec<(String, InstanceName)>, StoreError> {
        let mut found = Vec::new();
        for row in self.defaults.range((ws.as_str(), "")..).at(&self.place)? {
            let (key, value) = row.at(&self.place)?;
            let (workspace, service) = key.value();
            if workspace != ws.as_str() {
                break;
            }
            let row: DefaultRow = decode(value.value(), service, &self.place)?;
            found.push((service.to_owned(), self.name(&row.instance)?));
        }
        Ok(found)
    }

    /// The sealed secrets of an instance, by field.
    pub fn secrets(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = BTreeMap::new();
        for row in self.secrets.range((ws.as_str(), name.as_str(), "")..).at(&self.place)? {
            let (key, value) = row.at(&self.place)?;
            let (workspace, instance, field) = key.value();
            if (workspace, instance) != (ws.as_str(), name.as_str()) {
                break;
            }
            found.insert(field.to_owned(), value.value().to_vec());
        }
        Ok(found)
    }

    /// Whether any instance has a secret saved.
    pub fn any_secret(&self) -> Result<bool, StoreError> {
        Ok(self.secrets.first().at(&self.place)?.is_some())
    }

    /// What the key that seals the secrets was last recognised by.
    pub fn key_check(&self) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .meta
            .get(KEY_CHECK)
            .at(&self.place)?
            .map(|row| row.value().to_vec()))
    }

    /// Reads back a name that was checked when it was written.
    fn name<N: std::str::FromStr>(&self, text: &str) -> Result<N, StoreError> {
        text.parse().map_err(|_| StoreError::Damaged {
            path: self.place.to_path_buf(),
            detail: format!("{text:?} is no name"),
        })
    }
}

impl Reading {
    pub(super) fn open(transaction: &ReadTransaction, place: &Arc<Path>) -> Result<Self, StoreError> {
        Ok(Self {
            meta: transaction.open_table(META).at(place)?,
            connectors: transaction.open_table(CONNECTORS).at(place)?,
            instances: transaction.open_table(INSTANCES).at(place)?,
            defaults: transaction.open_table(DEFAULTS).at(place)?,
            secrets: transaction.open_table(SECRETS).at(place)?,
            place: place.clone(),
        })
    }
}

impl<'t> Writing<'t> {
    pub(super) fn open(transaction: &'t WriteTransaction, place: &Arc<Path>) -> Result<Self, StoreError> {
        Ok(Self {
            meta: transaction.open_table(META).at(place)?,
            connectors: transaction.open_table(CONNECTORS).at(place)?,
            instances: transaction.open_table(INSTANCES).at(place)?,
            defaults: transaction.open_table(DEFAULTS).at(place)?,
            secrets: transaction.open_table(SECRETS).at(place)?,
            place: place.clone(),
        })
    }

    /// Adds a connector, or replaces the one of the same id.
    pub fn put_connector(&mut self, row: &ConnectorRow) -> Result<(), StoreError> {
        put(&mut self.connectors, row.id.as_str(), row, &row.id, &self.place)
    }

    /// Removes a connector; true if it was there.
    pub fn remove_connector(&mut self, id: &str) -> Result<bool, StoreError> {
        Ok(self.connectors.remove(id).at(&self.place)?.is_some())
    }

    /// Adds an instance, or replaces the one of the same name.
    pub fn put_instance(
        &mut self,
        ws: &WorkspaceName,
        name: &InstanceName,
        row: &InstanceRow,
    ) -> Result<(), StoreError> {
        put(
            &mut self.instances,
            (ws.as_str(), name.as_str()),
            row,
            &format!("{ws}/{name}"),
            &self.place,
        )
    }

    /// Removes an instance and its secrets; true if it was there.
    pub fn remove_instance(&mut self, ws: &WorkspaceName, name: &InstanceName) -> Result<bool, StoreError> {
        let fields: Vec<String> = self.secrets(ws, name)?.into_keys().collect();
        for field in fields {
            self.remove_secret(ws, name, &field)?;
        }
        Ok(self
            .instances
            .remove((ws.as_str(), name.as_str()))
            .at(&self.place)?
            .is_some())
    }

    /// Makes an instance the default of a service.
    pub fn put_default(
        &mut self,
        ws: &WorkspaceName,
        service: &str,
        instance: &InstanceName,
    ) -> Result<(), StoreError> {
        let row = DefaultRow {
            instance: instance.as_str().to_owned(),
        };
        put(&mut self.defaults, (ws.as_str(), service), &row, service, &self.place)
    }

    /// Leaves a service without a default; true if it had one.
    pub fn remove_default(&mut self, ws: &WorkspaceName, service: &str) -> Result<bool, StoreError> {
        Ok(self.defaults.remove((ws.as_str(), service)).at(&self.place)?.is_some())
    }

    /// Saves a secret that is sealed already.
    pub fn put_secret(
        &mut self,
        ws: &WorkspaceName,
        name: &InstanceName,
        field: &str,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.secrets
            .insert((ws.as_str(), name.as_str(), field), sealed)
            .at(&self.place)?;
        Ok(())
    }

    /// Forgets a secret; true if there was one.
    pub fn remove_secret(&mut self, ws: &WorkspaceName, name: &InstanceName, field: &str) -> Result<bool, StoreError> {
        Ok(self
            .secrets
            .remove((ws.as_str(), name.as_str(), field))
            .at(&self.place)?
            .is_some())
    }

    /// Keeps what the key is recognised by.
    pub fn put_key_check(&mut self, check: &[u8]) -> Result<(), StoreError> {
        self.meta.insert(KEY_CHECK, check).at(&self.place)?;
        Ok(())
    }

    pub(super) fn set_format(&mut self) -> Result<(), StoreError> {
        put(&mut self.meta, FORMAT, &FormatRow {}, FORMAT, &self.place)
    }
}

fn put<'k, K: Key + 'static, R: Record>(
    table: &mut Table<'_, K, Bytes>,
    key: K::SelfType<'k>,
    record: &R,
    label: &str,
    place: &Path,
) -> Result<(), StoreError> {
    let bytes = encode(record, label, place)?;
    table.insert(key, bytes.as_slice()).at(place)?;
    Ok(())
}

/// False for a new store; an error for one of a later format, or for a file of redb that is not ours.
pub(super) fn format_known(transaction: &ReadTransaction, place: &Path) -> Result<bool, StoreError> {
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => {
            return match transaction.list_tables().at(place)?.next() {
                None => Ok(false),
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
    decode::<FormatRow>(row.value(), FORMAT, place).map(|_| true)
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
