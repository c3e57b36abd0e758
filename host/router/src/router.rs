//! The router itself: one open data folder, the sandbox that runs its connectors, and everything that can be asked of them.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use relais_sandbox::{Config, Connector, Sandbox, Session};
use tokio::sync::Mutex as AsyncMutex;

use crate::connectors::{self, ConnectorRecord};
use crate::error::{ConnectorError, Error, NoWorkspace, SendError, ServiceError};
use crate::instances::{self, Edit, New};
use crate::key::{KeyFile, KeySource};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::outbox::{Book, Retention};
use crate::services::{SERVICES, ServiceView, service};
use crate::store::{Reading, Store};
use crate::vault::Vault;
use crate::view::{InstanceView, view};

/// The folder of compiled code within the data folder.
const CACHE: &str = "cache";

/// Where a router keeps its data, and the key to its secrets.
#[derive(Debug, Clone)]
pub struct Paths {
    /// Made where it does not exist; only its owner may read it.
    pub data: PathBuf,
    /// Outside `data`.
    pub key: KeySource,
}

impl Paths {
    /// The data folder, with the key where it is looked for by default.
    pub fn default_for(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            key: KeySource::Found,
        }
    }
}

/// Workspaces, connectors, instances and services over one data folder. One process at a time opens a data folder.
pub struct Router {
    pub(crate) store: Arc<Store>,
    book: Book,
    vault: Vault,
    sandbox: Sandbox,
    /// Compiled connectors, by digest.
    loaded: Mutex<HashMap<String, Connector>>,
    /// Held while a connector is compiled or installed: one at a time.
    changing: AsyncMutex<()>,
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("data", &self.store.folder())
            .finish_non_exhaustive()
    }
}

impl Router {
    /// Opens the data folder, and makes it where it does not exist. Waits 5 seconds for another process that holds it.
    pub async fn open(paths: Paths, mut sandbox: Config) -> Result<Self, Error> {
        let store = Arc::new(Store::open(&paths.data).await?);
        let book = Book::open(store.clone(), Retention::default())?;
        let key = KeyFile::find(&paths.key, store.folder())?;
        sandbox.cache.get_or_insert_with(|| store.folder().join(CACHE));
        Ok(Self {
            vault: Vault::new(key),
            sandbox: Sandbox::new(sandbox).map_err(|error| Error::Sandbox(Box::new(error)))?,
            loaded: Mutex::default(),
            changing: AsyncMutex::default(),
            store,
            book,
        })
    }

    /// The data folder, with no link left in its path.
    pub fn data(&self) -> &Path {
        self.store.folder()
    }

