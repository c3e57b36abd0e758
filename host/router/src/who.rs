//! Who asks for something: what the audit journal names, and what a delivery remembers of its origin.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who acts. It was established by whoever let the caller in: the command line, the socket's peer, or a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Who {
    /// Relais itself: a retry, a retention, a notice.
    System,
    /// A user of this machine, whom its permissions let in.
    Local { uid: u32 },
    /// Whoever holds a token.
    Token { id: String, name: String },
    /// A caller that the listener lets in without a token, from loopback.
    Loopback,
}

impl Who {
    /// The user that runs this process.
    pub fn this_process() -> Self {
        Self::Local {
            uid: rustix::process::getuid().as_raw(),
        }
    }
}

/// What the audit journal shows: `uid 33`, `token crm (7f3a9c)`.
impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("relais"),
            Self::Local { uid } => write!(f, "uid {uid}"),
            Self::Token { id, name } => write!(f, "token {name} ({id})"),
            Self::Loopback => f.write_str("loopback"),
        }
    }
}
