//! Contents as they are read: block by block, wherever they are. All of it blocks.

use std::io;
use std::path::Path;

use bytes::Bytes;
use relais_message::Source;
use sha2::{Digest as _, Sha256};

use super::content::Digest;
use super::spool::FOLDER;
use crate::store::{DiskFile, StoreError};

/// Bytes that are read and written at once.
pub(super) const BLOCK: usize = 256 << 10;

/// SHA-256 of a file.
pub(super) fn digest_of(file: &dyn DiskFile, length: u64) -> io::Result<Digest> {
    let mut sha256 = Sha256::new();
    let mut block = vec![0; BLOCK];
    let mut offset = 0;
    while offset < length {
        let count = file.read_at(&mut block, offset)?;
        if count == 0 {
            break;
        }
        sha256.update(block.get(..count).unwrap_or_default());
        offset += count as u64;
    }
    Ok(sha256.finalize().into())
}

/// Shows a content block by block. It blocks.
pub(super) fn for_each_block(
    content: &Source,
    mut block: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    match content {
        Source::Bytes(bytes) => block(bytes),
        Source::File { path } => {
            let fault = |error| StoreError::io(path, error);
            let file = std::fs::File::open(path).map_err(fault)?;
            let length = file.metadata().map_err(fault)?.len();
            let read = |buffer: &mut [u8], offset| std::os::unix::fs::FileExt::read_at(&file, buffer, offset);
            blocks(path, 0, length, read, block)
        }
        Source::Range { file, offset, len } => blocks(
            Path::new(FOLDER),
            *offset,
            *len,
            |buffer, at| file.read_at(buffer, at),
            block,
        ),
    }
}

fn blocks(
    path: &Path,
    offset: u64,
    length: u64,
    read: impl Fn(&mut [u8], u64) -> io::Result<usize>,
    mut block: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut buffer = vec![0; BLOCK.min(usize::try_from(length).unwrap_or(BLOCK))];
    let mut done = 0;
    while done < length {
        let want = buffer.len().min(usize::try_from(length - done).unwrap_or(BLOCK));
        let wanted = buffer.get_mut(..want).unwrap_or_default();
        let count = match read(wanted, offset + done) {
            Ok(0) => {
                let shorter = io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read");
                return Err(StoreError::io(path, shorter));
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::io(path, error)),
        };
        block(wanted.get(..count).unwrap_or_default())?;
        done += count as u64;
    }
    Ok(())
}

/// Bytes of a content.
pub(super) fn size(content: &Source) -> Result<u64, StoreError> {
    content.len().map_err(|error| match content {
        Source::File { path } => StoreError::io(path, error),
        _ => StoreError::io(Path::new(""), error),
    })
}

/// Joins contents that are small.
pub(super) fn join(contents: &[Source]) -> Result<(Bytes, Vec<u64>), StoreError> {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::with_capacity(contents.len()));
    for content in contents {
        offsets.push(bytes.len() as u64);
        for_each_block(content, |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })?;
    }
    Ok((bytes.into(), offsets))
}
