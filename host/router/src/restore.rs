//! Restoring a backup: into an empty folder, whole or not at all.
//!
//! The threat is a file that only looks like a backup: names that lead out of the folder, links, a tar that was cut. Only the
//! names that a backup has are taken, only as regular files, and nothing gets its place before every digest was compared.
//!
//! What a backup cannot know is what was sent after it was made. So a delivery that was pending then is held: it becomes
//! `uncertain`, which is never sent again by itself, and whoever restores decides. To lose nothing and send nothing twice, both,
//! is not in the power of a copy.
//!
//! Nor can it know which tokens were revoked since. They are good again, for whoever restores a host wants its callers back; it
//! is said, and all of them can be revoked with the restoration.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use relais_sandbox::Kind;

use crate::audit::{self, Action};
use crate::backup::{self, CONNECTORS, DATABASE, SPOOL};
use crate::error::{BackupError, Error};
use crate::key::KeyFile;
use crate::outbox::{Calendar, Retention, Words, doubt};
use crate::router::Paths;
use crate::store::{RestoredRow, Store, StoreError, sync_folder};
use crate::unpack::unpack;
use crate::vault::Vault;
use crate::who::Who;
use crate::workspaces;

/// Where a backup is put together, within the folder that it is restored into.
const SCRATCH: &str = "restore.part";
/// Deliveries that one transaction holds.
const HELD: usize = 256;

/// What becomes of deliveries that were pending when the backup was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pending {
    /// They are uncertain: the host that made the backup may have sent them since.
    #[default]
    Hold,
    /// They are sent: the host that made the backup has sent nothing since, for instance since it was stopped for it.
    Resume,
}

/// What becomes of the tokens that were good when the backup was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tokens {
    /// They are good, those among them that were revoked since.
    #[default]
    Keep,
    /// All of them are revoked.
    Revoke,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The moment that the backup shows.
    pub made_at: Timestamp,
    /// The version of Relais that made it.
    pub relais: String,
    pub connectors: u64,
    /// Deliveries in the journal, finished ones among them.
    pub deliveries: u64,
    /// Deliveries that were pending and are uncertain now.
    pub held: u64,
    /// Sealed secrets.
    pub secrets: u64,
    /// Whether the key that is there opens them. Otherwise they have to be given again, or the key brought to `key` before the
    /// first of them is.
    pub secrets_open: bool,
    /// Where the key is, or would be.
    pub key: PathBuf,
    /// Tokens that are good. One that was revoked after the backup was made is good again.
    pub tokens: u64,
    /// Tokens that were good, and are revoked.
    pub revoked: u64,
}

/// Restores a backup into a data folder that is empty or does not exist. After an error nothing is left in it.
pub async fn restore(
    mut from: Box<dyn Read + Send>,
    paths: Paths,
    by: &Who,
    pending: Pending,
    tokens: Tokens,
) -> Result<RestoreReport, Error> {
    let to = paths.data.clone();
    let target = match tokio::task::spawn_blocking(move || Target::take(&to)).await {
        Ok(target) => target?,
        Err(_) => return Err(Error::Stopped),
    };
    let folder = target.scratch();
    let unpacked = tokio::task::spawn_blocking(move || unpack(&mut *from, &folder)).await;
    let manifest = match unpacked {
        Ok(manifest) => manifest?,
        Err(_) => return Err(Error::Stopped),
    };
    let store = Store::open(&target.scratch()).await?;
    let held = match pending {
        Pending::Hold => hold(&store, manifest.made_at)?,
        Pending::Resume => 0,
    };
    let good = store.read(|tables| tables.all_tokens())?.into_iter();
    let good: Vec<_> = good.filter(|(_, _, row)| row.revoked_at.is_none()).collect();
    let now = Timestamp::now();
    store.write(|tables| {
        tables.put_restored(&RestoredRow { at: now })?;
        let detail = vec![manifest.made_at.to_string()];
        audit::note(tables, by, None, Action::Restore, "", detail)?;
        if tokens == Tokens::Keep {
            return Ok(());
        }
        for (ws, id, row) in &good {
            let mut row = row.clone();
            row.revoked_at = Some(now);
            tables.put_token(ws, id, &row)?;
            audit::note(tables, by, Some(ws), Action::TokenRevoke, id, vec![row.name])?;
        }
        Ok::<_, Error>(())
    })?;
    let good = good.len() as u64;
    let (tokens, revoked) = match tokens {
        Tokens::Keep => (good, 0),
        Tokens::Revoke => (0, good),
    };
    let vault = Vault::new(KeyFile::find(&paths.key, &target.folder)?);
    let secrets_open = manifest.secrets == 0 || store.read(|tables| vault.opens(tables))?;
    // Only the database moves, so it must stand for itself.
    store.close()?;
    target.settle()?;
    Ok(RestoreReport {
        made_at: manifest.made_at,
        relais: manifest.relais,
        connectors: manifest.connectors,
        deliveries: manifest.deliveries,
        held,
        secrets: manifest.secrets,
        secrets_open,
        key: vault.key_path().to_path_buf(),
        tokens,
        revoked,
    })
}

