//! How the store fails, told apart by what an administrator can do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::disk::same;

/// What a record is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Store,
    Connector,
    Instance,
    Default,
    Secret,
    Workspace,
    ServiceInstance,
    Token,
    Audit,
    Account,
    Application,
    Delivery,
    IdempotencyKey,
}

/// The store could not be opened, read or written.
#[derive(Debug)]
pub enum StoreError {
    /// Another process holds the data folder; its number where it left one.
    Busy { folder: PathBuf, pid: Option<u32> },
    /// The folder can be read by others and holds files that are not ours, so its rights are left alone.
    NotPrivate { folder: PathBuf },
    /// There is a file where the data folder should be, or the path has no end that could be one.
    NotAFolder { path: PathBuf },
    /// The rights do not allow it, or the file system is mounted for reading only.
    Denied { path: PathBuf, source: io::Error },
    /// No room on the disk, or a quota is used up.
    Full { path: PathBuf },
    /// The database, or a record in it, is not what was written.
    Damaged { path: PathBuf, detail: String },
    /// A later version of Relais wrote this.
    Newer {
        what: What,
        key: String,
        version: u32,
        known: u32,
    },
    /// A connector's file is missing, or not the one that was installed.
    Component { path: PathBuf, missing: bool },
    /// The body of a delivery is missing from the spool, or is not the one that was accepted.
    Body { path: PathBuf, missing: bool },
    /// The store is being closed, or was.
    Stopped,
    /// Anything else that the operating system refused.
    Io { path: PathBuf, source: io::Error },
}

impl StoreError {
    /// Sorts an error of the operating system at `path`.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::Denied { path, source },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            _ => Self::Io { path, source },
        }
    }

    /// The database's own code panicked.
    pub(crate) fn unmade(path: &Path) -> Self {
        Self::io(path, io::Error::other("a change of it could not be made"))
    }

    /// Whether it is of one record, of which alone nothing can be done; else it is of the store.
    pub(crate) fn of_one_record(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Newer { .. })
    }

    /// What is of the whole store, whatever it says: no record is to be blamed for it. Called where a transaction begins and ends, and
    /// by whoever writes many records in one, and nowhere else.
    pub(crate) fn of_all(self) -> Self {
        match self {
            Self::Damaged { path, detail } => Self::Io {
                path,
                source: io::Error::other(detail),
            },
            other => other,
        }
    }

    /// Another error that says the same, for everybody who waited for one write.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Busy { folder, pid } => Self::Busy {
                folder: folder.clone(),
                pid: *pid,
            },
            Self::NotPrivate { folder } => Self::NotPrivate { folder: folder.clone() },
            Self::NotAFolder { path } => Self::NotAFolder { path: path.clone() },
            Self::Denied { path, source } => Self::Denied {
                path: path.clone(),
                source: same(source),
            },
            Self::Full { path } => Self::Full { path: path.clone() },
            Self::Damaged { path, detail } => Self::Damaged {
                path: path.clone(),
                detail: detail.clone(),
            },
            Self::Newer {
                what,
                key,
                version,
                known,
            } => Self::Newer {
                what: *what,
                key: key.clone(),
                version: *version,
                known: *known,
            },
            Self::Component { path, missing } => Self::Component {
                path: path.clone(),
                missing: *missing,
            },
            Self::Body { path, missing } => Self::Body {
                path: path.clone(),
                missing: *missing,
            },
            Self::Stopped => Self::Stopped,
            Self::Io { path, source } => Self::Io {
                path: path.clone(),
                source: same(source),
            },
        }
    }

    /// Sorts an error of the database at `path`.
    pub(crate) fn of(fault: redb::Error, path: &Path) -> Self {
        match fault {
            // redb says so of a file that has not its mark at the start, or is too short.
            redb::Error::Io(source)
                if matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Self::Damaged {
                    path: path.to_path_buf(),
                    detail: source.to_string(),
                }
            }
            redb::Error::Io(source) => Self::io(path, source),
            // The disk failed earlier in this transaction, or the database was opened anew during it.
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => {
                Self::io(path, io::Error::other("the disk failed earlier"))
            }
            other => Self::Damaged {
                path: path.to_path_buf(),
                detail: other.to_string(),
            },
        }
    }
}

/// Says where a fault of the database happened.
pub(super) trait At<T> {
    fn at(self, place: &Path) -> Result<T, StoreError>;
}

impl<T, E: Into<redb::Error>> At<T> for Result<T, E> {
    fn at(self, place: &Path) -> Result<T, StoreError> {
        self.map_err(|fault| StoreError::of(fault.into(), place))
    }
}
