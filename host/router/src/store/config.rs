//! The tables of the configuration: connectors, their instances with the sealed secrets, and the defaults of services. Each key
//! is a tuple of whole names, so that no two names can be joined into a third.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use redb::TableDefinition;

use super::error::StoreError;
use super::record::{ConnectorRow, DefaultRow, InstanceRow, decode};
use super::tables::{Bytes, META, One, Tables, Three, Transaction, Two, Writing};
use crate::names::{InstanceName, InstancePath, WorkspaceName};

pub(super) const CONNECTORS: TableDefinition<One, Bytes> = TableDefinition::new("connectors");
pub(super) const INSTANCES: TableDefinition<Two, Bytes> = TableDefinition::new("instances");
pub(super) const DEFAULTS: TableDefinition<Two, Bytes> = TableDefinition::new("defaults");
pub(super) const SECRETS: TableDefinition<Three, Bytes> = TableDefinition::new("secrets");

const KEY_CHECK: &str = "key-check";

// The bound is an implementation detail of a crate-private type.
#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// The connector of that id.
    pub fn connector(&self, id: &str) -> Result<Option<ConnectorRow>, StoreError> {
        self.record(CONNECTORS, id, id)
    }

    /// Every connector, by id.
    pub fn connectors(&self) -> Result<Vec<ConnectorRow>, StoreError> {
        let mut found = Vec::new();
        self.scan(CONNECTORS, "", |id, row| {
            found.push(decode(row, id, self.place())?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The instance of that name.
    pub fn instance(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<Option<InstanceRow>, StoreError> {
        self.record(INSTANCES, (ws.as_str(), name.as_str()), &format!("{ws}/{name}"))
    }

    /// Every instance of a workspace, by name.
    pub fn instances(&self, ws: &WorkspaceName) -> Result<Vec<(InstanceName, InstanceRow)>, StoreError> {
        let mut found = Vec::new();
        self.scan(INSTANCES, (ws.as_str(), ""), |(workspace, name), row| {
            if workspace != ws.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            let row = decode(row, &format!("{ws}/{name}"), self.place())?;
            found.push((self.name(name)?, row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Every instance of a connector, in every workspace.
    pub fn instances_of(&self, connector: &str) -> Result<Vec<(InstancePath, InstanceRow)>, StoreError> {
        let all = self.all_instances()?.into_iter();
        Ok(all.filter(|(_, row)| row.connector == connector).collect())
    }

    /// Every instance of every workspace.
    pub fn all_instances(&self) -> Result<Vec<(InstancePath, InstanceRow)>, StoreError> {
        let mut found = Vec::new();
        self.scan(INSTANCES, ("", ""), |(workspace, name), row| {
            let path = InstancePath {
                workspace: self.name(workspace)?,
                name: self.name(name)?,
            };
            let row = decode(row, &path.to_string(), self.place())?;
            found.push((path, row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The default instance of a service.
    pub fn default_of(&self, ws: &WorkspaceName, service: &str) -> Result<Option<InstanceName>, StoreError> {
        let row: Option<DefaultRow> = self.record(DEFAULTS, (ws.as_str(), service), service)?;
        row.map(|row| self.name(&row.instance)).transpose()
    }

    /// Every service of a workspace that has a default, with it.
    pub fn defaults(&self, ws: &WorkspaceName) -> Result<Vec<(String, InstanceName)>, StoreError> {
        let mut found = Vec::new();
        self.scan(DEFAULTS, (ws.as_str(), ""), |(workspace, service), row| {
            if workspace != ws.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            let row: DefaultRow = decode(row, service, self.place())?;
            found.push((service.to_owned(), self.name(&row.instance)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The sealed secrets of an instance, by field.
    pub fn secrets(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut found = BTreeMap::new();
        self.scan(
            SECRETS,
            (ws.as_str(), name.as_str(), ""),
            |(workspace, instance, field), sealed| {
                if (workspace, instance) != (ws.as_str(), name.as_str()) {
                    return Ok(ControlFlow::Break(()));
                }
                found.insert(field.to_owned(), sealed.to_vec());
                Ok(ControlFlow::Continue(()))
            },
        )?;
        Ok(found)
    }

    /// Whether anything is sealed: a secret of an instance, an account, an application.
    pub fn any_secret(&self) -> Result<bool, StoreError> {
        let mut any = self.sealed_for_accounts()? > 0;
        self.scan(SECRETS, ("", "", ""), |_, _| {
            any = true;
            Ok(ControlFlow::Break(()))
        })?;
        Ok(any)
    }

    /// What the key that seals the secrets was last recognised by.
    pub fn key_check(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes(META, KEY_CHECK)
    }
}

impl Writing<'_> {
    /// Adds a connector, or replaces the one of the same id.
    pub fn put_connector(&mut self, row: &ConnectorRow) -> Result<(), StoreError> {
        self.put(CONNECTORS, row.id.as_str(), row, &row.id)
    }

    /// Removes a connector; true if it was there.
    pub fn remove_connector(&mut self, id: &str) -> Result<bool, StoreError> {
        self.remove(CONNECTORS, id)
    }

    /// Adds an instance, or replaces the one of the same name.
    pub fn put_instance(
        &mut self,
        ws: &WorkspaceName,
        name: &InstanceName,
        row: &InstanceRow,
    ) -> Result<(), StoreError> {
        self.put(INSTANCES, (ws.as_str(), name.as_str()), row, &format!("{ws}/{name}"))
    }

    /// Removes an instance with its secrets and its accounts; true if it was there.
    pub fn remove_instance(&mut self, ws: &WorkspaceName, name: &InstanceName) -> Result<bool, StoreError> {
        let fields: Vec<String> = self.secrets(ws, name)?.into_keys().collect();
        for field in fields {
            self.remove_secret(ws, name, &field)?;
        }
        for (path, _) in self.accounts(ws, name)? {
            self.remove_account(&path)?;
        }
        self.remove(INSTANCES, (ws.as_str(), name.as_str()))
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
        self.put(DEFAULTS, (ws.as_str(), service), &row, service)
    }

    /// Leaves a service without a default; true if it had one.
    pub fn remove_default(&mut self, ws: &WorkspaceName, service: &str) -> Result<bool, StoreError> {
        self.remove(DEFAULTS, (ws.as_str(), service))
    }

    /// Saves a secret that is sealed already.
    pub fn put_secret(
        &mut self,
        ws: &WorkspaceName,
        name: &InstanceName,
        field: &str,
        sealed: &[u8],
    ) -> Result<(), StoreError> {
        self.put_bytes(SECRETS, (ws.as_str(), name.as_str(), field), sealed)
    }

    /// Forgets a secret; true if there was one.
    pub fn remove_secret(&mut self, ws: &WorkspaceName, name: &InstanceName, field: &str) -> Result<bool, StoreError> {
        self.remove(SECRETS, (ws.as_str(), name.as_str(), field))
    }

    /// Keeps what the key is recognised by.
    pub fn put_key_check(&mut self, check: &[u8]) -> Result<(), StoreError> {
        self.put_bytes(META, KEY_CHECK, check)
    }
}
