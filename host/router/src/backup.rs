//! Backups: everything but the key, of one moment, while mail goes on.
//!
//! ```text
//! relais-backup.json         what this is and what it holds, before all else
//! relais.redb                the database
//! connectors/DIGEST.wasm     the components
//! spool/FOLDER/ID            large bodies of deliveries
//! relais-digests.json        SHA-256 of each file, after all else: a backup that was cut has none
//! ```
//!
//! It is a tar of regular files. The database is the copy of a view that was taken once; the other files were linked at the
//! moment of that view, while nothing was written, so that they stay until they are copied whatever is sent meanwhile.
//!
//! The threat is whoever gets hold of a backup. The secrets in it are sealed and the key is not in it, so they open for nobody
//! who has the backup alone; tokens are there as digests. The mails that wait are there as they are, so a backup wants as much
//! care as the data folder.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::TryLockError;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{self, Action};
use crate::error::{BackupError, Error};
use crate::outbox::{Body, DeliveryId, RecipientState};
use crate::pack::pack;
use crate::router::Router;
use crate::store::{Reading, StoreError};
use crate::who::Who;

/// The version of the format that is written, and the latest that is restored.
pub const FORMAT: u32 = 1;
pub const MANIFEST: &str = "relais-backup.json";
pub const DIGESTS: &str = "relais-digests.json";
pub const DATABASE: &str = "relais.redb";
pub const CONNECTORS: &str = "connectors";
pub const SPOOL: &str = "spool";
/// The folder of a backup that is being made, within the data folder, so that files can be linked into it.
const SCRATCH: &str = "backup.part";

/// What a backup says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of Relais that made it.
    pub relais: String,
    pub made_at: Timestamp,
    pub connectors: u64,
    pub deliveries: u64,
    /// Bodies of deliveries in the spool.
    pub bodies: u64,
    /// Sealed secrets.
    pub secrets: u64,
}

/// SHA-256 of each file by its name, in lower-case hexadecimal.
pub type Digests = BTreeMap<String, String>;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// The moment that it shows.
    pub made_at: Timestamp,
    /// Bytes of the backup.
    pub bytes: u64,
    pub connectors: u64,
    /// Deliveries in the journal, finished ones among them.
    pub deliveries: u64,
    /// Deliveries that were pending.
    pub pending: u64,
    /// Large bodies.
    pub bodies: u64,
    /// Deliveries whose body was missing from the spool already.
    pub missing: Vec<DeliveryId>,
    /// Secrets, sealed: of no use without the key.
    pub secrets: u64,
    /// Where the key is, which is not in the backup.
    pub key: PathBuf,
}

/// What the view says of the files beside the database.
#[derive(Default)]
pub struct Contents {
    pub connectors: Vec<String>,
    pub bodies: Vec<DeliveryId>,
    missing: Vec<DeliveryId>,
    deliveries: u64,
    pending: u64,
    secrets: u64,
}

impl Router {
    /// Writes a backup of the whole host, as of now, without the key. It blocks for as long as that takes; mail goes on
    /// meanwhile.
    pub fn backup(&self, by: &Who, to: &mut dyn Write) -> Result<BackupReport, Error> {
        let _one_at_a_time = match self.backing_up.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy.into()),
        };
        self.note_token_uses()?;
        self.change(|tables| audit::note(tables, by, None, Action::Backup, "", Vec::new()))?;
        let data = self.store.folder();
        let scratch = Scratch::new(data)?;
        let (view, made_at) = self.store.snapshot(|| {
            scratch.pin(data)?;
            Ok::<_, Error>(Timestamp::now())
        })?;
        let contents = contents(&view, &scratch)?;
        view.copy_to(&scratch.path(DATABASE))?;
        drop(view);
        let manifest = Manifest {
            format: FORMAT,
            relais: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            connectors: contents.connectors.len() as u64,
            deliveries: contents.deliveries,
            bodies: contents.bodies.len() as u64,
            secrets: contents.secrets,
        };
        let bytes = pack(to, &scratch, &manifest, &contents)?;
        Ok(BackupReport {
            made_at,
            bytes,
            connectors: manifest.connectors,
            deliveries: manifest.deliveries,
            pending: contents.pending,
            bodies: manifest.bodies,
            missing: contents.missing,
            secrets: manifest.secrets,
            key: self.vault.key_path().to_path_buf(),
        })
    }
}

