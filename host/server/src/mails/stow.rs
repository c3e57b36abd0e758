//! Where the files of a mail go while it is received: one after the other into one upload of the spool, which the accepted
//! delivery keeps without another copy. Small ones never leave memory.

use axum::body::Bytes;
use relais_message::Source;
use relais_router::{Upload, UploadError};
use sha2::{Digest as _, Sha256};

use super::fingerprint::Digest;
use crate::app::App;
use crate::refusal::{Refusal, Request as Wrong};

/// A file that was received whole.
#[derive(Debug, Clone, Copy)]
struct Piece {
    offset: u64,
    length: u64,
    digest: Option<Digest>,
}

/// Files one after the other.
pub struct Stow {
    upload: Upload,
    limit: u64,
    /// Where the file that is being received begins.
    began: u64,
    /// Of that file, where digests are wanted.
    hash: Option<Sha256>,
    pieces: Vec<Piece>,
}

/// The files of a mail.
#[derive(Debug)]
pub struct Stowed {
    pub sources: Vec<Source>,
    /// One each, where digests are wanted; else none.
    pub digests: Vec<Digest>,
}

impl Stow {
    /// With a digest of each file, or without.
    pub fn new(app: &App, digests: bool) -> Self {
        let limit = app.options.mail_bytes;
        Self {
            upload: app.router.book().spool().upload(limit),
            limit,
            began: 0,
            hash: digests.then(Sha256::new),
            pieces: Vec::new(),
        }
    }

    /// More bytes of the file that is being received.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        let limit = self.limit;
        self.upload.write(bytes).await.map_err(|error| fault(error, limit))
    }

    /// The file is whole; its number, from 0.
    pub fn end(&mut self) -> usize {
        let digest = self.hash.as_mut().map(|hash| std::mem::take(hash).finalize().into());
        let received = self.upload.received();
        self.pieces.push(Piece {
            offset: self.began,
            length: received - self.began,
            digest,
        });
        self.began = received;
        self.pieces.len() - 1
    }

    /// How many are whole.
    pub fn count(&self) -> usize {
        self.pieces.len()
    }

    /// All files, readable. What was uploaded goes with the last of them, unless a delivery keeps it.
    pub async fn finish(self) -> Result<Stowed, Refusal> {
        let limit = self.limit;
        let whole = self.upload.finish().await.map_err(|error| fault(error, limit))?;
        Ok(Stowed {
            sources: self.pieces.iter().map(|piece| part(&whole, *piece)).collect(),
            digests: self.pieces.iter().filter_map(|piece| piece.digest).collect(),
        })
    }
}

fn fault(error: UploadError, limit: u64) -> Refusal {
    match error {
        UploadError::TooLarge { .. } => Wrong::TooLarge { limit }.into(),
        UploadError::Store(error) => Refusal::Router(error.into()),
    }
}

/// One file of what was uploaded.
fn part(whole: &Source, piece: Piece) -> Source {
    match whole {
        Source::Bytes(bytes) => Source::Bytes(slice(bytes, piece)),
        Source::Range { file, offset, .. } => Source::Range {
            file: file.clone(),
            offset: offset + piece.offset,
            len: piece.length,
        },
        Source::File { .. } => whole.clone(),
    }
}

fn slice(bytes: &Bytes, piece: Piece) -> Bytes {
    let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
    bytes.slice(at(piece.offset)..at(piece.offset + piece.length))
}