    /// The durable book of deliveries.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Installs a component, or another version of an installed connector. Nothing is stored unless it is checked and compiled.
    /// Instances that need a look afterwards are in [`ConnectorRecord::review`].
    pub async fn install(&self, bytes: Vec<u8>) -> Result<ConnectorRecord, Error> {
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
        let replaced = self.store.write(|tables| connectors::install(tables, &mut row))?;
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

    /// Removes a connector; refused while an instance uses it.
    pub async fn remove_connector(&self, id: &str) -> Result<(), Error> {
        let _one_at_a_time = self.changing.lock().await;
        let digest = self.store.write(|tables| connectors::remove(tables, id))?;
        self.discard(&digest);
        Ok(())
    }

    /// Creates an instance of an installed connector.
    pub fn create_instance(&self, ws: &WorkspaceName, name: &InstanceName, new: New) -> Result<InstanceView, Error> {
        self.workspace(ws)?;
        self.store
            .write(|tables| instances::create(tables, &self.vault, ws, name, new))?;
        self.instance(ws, name)
    }

    /// Every instance of a workspace, by name.
    pub fn instances(&self, ws: &WorkspaceName) -> Result<Vec<InstanceView>, Error> {
        self.workspace(ws)?;
        self.read(|tables| {
            let rows = tables.instances(ws)?.into_iter();
            rows.map(|(name, row)| view(tables, ws, &name, row)).collect()
        })
    }

    /// The instance of that name.
    pub fn instance(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<InstanceView, Error> {
        self.workspace(ws)?;
        self.read(|tables| view(tables, ws, name, instances::find(tables, ws, name)?))
    }

    /// Edits an instance, or changes nothing at all. An edit of what decides where secrets go asks for them again
    /// ([`crate::InstanceError::SecretsNeeded`]).
    pub fn edit_instance(&self, ws: &WorkspaceName, name: &InstanceName, edit: Edit) -> Result<InstanceView, Error> {
        self.workspace(ws)?;
        self.store
            .write(|tables| instances::edit(tables, &self.vault, ws, name, edit))?;
        self.instance(ws, name)
    }

    /// Removes an instance and its secrets; refused while it is the default of a service.
    pub fn remove_instance(&self, ws: &WorkspaceName, name: &InstanceName) -> Result<(), Error> {
        self.workspace(ws)?;
        self.store.write(|tables| instances::remove(tables, ws, name))
    }

    /// Every service that this host knows, as the workspace has it set.
    pub fn services(&self, ws: &WorkspaceName) -> Result<Vec<ServiceView>, Error> {
        self.workspace(ws)?;
        self.read(|tables| {
            let mut views = Vec::new();
            for service in &SERVICES {
                let mut instances = Vec::new();
                for (name, row) in tables.instances(ws)? {
                    if connectors::of(tables, &row)?
                        .services
                        .iter()
                        .any(|exported| exported == service.name)
                    {
                        instances.push(name);
                    }
                }
                views.push(ServiceView {
                    service,
                    default: tables.default_of(ws, service.name)?,
                    instances,
                });
            }
            Ok(views)
        })
    }

    /// Makes an instance the one that a service uses when nothing names one.
    pub fn set_default(&self, ws: &WorkspaceName, name: &str, instance: &InstanceName) -> Result<(), Error> {
        self.workspace(ws)?;
        let service = service(name)?;
        self.store.write(|tables| {
            let row = tables
                .instance(ws, instance)?
                .ok_or_else(|| instances::unknown(instance))?;
            let connector = tables
                .connector(&row.connector)?
                .ok_or_else(|| connectors::unknown(&row.connector))?;
            if !connector.services.iter().any(|exported| exported == service.name) {
                return Err(ServiceError::NotServed {
                    instance: instance.clone(),
                    connector: connector.id,
                    service,
                }
                .into());
            }
            Ok(tables.put_default(ws, service.name, instance)?)
        })
    }

    /// Leaves a service without a default, so that its instance can be removed.
    pub fn clear_default(&self, ws: &WorkspaceName, name: &str) -> Result<(), Error> {
        self.workspace(ws)?;
        let service = service(name)?;
        self.store
            .write(|tables| Ok(tables.remove_default(ws, service.name).map(drop)?))
    }

    /// Asks the connector whether the instance works: pairs of what it found.
    pub async fn verify_instance(
        &self,
        ws: &WorkspaceName,
        name: &InstanceName,
    ) -> Result<Vec<(String, String)>, Error> {
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
        self.workspace(ws)?;
        let path = InstancePath {
            workspace: ws.clone(),
            name: name.clone(),
        };
        let installed = |tables: &Reading| {
            let row = instances::find(tables, ws, name)?;
            Ok((connectors::of(tables, &row)?.sha256, row))
        };
        let (connector, instance) = loop {
            let (digest, _) = self.read(installed)?;
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
        let opened = connector.open(Arc::new(instance)).await;
        opened.map_err(|failure| {
            SendError::Open {
                instance: name.clone(),
                failure: Box::new(failure),
            }
            .into()
        })
    }

    /// One consistent view of the store.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Reading) -> Result<T, Error>) -> Result<T, Error> {
        self.store.read(work)
    }

    /// Only the default workspace exists; a key of another would be a row that nothing lists.
    pub(crate) fn workspace(&self, ws: &WorkspaceName) -> Result<(), Error> {
        if *ws == WorkspaceName::default() {
            Ok(())
        } else {
            Err(NoWorkspace(ws.clone()).into())
        }
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

    fn remember(&self, digest: &str, connector: Connector) {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest.to_owned(), connector);
    }

    fn discard(&self, digest: &str) {
        self.loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(digest);
        self.store.files().remove(digest);
    }
}
