//! The key that seals the secrets: 32 bytes in a file that only the host's user reads, outside the data folder, so that a
//! copy of the data alone opens nothing.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::KeyError;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// The name of the credential that systemd hands over (`LoadCredential=relais-key:…`).
const CREDENTIAL: &str = "relais-key";

/// Where the key is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeySource {
    /// This file.
    File(PathBuf),
    /// `$CREDENTIALS_DIRECTORY/relais-key` where systemd handed it over, else the file beside the data folder that has its name
    /// and ends in `.key`: `/var/lib/relais.key` for `/var/lib/relais`.
    #[default]
    Found,
}

/// The file of the key, and who keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    path: PathBuf,
    /// systemd wrote it; it is never created here.
    credential: bool,
}

impl KeyFile {
    /// Finds the file for the data folder, which must be a path without links. Neither reads nor makes it.
    pub fn find(source: &KeySource, data: &Path) -> Result<Self, KeyError> {
        let credentials = env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        Self::find_with(source, data, credentials.as_deref())
    }

    fn find_with(source: &KeySource, data: &Path, credentials: Option<&Path>) -> Result<Self, KeyError> {
        let found = match source {
            KeySource::File(path) => Self {
                path: path.clone(),
                credential: false,
            },
            KeySource::Found => match credentials
                .map(|folder| folder.join(CREDENTIAL))
                .filter(|path| path.exists())
            {
                Some(path) => Self { path, credential: true },
                None => Self {
                    path: beside(data),
                    credential: false,
                },
            },
        };
        found.outside(data)
    }

    /// A backup of the data folder must not take the key along.
    fn outside(self, data: &Path) -> Result<Self, KeyError> {
        let whole = self
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        match whole.canonicalize() {
            Ok(folder) if folder.starts_with(data) => Err(KeyError::InsideData {
                path: self.path,
                data: data.to_path_buf(),
            }),
            // A folder that does not exist is told when the key is needed.
            _ => Ok(self),
        }
    }

    /// Where the key is, or would be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the key. Where there is none it is made, unless `sealed`: then secrets wait for the key that is missing.
    pub fn load(&self, sealed: bool) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        match File::open(&self.path) {
            Ok(file) => self.read(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if sealed || self.credential {
                    return Err(KeyError::Missing {
                        path: self.path.clone(),
                    });
                }
                self.create()
            }
            Err(error) => Err(self.io(error)),
        }
    }

    fn read(&self, mut file: File) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let metadata = file.metadata().map_err(|error| self.io(error))?;
        if !metadata.is_file() {
            return Err(KeyError::NotAFile {
                path: self.path.clone(),
            });
        }
        // systemd gives a service's user access to its credentials by an access list, whose mask shows as the group's rights.
        let refused = if self.credential { 0o037 } else { 0o077 };
        if metadata.mode() & refused != 0 {
            return Err(KeyError::Rights {
                path: self.path.clone(),
                mode: metadata.mode() & 0o7777,
            });
        }
        if metadata.len() != KEY_BYTES as u64 {
            return Err(KeyError::Length {
                path: self.path.clone(),
                length: metadata.len(),
            });
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        file.read_exact(key.as_mut_slice()).map_err(|error| self.io(error))?;
        Ok(key)
    }

    fn create(&self) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(key.as_mut_slice()).map_err(|error| self.io(io::Error::other(error.to_string())))?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(|error| self.io(error))?;
        let written = file
            .write_all(key.as_slice())
            .and_then(|()| file.sync_all())
            .and_then(
                |()| match self.path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                    Some(folder) => File::open(folder)?.sync_all(),
                    None => File::open(".")?.sync_all(),
                },
            );
        if let Err(error) = written {
            // Nothing is sealed with it yet, and half a key would be refused for ever.
            let _ = std::fs::remove_file(&self.path);
            return Err(self.io(error));
        }
        Ok(key)
    }

    fn io(&self, source: io::Error) -> KeyError {
        KeyError::Io {
            path: self.path.clone(),
            source,
        }
    }
}

/// `/var/lib/relais.key` for `/var/lib/relais`.
fn beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or("relais".as_ref()).to_os_string();
    name.push(".key");
    data.with_file_name(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn file(path: PathBuf) -> KeyFile {
        KeyFile {
            path,
            credential: false,
        }
    }

    #[test]
    fn a_key_is_made_once_for_its_owner_alone_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let key = file(folder.path().join("key"));
        let made = key.load(false).unwrap();
        assert_ne!(*made, [0; KEY_BYTES]);
        assert_eq!(fs::metadata(key.path()).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(*key.load(true).unwrap(), *made);
    }

    #[test]
    fn a_missing_key_is_not_made_anew_when_secrets_wait_for_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let key = file(folder.path().join("key"));
        assert!(matches!(key.load(true), Err(KeyError::Missing { path }) if path == folder.path().join("key")));
        assert!(!key.path().exists());
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let key = file(folder.path().join("key"));
        key.load(false).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(key.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(key.load(true), Err(KeyError::Rights { mode: told, .. }) if told == mode));
        }
        let credential = KeyFile {
            credential: true,
            ..key
        };
        fs::set_permissions(credential.path(), fs::Permissions::from_mode(0o440)).unwrap();
        assert!(credential.load(true).is_ok());
        fs::set_permissions(credential.path(), fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(credential.load(true), Err(KeyError::Rights { .. })));
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let key = file(folder.path().join("key"));
        for length in [0, 31, 33, 64] {
            let _ = fs::remove_file(key.path());
            fs::write(key.path(), vec![1; length]).unwrap();
            fs::set_permissions(key.path(), fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(key.load(false), Err(KeyError::Length { length: told, .. }) if told == length as u64));
        }
    }

    #[test]
    fn a_folder_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            file(folder.path().to_path_buf()).load(true),
            Err(KeyError::NotAFile { .. })
        ));
    }

    #[test]
    fn a_key_inside_the_data_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().canonicalize().unwrap();
        let inside = KeySource::File(data.join("sub").join("..").join("key"));
        fs::create_dir(data.join("sub")).unwrap();
        assert!(matches!(
            KeyFile::find_with(&inside, &data, None),
            Err(KeyError::InsideData { .. })
        ));
    }

    #[test]
    fn the_key_of_systemd_comes_before_the_one_beside_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = Path::new("/var/lib/relais");
        let beside = KeyFile::find_with(&KeySource::Found, data, Some(folder.path())).unwrap();
        assert_eq!(beside, file(PathBuf::from("/var/lib/relais.key")));
        fs::write(folder.path().join("relais-key"), [1; KEY_BYTES]).unwrap();
        let found = KeyFile::find_with(&KeySource::Found, data, Some(folder.path())).unwrap();
        assert_eq!(
            found,
            KeyFile {
                path: folder.path().join("relais-key"),
                credential: true
            }
        );
    }
}
