//! Which connectors a workspace may use. A connector that is not enabled in a workspace can neither be instantiated nor used
//! there; disabling one ends its sessions and keeps its instances.

use jiff::Timestamp;

use crate::audit::{self, Action};
use crate::connectors;
use crate::error::{ConnectorError, Error};
use crate::names::WorkspaceName;
use crate::router::Router;
use crate::who::Who;
use crate::workspaces;

/// An error where the connector is not enabled in the workspace.
pub fn needed(enabled: bool, ws: &WorkspaceName, connector: &str) -> Result<(), Error> {
    if enabled {
        return Ok(());
    }
    Err(ConnectorError::NotEnabled {
        id: connector.to_owned(),
        workspace: ws.clone(),
    }
    .into())
}

impl Router {
    /// Lets a workspace use an installed connector; false if it could already.
    pub fn enable_connector(&self, by: &Who, ws: &WorkspaceName, id: &str) -> Result<bool, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            if tables.connector(id)?.is_none() {
                return Err(connectors::unknown(id));
            }
            let changed = tables.enable(ws, id, Timestamp::now())?;
            if changed {
                audit::note(tables, by, Some(ws), Action::ConnectorEnable, id, Vec::new())?;
            }
            Ok(changed)
        })
    }

    /// Takes a connector from a workspace: its sessions end, its instances stay and cannot be used. False if the workspace
    /// could not use it.
    pub fn disable_connector(&self, by: &Who, ws: &WorkspaceName, id: &str) -> Result<bool, Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            if tables.connector(id)?.is_none() {
                return Err(connectors::unknown(id));
            }
            let changed = tables.disable(ws, id)?;
            if changed {
                audit::note(tables, by, Some(ws), Action::ConnectorDisable, id, Vec::new())?;
            }
            Ok(changed)
        })
    }

    /// The ids of the connectors that a workspace may use.
    pub fn enabled_connectors(&self, ws: &WorkspaceName) -> Result<Vec<String>, Error> {
        self.read_in(ws, |tables| Ok(tables.enabled_in(ws)?))
    }
}
