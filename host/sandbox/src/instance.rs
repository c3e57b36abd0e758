//! What one connector instance is given: settings, grants that follow from them, secrets and accounts that stay here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use relais_manifest::{Egress, Settings};
use relais_outgoing::Secret;

use crate::Account;

/// One configured connector instance. Immutable: an edit makes a new one, and ends the sessions of the old.
#[derive(Debug)]
pub struct Instance {
    /// `workspace/name`: what the log and the audit call it.
    pub label: String,
    pub settings: Settings,
    /// Where it may connect, from the manifest's templates filled with `settings`.
    pub egress: Vec<Egress>,
    /// By the id of the parameter that holds each.
    pub secrets: BTreeMap<String, Secret>,
    /// By the id of the parameter that holds each.
    pub accounts: BTreeMap<String, Arc<dyn Account>>,
    pub grants: Grants,
}

/// What an administrator grants an instance beyond what follows from its parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// `auth-in-clear`: credentials may go over a connection without TLS.
    pub auth_in_clear: bool,
    /// `private:NAME`: a name that the manifest fixes may resolve to private or loopback addresses.
    pub private: BTreeSet<String>,
}

impl Grants {
    /// Adds one grant from its text.
    pub fn add(&mut self, text: &str) -> Result<(), GrantError> {
        match Grant::from_str(text)? {
            Grant::AuthInClear => self.auth_in_clear = true,
            Grant::Private(name) => {
                self.private.insert(name);
            }
        }
        Ok(())
    }

    /// Parses a whole set.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, GrantError> {
        let mut grants = Self::default();
        for text in texts {
            grants.add(text.as_ref())?;
        }
        Ok(grants)
    }

    /// Each grant as text; [`Grants::parse`] reads it back.
    pub fn texts(&self) -> Vec<String> {
        let clear = self.auth_in_clear.then_some(Grant::AuthInClear);
        let private = self.private.iter().cloned().map(Grant::Private);
        clear
            .into_iter()
            .chain(private)
            .map(|grant| grant.to_string())
            .collect()
    }
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    AuthInClear,
    Private(String),
}

/// The text names no grant.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{0}` is no grant; the grants are `auth-in-clear` and `private:NAME`")]
pub struct GrantError(pub String);

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        if text == "auth-in-clear" {
            return Ok(Grant::AuthInClear);
        }
        match text.strip_prefix("private:") {
            Some(name) if !name.is_empty() && name.len() <= 253 => {
                Ok(Grant::Private(name.trim_end_matches('.').to_ascii_lowercase()))
            }
            _ => Err(GrantError(text.to_owned())),
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Grant::AuthInClear => f.write_str("auth-in-clear"),
            Grant::Private(name) => write!(f, "private:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn grants_print_what_they_parse() {
        let texts = ["auth-in-clear", "private:api.example.org"];
        let grants = Grants::parse(&texts).unwrap();
        assert_eq!(grants.texts(), texts);
        assert!(Grants::parse(&["private:"]).is_err());
        assert!(Grants::parse(&["everything"]).is_err());
    }
}
