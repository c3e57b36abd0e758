//! The data folder: only its owner reads it, and whoever holds it says so.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::DATABASE;
use super::error::StoreError;

/// Names the process that holds the folder. The lock itself is the database's; this file is only for the message.
const HOLDER: &str = "lock";
const GROUP_AND_OTHERS: u32 = 0o077;

/// Makes the folder for its owner alone, or checks that it is one, and returns its path without links.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, StoreError> {
    let fault = |source| StoreError::io(folder, source);
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(StoreError::NotAFolder {
                path: folder.to_path_buf(),
            });
        }
        Err(error) => return Err(fault(error)),
    }
    let folder = fs::canonicalize(folder).map_err(fault)?;
    make_private(&folder)?;
    Ok(folder)
}

/// Takes away the rights of group and others. A folder with files that are not ours keeps its rights: `--data /tmp` must not
/// lock everybody out of `/tmp`.
fn make_private(folder: &Path) -> Result<(), StoreError> {
    let fault = |source| StoreError::io(folder, source);
    let rights = fs::metadata(folder).map_err(fault)?.permissions();
    if rights.mode() & GROUP_AND_OTHERS == 0 {
        return Ok(());
    }
    let ours = folder.join(DATABASE).exists() || fs::read_dir(folder).map_err(fault)?.next().is_none();
    if !ours {
        return Err(StoreError::NotPrivate {
            folder: folder.to_path_buf(),
        });
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(fault)
}

/// Writes this process's number for [`holder`]. Best effort: nothing depends on it.
pub(super) fn note_holder(folder: &Path) {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(folder.join(HOLDER))
        .and_then(|mut file| writeln!(file, "{}", std::process::id()));
    if let Err(error) = written {
        tracing::debug!(%error, "the holder of the data folder could not be noted");
    }
}

/// The number of the process that holds the folder, where it left one.
pub(super) fn holder(folder: &Path) -> Option<u32> {
    fs::read_to_string(folder.join(HOLDER)).ok()?.trim().parse().ok()
}

/// Makes a change of the folder's entries durable.
pub(crate) fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder)
        .and_then(|handle| handle.sync_all())
        .map_err(|source| StoreError::io(folder, source))
}
