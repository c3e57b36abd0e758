//! The tables of administration: workspaces, enabled connectors, forced instances, service instances and tokens. As everywhere in the store, each key is a tuple of whole names.

use std::ops::ControlFlow;

use redb::TableDefinition;

use super::admin_rows::{EnabledRow, ForcedRow, RestoredRow, ServiceInstanceRow, TokenRow, WorkspaceRow};
#[cfg(test)]
use super::audit::{AUDIT, AUDIT_COUNTS, AUDIT_OF};
use super::error::{At, StoreError};
use super::logged::COUNTS;
use super::record::{Record, decode};
use super::tables::{Bytes, META, One, Tables, Transaction, Two, Writing};
use crate::names::{InstanceName, InstancePath, ServiceInstanceName, WorkspaceName};
use crate::outbox::{RecipientState, Summary};

pub(super) const WORKSPACES: TableDefinition<One, Bytes> = TableDefinition::new("workspaces");
pub(super) const ENABLED: TableDefinition<Two, Bytes> = TableDefinition::new("enabled");
pub(super) const FORCED: TableDefinition<Two, Bytes> = TableDefinition::new("forced");
pub(super) const SERVICE_INSTANCES: TableDefinition<Two, Bytes> = TableDefinition::new("service-instances");
pub(super) const TOKENS: TableDefinition<Two, Bytes> = TableDefinition::new("tokens");

const RESTORED: &str = "restored";

