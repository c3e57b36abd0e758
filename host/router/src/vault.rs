//! Seals secrets, tokens and keys with XChaCha20-Poly1305.
//!
//! The threat is whoever can read or change the database but not the key: a backup, a second program of the same server. What
//! a secret belongs to is authenticated with it (workspace, instance, field, and what it may be used for), so a row that is
//! copied under another name, or an instance that is turned towards another server behind our back, opens nothing.
//! A random nonce of 24 bytes needs no counter (draft-irtf-cfrg-xchacha-03, section 3.1).

use std::sync::OnceLock;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use relais_sandbox::Secret;
use zeroize::Zeroizing;

use crate::error::{Error, KeyError};
use crate::key::KeyFile;
use crate::names::{InstanceName, WorkspaceName};
use crate::store::{Reading, Writing, newer_secret};

/// The first byte of what is sealed: format 1 is this byte, 24 bytes of nonce, ciphertext, 16 bytes of tag.
const FORMAT: u8 = 1;
const NONCE_BYTES: usize = 24;
/// What the key is recognised by: this text, sealed.
const CHECK: &str = "relais key check";

/// What a secret belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub workspace: &'a WorkspaceName,
    pub instance: &'a InstanceName,
    pub field: &'a str,
    /// What the secret is for; see [`crate::binding`].
    pub binding: &'a [u8; 32],
}

/// What the secret of a workspace's application belongs to.
#[derive(Debug, Clone, Copy)]
pub struct ApplicationPlace<'a> {
    pub workspace: &'a WorkspaceName,
    pub provider: &'a str,
    pub client_id: &'a str,
    /// Where it may go.
    pub origins: &'a [String],
}

/// What a secret belongs to, as it is authenticated with it.
pub trait Belongs {
    /// No two places read the same.
    fn bytes(&self) -> Vec<u8>;

    /// What an error calls it.
    fn field(&self) -> &str;

    /// What is sealed was not sealed for here.
    fn unopened(&self) -> KeyError;
}

impl Belongs for Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        joined([
            self.workspace.as_str().as_bytes(),
            self.instance.as_str().as_bytes(),
            self.field.as_bytes(),
            self.binding.as_slice(),
        ])
    }

    fn field(&self) -> &str {
        self.field
    }

    fn unopened(&self) -> KeyError {
        KeyError::Unopened {
            instance: self.instance.clone(),
            field: self.field.to_owned(),
        }
    }
}

impl Belongs for ApplicationPlace<'_> {
    fn bytes(&self) -> Vec<u8> {
        // No workspace has a name that begins so.
        let first = [
            b"@application".as_slice(),
            self.workspace.as_str().as_bytes(),
            self.provider.as_bytes(),
            self.client_id.as_bytes(),
        ];
        joined(first.into_iter().chain(self.origins.iter().map(String::as_bytes)))
    }

    fn field(&self) -> &str {
        self.provider
    }

    fn unopened(&self) -> KeyError {
        KeyError::UnopenedApplication {
            provider: self.provider.to_owned(),
        }
    }
}

/// Each part after its length.
fn joined<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Holds the key once it was needed.
pub struct Vault {
    file: KeyFile,
    cipher: OnceLock<XChaCha20Poly1305>,
}

impl Vault {
    pub fn new(file: KeyFile) -> Self {
        Self {
            file,
            cipher: OnceLock::new(),
        }
    }

    /// The key for sealing within this change of the store; made on first need. A key that does not open what is sealed
    /// already is refused, so that one store never has secrets under two keys.
    ///
    /// But a store that was restored from a backup has perhaps lost its key for good: there, the first secret that is given
    /// anew erases those that cannot be opened, and each instance remembers which have to be given again.
    pub fn to_seal(&self, tables: &mut Writing<'_>) -> Result<Key<'_>, Error> {
        let sealed = tables.any_secret()?;
        let restored = tables.restored()?.is_some();
        let key = self.key(sealed && !restored)?;
        match tables.key_check()? {
            Some(check) if key.recognises(&check) => {}
            Some(_) if sealed && restored => {
                tables.lose_secrets()?;
                tables.put_key_check(&key.encrypt(CHECK.as_bytes(), b"")?)?;
            }
            Some(_) if sealed => {
                return Err(KeyError::Wrong {
                    path: self.file.path().to_path_buf(),
                }
                .into());
            }
            _ => tables.put_key_check(&key.encrypt(CHECK.as_bytes(), b"")?)?,
        }
        if restored {
            tables.clear_restored()?;
        }
        Ok(key)
    }

    /// The key for opening what this view of the store holds.
    pub fn to_open(&self, tables: &Reading) -> Result<Key<'_>, Error> {
        let key = self.key(true)?;
        match tables.key_check()? {
            Some(check) if key.recognises(&check) => Ok(key),
            _ => Err(KeyError::Wrong {
                path: self.file.path().to_path_buf(),
            }
            .into()),
        }
    }

    /// Where the key is, or would be.
    pub fn key_path(&self) -> &std::path::Path {
        self.file.path()
    }

    /// Whether what this view of the store holds can be opened here.
    pub fn opens(&self, tables: &Reading) -> Result<bool, Error> {
        match self.to_open(tables) {
            Ok(_) => Ok(true),
            Err(Error::Key(_)) => Ok(false),
            Err(other) => Err(other),
        }
    }

