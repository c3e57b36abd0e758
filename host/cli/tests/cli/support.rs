//! Runs the binary in a place of its own.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

    fn command(&self, lang: &str, arguments: &[&str]) -> Command {
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
