//! What is asked of the disk while it has power.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::super::disk::{Disk, DiskFile, Opening};
use super::{Change, FileState, NameChange, Seen, SimDisk, State, write};

impl Disk for SimDisk {
    fn open(&self, path: &Path, opening: Opening) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.alive()?;
        state.root.get_or_insert_with(|| path.parent().unwrap().to_path_buf());
        let there = state.names.get(path).copied();
        let file = match (there, opening) {
            (Some(_), Opening::New) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Some(file), _) => file,
            (None, Opening::Existing) => return Err(State::missing()),
            (None, _) => {
                state.writable()?;
                state.has_folder_of(path)?;
                let file = state.next;
                state.next += 1;
                state.names.insert(path.to_path_buf(), file);
                state.files.insert(file, FileState::default());
                state.unsynced.push(NameChange::Made(path.to_path_buf(), file));
                file
            }
        };
        Ok(Arc::new(SimFile {
            disk: self.clone(),
            file,
            locked: Mutex::new(false),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.writable()?;
        state.has_folder_of(to)?;
        let file = state.names.remove(from).ok_or_else(State::missing)?;
        state.names.insert(to.to_path_buf(), file);
        let change = NameChange::Renamed(from.to_path_buf(), to.to_path_buf(), file);
        state.unsynced.push(change);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.alive()?;
        state.names.remove(path).ok_or_else(State::missing)?;
        state.unsynced.push(NameChange::Removed(path.to_path_buf()));
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.writable()?;
        if state.folders.insert(path.to_path_buf()) {
            state.unsynced.push(NameChange::Folder(path.to_path_buf()));
        }
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.writable()?;
        let mut entries = state.names.keys().chain(&state.folders);
        if entries.any(|entry| entry.parent() == Some(path)) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        if !state.folders.remove(path) {
            return Err(State::missing());
        }
        state.unsynced.push(NameChange::FolderRemoved(path.to_path_buf()));
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.state().sync(|state| {
            if state.lies_about(path) {
                return;
            }
            let changes = std::mem::take(&mut state.unsynced);
            let (done, left) = changes.into_iter().partition::<Vec<_>, _>(|change| change.within(path));
            for change in done {
                change.apply(&mut state.kept_names, &mut state.kept_folders);
            }
            state.unsynced = left;
        })
    }

    fn list(&self, path: &Path) -> io::Result<Vec<OsString>> {
        let state = self.state();
        state.alive()?;
        let inside = |entry: &&PathBuf| entry.parent() == Some(path);
        let entries = state.names.keys().chain(&state.folders).filter(inside);
        Ok(entries
            .filter_map(|entry| entry.file_name().map(OsString::from))
            .collect())
    }

    fn room(&self, _: &Path) -> io::Result<u64> {
        Ok(self.state().room.unwrap_or(u64::MAX))
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    file: u64,
    locked: Mutex<bool>,
}

impl DiskFile for SimFile {
    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.alive()?;
        Ok(state.files[&self.file].now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.disk.state();
        state.alive()?;
        let there = &state.files[&self.file].now;
        let rest = there.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.writable()?;
        let file = state.files.get_mut(&self.file).unwrap();
        write(&mut file.now, offset, bytes);
        file.unsynced.push(Change::Write(offset, bytes.to_vec()));
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.writable()?;
        let file = state.files.get_mut(&self.file).unwrap();
        let change = Change::Length(length);
        change.apply(&mut file.now);
        file.unsynced.push(change);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.wait_while_held();
        let mut state = self.disk.state();
        let synced = state.sync(|state| {
            let name = state.names.iter().find(|(_, file)| **file == self.file);
            if name.is_some_and(|(name, _)| state.lies_about(name)) {
                return;
            }
            let file = state.files.get_mut(&self.file).unwrap();
            for change in std::mem::take(&mut file.unsynced) {
                change.apply(&mut file.kept);
            }
        });
        if let (Err(_), Some(seen)) = (&synced, state.forgetful()) {
            let file = state.files.get_mut(&self.file).unwrap();
            let unsynced = std::mem::take(&mut file.unsynced);
            if seen != Seen::Written {
                file.now = file.kept.clone();
            }
            if let Seen::Some(seed) = seen {
                let mut random = fastrand::Rng::with_seed(seed);
                for change in unsynced {
                    change.tear(&mut file.now, &mut random);
                }
            }
        }
        synced
    }

    fn try_lock(&self) -> io::Result<bool> {
        let taken = self.disk.state().locked.insert(self.file);
        *self.locked.lock().unwrap() |= taken;
        Ok(taken)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if *self.locked.lock().unwrap() {
            self.disk.state().locked.remove(&self.file);
        }
    }
}
