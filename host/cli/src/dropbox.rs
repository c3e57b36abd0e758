//! The drop folder, which takes mail in while the daemon does not answer: its files, their names, and how much of it one user
//! may fill. `relais sendmail` writes it, the daemon empties it.
//!
//! ```text
//! SPOOL/submit.sock            0660, the group may connect
//! SPOOL/drop/WORKSPACE/        1730, the group may add files and list none
//!     KEY.mail                 a line of JSON, then the message as it came
//!     .KEY.tmp                 one that is being written
//!     .quota.UID               what that user has put here, for itself to count
//!     .rejected/               0700, what could not be accepted
//! ```
//!
//! The threat: whoever is in the group may put anything there, and links to what others own. Names cannot be guessed, so that no
//! member reads another's mail; the owner of a file, and nothing that the file says, is who sends it.

use std::path::{Path, PathBuf};

use relais_router::WorkspaceName;
use serde::{Deserialize, Serialize};

/// Where it is unless RELAIS_SPOOL or `--spool` says otherwise.
pub const SPOOL: &str = "/var/spool/relais";
/// The socket that takes mail in and nothing else.
pub const SOCKET: &str = "submit.sock";
/// Files of one user in one drop folder at most.
pub const OWNER_FILES: usize = 1_000;
/// Their bytes at most.
pub const OWNER_BYTES: u64 = 512 << 20;
/// Bytes of the first line at most: room for 10,000 recipients of 256 bytes each, and more than any command line has.
pub const ENVELOPE_BYTES: u64 = 4 << 20;
/// How a mail's name ends.
pub const ENDING: &str = ".mail";
/// What could not be accepted.
pub const REJECTED: &str = ".rejected";
/// Rights of a drop folder.
pub const FOLDER_MODE: u32 = 0o1730;

const VERSION: u32 = 1;

/// The first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    pub version: u32,
    /// The same mail is accepted once under this key, be it over the socket or from here.
    pub key: String,
    /// `<>` or an address; none where the message's header says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    #[serde(default)]
    pub recipients: Vec<String>,
    /// The recipients of the message's header receive too.
    #[serde(default)]
    pub from_header: bool,
    /// A service instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_instance: Option<String>,
}

impl Envelope {
    pub fn new(key: String) -> Self {
        Self {
            version: VERSION,
            key,
            sender: None,
            recipients: Vec::new(),
            from_header: false,
            service_instance: None,
        }
    }

    /// Reads a first line, without its line break.
    pub fn read(line: &[u8]) -> Option<Self> {
        let envelope: Self = serde_json::from_slice(line).ok()?;
        (envelope.version == VERSION).then_some(envelope)
    }
}

/// The folder of a workspace.
pub fn folder(spool: &Path, workspace: &WorkspaceName) -> PathBuf {
    spool.join("drop").join(workspace.as_str())
}
