//! A larger file for the log, filled with zeros while the log goes on in the small one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::super::disk::{Disk, DiskFile, Opening};
use super::BLOCK;

/// It is filled only where the disk has room for so many: what the log does without, mail needs.
const ROOM: u64 = 8;
/// How long a disk that had no room for it is left alone.
const AGAIN: Duration = Duration::from_secs(60);

type Filled = io::Result<Arc<dyn DiskFile>>;

/// See the module. Dropped, it waits for the thread to end.
#[derive(Default)]
pub(super) struct Larger {
    thread: Option<JoinHandle<Filled>>,
    stop: Arc<AtomicBool>,
    tried: Option<Instant>,
}

/// Where it is filled, beside the log.
pub(super) fn place(log: &Path) -> PathBuf {
    log.with_extension("wal-part")
}

impl Larger {
    /// Has it filled, if that is not being done, and was not tried in vain just now.
    pub(super) fn prepare(&mut self, disk: &Arc<dyn Disk>, log: &Path, length: u64) {
        if self.thread.is_some() || self.tried.is_some_and(|tried| tried.elapsed() < AGAIN) {
            return;
        }
        self.tried = Some(Instant::now());
        let (disk, place, stop) = (disk.clone(), place(log), self.stop.clone());
        let thread = thread::Builder::new().name("relais-log".to_owned());
        let started = thread.spawn(move || {
            let filled = fill(&*disk, &place, length, &stop);
            if let Err(error) = &filled {
                tracing::info!(%error, path = %place.display(), "the log stays small: there is no larger file for it");
                let _ = disk.remove(&place);
            }
            filled
        });
        self.thread = started.ok();
    }

    #[cfg(test)]
    pub(super) fn is_busy(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    /// The file, once it is filled and synced.
    pub(super) fn take(&mut self) -> Option<Arc<dyn DiskFile>> {
        let thread = self.thread.take_if(|thread| thread.is_finished())?;
        thread.join().ok()?.ok()
    }
}

impl Drop for Larger {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn fill(disk: &dyn Disk, place: &Path, length: u64, stop: &AtomicBool) -> Filled {
    if disk.room(place.parent().unwrap_or(place))? < length.saturating_mul(ROOM) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    let file = disk.open(place, Opening::Either)?;
    let zeros = vec![0; BLOCK.min(usize::try_from(length).unwrap_or(BLOCK))];
    let mut written = 0;
    while written < length {
        if stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the log is being closed"));
        }
        file.write_at(&zeros, written)?;
        written += zeros.len() as u64;
        // Piece by piece, so that nobody's sync waits for all of it.
        file.sync_data()?;
    }
    Ok(file)
}