    fn key(&self, sealed: bool) -> Result<Key<'_>, KeyError> {
        let cipher = match self.cipher.get() {
            Some(cipher) => cipher,
            None => {
                let key = self.file.load(sealed)?;
                let made = XChaCha20Poly1305::new((&*key).into());
                self.cipher.get_or_init(|| made)
            }
        };
        Ok(Key {
            cipher,
            file: &self.file,
        })
    }
}

/// The key, recognised.
#[derive(Clone, Copy)]
pub struct Key<'v> {
    cipher: &'v XChaCha20Poly1305,
    file: &'v KeyFile,
}

impl Key<'_> {
    /// Seals a secret for one place.
    pub fn seal(&self, place: &impl Belongs, secret: &Secret) -> Result<Vec<u8>, Error> {
        Ok(self.encrypt(secret.reveal().as_bytes(), &place.bytes())?)
    }

    /// Opens a secret that was sealed for that very place.
    pub fn open(&self, place: &impl Belongs, sealed: &[u8]) -> Result<Secret, Error> {
        if let Some(&format) = sealed.first().filter(|format| **format > FORMAT) {
            return Err(newer_secret(place.field(), format, FORMAT).into());
        }
        let opened = self.decrypt(sealed, &place.bytes()).and_then(|mut plain| {
            // Takes the buffer over, so that no copy of the secret is left behind.
            String::from_utf8(std::mem::take(&mut *plain))
                .map_err(|error| drop(Zeroizing::new(error.into_bytes())))
                .ok()
        });
        opened.map(Secret::new).ok_or_else(|| place.unopened().into())
    }

    fn recognises(&self, check: &[u8]) -> bool {
        self.decrypt(check, b"")
            .is_some_and(|plain| plain.as_slice() == CHECK.as_bytes())
    }

    fn encrypt(&self, plain: &[u8], place: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| KeyError::Sealing {
            path: self.file.path().to_path_buf(),
        })?;
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: place })
            .map_err(|_| KeyError::Sealing {
                path: self.file.path().to_path_buf(),
            })?;
        Ok([&[FORMAT], nonce.as_slice(), sealed.as_slice()].concat())
    }

    fn decrypt(&self, sealed: &[u8], place: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (format, rest) = sealed.split_first()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>()?;
        if *format != FORMAT {
            return None;
        }
        let plain = self
            .cipher
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: place,
                },
            )
            .ok()?;
        Some(Zeroizing::new(plain))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::key::KeySource;

    fn vault(folder: &std::path::Path) -> Vault {
        let file = KeyFile::find(&KeySource::File(folder.join("key")), std::path::Path::new("/nowhere")).unwrap();
        Vault::new(file)
    }

    #[test]
    fn a_secret_opens_in_its_own_place_and_in_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let key = vault.key(false).unwrap();
        let (ws, other_ws) = (WorkspaceName::default(), WorkspaceName::new("other").unwrap());
        let (name, other_name) = (InstanceName::new("smtp").unwrap(), InstanceName::new("smtp2").unwrap());
        let home = Place {
            workspace: &ws,
            instance: &name,
            field: "password",
            binding: &[1; 32],
        };
        let sealed = key.seal(&home, &Secret::new("s3cret".to_owned())).unwrap();
        assert_eq!(key.open(&home, &sealed).unwrap().reveal(), "s3cret");
        let elsewhere = [
            Place {
                workspace: &other_ws,
                ..home
            },
            Place {
                instance: &other_name,
                ..home
            },
            Place { field: "token", ..home },
            Place {
                binding: &[2; 32],
                ..home
            },
        ];
        for place in elsewhere {
            assert!(
                matches!(key.open(&place, &sealed), Err(Error::Key(KeyError::Unopened { .. }))),
                "{place:?}"
            );
        }
    }

    #[test]
    fn names_that_join_to_the_same_text_are_different_places() {
        let (a, bc) = (WorkspaceName::new("a").unwrap(), InstanceName::new("bc").unwrap());
        let (ab, c) = (WorkspaceName::new("ab").unwrap(), InstanceName::new("c").unwrap());
        let one = Place {
            workspace: &a,
            instance: &bc,
            field: "f",
            binding: &[0; 32],
        };
        let two = Place {
            workspace: &ab,
            instance: &c,
            field: "f",
            binding: &[0; 32],
        };
        assert_ne!(one.bytes(), two.bytes());
    }

    #[test]
    fn a_changed_or_cut_seal_does_not_open_and_a_later_format_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let key = vault.key(false).unwrap();
        let (ws, name) = (WorkspaceName::default(), InstanceName::new("smtp").unwrap());
        let home = Place {
            workspace: &ws,
            instance: &name,
            field: "password",
            binding: &[1; 32],
        };
        let sealed = key.seal(&home, &Secret::new("s3cret".to_owned())).unwrap();
        for position in 1..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(key.open(&home, &changed).is_err(), "byte {position}");
            assert!(key.open(&home, &sealed[..position]).is_err(), "{position} bytes");
        }
        let mut later = sealed.clone();
        later[0] = 2;
        assert!(matches!(
            key.open(&home, &later),
            Err(Error::Store(crate::StoreError::Newer { version: 2, .. }))
        ));
    }

    #[test]
    fn two_seals_of_one_secret_are_not_alike() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let key = vault.key(false).unwrap();
        assert_ne!(key.encrypt(b"same", b"").unwrap(), key.encrypt(b"same", b"").unwrap());
    }
}
