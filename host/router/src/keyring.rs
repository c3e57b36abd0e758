//! The tokens that are good, in memory, so that a request asks no database.
//!
//! The threat is a caller who guesses. A token is found by the SHA-256 of what was presented, so how long that takes tells
//! nothing of how near a guess was: to choose the first bytes of a digest he would have to search for them, and they lead to
//! no token. The digests are compared in constant time all the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::Error;
use crate::names::WorkspaceName;
use crate::router::Router;
use crate::store::{Reading, StoreError, TokenRow, Writing};
use crate::tokens::Token;

/// What every token begins with, so that a person and a scanner of leaked secrets know it.
pub const SCHEME: &str = "relais_";
/// Random bytes of a token.
pub const SECRET_BYTES: usize = 32;
/// Characters of a token: 32 bytes are 43 characters of base64url.
pub const TOKEN_CHARS: usize = SCHEME.len() + (SECRET_BYTES * 4).div_ceil(3);

/// How often the store is told when tokens were used last.
const NOTED_EVERY: Duration = Duration::from_secs(600);

type Fingerprint = [u8; 32];

/// The tokens that are not revoked, by the digest of their secret.
#[derive(Debug, Default)]
pub struct Keyring {
    entries: RwLock<HashMap<Fingerprint, Entry>>,
    /// Uses that no row knows of yet.
    uses: Mutex<HashMap<Fingerprint, Use>>,
}

#[derive(Debug)]
struct Entry {
    digest: Fingerprint,
    token: Token,
    expires_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
struct Use {
    at: Timestamp,
    workspace: WorkspaceName,
    id: String,
}

impl Keyring {
    /// Takes what `read` finds in the store. Held while it reads: of two loads that meet, the later one has the later state, and
    /// a token that was revoked does not come back.
    fn load(&self, read: impl FnOnce() -> Result<HashMap<Fingerprint, Entry>, Error>) -> Result<(), Error> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        *entries = read()?;
        Ok(())
    }

    /// The token whose secret this is, where there is one that is good at that time.
    fn find(&self, presented: &str, now: Timestamp) -> Option<Token> {
        if presented.len() != TOKEN_CHARS || !presented.starts_with(SCHEME) {
            return None;
        }
        let digest: Fingerprint = Sha256::digest(presented.as_bytes()).into();
        let token = {
            let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
            let entry = entries.get(&digest)?;
            let same = bool::from(entry.digest.ct_eq(&digest));
            if !same || entry.expires_at.is_some_and(|at| at <= now) {
                return None;
            }
            entry.token.clone()
        };
        let used = Use {
            at: now,
            workspace: token.workspace.clone(),
            id: token.id.clone(),
        };
        self.uses().insert(digest, used);
        Some(token)
    }

    /// When a token was used last, as far as memory knows.
    pub fn last_use(&self, row: &TokenRow) -> Option<Timestamp> {
        let digest = fingerprint(&row.sha256)?;
        self.uses().get(&digest).map(|used| used.at)
    }

    fn uses(&self) -> std::sync::MutexGuard<'_, HashMap<Fingerprint, Use>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entries(tables: &Reading) -> Result<HashMap<Fingerprint, Entry>, Error> {
    let mut found = HashMap::new();
    for (workspace, id, row) in tables.all_tokens()? {
        if row.revoked_at.is_some() {
            continue;
        }
        let damaged = || StoreError::Damaged {
            path: tables.place().to_path_buf(),
            detail: format!("token `{id}` has no digest"),
        };
        let digest = fingerprint(&row.sha256).ok_or_else(damaged)?;
        let token = Token {
            id: id.clone(),
            name: row.name,
            workspace,
            role: row.role,
            service_instance: row.service_instance,
        };
        let entry = Entry {
            digest,
            token,
            expires_at: row.expires_at,
        };
        found.insert(digest, entry);
    }
    Ok(found)
}

fn note_use(tables: &mut Writing<'_>, used: &Use) -> Result<(), Error> {
    // It may be gone with its workspace.
    if let Some(mut row) = tables.token(&used.workspace, &used.id)? {
        row.last_used_at = row.last_used_at.max(Some(used.at));
        tables.put_token(&used.workspace, &used.id, &row)?;
    }
    Ok(())
}

/// The bytes of a digest in hexadecimal.
fn fingerprint(text: &str) -> Option<Fingerprint> {
    let digits = text.as_bytes().chunks_exact(2);
    let bytes = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Vec<u8> = bytes.collect::<Option<_>>()?;
    bytes.try_into().ok()
}

impl Router {
    /// The token whose secret was presented; none where there is no such token, or it was revoked, or has expired. It asks
    /// memory alone.
    pub fn authenticate(&self, presented: &str) -> Option<Token> {
        self.keyring.find(presented, Timestamp::now())
    }

    /// Writes down when tokens were used last. A dispatcher sees to it every 10 minutes, and the router when it is dropped: a
    /// write for each request would cost more than the request.
    pub fn note_token_uses(&self) -> Result<(), Error> {
        let uses: Vec<(Fingerprint, Use)> = {
            let known = self.keyring.uses();
            known.iter().map(|(digest, used)| (*digest, used.clone())).collect()
        };
        if uses.is_empty() {
            return Ok(());
        }
        self.store
            .write(|tables| uses.iter().try_for_each(|(_, used)| note_use(tables, used)))?;
        let mut known = self.keyring.uses();
        for (digest, written) in uses {
            if known.get(&digest).is_some_and(|used| used.at == written.at) {
                known.remove(&digest);
            }
        }
        Ok(())
    }

    /// Has that done every [`NOTED_EVERY`] for as long as the router lives.
    pub(crate) fn keep_token_uses(self: &Arc<Self>) {
        let router = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(NOTED_EVERY).await;
                let Some(router) = router.upgrade() else { return };
                // It waits for the disk.
                let noted = tokio::task::spawn_blocking(move || router.note_token_uses()).await;
                if let Ok(Err(error)) = noted {
                    tracing::warn!(%error, "when tokens were used last could not be written down");
                }
            }
        });
    }

    /// Reads the tokens again, after a change of them is durable.
    pub(crate) fn reload_tokens(&self) -> Result<(), Error> {
        self.keyring.load(|| self.read(entries))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_fingerprint_is_64_digits_and_nothing_else() {
        assert_eq!(fingerprint(&"0f".repeat(32)), Some([15; 32]));
        for bad in ["", "0f", &"0g".repeat(32), &"0f".repeat(33), &"é".repeat(32)] {
            assert_eq!(fingerprint(bad), None, "{bad}");
        }
    }
}
