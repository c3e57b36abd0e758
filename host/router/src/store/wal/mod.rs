//! The write-ahead log of the outbox. A batch of changes is durable once it stands here, by one write in a row and one sync. The
//! database has it a moment later, in memory only, and writes what came of many batches at once when the log is full or the store
//! is closed. After a crash the log is read and the changes are made again.
//!
//! The log is one file that is written over round after round. Each time the database has become durable a new round begins, at
//! the start of the file: its salt stands in the database, written with that very state, so what the log holds is always what
//! came after it. The file is filled with zeros before it is used: to overwrite blocks costs a fifth of what it costs the file
//! system to find new ones. It is small at first; when it was full a larger one is filled beside it, and takes its place.
//!
//! Two threats. A crash in the middle of a record: it has a sum, and counts only whole; nobody was answered for it. And damage
//! among records that were answered for: a record of this round behind one that is none is told as damage, and nothing is cut.

mod changes;
mod frame;
mod larger;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use changes::{Changes, Last, Malformed, read};
pub(super) use frame::Salt;

use self::frame::{ALIGN, HEADER};
use self::larger::Larger;
use super::disk::{Disk, DiskFile, Opening};
use super::error::StoreError;

/// The file of the log within the data folder.
pub(crate) const LOG: &str = "relais.wal";
/// Bytes of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogSize {
    pub(crate) first: u64,
    /// All of it is read at a start after a crash.
    pub(crate) most: u64,
}

pub(crate) const LOG_SIZE: LogSize = LogSize {
    first: 1 << 20,
    most: 64 << 20,
};

/// Bytes that are written or looked through at once.
const BLOCK: usize = 1 << 20;

pub(super) struct Wal {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    place: PathBuf,
    most: u64,
    file: Arc<dyn DiskFile>,
    /// Bytes of the file.
    length: u64,
    salt: Salt,
    /// Where the next record goes.
    end: u64,
    larger: Larger,
}

impl Wal {
    /// Opens the log of a data folder. `salt` is that of the round that the database is in; where it is in none there may be no
    /// log, and it is made.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        size: LogSize,
        salt: Option<Salt>,
    ) -> Result<Self, StoreError> {
        let place = folder.join(LOG);
        // What a crash left of one that was being filled.
        let _ = disk.remove(&larger::place(&place));
        let first = if salt.is_none() { size.first } else { 0 };
        let (file, length) = match open_file(&*disk, folder, &place, first) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && first == 0 => {
                return Err(StoreError::Damaged {
                    path: place,
                    detail: "it is missing, and what was accepted last stands nowhere else".to_owned(),
                });
            }
            opened => opened.map_err(|error| StoreError::io(&place, error))?,
        };
        Ok(Self {
            disk,
            folder: folder.to_path_buf(),
            place,
            most: size.most,
            file,
            length,
            salt: salt.unwrap_or_default(),
            end: 0,
            larger: Larger::default(),
        })
    }

    /// The file, for messages.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Begins a round: the database is durable, with this salt in it, and nothing that stands here is needed any more.
    pub(super) fn begin(&mut self, salt: Salt) -> io::Result<()> {
        self.salt = salt;
        self.end = 0;
        let Some(file) = self.larger.take() else {
            return Ok(());
        };
        // Whichever file has the name after a power cut, no record of this round is in it.
        let length = file.length()?;
        self.disk.rename(&larger::place(&self.place), &self.place)?;
        // Before anything else can fail: the file that was has no name any more.
        (self.file, self.length) = (file, length);
        self.disk.sync_folder(&self.folder)
    }

    /// Whether there is room for a record of these changes, in this round. If there is none, there will be more in a later one.
    pub(super) fn has_room(&mut self, changes: &Changes) -> bool {
        let has_room = self.end + frame::size(changes) <= self.length;
        if !has_room && self.length < self.most {
            self.larger.prepare(&self.disk, &self.place, self.most);
        }
        has_room
    }

    /// Writes a record of the changes, and returns when it survives a power cut. After an error nobody knows what stands there,
    /// and nothing more is written before another round begins.
    pub(super) fn append(&mut self, changes: &mut Changes) -> io::Result<()> {
        frame::seal(changes, self.salt, self.end);
        self.file.write_at(&changes.bytes, self.end)?;
        self.file.sync_data()?;
        self.end += changes.bytes.len() as u64;
        Ok(())
    }

    /// Shows the changes of every record of this round, in their order.
    pub(super) fn replay(&self, mut visit: impl FnMut(&[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut position = 0;
        let mut record = Vec::new();
        while self.record(position, &mut record).map_err(|error| self.fault(error))? {
            visit(record.get(HEADER..).unwrap_or_default())?;
            position += record.len().next_multiple_of(ALIGN) as u64;
        }
        match self.later(position).map_err(|error| self.fault(error))? {
            None => Ok(()),
            Some(later) => Err(StoreError::Damaged {
                path: self.place.clone(),
                detail: format!("no record stands at byte {position}, and one at byte {later}"),
            }),
        }
    }

    /// Reads the record of this round that begins there, from its head to its last change; false where there is none.
    fn record(&self, position: u64, record: &mut Vec<u8>) -> io::Result<bool> {
        let mut head = [0; HEADER];
        if self.file.read_at(&mut head, position)? < HEADER {
            return Ok(false);
        }
        let Some(length) = frame::length(&head, self.salt, position).filter(|length| *length as u64 <= self.length)
        else {
            return Ok(false);
        };
        record.clear();
        record.resize(HEADER + length, 0);
        Ok(self.file.read_at(record, position)? == record.len() && frame::whole(record))
    }

    /// Where behind this place a record of this round begins, if anywhere.
    fn later(&self, position: u64) -> io::Result<Option<u64>> {
        let mut block = vec![0; BLOCK];
        let mut begin = position + ALIGN as u64;
        loop {
            let length = self.file.read_at(&mut block, begin)?;
            let pieces = block.get(..length).unwrap_or_default().chunks(ALIGN);
            for (piece, at) in pieces.zip((begin..).step_by(ALIGN)) {
                let head = piece.first_chunk::<HEADER>();
                if head.is_some_and(|head| frame::length(head, self.salt, at).is_some()) {
                    return Ok(Some(at));
                }
            }
            if length < block.len() {
                return Ok(None);
            }
            begin += block.len() as u64;
        }
    }

    fn fault(&self, error: io::Error) -> StoreError {
        StoreError::io(&self.place, error)
    }
}

/// The file and its length. Where it is to have so many bytes at first it is made if it is not there; else it must be.
fn open_file(disk: &dyn Disk, folder: &Path, place: &Path, first: u64) -> io::Result<(Arc<dyn DiskFile>, u64)> {
    if first == 0 {
        drop(disk.open(place, Opening::Existing)?);
    }
    let file = disk.open(place, Opening::Either)?;
    let length = file.length()?;
    if length < first {
        file.write_at(&vec![0; usize::try_from(first).unwrap_or(BLOCK)], 0)?;
        file.sync_data()?;
    }
    // Also where it was there: whoever gave it its name may have ended, or failed, before the name was safe.
    disk.sync_folder(folder)?;
    Ok((file, length.max(first)))
}

/// A salt that nobody knows.
pub(super) fn draw() -> io::Result<Salt> {
    let mut salt = [0; size_of::<Salt>()];
    getrandom::fill(&mut salt).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(Salt::from_le_bytes(salt))
}
