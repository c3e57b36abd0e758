//! A content that is being received. What is small stays in memory; what is large goes to a file of the spool block by block,
//! and a message that is made of it takes the file over as it is.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use relais_message::{ReadAt, Source};
use sha2::{Digest as _, Sha256};

use super::blocks::BLOCK;
use super::content::{Digest, INLINE_BYTES};
use super::spool::{FOLDER, Spool};
use crate::store::{DiskFile, StoreError};

/// Why a content was not received.
#[derive(Debug)]
pub enum UploadError {
    /// It has more bytes than the caller allowed.
    TooLarge { limit: u64 },
    /// It could not be stored.
    Store(StoreError),
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// A content that is being received. Dropped, nothing of it is left.
pub struct Upload {
    spool: Spool,
    limit: u64,
    length: u64,
    buffer: Vec<u8>,
    /// None while everything is in the buffer, or after a failure.
    file: Option<Writing>,
    failed: bool,
}

/// The file of an upload, and the digest of what is in it.
struct Writing {
    file: UploadFile,
    sha256: Sha256,
    written: u64,
}

impl Upload {
    pub(super) fn new(spool: Spool, limit: u64) -> Self {
        Self {
            spool,
            limit,
            length: 0,
            buffer: Vec::new(),
            file: None,
            failed: false,
        }
    }

    /// Bytes received so far.
    pub fn received(&self) -> u64 {
        self.length
    }

    /// Receives more bytes. After an error nothing more is received.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), UploadError> {
        if self.limit.saturating_sub(self.length) < bytes.len() as u64 {
            self.failed = true;
            return Err(UploadError::TooLarge { limit: self.limit });
        }
        while !bytes.is_empty() {
            let room = BLOCK.saturating_sub(self.buffer.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.buffer.extend_from_slice(now);
            self.length += now.len() as u64;
            bytes = later;
            if self.buffer.len() >= BLOCK {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// The content, whole: bytes where it is small, else a range of a file that lives as long as anything reads it.
    pub async fn finish(mut self) -> Result<Source, UploadError> {
        if self.file.is_none() && self.length <= INLINE_BYTES && !self.failed {
            return Ok(Source::Bytes(Bytes::from(std::mem::take(&mut self.buffer))));
        }
        self.flush().await?;
        let Some(Writing {
            mut file,
            sha256,
            written,
        }) = self.file.take()
        else {
            return Err(interrupted());
        };
        file.length = written;
        file.digest = sha256.finalize().into();
        let file = Arc::new(file);
        self.spool.0.uploads.add(&file);
        Ok(Source::Range {
            file,
            offset: 0,
            len: written,
        })
    }

    /// Writes what is in the buffer.
    async fn flush(&mut self) -> Result<(), UploadError> {
        if self.failed {
            return Err(interrupted());
        }
        // Whoever drops this future half way cannot go on: the block may be written, or not.
        self.failed = true;
        let (spool, file, block) = (self.spool.clone(), self.file.take(), std::mem::take(&mut self.buffer));
        let written = tokio::task::spawn_blocking(move || append(&spool, file, block)).await;
        let (file, buffer) = written.map_err(|_| StoreError::Stopped)??;
        (self.file, self.buffer, self.failed) = (Some(file), buffer, false);
        Ok(())
    }
}

fn interrupted() -> UploadError {
    let error = io::Error::other("the content was interrupted while it was received");
    StoreError::io(Path::new(FOLDER), error).into()
}

/// Appends a block, and gives its memory back.
fn append(spool: &Spool, file: Option<Writing>, mut block: Vec<u8>) -> Result<(Writing, Vec<u8>), StoreError> {
    let mut writing = match file {
        Some(writing) => writing,
        None => {
            let (path, file) = spool.incoming()?;
            Writing {
                file: UploadFile {
                    spool: spool.clone(),
                    file,
                    path,
                    length: 0,
                    digest: [0; 32],
                    taken: Mutex::new(false),
                },
                sha256: Sha256::new(),
                written: 0,
            }
        }
    };
    let written = writing.file.file.write_at(&block, writing.written);
    written.map_err(|error| StoreError::io(&writing.file.path, error))?;
    writing.sha256.update(&block);
    writing.written += block.len() as u64;
    block.clear();
    Ok((writing, block))
}

/// The file of an upload that is whole. Dropped, it is removed, unless a delivery took it over.
pub(super) struct UploadFile {
    spool: Spool,
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    length: u64,
    digest: Digest,
    taken: Mutex<bool>,
}

impl UploadFile {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// True for the first that asks: the file is theirs.
    fn take(&self) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        !std::mem::replace(&mut *taken, true)
    }
}

impl ReadAt for UploadFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn len(&self) -> u64 {
        self.length
    }
}

impl fmt::Debug for UploadFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadFile")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Drop for UploadFile {
    fn drop(&mut self) {
        self.spool.0.uploads.remove(self);
        if self.take() {
            self.spool.discard(&self.path);
        }
    }
}

/// The uploads that are whole and still there, by where they are in memory: a message knows its contents as readers only.
#[derive(Default)]
pub(super) struct Registry(Mutex<HashMap<usize, Weak<UploadFile>>>);

impl Registry {
    fn add(&self, file: &Arc<UploadFile>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(Arc::as_ptr(file).addr(), Arc::downgrade(file));
    }

    fn remove(&self, file: &UploadFile) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&std::ptr::from_ref(file).addr());
    }

    /// The upload of which all of these are parts, and where each begins; none where they are not, or where it was taken.
    pub(super) fn take(&self, contents: &[Source]) -> Option<(Arc<UploadFile>, Vec<u64>)> {
        let mut address = None;
        let mut offsets = Vec::with_capacity(contents.len());
        for content in contents {
            let Source::Range { file, offset, .. } = content else {
                return None;
            };
            let here = Arc::as_ptr(file).cast::<()>().addr();
            if *address.get_or_insert(here) != here {
                return None;
            }
            offsets.push(*offset);
        }
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let upload = known.get(&address?)?.upgrade();
        // Let go before anything is dropped: the drop of an upload asks for the registry.
        drop(known);
        upload.filter(|upload| upload.take()).map(|upload| (upload, offsets))
    }
}
