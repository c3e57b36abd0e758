//! Credential handles: what a guest holds in place of a secret.
//!
//! A handle is worth nothing by itself: random, good for one session, replaced by the host only where the manifest says the
//! credential goes. Seen anywhere else on its way out, it shows a guest that tries to place a secret where it can be read
//! back, so the request is refused before a byte leaves, and audited.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use memchr::memmem::{self, Finder};

use relais_outgoing::hex;

/// What every handle begins with; no message's own content is expected to hold it.
const PREFIX: &str = "relais-credential-";
/// Bytes of a handle.
pub(crate) const LENGTH: usize = PREFIX.len() + 32;

/// Looks for [`PREFIX`].
static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(PREFIX));

/// The handles of one session, by the name of their credential.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    given: Mutex<BTreeMap<String, String>>,
}

impl Handles {
    /// The handle of a credential, made at the first call.
    pub(crate) fn handle(&self, credential: &str) -> Result<String, getrandom::Error> {
        let mut given = self.given.lock().unwrap_or_else(|e| e.into_inner());
        if let Some((handle, _)) = given.iter().find(|(_, name)| *name == credential) {
            return Ok(handle.clone());
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        let handle = format!("{PREFIX}{}", hex(&random));
        given.insert(handle.clone(), credential.to_owned());
        Ok(handle)
    }

    /// The credential that a handle stands for.
    pub(crate) fn credential(&self, handle: &str) -> Option<String> {
        if handle.len() != LENGTH {
            return None;
        }
        let given = self.given.lock().unwrap_or_else(|e| e.into_inner());
        given.get(handle).cloned()
    }

    /// Whether bytes hold a handle of this session.
    pub(crate) fn within(&self, bytes: &[u8]) -> bool {
        if bytes.len() < LENGTH || FINDER.find(bytes).is_none() {
            return false;
        }
        let given = self.given.lock().unwrap_or_else(|e| e.into_inner());
        given
            .keys()
            .any(|handle| memmem::find(bytes, handle.as_bytes()).is_some())
    }
}

/// Watches a stream of writes for a handle that is cut across them.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    tail: Vec<u8>,
}

impl Watch {
    /// Whether a handle ends in these bytes, given those before. Bytes that hold one do not pass, so what comes next is
    /// judged as if they had never been tried.
    pub(crate) fn sees(&mut self, handles: &Handles, bytes: &[u8]) -> bool {
        let joined = LENGTH - 1;
        let before = self.tail.len();
        let head = bytes.get(..bytes.len().min(joined)).unwrap_or(bytes);
        self.tail.extend_from_slice(head);
        if handles.within(bytes) || handles.within(&self.tail) {
            self.tail.truncate(before);
            return true;
        }
        if bytes.len() >= joined {
            self.tail.clear();
            self.tail
                .extend_from_slice(bytes.get(bytes.len() - joined..).unwrap_or_default());
        } else {
            let excess = self.tail.len().saturating_sub(joined);
            self.tail.drain(..excess);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_handle_is_seen_however_it_is_cut() {
        let handles = Handles::default();
        let handle = handles.handle("api").unwrap();
        assert_eq!(handle.len(), LENGTH);
        assert_eq!(handles.handle("api").unwrap(), handle);
        assert_eq!(handles.credential(&handle).as_deref(), Some("api"));
        let text = format!("EHLO {handle}\r\n");
        for cut in 1..text.len() {
            let mut watch = Watch::default();
            let first = watch.sees(&handles, &text.as_bytes()[..cut]);
            let second = watch.sees(&handles, &text.as_bytes()[cut..]);
            assert!(first || second, "cut at {cut}");
        }
        let mut watch = Watch::default();
        let seen: Vec<bool> = text.bytes().map(|byte| watch.sees(&handles, &[byte])).collect();
        assert!(seen.contains(&true), "byte by byte");
    }

    #[test]
    fn what_was_refused_is_refused_again() {
        let handles = Handles::default();
        let handle = handles.handle("api").unwrap();
        let (first, rest) = handle.split_at(20);
        let mut watch = Watch::default();
        assert!(!watch.sees(&handles, first.as_bytes()));
        assert!(watch.sees(&handles, rest.as_bytes()));
        assert!(watch.sees(&handles, rest.as_bytes()));
        assert!(!watch.sees(&handles, b"QUIT\r\n"));
    }

    #[test]
    fn what_only_looks_like_a_handle_is_not_one() {
        let handles = Handles::default();
        handles.handle("api").unwrap();
        assert!(!handles.within(b"relais-credential-00000000000000000000000000000000"));
    }
}
