//! Tinyproxy: a real HTTP proxy on loopback, which resolves names that nobody else on this machine resolves.
//!
//! It uses the system's resolver, so it runs in a mount namespace with an /etc/hosts of its own; that needs root. What this machine
//! has in /etc/hosts is not touched.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::process::{Running, find, run, until};
use crate::{PATIENCE, skipped};

/// Puts the file in the place of /etc/hosts, for the namespace alone, and becomes the proxy.
const BEGIN: &str = r#"mount --bind "$1" /etc/hosts && exec "$2" -d -c "$3""#;

/// A running tinyproxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Tinyproxy {
    port: u16,
    process: Running,
    folder: TempDir,
}

impl Tinyproxy {
    /// Starts a proxy for which each of `names` is 127.0.0.1. `None`, and a line that says so, where it cannot run.
    pub fn start(names: &[&str]) -> Option<Self> {
        Self::begin(names, "")
    }

    /// The same for a proxy that wants a user name and a password (Basic).
    pub fn with_login(names: &[&str], user: &str, password: &str) -> Option<Self> {
        Self::begin(names, &format!("BasicAuth {user} {password}\n"))
    }

    /// The same for a proxy that opens tunnels to this port alone.
    pub fn with_port(names: &[&str], port: u16) -> Option<Self> {
        Self::begin(names, &format!("ConnectPort {port}\n"))
    }

    fn begin(names: &[&str], more: &str) -> Option<Self> {
        let Some(program) = find("tinyproxy") else {
            skipped("tinyproxy is not installed (Debian: tinyproxy)");
            return None;
        };
        if !has_namespaces() {
            skipped("tinyproxy has to be started by root, in a mount namespace (unshare)");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.expect("a free port").port();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file can be written");
            path
        };
        let hosts = file("hosts", format!("127.0.0.1 localhost {}\n", names.join(" ")));
        let log = folder.path().join("log");
        let config = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 60\nMaxClients 100\nLogFile \"{}\"\nLogLevel Info\nAllow 127.0.0.1\n{more}",
            log.display()
        );
        let config = file("tinyproxy.conf", config);
        let child = Command::new("unshare")
            .args(["--mount", "sh", "-c", BEGIN, "sh"])
            .args([&hosts, &program, &config])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut proxy = Self {
            port,
            process: Running(child.expect("unshare runs")),
            folder,
        };
        let listens = until(PATIENCE, || {
            let ended = proxy.process.0.try_wait().ok().flatten();
            assert!(ended.is_none(), "tinyproxy ended: {}", proxy.log());
            proxy.log().contains("Accepting connections").then_some(())
        });
        assert!(listens.is_some(), "tinyproxy does not listen: {}", proxy.log());
        Some(proxy)
    }

    /// Where it listens, as `--proxy` takes it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The destinations of the tunnels that it was asked for, as `host:port`, refused ones among them.
    pub fn asked(&self) -> Vec<String> {
        let log = self.log();
        // Such as `CONNECT   Nov 28 10:00:00.000 [1]: Request (file descriptor 4): CONNECT mail.example:25 HTTP/1.1`.
        let requests = log.lines().filter(|line| line.contains(": Request ("));
        let target = |line: &str| line.split_once("): CONNECT ")?.1.split(' ').next().map(str::to_owned);
        requests.filter_map(target).collect()
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Whether this user may have an /etc/hosts of its own.
fn has_namespaces() -> bool {
    let mut command = Command::new("unshare");
    command.args(["--mount", "mount", "--bind", "/etc/hosts", "/etc/hosts"]);
    run(&mut command, PATIENCE).is_some_and(|status| status.success())
}
