//! Installing connectors and removing them, and what is asked of instances: the router's part of [`crate::connectors`] and
//! [`crate::instances`].

use jiff::Timestamp;

use crate::audit::{self, Action};
use crate::connectors::{self, ConnectorRecord};
use crate::error::{ConnectorError, Error};
use crate::instances::{self, Edit, New};
use crate::limits::InstanceLimits;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::store::{InstanceRow, Reading};
use crate::uses;
use crate::view::{InstanceView, view};
use crate::who::Who;
use crate::workspaces;

impl Router {
    /// Installs a component, or another version of an installed connector, and enables it in a workspace where one is named.
    /// Nothing is stored unless it is checked and compiled. Instances that need a look afterwards are in
    /// [`ConnectorRecord::review`].
    pub async fn install(
        &self,
        by: &Who,
        enable_in: Option<&WorkspaceName>,
        bytes: Vec<u8>,
    ) -> Result<ConnectorRecord, Error> {
        if let Some(ws) = enable_in {
            self.workspace(ws)?;
        }
        let _one_at_a_time = self.changing.lock().await;
        let connector = self
            .sandbox
            .load(&bytes)
            .await
            .map_err(|error| ConnectorError::Load(Box::new(error)))?;
        let files = self.store.files().clone();
        // Hashes and writes some megabytes, and waits for the disk.
        let digest = match tokio::task::spawn_blocking(move || files.write(&bytes)).await {
            Ok(written) => written?,
            Err(_) => return Err(Error::Stopped),
        };
        let inspection = connector.inspection();
        let mut row = connectors::row(inspection, connectors::kept(&inspection.manifest)?);
        row.sha256 = digest;
        let id = row.id.clone();
        let replaced = self.change(|tables| {
            let replaced = connectors::install(tables, &mut row)?;
            let detail = vec![row.version.clone(), row.sha256.clone()];
            audit::note(tables, by, None, Action::ConnectorInstall, &id, detail)?;
            if let Some(ws) = enable_in {
                workspaces::known(tables.workspace(ws)?, ws)?;
                if tables.enable(ws, &id, Timestamp::now())? {
                    audit::note(tables, by, Some(ws), Action::ConnectorEnable, &id, Vec::new())?;
                }
            }
            Ok(replaced)
        })?;
        if let Some(old) = replaced {
            self.discard(&old);
        }
        self.remember(&row.sha256, connector);
        self.read(|tables| connectors::record(tables, row))
    }

    /// Every connector, by id.
    pub fn connectors(&self) -> Result<Vec<ConnectorRecord>, Error> {
        self.read(|tables| {
            tables
                .connectors()?
                .into_iter()
                .map(|row| connectors::record(tables, row))
                .collect()
        })
    }

    /// The connector of that id.
    pub fn connector(&self, id: &str) -> Result<ConnectorRecord, Error> {
        self.read(|tables| connectors::record(tables, connectors::find(tables, id)?))
    }

    /// The component of a connector, its digest verified.
    pub fn connector_bytes(&self, id: &str) -> Result<Vec<u8>, Error> {
        let row = self.read(|tables| connectors::find(tables, id))?;
        Ok(self.store.files().read(&row.sha256)?)
    }

    /// Removes a connector from the host; refused while an instance of any workspace uses it.
    pub async fn remove_connector(&self, by: &Who, id: &str) -> Result<(), Error> {
        let _one_at_a_time = self.changing.lock().await;
        let digest = self.change(|tables| {
            let digest = connectors::remove(tables, id)?;
            audit::note(tables, by, None, Action::ConnectorRemove, id, Vec::new())?;
            Ok(digest)
        })?;
        self.discard(&digest);
        Ok(())
    }

    /// Creates an instance of a connector that is enabled in the workspace.
    pub fn create_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &InstanceName,
        new: New,
    ) -> Result<InstanceView, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let detail = vec![new.connector.clone()];
            instances::create(tables, &self.vault, ws, name, new)?;
            audit::note(tables, by, Some(ws), Action::InstanceCreate, name.as_str(), detail)
        })?;
        self.instance(ws, name)
    }

    /// Every instance of a workspace, by name.
    pub fn instances(&self, ws: &WorkspaceName) -> Result<Vec<InstanceView>, Error> {
        self.read_in(ws, |tables| {
            let rows = tables.instances(ws)?.into_iter();
            rows.map(|(name, row)| self.whole_view(tables, ws, &name, row))
                .collect()
        })
    }

    /// The instance of that name.
    pub fn instance(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<InstanceView, Error> {
        self.read_in(ws, |tables| {
            self.whole_view(tables, ws, name, instances::find(tables, ws, name)?)
        })
    }

    /// With what memory knows of its accounts.
    fn whole_view(
        &self,
        tables: &Reading,
        ws: &WorkspaceName,
        name: &InstanceName,
        row: InstanceRow,
    ) -> Result<InstanceView, Error> {
        let mut view = view(tables, &self.vault, ws, name, row)?;
        self.accounts.complete(&path_of(ws, name), &mut view.accounts);
        Ok(view)
    }

    /// How much may go through an instance at once.
    pub fn instance_limits(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<InstanceLimits, Error> {
        self.read(|tables| Ok(instances::find(tables, ws, name)?.limits))
    }

    /// Edits an instance, or changes nothing at all. An edit of what decides where secrets go asks for them again
    /// ([`crate::InstanceError::SecretsNeeded`]). Its sessions end.
    pub fn edit_instance(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        name: &InstanceName,
        edit: Edit,
    ) -> Result<InstanceView, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let detail = edit.names();
            instances::edit(tables, &self.vault, ws, name, edit)?;
            audit::note(tables, by, Some(ws), Action::InstanceEdit, name.as_str(), detail)
        })?;
        let path = path_of(ws, name);
        self.accounts.reconsider(|account| account.instance == path);
        self.instance(ws, name)
    }

    /// Removes an instance with its secrets and accounts; refused while anything names it or a delivery waits for it. What went on
    /// to associate an account is given up.
    pub fn remove_instance(&self, by: &Who, ws: &WorkspaceName, name: &InstanceName) -> Result<(), Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            uses::remove(tables, ws, name)?;
            audit::note(tables, by, Some(ws), Action::InstanceRemove, name.as_str(), Vec::new())
        })?;
        self.accounts.remove_instance(&path_of(ws, name));
        Ok(())
    }
}

fn path_of(ws: &WorkspaceName, name: &InstanceName) -> InstancePath {
    InstancePath {
        workspace: ws.clone(),
        name: name.clone(),
    }
}
