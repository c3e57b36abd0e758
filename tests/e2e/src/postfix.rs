//! Postfix: a real relay with a queue, on a high port of 127.0.0.1, that stores every message in one Maildir or hands it on.
//!
//! It runs from a configuration, a queue and a mailbox of its own in a temporary folder, beside whatever Postfix the machine has. It
//! has to be started by root, since its master process changes users.

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::process::{find, run, until};
use crate::{Identity, PATIENCE, skipped};

/// How long starting and stopping may take.
const CHANGE: Duration = Duration::from_secs(30);
/// The owner of the mailbox: any user but root will do.
const OWNER: u32 = 65534;

/// A running Postfix. It ends when it is dropped.
#[derive(Debug)]
pub struct Postfix {
    port: u16,
    identity: Identity,
    program: PathBuf,
    folder: TempDir,
}

impl Postfix {
    /// Starts a server that takes any mail from this machine, offers StartTLS with a certificate for `localhost`, and lets a lone LF
    /// end a line (`smtpd_forbid_bare_newline=no`). `None`, and a line that says so, where Postfix cannot run.
    pub fn start() -> Option<Self> {
        Self::begin(Beyond::Mailbox)
    }

    /// Starts a server that hands all mail on to a server on this port of 127.0.0.1: the relay that Relais is measured against. As
    /// Debian sets it, apart from what names the machine.
    pub fn relay(to: u16) -> Option<Self> {
        Self::begin(Beyond::Relay(to))
    }

    fn begin(beyond: Beyond) -> Option<Self> {
        let Some(program) = find("postfix") else {
            skipped("Postfix is not installed (Debian: postfix)");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        if fs::metadata(folder.path()).expect("the folder is there").uid() != 0 {
            skipped("Postfix has to be started by root");
            return None;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let postfix = Self {
            port: free.expect("a free port").port(),
            identity: Identity::signed(&["localhost"]),
            program,
            folder,
        };
        postfix.configure(beyond).expect("the configuration is written");
        let started = postfix.command("start");
        assert!(started, "Postfix did not start: {}", postfix.log());
        Some(postfix)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process that all others of this server come from.
    pub fn master(&self) -> Option<u32> {
        let pid = fs::read_to_string(self.path("queue/pid/master.pid")).ok()?;
        pid.trim().parse().ok()
    }

    /// What it shows under TLS.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Waits for `count` messages and takes them out of the mailbox, in no order. Each recipient of a mail has a copy, of which
    /// `Delivered-To` names the recipient.
    pub fn take(&self, count: usize) -> Vec<Vec<u8>> {
        let files = until(PATIENCE, || Some(self.delivered()).filter(|files| files.len() >= count));
        let files = files.unwrap_or_else(|| panic!("fewer than {count} messages arrived: {}", self.log()));
        assert_eq!(files.len(), count, "more messages arrived than were sent");
        let take = |file: PathBuf| {
            let message = fs::read(&file).expect("the message can be read");
            fs::remove_file(&file).expect("the message can be removed");
            message
        };
        files.into_iter().map(take).collect()
    }

    /// Waits until no message is on its way, and says whether the mailbox is empty too.
    pub fn is_idle_and_empty(&self) -> bool {
        let idle = until(PATIENCE, || (self.queued() == 0).then_some(()));
        assert!(idle.is_some(), "messages stay in the queue: {}", self.log());
        self.delivered().is_empty()
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        let log = fs::read_to_string(self.path("mail.log")).unwrap_or_default();
        log.lines()
            .filter(|line| line.contains("smtpd[") && line.contains(": connect from"))
            .count()
    }

    fn delivered(&self) -> Vec<PathBuf> {
        files(&self.path("mail/inbox/new"))
    }

    fn queued(&self) -> usize {
        let folders = ["maildrop", "incoming", "active", "deferred", "hold"];
        folders
            .iter()
            .map(|folder| files(&self.path("queue").join(folder)).len())
            .sum()
    }

    /// What Postfix logged: the last of it.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.path("mail.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines
            .get(lines.len().saturating_sub(20)..)
            .unwrap_or_default()
            .join("\n")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, what: &str) -> bool {
        let mut command = Command::new(&self.program);
        command.arg("-c").arg(self.path("config")).arg(what);
        run(&mut command, CHANGE).is_some_and(|status| status.success())
    }

    fn configure(&self, beyond: Beyond) -> std::io::Result<()> {
        // The server's own users have to pass through.
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755))?;
        for name in ["config", "queue", "mail"] {
            fs::create_dir(self.path(name))?;
        }
        chown(self.path("mail"), Some(OWNER), Some(OWNER))?;
        let chain = self.path("config/chain.pem");
        fs::write(&chain, self.identity.chain_pem())?;
        fs::set_permissions(&chain, fs::Permissions::from_mode(0o600))?;
        fs::write(self.path("config/main.cf"), main_cf(self.folder.path(), beyond))?;
        fs::write(self.path("config/master.cf"), master_cf(self.port))
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.command("stop");
    }
}

/// Where the mail goes that this server took.
#[derive(Debug, Clone, Copy)]
enum Beyond {
    Mailbox,
    Relay(u16),
}

fn main_cf(folder: &Path, beyond: Beyond) -> String {
    let folder = folder.display();
    let beyond = match beyond {
        Beyond::Mailbox => format!(
            "virtual_mailbox_domains = static:all
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {folder}/mail
virtual_mailbox_limit = 0
virtual_uid_maps = static:{OWNER}
virtual_gid_maps = static:{OWNER}"
        ),
        Beyond::Relay(port) => format!("relayhost = [127.0.0.1]:{port}"),
    };
    format!(
        "compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = postfix.test
mydestination =
alias_maps =
alias_database =
local_header_rewrite_clients =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_forbid_bare_newline = no
smtpd_tls_security_level = may
smtpd_tls_chain_files = {folder}/config/chain.pem
message_size_limit = 104857600
{beyond}
"
    )
}

fn master_cf(port: u16) -> String {
    format!(
        "127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
virtual unix - n n - - virtual
smtp unix - - n - - smtp
relay unix - - n - - smtp
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"
    )
}

/// The files in a folder and in the folders of it; none where it is not there yet.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .map(|entry| entry.path());
    let below = |path: PathBuf| match path.file_name().and_then(OsStr::to_str) {
        _ if path.is_dir() => files(&path),
        // What a delivery agent is still writing.
        Some(name) if name.starts_with('.') => Vec::new(),
        _ => vec![path],
    };
    entries.flat_map(below).collect()
}
