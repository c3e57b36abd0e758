//! The spool: a folder of files beside the database, one for each content that is too large to stand in it.
//!
//! ```text
//! spool/incoming/…       what is being received; no row names it
//! spool/01kq4/ID         the body of delivery ID, for the deliveries of some nine hours in one folder
//! ```
//!
//! A file is whole and synced before it gets its place, and its place is synced before a row names it. It is removed after the
//! row that said so is durable. So a row never names a file that is not there; a file that no row names is swept.
//!
//! A folder goes with its last file, but for the one that received the last body: it is about to receive the next. The threat is a
//! folder that goes while somebody gives a file its place there. So it stays as long as a body of its hours is on its way, and is
//! made and synced anew for whoever comes after it went.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relais_message::{ReadAt, Source};
use sha2::{Digest as _, Sha256};

use super::DeliveryId;
use super::blocks::{digest_of, for_each_block};
use super::content::Digest;
use super::upload::{Registry, Upload};
use crate::store::{Disk, DiskFile, Opening, StoreError};

pub(super) const FOLDER: &str = "spool";
const INCOMING: &str = "incoming";
/// Digits of an id that name its folder: its time in steps of 2^25 milliseconds. Deliveries of one batch share their folder, and
/// so its sync.
pub(crate) const FOLDER_DIGITS: usize = 5;

/// The folder of large bodies.
#[derive(Clone)]
pub struct Spool(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) disk: Arc<dyn Disk>,
    root: PathBuf,
    /// Tells the files of this process from those that an earlier one left.
    run: String,
    next: AtomicU64,
    pub(super) uploads: Registry,
    places: Mutex<Places>,
}

/// Who is at the folders.
#[derive(Default)]
struct Places {
    /// Files that have their place, or are about to, and whose row may not be there yet. Their folders stay.
    placing: HashSet<DeliveryId>,
    /// Folders that this process made, synced in the folder of all.
    made: HashSet<PathBuf>,
    /// The one that received the last body.
    last: Option<PathBuf>,
}

/// A body that stands in the spool, whole and synced, and not yet in its place. Dropped, it is removed.
pub(super) struct Stored {
    pub(super) spool: Spool,
    pub(super) id: DeliveryId,
    pub(super) from: PathBuf,
    pub(super) length: u64,
    pub(super) digest: Digest,
    /// Where each content begins in it.
    pub(super) offsets: Vec<u64>,
    placed: bool,
}

impl Spool {
    /// The spool of a data folder, made where there is none. `run` is new for every process.
    pub(super) fn open(disk: Arc<dyn Disk>, data: &Path, run: String) -> Result<Self, StoreError> {
        let root = data.join(FOLDER);
        let incoming = root.join(INCOMING);
        for folder in [&root, &incoming] {
            disk.make_folder(folder)
                .map_err(|error| StoreError::io(folder, error))?;
        }
        for folder in [data, &root] {
            disk.sync_folder(folder)
                .map_err(|error| StoreError::io(folder, error))?;
        }
        Ok(Self(Arc::new(Inner {
            disk,
            root,
            run,
            next: AtomicU64::new(0),
            uploads: Registry::default(),
            places: Mutex::default(),
        })))
    }

    /// Receives a content of at most `limit` bytes.
    pub fn upload(&self, limit: u64) -> Upload {
        Upload::new(self.clone(), limit)
    }

    /// Makes a file that no row names.
    pub(super) fn incoming(&self) -> Result<(PathBuf, Arc<dyn DiskFile>), StoreError> {
        let number = self.0.next.fetch_add(1, Ordering::Relaxed);
        let path = self.0.root.join(INCOMING).join(format!("{}-{number}", self.0.run));
        let file = self.0.disk.open(&path, Opening::New);
        file.map(|file| (path.clone(), file))
            .map_err(|error| StoreError::io(&path, error))
    }

    /// Removes a file; one that stays is swept at the next start.
    pub(super) fn discard(&self, path: &Path) {
        if let Err(error) = self.0.disk.remove(path) {
            tracing::debug!(%error, path = %path.display(), "a file of the spool could not be removed");
        }
    }

