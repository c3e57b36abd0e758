//! The components' files, each named by the digest of its bytes. A file is whole before a row names it, and its digest is
//! verified whenever it is read.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::StoreError;
use super::folder;

const FOLDER: &str = "connectors";
const SUFFIX: &str = ".wasm";
/// Ends the name of a file that is being written.
const UNFINISHED: &str = ".part";

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The folder of components.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    pub(super) fn prepare(data: &Path) -> Result<Self, StoreError> {
        let folder = data.join(FOLDER);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Ok(()) => folder::sync(data)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io(&folder, error)),
        }
        Ok(Self { folder })
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.folder.join(format!("{digest}{SUFFIX}"))
    }

    /// Writes a component and returns its digest. When this returns, the file survives a power cut.
    pub fn write(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let digest = sha256(bytes);
        let path = self.path(&digest);
        if self.read(&digest).is_ok() {
            return Ok(digest);
        }
        let unfinished = self.folder.join(format!("{digest}{UNFINISHED}"));
        let written = write_whole(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            // The rest is swept when the store is opened next.
            let _ = fs::remove_file(&unfinished);
            return Err(StoreError::io(&path, error));
        }
        folder::sync(&self.folder)?;
        Ok(digest)
    }

    /// Reads a component and verifies its digest.
    pub fn read(&self, digest: &str) -> Result<Vec<u8>, StoreError> {
        let path = self.path(digest);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Component { path, missing: true });
            }
            Err(error) => return Err(StoreError::io(&path, error)),
        };
        if sha256(&bytes) != digest {
            return Err(StoreError::Component { path, missing: false });
        }
        Ok(bytes)
    }

    /// Removes a component that no row names. A file that stays is swept when the store is opened next.
    pub fn remove(&self, digest: &str) {
        let path = self.path(digest);
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(%error, path = %path.display(), "a component's file could not be removed");
        }
    }

    /// Removes unfinished files and components outside `kept`. Other names are not ours and stay.
    pub(super) fn sweep(&self, kept: &BTreeSet<String>) -> Result<(), StoreError> {
        let fault = |source| StoreError::io(&self.folder, source);
        for entry in fs::read_dir(&self.folder).map_err(fault)? {
            let entry = entry.map_err(fault)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let orphan = name.strip_suffix(SUFFIX).is_some_and(|digest| !kept.contains(digest));
            if orphan || name.ends_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(fault)?;
            }
        }
        Ok(())
    }
}

fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_digest_is_written_as_everybody_writes_it() {
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_file_that_was_altered_or_removed_is_not_read() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::prepare(data.path()).unwrap();
        let digest = files.write(b"component").unwrap();
        assert_eq!(files.read(&digest).unwrap(), b"component");
        fs::write(files.path(&digest), b"something else").unwrap();
        assert!(matches!(
            files.read(&digest),
            Err(StoreError::Component { missing: false, .. })
        ));
        files.remove(&digest);
        assert!(matches!(
            files.read(&digest),
            Err(StoreError::Component { missing: true, .. })
        ));
    }

    #[test]
    fn an_altered_file_is_replaced_by_installing_again() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::prepare(data.path()).unwrap();
        let digest = files.write(b"component").unwrap();
        fs::write(files.path(&digest), b"half").unwrap();
        assert_eq!(files.write(b"component").unwrap(), digest);
        assert_eq!(files.read(&digest).unwrap(), b"component");
    }

    #[test]
    fn a_sweep_removes_orphans_and_half_files_and_nothing_else() {
        let data = tempfile::tempdir().unwrap();
        let files = Files::prepare(data.path()).unwrap();
        let kept = files.write(b"kept").unwrap();
        let orphan = files.write(b"orphan").unwrap();
        let half = files.folder.join("0.part");
        let note = files.folder.join("note.txt");
        fs::write(&half, b"ha").unwrap();
        fs::write(&note, b"mine").unwrap();
        files.sweep(&BTreeSet::from([kept.clone()])).unwrap();
        assert!(files.read(&kept).is_ok());
        assert!(!files.path(&orphan).exists());
        assert!(!half.exists());
        assert!(note.exists());
    }
}