// The bound is an implementation detail of a crate-private type.
#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// The workspace of that name.
    pub fn workspace(&self, ws: &WorkspaceName) -> Result<Option<WorkspaceRow>, StoreError> {
        self.record(WORKSPACES, ws.as_str(), ws.as_str())
    }

    /// Every workspace, by name.
    pub fn workspaces(&self) -> Result<Vec<(WorkspaceName, WorkspaceRow)>, StoreError> {
        let mut found = Vec::new();
        self.scan(WORKSPACES, "", |name, row| {
            found.push((self.name(name)?, decode(row, name, self.place())?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Whether a connector is enabled in a workspace.
    pub fn enabled(&self, ws: &WorkspaceName, connector: &str) -> Result<bool, StoreError> {
        Ok(self.bytes(ENABLED, (ws.as_str(), connector))?.is_some())
    }

    /// The ids of the connectors that are enabled in a workspace, in their order.
    pub fn enabled_in(&self, ws: &WorkspaceName) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        self.scan(ENABLED, (ws.as_str(), ""), |(workspace, connector), _| {
            if workspace != ws.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            found.push(connector.to_owned());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// The instance that a service is forced to.
    pub fn forced(&self, ws: &WorkspaceName, service: &str) -> Result<Option<InstanceName>, StoreError> {
        let row: Option<ForcedRow> = self.record(FORCED, (ws.as_str(), service), service)?;
        Ok(row.map(|row| row.instance))
    }

    /// Every service of a workspace that is forced, with its instance.
    pub fn all_forced(&self, ws: &WorkspaceName) -> Result<Vec<(String, InstanceName)>, StoreError> {
        let rows = self.of_workspace::<ForcedRow>(FORCED, ws)?;
        Ok(rows.into_iter().map(|(service, row)| (service, row.instance)).collect())
    }

    /// The service instance of that name.
    pub fn service_instance(
        &self,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
    ) -> Result<Option<ServiceInstanceRow>, StoreError> {
        self.record(SERVICE_INSTANCES, (ws.as_str(), name.as_str()), &format!("{ws}/{name}"))
    }

    /// Every service instance of a workspace, by name.
    pub fn service_instances(
        &self,
        ws: &WorkspaceName,
    ) -> Result<Vec<(ServiceInstanceName, ServiceInstanceRow)>, StoreError> {
        let rows = self.of_workspace(SERVICE_INSTANCES, ws)?.into_iter();
        rows.map(|(name, row)| Ok((self.name(&name)?, row))).collect()
    }

    /// The token of that id.
    pub fn token(&self, ws: &WorkspaceName, id: &str) -> Result<Option<TokenRow>, StoreError> {
        self.record(TOKENS, (ws.as_str(), id), id)
    }

    /// Every token of a workspace with its id, in the order of their ids.
    pub fn tokens(&self, ws: &WorkspaceName) -> Result<Vec<(String, TokenRow)>, StoreError> {
        self.of_workspace(TOKENS, ws)
    }

    /// Every token of every workspace, with its id.
    pub fn all_tokens(&self) -> Result<Vec<(WorkspaceName, String, TokenRow)>, StoreError> {
        let mut found = Vec::new();
        self.scan(TOKENS, ("", ""), |(workspace, id), row| {
            found.push((self.name(workspace)?, id.to_owned(), decode(row, id, self.place())?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Whether deliveries wait to go through an instance, or are on their way.
    pub fn any_pending(&self, ws: &WorkspaceName, instance: &InstanceName) -> Result<bool, StoreError> {
        self.any_count(ws, |name, state| {
            name == instance.as_str() && RecipientState::from(state).pending()
        })
    }

    /// Whether a workspace has deliveries that are pending, or on which somebody has to decide.
    pub fn any_undecided(&self, ws: &WorkspaceName) -> Result<bool, StoreError> {
        self.any_count(ws, |_, state| {
            state == Summary::Uncertain || RecipientState::from(state).pending()
        })
    }

    /// Whether the journal holds any delivery of a workspace.
    pub fn any_delivery(&self, ws: &WorkspaceName) -> Result<bool, StoreError> {
        self.any_count(ws, |_, _| true)
    }

    fn any_count(&self, ws: &WorkspaceName, is: impl Fn(&str, Summary) -> bool) -> Result<bool, StoreError> {
        let mut any = false;
        self.scan(COUNTS, (ws.as_str(), "", 0), |(workspace, instance, state), count| {
            if workspace != ws.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            let summary = Summary::ALL.into_iter().find(|summary| *summary as u8 == state);
            any = count > 0 && summary.is_some_and(|summary| is(instance, summary));
            Ok(if any {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(any)
    }

    /// Whether this store came from a backup and the key has not been recognised since.
    pub fn restored(&self) -> Result<Option<RestoredRow>, StoreError> {
        self.record(META, RESTORED, RESTORED)
    }

    /// The rows whose key begins with the workspace, by the rest of the key.
    pub(super) fn of_workspace<R: Record>(
        &self,
        table: TableDefinition<Two, Bytes>,
        ws: &WorkspaceName,
    ) -> Result<Vec<(String, R)>, StoreError> {
        let mut found = Vec::new();
        self.scan(table, (ws.as_str(), ""), |(workspace, name), row| {
            if workspace != ws.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            let row = decode(row, &format!("{ws}/{name}"), self.place())?;
            found.push((name.to_owned(), row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }
}

impl Writing<'_> {
    /// Adds a workspace, or replaces the one of the same name.
    pub fn put_workspace(&mut self, ws: &WorkspaceName, row: &WorkspaceRow) -> Result<(), StoreError> {
        self.put(WORKSPACES, ws.as_str(), row, ws.as_str())
    }

    /// Removes a workspace with what stands in it beside connector instances, which its caller has found to be none.
    pub fn remove_workspace(&mut self, ws: &WorkspaceName) -> Result<bool, StoreError> {
        for table in [ENABLED, FORCED, SERVICE_INSTANCES, TOKENS, super::config::DEFAULTS] {
            let place = self.place().to_path_buf();
            let mut table = self.table(table)?;
            table.retain(|(workspace, _), _| workspace != ws.as_str()).at(&place)?;
        }
        self.remove_applications(ws)?;
        self.remove(WORKSPACES, ws.as_str())
    }

    /// Enables a connector in a workspace; false if it was.
    pub fn enable(&mut self, ws: &WorkspaceName, connector: &str, at: jiff::Timestamp) -> Result<bool, StoreError> {
        if self.enabled(ws, connector)? {
            return Ok(false);
        }
        self.put(ENABLED, (ws.as_str(), connector), &EnabledRow { at }, connector)?;
        Ok(true)
    }

    /// Disables a connector in a workspace; false if it was.
    pub fn disable(&mut self, ws: &WorkspaceName, connector: &str) -> Result<bool, StoreError> {
        self.remove(ENABLED, (ws.as_str(), connector))
    }

    /// Forces a service to one instance.
    pub fn put_forced(&mut self, ws: &WorkspaceName, service: &str, instance: &InstanceName) -> Result<(), StoreError> {
        let row = ForcedRow {
            instance: instance.clone(),
        };
        self.put(FORCED, (ws.as_str(), service), &row, service)
    }

    /// Leaves a service free; true if it was forced.
    pub fn remove_forced(&mut self, ws: &WorkspaceName, service: &str) -> Result<bool, StoreError> {
        self.remove(FORCED, (ws.as_str(), service))
    }

    /// Adds a service instance, or replaces the one of the same name.
    pub fn put_service_instance(
        &mut self,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
        row: &ServiceInstanceRow,
    ) -> Result<(), StoreError> {
        self.put(
            SERVICE_INSTANCES,
            (ws.as_str(), name.as_str()),
            row,
            &format!("{ws}/{name}"),
        )
    }

    /// Removes a service instance; true if it was there.
    pub fn remove_service_instance(
        &mut self,
        ws: &WorkspaceName,
        name: &ServiceInstanceName,
    ) -> Result<bool, StoreError> {
        self.remove(SERVICE_INSTANCES, (ws.as_str(), name.as_str()))
    }

    /// Adds a token, or replaces the one of the same id.
    pub fn put_token(&mut self, ws: &WorkspaceName, id: &str, row: &TokenRow) -> Result<(), StoreError> {
        self.put(TOKENS, (ws.as_str(), id), row, id)
    }

    /// Forgets a token; true if it was there.
    pub fn remove_token(&mut self, ws: &WorkspaceName, id: &str) -> Result<bool, StoreError> {
        self.remove(TOKENS, (ws.as_str(), id))
    }

    /// Notes that this store was restored from a backup.
    pub fn put_restored(&mut self, row: &RestoredRow) -> Result<(), StoreError> {
        self.put(META, RESTORED, row, RESTORED)
    }

    /// The key of this machine is the one that the store goes on with.
    pub fn clear_restored(&mut self) -> Result<bool, StoreError> {
        self.remove(META, RESTORED)
    }

    /// Erases everything that is sealed, none of which can be opened any more, and leaves each record of what there was.
    pub fn lose_secrets(&mut self) -> Result<(), StoreError> {
        self.lose_accounts()?;
        for (path, mut row) in self.all_instances()? {
            let InstancePath { workspace, name } = &path;
            let fields = self.secrets(workspace, name)?.into_keys();
            let fields: Vec<String> = fields.collect();
            if fields.is_empty() {
                continue;
            }
            for field in &fields {
                self.remove_secret(workspace, name, field)?;
            }
            row.lost.extend(fields);
            self.put_instance(workspace, name, &row)?;
        }
        Ok(())
    }
}

#[cfg(test)]
impl super::Store {
    /// Takes away what a store of before there were workspaces did not have.
    pub(crate) fn forget_administration(&self) {
        let forgotten: Result<(), StoreError> = self.write(|tables| {
            tables.drop_table(WORKSPACES)?;
            tables.drop_table(ENABLED)?;
            tables.drop_table(FORCED)?;
            tables.drop_table(SERVICE_INSTANCES)?;
            tables.drop_table(TOKENS)?;
            tables.drop_table(AUDIT)?;
            tables.drop_table(AUDIT_OF)?;
            tables.drop_table(AUDIT_COUNTS)
        });
        assert!(forgotten.is_ok(), "{forgotten:?}");
    }
}