    /// Removes the body of a delivery.
    pub(super) fn remove(&self, id: DeliveryId) {
        self.discard(&self.path(id));
        self.tidy(&self.folder(id));
    }

    /// Removes a folder of bodies where nothing is in it, and nothing is about to be. Nothing rests on it: one that comes back after
    /// a power cut, or stays for another reason, is swept at the next start.
    fn tidy(&self, folder: &Path) {
        let mut places = self.places();
        let is_awaited = |id: &DeliveryId| self.folder(*id) == *folder;
        if places.last.as_deref() == Some(folder) || places.placing.iter().any(is_awaited) {
            return;
        }
        // Under the lock: who is to be placed there makes the folder after this, or has kept it from going.
        if self.0.disk.remove_folder(folder).is_ok() {
            places.made.remove(folder);
        }
    }

    /// Stores what a message consists of, in the order given. Blocks; when this returns, the bytes are synced.
    pub(super) fn store(&self, id: DeliveryId, contents: &[Source]) -> Result<Stored, StoreError> {
        if let Some(stored) = self.adopt(id, contents)? {
            return Ok(stored);
        }
        let (from, file) = self.incoming()?;
        let mut stored = self.stored(id, from);
        let fault = |error| StoreError::io(&stored.from, error);
        let (mut sha256, mut offsets) = (Sha256::new(), Vec::with_capacity(contents.len()));
        let mut length = 0;
        for content in contents {
            offsets.push(length);
            for_each_block(content, |block| {
                file.write_at(block, length).map_err(fault)?;
                sha256.update(block);
                length += block.len() as u64;
                Ok(())
            })?;
        }
        file.sync_data().map_err(fault)?;
        (stored.length, stored.offsets, stored.digest) = (length, offsets, sha256.finalize().into());
        Ok(stored)
    }

    /// Takes over the file of an upload of which all contents are parts, without copying it.
    fn adopt(&self, id: DeliveryId, contents: &[Source]) -> Result<Option<Stored>, StoreError> {
        let Some((upload, offsets)) = self.0.uploads.take(contents) else {
            return Ok(None);
        };
        let mut stored = self.stored(id, upload.path().to_path_buf());
        upload.sync().map_err(|error| StoreError::io(upload.path(), error))?;
        (stored.length, stored.digest, stored.offsets) = (upload.len(), upload.digest(), offsets);
        Ok(Some(stored))
    }

