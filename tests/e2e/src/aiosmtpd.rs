//! aiosmtpd, a real server that can be told to demand and to refuse. Its script is `servers/aiosmtpd_server.py`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::{Running, find, until};
use crate::{Identity, PATIENCE, skipped, unix_lines};

/// Where TLS stands in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// None.
    #[default]
    None,
    /// STARTTLS is demanded before mail and login.
    StartTls,
    /// TLS from the first octet.
    Implicit,
}

/// What the server demands and does. By default it takes any mail, in clear.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// Where TLS stands.
    pub tls: Tls,
    /// What it shows under TLS; without one, a certificate for `localhost` signed by a CA of its own.
    pub identity: Option<Identity>,
    /// The account that has to log in: name and password.
    pub login: Option<(&'static str, &'static str)>,
    /// Mechanisms that it does not offer, of `PLAIN` and `LOGIN`.
    pub without_mechanisms: Vec<&'static str>,
    /// Replies to RCPT by address, in place of 250.
    pub replies: BTreeMap<&'static str, &'static str>,
    /// How many mails it takes and leaves without an answer, closing the connection.
    pub drop_after_data: u32,
    /// Announces PIPELINING, which aiosmtpd can serve and does not announce itself.
    pub pipelining: bool,
}

/// A mail that the server took.
#[derive(Debug, Clone)]
pub struct Received {
    /// The reverse-path.
    pub sender: String,
    /// The accepted recipients.
    pub recipients: Vec<String>,
    /// What the client called itself.
    pub helo: String,
    /// Who was logged in.
    pub login: Option<String>,
    /// Such as `TLSv1.3`.
    pub tls: Option<String>,
    /// The content, its lines ended by LF.
    pub content: Vec<u8>,
}

/// A running aiosmtpd. It ends when it is dropped.
#[derive(Debug)]
pub struct Aiosmtpd {
    port: u16,
    identity: Identity,
    /// What it has seen, one JSON object a line.
    told: PathBuf,
    _process: Running,
    _folder: TempDir,
}

impl Aiosmtpd {
    /// Starts a server. `None`, and a line that says so, where aiosmtpd is not installed.
    pub fn start(demands: Demands) -> Option<Self> {
        let python = find("python3").filter(|python| {
            let import = Command::new(python)
                .args(["-c", "import aiosmtpd"])
                .stderr(Stdio::null())
                .status();
            import.is_ok_and(|status| status.success())
        });
        let Some(python) = python else {
            skipped("aiosmtpd is not installed (PyPI: aiosmtpd)");
            return None;
        };
        let identity = demands
            .identity
            .clone()
            .unwrap_or_else(|| Identity::signed(&["localhost"]));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let chain = folder.path().join("chain.pem");
        std::fs::write(&chain, identity.chain_pem()).expect("the certificate is written");
        let told = folder.path().join("events");
        let options = json!({
            "told": told,
            "tls": match demands.tls {
                Tls::None => "none",
                Tls::StartTls => "starttls",
                Tls::Implicit => "implicit",
            },
            "chain": chain,
            "login": demands.login.map(|(name, password)| [name, password]),
            "without_mechanisms": demands.without_mechanisms,
            "replies": demands.replies,
            "drop_after_data": demands.drop_after_data,
            "pipelining": demands.pipelining,
        });
        let child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/servers/aiosmtpd_server.py"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .spawn();
        let process = Running(child.expect("Python starts"));
        let listening = until(PATIENCE, || named(&told, "listening").pop());
        let port = listening.and_then(|event| event.get("port")?.as_u64()?.try_into().ok());
        Some(Self {
            port: port.expect("the server listens"),
            identity,
            told,
            _process: process,
            _folder: folder,
        })
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it shows under TLS.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        named(&self.told, "connected").len()
    }

    /// The mechanism of each login, and whether it was accepted.
    pub fn logins(&self) -> Vec<(String, bool)> {
        let read = |event: &Value| Some((text(event, "mechanism")?, event.get("accepted")?.as_bool()?));
        named(&self.told, "login").iter().filter_map(read).collect()
    }

    /// The mails so far, those that were left without an answer among them. A mail is here before its answer leaves.
    pub fn mails(&self) -> Vec<Received> {
        named(&self.told, "mail")
            .iter()
            .map(|event| received(event).expect("the server's own format"))
            .collect()
    }
}

fn received(event: &Value) -> Option<Received> {
    let recipients = event.get("recipients")?.as_array()?;
    let content = STANDARD.decode(event.get("content")?.as_str()?).ok()?;
    Some(Received {
        sender: text(event, "sender")?,
        recipients: recipients
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect(),
        helo: text(event, "helo")?,
        login: text(event, "login"),
        tls: text(event, "tls"),
        content: unix_lines(&content),
    })
}

fn text(event: &Value, name: &str) -> Option<String> {
    event.get(name)?.as_str().map(str::to_owned)
}

/// The events of this name, from the lines that are whole.
fn named(told: &Path, name: &str) -> Vec<Value> {
    let lines = std::fs::read_to_string(told).unwrap_or_default();
    let whole = lines.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let events = whole.map(|line| serde_json::from_str::<Value>(line).expect("the server's own format"));
    events
        .filter(|event| event.get("event").and_then(Value::as_str) == Some(name))
        .collect()
}