/// The folder that is restored into. Dropped before it is settled, it is empty again.
struct Target {
    folder: PathBuf,
    settled: bool,
}

impl Target {
    fn take(to: &Path) -> Result<Self, Error> {
        let fault = |error| StoreError::io(to, error);
        backup::make_folder(to)?;
        let folder = to.canonicalize().map_err(fault)?;
        if fs::read_dir(&folder).map_err(fault)?.next().is_some() {
            return Err(BackupError::NotEmpty { path: folder }.into());
        }
        let target = Self { folder, settled: false };
        backup::make_folder(&target.scratch())?;
        Ok(target)
    }

    fn scratch(&self) -> PathBuf {
        self.folder.join(SCRATCH)
    }

    /// Gives everything its place; the database comes last, so that a folder with a database is whole, also after a power cut.
    fn settle(mut self) -> Result<(), Error> {
        let scratch = self.scratch();
        for name in [CONNECTORS, SPOOL] {
            let from = scratch.join(name);
            if from.is_dir() {
                sync_folders(&from)?;
                self.place(name)?;
            }
        }
        sync_folder(&self.folder)?;
        self.place(DATABASE)?;
        sync_folder(&self.folder)?;
        self.settled = true;
        Ok(fs::remove_dir_all(&scratch).map_err(|error| StoreError::io(&scratch, error))?)
    }

    fn place(&self, name: &str) -> Result<(), Error> {
        let to = self.folder.join(name);
        Ok(fs::rename(self.scratch().join(name), &to).map_err(|error| StoreError::io(&to, error))?)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        for name in [DATABASE, SCRATCH, CONNECTORS, SPOOL] {
            let path = self.folder.join(name);
            let removed = match name {
                DATABASE => fs::remove_file(&path),
                _ => fs::remove_dir_all(&path),
            };
            if let Err(error) = removed
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %path.display(), "what a restoration left could not be removed");
            }
        }
    }
}

/// Makes the names durable of all that is in a folder, however deep.
fn sync_folders(folder: &Path) -> Result<(), StoreError> {
    let fault = |error| StoreError::io(folder, error);
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if entry.file_type().map_err(fault)?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Makes every pending delivery uncertain, and returns how many there were.
fn hold(store: &Store, made_at: Timestamp) -> Result<u64, Error> {
    let now = Calendar::open(store)?.now();
    let words = Words::new(
        Kind::UnknownOutcome,
        format!("restored from a backup of {made_at}: it may have been sent since"),
    );
    let retentions = store.read(workspaces::retentions)?;
    let (mut after, mut held) = (None, 0);
    loop {
        let rows = store.read(|tables| tables.unfinished(after.as_ref(), HELD))?;
        let Some(last) = rows.last() else {
            return Ok(held);
        };
        after = Some(last.clone());
        held += store.write(|tables| {
            tables.deliveries(|tables| {
                let mut held = 0;
                for (ws, _, id) in &rows {
                    // A workspace that keeps no body of what failed has not chosen to lose what was pending.
                    let mut retention = *retentions.of(ws);
                    retention.failed_body = retention.failed_body.max(Retention::default().failed_body);
                    let Some(before) = tables.row(*id)? else { continue };
                    let mut row = before.clone();
                    if !doubt(&mut row, now, &words, &retention) {
                        continue;
                    }
                    tables.put(Some(&before), &row)?;
                    held += 1;
                }
                Ok(held)
            })
        })?;
    }
}