    fn stored(&self, id: DeliveryId, from: PathBuf) -> Stored {
        self.places().placing.insert(id);
        Stored {
            spool: self.clone(),
            id,
            from,
            length: 0,
            digest: [0; 32],
            offsets: Vec::new(),
            placed: false,
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self, id: DeliveryId) -> PathBuf {
        self.0
            .root
            .join(id.to_string().get(..FOLDER_DIGITS).unwrap_or_default())
    }

    /// Where the body of a delivery is.
    pub(super) fn path(&self, id: DeliveryId) -> PathBuf {
        self.folder(id).join(id.to_string())
    }

    /// Gives files their places, and makes these survive a power cut; of each the error if it has none. Folders are synced once,
    /// however many files they receive.
    pub(super) fn place(&self, files: &mut [&mut Stored]) -> Vec<Option<StoreError>> {
        let mut touched: Vec<(PathBuf, Option<StoreError>)> = Vec::new();
        let mut faults = Vec::with_capacity(files.len());
        for stored in files.iter_mut() {
            let folder = self.folder(stored.id);
            let placed = self.make(&folder).and_then(|()| {
                let to = self.path(stored.id);
                let renamed = self.0.disk.rename(&stored.from, &to);
                renamed.map_err(|error| StoreError::io(&to, error))
            });
            if placed.is_ok() {
                stored.from = self.path(stored.id);
                if !touched.iter().any(|(path, _)| *path == folder) {
                    touched.push((folder, None));
                }
            }
            faults.push(placed.err());
        }
        for (folder, fault) in &mut touched {
            *fault = self
                .0
                .disk
                .sync_folder(folder)
                .err()
                .map(|error| StoreError::io(folder, error));
        }
        for (stored, fault) in files.iter().zip(&mut faults) {
            let folder = self.folder(stored.id);
            let unsynced = touched.iter().find(|(path, _)| *path == folder);
            if let (None, Some((_, Some(error)))) = (&fault, unsynced) {
                *fault = Some(error.again());
            }
        }
        if let Some((last, _)) = touched.pop() {
            let before = self.places().last.replace(last);
            // It may have been emptied while it was the last.
            before.iter().for_each(|before| self.tidy(before));
        }
        faults
    }

    /// Makes the folder of a file that is to be placed, which keeps it from going.
    fn make(&self, folder: &Path) -> Result<(), StoreError> {
        if self.places().made.contains(folder) {
            return Ok(());
        }
        let disk = &self.0.disk;
        disk.make_folder(folder)
            .and_then(|()| disk.sync_folder(&self.0.root))
            .map_err(|error| StoreError::io(folder, error))?;
        self.places().made.insert(folder.to_path_buf());
        Ok(())
    }

    /// The body of a delivery, verified: what is sent is what was accepted. Blocks, and reads it once.
    pub(super) fn body(&self, id: DeliveryId, length: u64, digest: &Digest) -> Result<Source, StoreError> {
        let path = self.path(id);
        let file = match self.0.disk.open(&path, Opening::Existing) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Body { path, missing: true });
            }
            Err(error) => return Err(StoreError::io(&path, error)),
        };
        let verified = file
            .length()
            .and_then(|there| Ok(there == length && digest_of(&*file, length)? == *digest));
        match verified {
            Ok(true) => {}
            Ok(false) => return Err(StoreError::Body { path, missing: false }),
            Err(error) => return Err(StoreError::io(&path, error)),
        }
        Ok(Source::Range {
            file: Arc::new(SpoolFile { file, length }),
            offset: 0,
            len: length,
        })
    }

    /// Removes what no row names: what an earlier process was receiving, and bodies for which `has_row` is false; and folders that
    /// are empty. Stops early where `stop` says so.
    pub(super) fn sweep(
        &self,
        has_row: impl Fn(DeliveryId) -> Result<bool, StoreError>,
        stop: impl Fn() -> bool,
    ) -> Result<u64, StoreError> {
        let disk = &self.0.disk;
        let list = |path: &Path| disk.list(path).map_err(|error| StoreError::io(path, error));
        let mut removed = 0;
        for folder in list(&self.0.root)? {
            let path = self.0.root.join(&folder);
            let incoming = folder == INCOMING;
            if !incoming && !is_folder_name(&folder) {
                continue;
            }
            let names = match list(&path) {
                Ok(names) => names,
                Err(error) => {
                    tracing::warn!(%error, "a folder of the spool cannot be looked through, and is left as it is");
                    continue;
                }
            };
            for name in names {
                if stop() {
                    return Ok(removed);
                }
                let Some(name) = name.to_str() else { continue };
                let orphan = if incoming {
                    !name.starts_with(&self.0.run)
                } else {
                    match name.parse::<DeliveryId>() {
                        // Asked in this order: whoever is not placing any more has a row already, if ever.
                        Ok(id) => !self.places().placing.contains(&id) && !has_row(id)?,
                        Err(_) => false,
                    }
                };
                if orphan {
                    self.discard(&path.join(name));
                    removed += 1;
                }
            }
            if !incoming {
                self.tidy(&path);
            }
        }
        Ok(removed)
    }
}

impl Stored {
    /// The file stays where it is: a row names it, or may.
    pub(super) fn keep(&mut self) {
        self.placed = true;
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if !self.placed {
            self.spool.discard(&self.from);
        }
        self.spool.places().placing.remove(&self.id);
        if !self.placed {
            self.spool.tidy(&self.spool.folder(self.id));
        }
    }
}

/// A body of the spool, as a message reads it.
#[derive(Debug)]
struct SpoolFile {
    file: Arc<dyn DiskFile>,
    length: u64,
}

impl ReadAt for SpoolFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.length
    }
}

fn is_folder_name(name: &OsStr) -> bool {
    name.len() == FOLDER_DIGITS
        && name
            .to_str()
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}
