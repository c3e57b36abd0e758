//! The router itself: one open data folder, the sandbox that runs its connectors, and how everything that can be asked of them
//! reads and changes the store.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_sandbox::{Config, Connector, Outgoing, Sandbox};
use tokio::sync::Mutex as AsyncMutex;

use crate::accounts::{Doors, Keeper, RealDoors};
use crate::attempts::Attempts;
use crate::backup;
use crate::dispatch::Hub;
use crate::error::Error;
use crate::intake::Intake;
use crate::key::{KeyFile, KeySource};
use crate::keyring::Keyring;
use crate::names::WorkspaceName;
use crate::outbox::Book;
use crate::resolve::Routes;
use crate::store::{Reading, Store, Writing};
use crate::vault::Vault;
use crate::verifying::Verifying;
use crate::workspaces;

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
    pub(crate) book: Book,
    pub(crate) vault: Arc<Vault>,
    pub(crate) accounts: Arc<Keeper>,
    pub(crate) keyring: Keyring,
    pub(crate) routes: Routes,
    pub(crate) sandbox: Sandbox,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) outgoing: Outgoing,
    pub(crate) hub: Arc<Hub>,
    pub(crate) intake: Intake,
    pub(crate) verifying: Verifying,
    /// Compiled connectors, by digest.
    pub(crate) loaded: Mutex<HashMap<String, Connector>>,
    /// Held while a connector is compiled or installed: one at a time.
    pub(crate) changing: AsyncMutex<()>,
    /// Held while a backup is made: one at a time.
    pub(crate) backing_up: Mutex<()>,
    /// Held while the book is told how long to keep what.
    pub(crate) retaining: Mutex<()>,
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
    pub async fn open(paths: Paths, sandbox: Config) -> Result<Self, Error> {
        let doors = Arc::new(RealDoors::new(sandbox.outgoing.clone()));
        Self::open_through(paths, sandbox, doors).await
    }

    /// The same, with providers reached by a way of the caller's choice.
    pub(crate) async fn open_through(paths: Paths, mut sandbox: Config, doors: Arc<dyn Doors>) -> Result<Self, Error> {
        let store = Arc::new(Store::open(&paths.data).await?);
        if store
            .read(|tables| tables.workspace(&WorkspaceName::default()))?
            .is_none()
        {
            store.write(workspaces::found)?;
        }
        if !store.read(|tables| tables.audit_shared())? {
            store.write(|tables| tables.share_audit())?;
        }
        backup::sweep(store.folder());
        let retentions = store.read(workspaces::retentions)?;
        let book = Book::open(store.clone(), retentions)?;
        let key = KeyFile::find(&paths.key, store.folder())?;
        sandbox.cache.get_or_insert_with(|| store.folder().join(CACHE));
        let attempts = Attempts::new(sandbox.observer.clone(), &store);
        sandbox.observer = attempts.clone();
        let (vault, hub) = (Arc::new(Vault::new(key)), Arc::<Hub>::default());
        let router = Self {
            accounts: Keeper::new(store.clone(), vault.clone(), hub.clone(), doors),
            vault,
            keyring: Keyring::default(),
            routes: Routes::default(),
            outgoing: sandbox.outgoing.clone(),
            attempts,
            sandbox: Sandbox::new(sandbox).map_err(|error| Error::Sandbox(Box::new(error)))?,
            loaded: Mutex::default(),
            changing: AsyncMutex::default(),
            backing_up: Mutex::default(),
            retaining: Mutex::default(),
            store,
            book,
            hub,
            intake: Intake::default(),
            verifying: Verifying::default(),
        };
        router.reload_tokens()?;
        router.recover().await?;
        Ok(router)
    }

    /// The data folder, with no link left in its path.
    pub fn data(&self) -> &Path {
        self.store.folder()
    }

    /// How connections leave, a connector's and all others.
    pub fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    /// The durable book of deliveries.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// One consistent view of the store.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Reading) -> Result<T, Error>) -> Result<T, Error> {
        self.store.read(work)
    }

    /// One consistent view of the store, in which the workspace is.
    pub(crate) fn read_in<T>(
        &self,
        ws: &WorkspaceName,
        work: impl FnOnce(&Reading) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.read(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            work(tables)
        })
    }

    /// An error where there is no such workspace.
    pub(crate) fn workspace(&self, ws: &WorkspaceName) -> Result<(), Error> {
        self.read_in(ws, |_| Ok(()))
    }

    /// A change of the configuration: durable, and told to what is remembered of it, when this returns. Sessions that it put out
    /// of date end.
    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut Writing<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let done = self.store.write(work);
        self.routes.forget();
        self.hub.edited();
        done
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        if let Err(error) = self.note_token_uses() {
            tracing::warn!(%error, "when tokens were used last could not be written down");
        }
        if let Err(error) = self.accounts.note_uses(Duration::ZERO) {
            tracing::warn!(%error, "when accounts were used last could not be written down");
        }
        self.accounts.close();
        self.attempts.write(&self.store);
    }
}
