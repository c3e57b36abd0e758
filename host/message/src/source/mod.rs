//! Where the bytes of a message stand that are too many to be carried about: in memory, in a file, or in a stretch of a
//! file that the store keeps. However they are read, it is never more or fewer than were announced.

mod at;
mod reader;

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

pub use at::ReadAt;
pub(crate) use reader::Reader;

use self::at::FileAt;
use crate::reason::Reason;

/// Bytes that are looked at together.
const PIECE: usize = 64 * 1024;

/// The content of an attachment, or a whole message.
#[derive(Debug, Clone)]
pub enum Source {
    /// In memory.
    Bytes(Bytes),
    /// A file, read while the message is sent. It must stay there, and keep its size, as long as the message is used.
    File {
        /// Absolute, or relative to the folder in which the process runs.
        path: PathBuf,
    },
    /// A stretch of something that can be read anywhere, and does not change.
    Range {
        /// What holds it.
        file: Arc<dyn ReadAt>,
        /// Where it begins, in bytes.
        offset: u64,
        /// How long it is, in bytes.
        len: u64,
    },
}

impl Source {
    /// Its length in bytes.
    ///
    /// # Errors
    ///
    /// A file that is not there.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len() as u64),
            Self::File { path } => Ok(fs::metadata(path)?.len()),
            Self::Range { len, .. } => Ok(*len),
        }
    }

    /// Reads it from its beginning, waiting for the disk. The reader gives exactly as many bytes as were announced, or
    /// fails.
    ///
    /// # Errors
    ///
    /// A file that is not there, or is not a regular one.
    pub fn reader(&self) -> io::Result<SourceReader> {
        let content = Content::find(self.clone()).map_err(|reason| io::Error::other(reason.to_string()))?;
        Ok(SourceReader { content, at: 0 })
    }
}

/// Reads a [`Source`] from its beginning to its end, waiting for the disk.
#[derive(Debug)]
pub struct SourceReader {
    content: Content,
    at: u64,
}

impl Read for SourceReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read_at(buf, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// A source that exists, with its size.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bytes(Bytes),
    Range {
        file: Arc<dyn ReadAt>,
        offset: u64,
        len: u64,
    },
}

impl Content {
    /// Looks whether the source is there and can be read.
    pub(crate) fn find(source: Source) -> Result<Self, Reason> {
        match source {
            Source::Bytes(bytes) => Ok(Self::Bytes(bytes)),
            Source::File { path } => {
                let file = FileAt::find(path)?;
                let len = file.len();
                let (file, offset) = (Arc::new(file), 0);
                Ok(Self::Range { file, offset, len })
            }
            Source::Range { file, offset, len } => {
                let held = file.len().saturating_sub(offset);
                if len > held {
                    return Err(Reason::ContentCut { wanted: len, held });
                }
                Ok(Self::Range { file, offset, len })
            }
        }
    }

    /// The same for whoever stores it: a file is from now on what it was when it was found.
    pub(crate) fn source(&self) -> Source {
        match self.clone() {
            Self::Bytes(bytes) => Source::Bytes(bytes),
            Self::Range { file, offset, len } => Source::Range { file, offset, len },
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Range { len, .. } => *len,
        }
    }

    /// The stretch of `len` bytes from `offset`; `None` where it does not lie within.
    pub(crate) fn slice(&self, offset: u64, len: u64) -> Option<Self> {
        let end = offset.checked_add(len).filter(|end| *end <= self.size())?;
        Some(match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.slice(usize::try_from(offset).ok()?..usize::try_from(end).ok()?)),
            Self::Range {
                file, offset: start, ..
            } => Self::Range {
                file: Arc::clone(file),
                offset: start.checked_add(offset)?,
                len,
            },
        })
    }

    /// Where this stretch begins in `whole`, of which it is a [slice](Self::slice).
    pub(crate) fn offset_in(&self, whole: &Self) -> Option<u64> {
        match (self, whole) {
            // Nothing is nowhere.
            (Self::Bytes(part), Self::Bytes(_)) if part.is_empty() => Some(0),
            (Self::Bytes(part), Self::Bytes(whole)) => {
                let offset = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
                (offset + part.len() <= whole.len()).then_some(offset as u64)
            }
            (Self::Range { offset, .. }, Self::Range { offset: start, .. }) => offset.checked_sub(*start),
            _ => None,
        }
    }

    /// Reads from `at` on into `buf`: fewer bytes than it has room for at the end only, none behind it.
    ///
    /// # Errors
    ///
    /// What the file tells, and a file that ends before it was announced to.
    pub(crate) fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        let left = usize::try_from(self.size().saturating_sub(at)).unwrap_or(usize::MAX);
        let room = buf.len().min(left);
        let buf = buf.get_mut(..room).unwrap_or_default();
        match self {
            Self::Bytes(bytes) => {
                let start = usize::try_from(at).unwrap_or(usize::MAX);
                let some = bytes.get(start..).and_then(|rest| rest.get(..room));
                buf.copy_from_slice(some.unwrap_or_default().get(..room).ok_or_else(at::cut)?);
            }
            Self::Range { file, offset, .. } => at::read_exact(&**file, buf, offset.saturating_add(at))?,
        }
        Ok(room)
    }

    /// All of it in memory, for what is known to be small.
    pub(crate) fn load(&self) -> io::Result<Bytes> {
        if let Self::Bytes(bytes) = self {
            return Ok(bytes.clone());
        }
        let mut all = vec![0; usize::try_from(self.size()).map_err(io::Error::other)?];
        self.read_at(&mut all, 0)?;
        Ok(all.into())
    }

    /// Gives all of it, piece by piece, waiting for the disk.
    pub(crate) fn for_each(&self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if let Self::Bytes(bytes) = self {
            return bytes.chunks(PIECE).try_for_each(take);
        }
        let mut buf = vec![0; PIECE.min(usize::try_from(self.size()).unwrap_or(PIECE))];
        let mut at = 0;
        while at < self.size() {
            let count = self.read_at(&mut buf, at)?;
            take(buf.get(..count).unwrap_or_default())?;
            at += count as u64;
        }
        Ok(())
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::plain(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_stretch_of_a_stretch_is_where_it_should_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "0123456789").unwrap();
        let file: Arc<dyn ReadAt> = Arc::new(FileAt::find(path.clone()).unwrap());
        for source in [
            Source::Bytes("0123456789".into()),
            Source::File { path },
            Source::Range {
                file,
                offset: 0,
                len: 10,
            },
        ] {
            let whole = Content::find(source.clone()).unwrap();
            let part = whole.slice(2, 6).unwrap().slice(1, 4).unwrap();
            assert_eq!(part.load().unwrap(), "3456");
            assert_eq!(part.size(), 4);
            assert!(whole.slice(5, 6).is_none() && whole.slice(u64::MAX, 2).is_none());
            let mut text = String::new();
            source.reader().unwrap().read_to_string(&mut text).unwrap();
            assert_eq!((text.as_str(), source.len().unwrap()), ("0123456789", 10));
        }
    }

    #[test]
    fn a_stretch_that_goes_beyond_its_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "0123456789").unwrap();
        let file: Arc<dyn ReadAt> = Arc::new(FileAt::find(path).unwrap());
        let found = Content::find(Source::Range {
            file,
            offset: 8,
            len: 3,
        });
        assert_eq!(found.unwrap_err(), Reason::ContentCut { wanted: 3, held: 2 });
    }
}
