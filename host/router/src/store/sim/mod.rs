//! A disk whose power can be cut. It keeps what was written and what was synced apart, for contents and for names, and at a cut
//! it gives what a real disk may have kept: all that was synced, and any part of the rest, down to single sectors.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod files;
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use super::LogSize;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;
/// The log of a store on such a disk: a round of it ends after some batches.
pub(crate) const LOG_SIZE: LogSize = LogSize {
    first: 32 << 10,
    most: 64 << 10,
};

/// Where the power is cut: at that sync, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Before it does anything: whoever asked for it gets an error.
    Before(usize),
    /// After it: whoever asked for it gets its answer, and nothing else.
    After(usize),
}

/// What a disk kept of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    Everything,
    /// Every sector, length and name by the toss of a coin that starts from this seed.
    Some(u64),
}

/// How what a disk forgot is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// As it was written: it is still in the system's memory.
    Written,
    /// As it is on the disk.
    Kept,
    /// Each sector one way or the other, by the toss of a coin that starts from this seed.
    Some(u64),
}

/// A disk in memory. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The folder of the first file that was asked for: it is not of this disk, and always there.
    root: Option<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    kept_names: BTreeMap<PathBuf, u64>,
    kept_folders: BTreeSet<PathBuf>,
    /// Changes of names since their folder was synced, in their order.
    unsynced: Vec<NameChange>,
    files: BTreeMap<u64, FileState>,
    next: u64,
    locked: BTreeSet<u64>,
    syncs: usize,
    cut: Option<Cut>,
    /// The sync that fails, and for which the disk forgets what it was for; and whether that is still read as it was written.
    forgets: Option<(usize, Seen)>,
    /// What it says it has synced, and has not.
    lies: Option<fn(&Path) -> bool>,
    dead: bool,
    fault: Option<Fault>,
    /// Bytes that it says it still has room for.
    room: Option<u64>,
    /// A sync of a content does not return.
    held: bool,
    /// How many wait for that.
    waiting: usize,
}

/// A disk that is there, and does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing can be written: no space left, or mounted for reading only.
    Writes(io::ErrorKind),
    /// What is written cannot be synced.
    Syncs,
    /// The same, and what a sync of a file failed for is taken for clean: no later sync writes it, and it is read as it was
    /// written. So do contents on Linux; names are journalled, and a journal that cannot be written ends the file system.
    Forgets,
}

#[derive(Debug, Default)]
struct FileState {
    now: Vec<u8>,
    kept: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

#[derive(Debug, Clone)]
enum NameChange {
    Made(PathBuf, u64),
    Folder(PathBuf),
    FolderRemoved(PathBuf),
    Renamed(PathBuf, PathBuf, u64),
    Removed(PathBuf),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => write(bytes, *offset, data),
            Self::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        }
    }

    /// Applies each of its sectors or not.
    fn tear(&self, bytes: &mut Vec<u8>, random: &mut fastrand::Rng) {
        match self {
            Self::Length(_) => {
                if random.bool() {
                    self.apply(bytes);
                }
            }
            Self::Write(offset, data) => {
                let mut done = 0;
                while done < data.len() {
                    let at = *offset + done as u64;
                    let left_in_sector = SECTOR - usize::try_from(at % SECTOR as u64).unwrap();
                    let end = data.len().min(done + left_in_sector);
                    if random.bool() {
                        write(bytes, at, &data[done..end]);
                    }
                    done = end;
                }
            }
        }
    }
}

