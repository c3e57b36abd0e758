//! Runs the binary in a place of its own.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A manifest that holds together and asks for nothing.
pub const MANIFEST: &str = "manifest-version = 1\nid = \"acme/mail\"\nversion = \"1.0.0\"\nname = { en = \"Mail\" }\n";

/// A folder that holds nothing but what a test puts there.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// With the SMTP connector installed.
    pub fn with_smtp() -> Self {
        let place = Self::empty();
        let file = place.file("smtp.wasm", relais_bundle::SMTP);
        assert_eq!(place.json(&["connector", "install", &file])["id"], "relais/smtp");
        place
    }

    /// With an instance `smtp`, the default of mail.
    pub fn with_instance() -> Self {
        let place = Self::with_smtp();
        place.json(&[
            "instance",
            "create",
            "smtp",
            "--connector",
            "relais/smtp",
            "--set",
            "host=mail.test",
        ]);
        place.json(&["service", "default", "mail", "smtp"]);
        place
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub fn command(&self, lang: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relais"));
        command
            .args(arguments)
            .env_clear()
            .env("LANG", lang)
            .env("RELAIS_DATA", self.data())
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command("C", arguments).output().unwrap()
    }

    pub fn french(&self, arguments: &[&str]) -> Output {
        self.command("fr_FR.UTF-8", arguments).output().unwrap()
    }

    pub fn with_stdin(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command("C", arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Starts a daemon with these options, and waits until it answers.
    pub fn serve(&self, options: &[&str]) -> Daemon {
        let log = fs::File::create(self.path("log")).unwrap();
        let mut command = self.command("C", &[&["serve", "--listen", "off"], options].concat());
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let mut daemon = Daemon(child);
        let socket = self.data().join("relais.sock");
        let answers = until(|| UnixStream::connect(&socket).is_ok() || daemon.0.try_wait().unwrap().is_some());
        assert!(answers && daemon.0.try_wait().unwrap().is_none(), "{}", self.log());
        daemon
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The object that a command answers, which must succeed.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(
            run.status.code(),
            Some(0),
            "{arguments:?}: {}{}",
            stdout(&run),
            stderr(&run)
        );
        serde_json::from_str(&stdout(&run)).unwrap()
    }

    /// The status and the object of a command that must not succeed.
    pub fn refused(&self, arguments: &[&str]) -> (i32, Value) {
        let run = self.run(&[arguments, &["--json"]].concat());
        let code = run.status.code().unwrap();
        assert_ne!(code, 0, "{arguments:?}: {}", stdout(&run));
        (code, serde_json::from_str(&stdout(&run)).unwrap())
    }
}

/// A daemon, which is killed when it is dropped.
pub struct Daemon(Child);

impl Daemon {
    /// Asks it to end. Its status.
    pub fn terminate(mut self) -> Option<i32> {
        let asked = Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status();
        assert!(asked.unwrap().success());
        let mut status = None;
        until(|| {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether it comes true within a minute.
pub fn until(mut condition: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}

pub fn stdout(run: &Output) -> String {
    String::from_utf8(run.stdout.clone()).unwrap()
}

pub fn stderr(run: &Output) -> String {
    String::from_utf8(run.stderr.clone()).unwrap()
}

/// A port that nobody listens on.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
