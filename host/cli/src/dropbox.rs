//! The drop folder, which takes mail in while the daemon does not answer: its files, their names, and how much of it one user
//! may fill. `relais sendmail` writes it, the daemon empties it.
//!
//! ```text
//! SPOOL/                       0711, the daemon's
//!     submit.sock              0660, the group may connect
//!     submit.WORKSPACE.sock    the same of a workspace that has a group of its own
//!     drop/WORKSPACE/          1730, the group may add files and list none
//!         KEY.mail             a line of JSON, then the message as it came
//!         .KEY.tmp             one that is being written
//!         .quota.UID           what that user has put here, for itself to count
//!     rejected/WORKSPACE/      0700, what could not be accepted: `relais drop` lists it
//!         KEY.mail             as it was
//!         KEY.why              a line of JSON
//! ```
//!
//! The threat: whoever is in the group may put anything into a drop folder, and links to what others own. Names cannot be guessed,
//! so that no member reads another's mail; the owner of a file, and nothing that the file says, is who sends it. What the daemon
//! writes stands where no member may write.
//!
//! A user counts its own files, since the folder shows them to nobody else ([`OWNER_FILES`], [`OWNER_BYTES`]). Who does not count
//! can fill the disk, as whoever may write to any folder can: the daemon bounds what it keeps of each user, half written or
//! rejected, and the rest is for a quota of the file system.

use std::env;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use relais_router::WorkspaceName;
use serde::{Deserialize, Serialize};

/// Where it is unless RELAIS_SPOOL or `--spool` says otherwise.
pub const SPOOL: &str = "/var/spool/relais";
/// Files of one user in one drop folder at most.
pub const OWNER_FILES: usize = 1_000;
/// Their bytes at most.
pub const OWNER_BYTES: u64 = 512 << 20;
/// Bytes of the first line at most: room for 10,000 recipients of 256 bytes each, and more than any command line has.
pub const ENVELOPE_BYTES: u64 = 4 << 20;
/// How a mail's name ends.
pub const ENDING: &str = ".mail";
/// How a mail's name ends while it is written.
pub const UNFINISHED: &str = ".tmp";
/// How the name of a user's list begins.
pub const QUOTA: &str = ".quota.";
/// Bytes of a user's list at most: a line for each file, and room for a reader's doubt.
pub const LIST_BYTES: u64 = 256 << 10;
/// How the name ends of what says why a mail could not be accepted.
pub const WHY: &str = ".why";
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

/// Why a mail could not be accepted: what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    pub version: u32,
    /// RFC 3339.
    pub at: String,
    /// Who put it into the drop folder.
    pub uid: u32,
    /// The word of the API, and the fields that it is about.
    pub reason: String,
}

impl Why {
    pub fn new(at: Timestamp, uid: u32, reason: &str) -> Self {
        Self {
            version: VERSION,
            at: at.to_string(),
            uid,
            reason: reason.to_owned(),
        }
    }
}

/// The folder that RELAIS_SPOOL names, else [`SPOOL`].
pub fn usual_spool() -> PathBuf {
    let named = env::var_os("RELAIS_SPOOL").filter(|value| !value.is_empty());
    named.map_or_else(|| PathBuf::from(SPOOL), PathBuf::from)
}

/// The socket that takes mail in and nothing else, for every workspace that has none of its own.
pub fn socket(spool: &Path) -> PathBuf {
    spool.join("submit.sock")
}

/// The one of a workspace that has a group of its own.
pub fn socket_of(spool: &Path, workspace: &WorkspaceName) -> PathBuf {
    spool.join(format!("submit.{workspace}.sock"))
}

/// The drop folders, one for each workspace.
pub fn folders(spool: &Path) -> PathBuf {
    spool.join("drop")
}

/// The folders of what could not be accepted, one for each workspace that ever had any.
pub fn rejected(spool: &Path) -> PathBuf {
    spool.join("rejected")
}

/// The folder of a workspace.
pub fn folder(spool: &Path, workspace: &WorkspaceName) -> PathBuf {
    folders(spool).join(workspace.as_str())
}