fn write(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let offset = usize::try_from(offset).unwrap();
    if bytes.len() < offset + data.len() {
        bytes.resize(offset + data.len(), 0);
    }
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

impl NameChange {
    /// The folders that it concerns: a rename concerns two, and is kept as a whole.
    fn within(&self, folder: &Path) -> bool {
        let of = |path: &Path| path.parent() == Some(folder);
        match self {
            Self::Made(path, _) | Self::Folder(path) | Self::FolderRemoved(path) | Self::Removed(path) => of(path),
            Self::Renamed(from, to, _) => of(from) || of(to),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>, folders: &mut BTreeSet<PathBuf>) {
        match self {
            Self::Made(path, file) => drop(names.insert(path.clone(), *file)),
            Self::Folder(path) => drop(folders.insert(path.clone())),
            Self::FolderRemoved(path) => drop(folders.remove(path)),
            Self::Removed(path) => drop(names.remove(path)),
            Self::Renamed(from, to, file) => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
        }
    }
}

impl SimDisk {
    /// An empty disk whose power is cut there.
    pub fn cut_at(cut: Cut) -> Self {
        let disk = Self::default();
        disk.state().cut = Some(cut);
        disk
    }

    /// An empty disk of which that sync fails, and no later one writes what it was for.
    pub fn forgetting_at(sync: usize, seen: Seen) -> Self {
        let disk = Self::default();
        disk.state().forgets = Some((sync, seen));
        disk
    }

    /// From now on it does nothing where these are to be synced, and says it did.
    pub fn lie_about(&self, files: fn(&Path) -> bool) {
        self.state().lies = Some(files);
    }

    /// Syncs so far.
    pub fn syncs(&self) -> usize {
        self.state().syncs
    }

    /// Cuts the power at that sync, counted from now.
    pub fn cut_from_now(&self, cut: Cut) {
        let mut state = self.state();
        state.syncs = 0;
        state.cut = Some(cut);
    }

    /// Whether the power was cut.
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// From now on it fails like that, or does not.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// From now on it says that it has room for so many bytes.
    pub fn set_room(&self, bytes: u64) {
        self.state().room = Some(bytes);
    }

    /// From now on a sync of a content takes until this is taken back.
    pub fn hold_syncs(&self, held: bool) {
        self.state().held = held;
    }

    /// How many syncs do not return.
    pub fn held_syncs(&self) -> usize {
        self.state().waiting
    }

    fn wait_while_held(&self) {
        if !self.state().held {
            return;
        }
        self.state().waiting += 1;
        while self.state().held {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        self.state().waiting -= 1;
    }

    /// The names of all files now.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Changes a byte of a file behind everybody's back.
    pub fn flip(&self, path: &Path, offset: usize) {
        let mut state = self.state();
        let file = state.names[path];
        let file = state.files.get_mut(&file).unwrap();
        file.now[offset] ^= 1;
        file.kept = file.now.clone();
    }

    /// The disk as it is found when the power is back.
    pub fn survivor(&self, kept: Kept) -> Self {
        let state = self.state();
        let mut random = fastrand::Rng::with_seed(match kept {
            Kept::Some(seed) => seed,
            Kept::Nothing | Kept::Everything => 0,
        });
        let (mut names, mut folders) = (state.kept_names.clone(), state.kept_folders.clone());
        for change in &state.unsynced {
            if kept == Kept::Everything || matches!(kept, Kept::Some(_)) && random.bool() {
                change.apply(&mut names, &mut folders);
            }
        }
        // Who has no folder has no name either.
        names.retain(|path, _| path.parent() == state.root.as_deref() || folders.contains(path.parent().unwrap()));
        let files = names.values().map(|file| {
            let old = &state.files[file];
            let mut bytes = old.kept.clone();
            for change in &old.unsynced {
                match kept {
                    Kept::Nothing => {}
                    Kept::Everything => change.apply(&mut bytes),
                    Kept::Some(_) => change.tear(&mut bytes, &mut random),
                }
            }
            let new = FileState {
                now: bytes.clone(),
                kept: bytes,
                unsynced: Vec::new(),
            };
            (*file, new)
        });
        Self(Arc::new(Mutex::new(State {
            files: files.collect(),
            kept_names: names.clone(),
            kept_folders: folders.clone(),
            names,
            folders,
            next: state.next,
            root: state.root.clone(),
            ..State::default()
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl State {
    fn alive(&self) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("the power is cut"));
        }
        Ok(())
    }

    fn lies_about(&self, path: &Path) -> bool {
        self.lies.is_some_and(|files| files(path))
    }

    /// Whether the sync that just failed has forgotten what it was for, and what is read of that.
    fn forgetful(&self) -> Option<Seen> {
        match self.forgets {
            _ if self.fault == Some(Fault::Forgets) => Some(Seen::Written),
            Some((sync, seen)) if sync + 1 == self.syncs => Some(seen),
            _ => None,
        }
    }

    fn writable(&self) -> io::Result<()> {
        self.alive()?;
        match self.fault {
            Some(Fault::Writes(kind)) => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn sync(&mut self, work: impl FnOnce(&mut Self)) -> io::Result<()> {
        self.alive()?;
        if matches!(self.fault, Some(Fault::Syncs | Fault::Forgets)) {
            return Err(io::Error::other("the disk does not answer"));
        }
        let now = self.syncs;
        self.syncs += 1;
        if self.cut == Some(Cut::Before(now)) {
            self.dead = true;
            return self.alive();
        }
        if self.forgets.is_some_and(|(sync, _)| sync == now) {
            return Err(io::Error::other("the disk did not answer"));
        }
        work(self);
        self.dead = self.cut == Some(Cut::After(now));
        Ok(())
    }

    fn has_folder_of(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().unwrap();
        if self.root.as_deref() == Some(parent) || self.folders.contains(parent) {
            return Ok(());
        }
        Err(Self::missing())
    }

    fn missing() -> io::Error {
        io::ErrorKind::NotFound.into()
    }
}