/// Removes what an interrupted backup left in the data folder.
pub fn sweep(data: &Path) {
    let path = data.join(SCRATCH);
    if let Err(error) = fs::remove_dir_all(&path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, path = %path.display(), "what a backup left could not be removed");
    }
}

/// Where a body is within the spool: the first digits of its id name its folder.
pub fn body_name(id: DeliveryId) -> String {
    let id = id.to_string();
    let folder = id.get(..crate::outbox::FOLDER_DIGITS).unwrap_or_default();
    format!("{SPOOL}/{folder}/{id}")
}

pub fn component_name(digest: &str) -> String {
    format!("{CONNECTORS}/{digest}.wasm")
}

/// The folder of a backup that is being made. It goes when this is dropped.
pub struct Scratch {
    folder: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, path = %self.folder.display(), "what a backup left could not be removed");
        }
    }
}

impl Scratch {
    fn new(data: &Path) -> Result<Self, StoreError> {
        sweep(data);
        let folder = data.join(SCRATCH);
        make_folder(&folder)?;
        Ok(Self { folder })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Links every file that stands beside the database. What is being received is not linked: no row names it.
    fn pin(&self, data: &Path) -> Result<(), StoreError> {
        self.link_all(data, CONNECTORS)?;
        make_folder(&self.path(SPOOL))?;
        for folder in list(&data.join(SPOOL))? {
            if folder.len() == crate::outbox::FOLDER_DIGITS {
                self.link_all(data, &format!("{SPOOL}/{folder}"))?;
            }
        }
        Ok(())
    }

    fn link_all(&self, data: &Path, folder: &str) -> Result<(), StoreError> {
        make_folder(&self.path(folder))?;
        for name in list(&data.join(folder))? {
            let name = format!("{folder}/{name}");
            let (from, to) = (data.join(&name), self.path(&name));
            // Where the file system knows no links, a copy does.
            let linked = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop));
            match linked {
                Ok(()) => {}
                // A connector's file that was replaced just now; a body's cannot go away here.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(StoreError::io(&from, error)),
            }
        }
        Ok(())
    }
}

/// The names in a folder; none where it does not exist.
fn list(folder: &Path) -> Result<Vec<String>, StoreError> {
    let fault = |error| StoreError::io(folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no text is none of ours.
        names.extend(entry.map_err(fault)?.file_name().into_string());
    }
    Ok(names)
}

pub fn make_folder(path: &Path) -> Result<(), StoreError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|error| StoreError::io(path, error))
}

/// Which of the pinned files the view names.
fn contents(view: &Reading, scratch: &Scratch) -> Result<Contents, Error> {
    let mut found = Contents::default();
    for row in view.connectors()? {
        // A connector whose file is lost already has to be installed again here as there.
        if scratch.path(&component_name(&row.sha256)).exists() {
            found.connectors.push(row.sha256);
        }
    }
    for (path, _) in view.all_instances()? {
        found.secrets += view.secrets(&path.workspace, &path.name)?.len() as u64;
    }
    for ((_, state), count) in view.counts()? {
        found.deliveries += count;
        if RecipientState::from(state).pending() {
            found.pending += count;
        }
    }
    found.secrets += view.sealed_for_accounts()?;
    view.each_delivery(|id, row| {
        let there = scratch.path(&body_name(id)).exists();
        match row.map(|row| row.delivery.body) {
            Some(Body::Spool) if !there => found.missing.push(id),
            // Of a row that cannot be read here, the body may be needed elsewhere.
            Some(Body::Spool) | None if there => found.bodies.push(id),
            _ => {}
        }
    })?;
    Ok(found)
}
