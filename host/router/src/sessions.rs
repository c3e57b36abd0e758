//! Sessions of connector instances: the installed component, compiled once, and the instance's settings with its secrets opened.

use std::sync::{Arc, PoisonError};

use relais_sandbox::{Connector, Session};

use crate::accounts;
use crate::connectors;
use crate::enablement;
use crate::error::{AccountError, ConnectorError, Error, InstanceError, SendError};
use crate::instances;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::store::Reading;
use crate::workspaces;

impl Router {
    /// Asks the connector whether the instance works: pairs of what it found. Waits half a minute at most for others that are
    /// verified ([`InstanceError::VerifyBusy`]).
    pub async fn verify_instance(
        &self,
        ws: &WorkspaceName,
        name: &InstanceName,
    ) -> Result<Vec<(String, String)>, Error> {
        let busy = || InstanceError::VerifyBusy { name: name.clone() };
        let _turn = self.verifying.turn(ws).await.ok_or_else(busy)?;
        let mut session = self.open_session(ws, name).await?;
        let found = session.verify().await;
        session.close().await;
        found.map_err(|failure| {
            SendError::Verify {
                instance: name.clone(),
                failure: Box::new(failure),
            }
            .into()
        })
    }

    /// A session of the instance, with its secrets opened. Whoever opens one closes it.
    pub async fn open_session(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<Session, Error> {
        let path = InstancePath {
            workspace: ws.clone(),
            name: name.clone(),
        };
        let installed = |tables: &Reading| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let row = instances::find(tables, ws, name)?;
            enablement::needed(tables.enabled(ws, &row.connector)?, ws, &row.connector)?;
            Ok::<_, Error>((connectors::of(tables, &row)?.sha256, row))
        };
        let (connector, (mut instance, binding)) = loop {
            let digest = self.read(|tables| {
                let (digest, _) = installed(tables)?;
                // No guest is needed to find that out, and none is started that could do nothing. What changes from here on is told
                // to whoever asks for a token.
                match accounts::missing(tables, &path)? {
                    None => Ok(digest),
                    Some(problem) => Err(Error::from(AccountError::Lost(problem))),
                }
            })?;
            let connector = self.load(&digest).await?;
            // The secrets are opened for what this very component says of itself, not for what its row says.
            let instance = self.read(|tables| {
                let (now, row) = installed(tables)?;
                let open = || instances::open(tables, &self.vault, &path, &row, connector.manifest());
                (now == digest).then(open).transpose()
            })?;
            // Otherwise another version was installed meanwhile.
            if let Some(instance) = instance {
                break (connector, instance);
            }
        };
        instance.accounts = self.accounts.of_instance(&path, connector.manifest(), &binding);
        let opened = connector.open(Arc::new(instance)).await;
        opened.map_err(|failure| {
            SendError::Open {
                instance: name.clone(),
                failure: Box::new(failure),
            }
            .into()
        })
    }

    async fn load(&self, digest: &str) -> Result<Connector, Error> {
        if let Some(connector) = self.remembered(digest) {
            return Ok(connector);
        }
        let _one_at_a_time = self.changing.lock().await;
        if let Some(connector) = self.remembered(digest) {
            return Ok(connector);
        }
        let (files, name) = (self.store.files().clone(), digest.to_owned());
        let bytes = match tokio::task::spawn_blocking(move || files.read(&name)).await {
            Ok(bytes) => bytes?,
            Err(_) => return Err(Error::Stopped),
        };
        let connector = self
            .sandbox
            .load(&bytes)
            .await
            .map_err(|error| ConnectorError::Load(Box::new(error)))?;
        self.remember(digest, connector.clone());
        Ok(connector)
    }

    fn remembered(&self, digest: &str) -> Option<Connector> {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }

    pub(crate) fn remember(&self, digest: &str, connector: Connector) {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest.to_owned(), connector);
    }

    pub(crate) fn discard(&self, digest: &str) {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(digest);
        self.store.files().remove(digest);
    }
}
