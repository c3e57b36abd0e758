//! The names that an administrator chooses. They stand in the keys of the store, in labels and in logs, so they are short,
//! lower case, and hold nothing that a path, a terminal or a shell would obey.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// Bytes of a name at most.
pub const NAME_BYTES: usize = 63;

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    /// Which name was asked for: `workspace`, `instance`, `service-instance` or `token`.
    pub field: &'static str,
    /// What was given, cut to 80 characters.
    pub given: String,
}

fn check(field: &'static str, text: &str) -> Result<String, NameError> {
    let mut bytes = text.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-'));
    if first && rest && text.len() <= NAME_BYTES {
        return Ok(text.to_owned());
    }
    Err(NameError {
        field,
        given: text.chars().take(80).collect(),
    })
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Checks a name: `[a-z0-9][a-z0-9._-]*`, at most [`NAME_BYTES`] bytes.
            pub fn new(text: &str) -> Result<Self, NameError> {
                check($field, text).map(Self)
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name! {
    /// One EzGED instance that this host serves.
    WorkspaceName, "workspace"
}

name! {
    /// A connector instance within its workspace.
    InstanceName, "instance"
}

name! {
    /// A service instance within its workspace.
    ServiceInstanceName, "service-instance"
}

name! {
    /// What whoever holds a token is called, within its workspace.
    TokenName, "token"
}

impl Default for WorkspaceName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// An instance and the workspace that it lives in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InstancePath {
    pub workspace: WorkspaceName,
    pub name: InstanceName,
}

/// `workspace/name`: what the log and the audit call the instance.
impl fmt::Display for InstancePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.workspace, self.name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_is_short_lower_case_and_plain() {
        for good in ["a", "0", "mail-1", "smtp.mairie_2", &"a".repeat(63)] {
            assert_eq!(InstanceName::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-a",
            ".a",
            "_a",
            "A",
            "é",
            "a b",
            "a/b",
            "a\n",
            "a\0",
            "..",
            &"a".repeat(64),
        ] {
            assert!(InstanceName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_refused_name_says_which_name_it_was() {
        assert_eq!(WorkspaceName::new("A").unwrap_err().field, "workspace");
        assert_eq!(InstanceName::new("A").unwrap_err().field, "instance");
    }

    #[test]
    fn the_default_workspace_has_a_valid_name() {
        assert_eq!(WorkspaceName::new("default").unwrap(), WorkspaceName::default());
    }
}
