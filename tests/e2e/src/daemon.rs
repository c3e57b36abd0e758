//! `relais serve` as an administrator starts it: the real binary, a data folder of its own, ports of its own.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::PATIENCE;
use crate::process::{Running, until};

/// A data folder, and the daemon on it where one runs. It is killed when it is dropped.
#[derive(Debug)]
pub struct Daemon {
    running: Option<Running>,
    http: SocketAddr,
    submission: SocketAddr,
    options: Vec<String>,
    variables: Vec<(String, String)>,
    folder: TempDir,
}

impl Daemon {
    /// A data folder with an SMTP instance `smtp` that reaches this port of 127.0.0.1 and is the default of the mail service. Nothing
    /// runs yet.
    pub fn prepare(port: u16) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let daemon = Self {
            running: None,
            http: free(),
            submission: free(),
            options: Vec::new(),
            variables: Vec::new(),
            folder,
        };
        daemon.does(&["connector", "install", "relais/smtp"]);
        daemon.add_instance("smtp", port, &[]);
        daemon.does(&["service", "default", "mail", "smtp"]);
        daemon
    }

    /// [`prepare`](Self::prepare), then [`serve`](Self::serve).
    pub fn start(port: u16) -> Self {
        let mut daemon = Self::prepare(port);
        daemon.serve();
        daemon
    }

    /// Adds options to the command line of `relais serve`.
    pub fn with(mut self, options: &[&str]) -> Self {
        self.options.extend(options.iter().map(|&option| option.to_owned()));
        self
    }

    /// Adds a variable to the environment of every command.
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Creates an SMTP instance that reaches this port of 127.0.0.1 in clear.
    pub fn add_instance(&self, name: &str, port: u16, more: &[&str]) {
        let port = format!("port={port}");
        let create = ["instance", "create", name, "--connector", "relais/smtp"];
        let set = ["--set", "host=127.0.0.1", "--set", &port, "--set", "starttls=false"];
        self.does(&[&create[..], &set[..], more].concat());
    }

    /// Starts the daemon and waits until it is ready.
    pub fn serve(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"));
        let child = self
            .command(&["serve"])
            .args(["--listen", &self.http.to_string()])
            .args(["--submission", &self.submission.to_string()])
            .args(&self.options)
            .stdout(Stdio::null())
            .stderr(log.expect("the log can be written"))
            .spawn()
            .expect("the daemon starts");
        let mut running = Running(child);
        let ready = until(PATIENCE, || {
            let ended = running.0.try_wait().ok().flatten();
            assert!(ended.is_none(), "relais serve ended: {}", self.log());
            self.get("/ready").filter(|answer| answer.starts_with("HTTP/1.1 200"))
        });
        assert!(ready.is_some(), "relais serve is not ready: {}", self.log());
        self.running = Some(running);
    }

    /// Kills the daemon where it stands.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Asks the daemon to end, and waits until it did. Whether it ended well.
    pub fn terminate(&mut self) -> bool {
        let Some(mut running) = self.running.take() else {
            return false;
        };
        let pid = running.0.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        asked.is_ok_and(|status| status.success()) && running.finish(PATIENCE).is_some_and(|status| status.success())
    }

    /// The address of the HTTP API.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// The address of the submission listener.
    pub fn submission(&self) -> SocketAddr {
        self.submission
    }

    /// The process.
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.0.id())
    }

    /// A file or folder beside the data folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Runs a command of the command line.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the binary runs")
    }

    /// Runs a command with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        // It may end before it has read all.
        let _ = child.stdin.take().expect("its input is a pipe").write_all(input);
        child.wait_with_output().expect("it ends")
    }

    /// Runs a command that has to succeed, and answers its JSON.
    pub fn does(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "relais {}: {said}", arguments.join(" "));
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("relais {}: {error}: {said}", arguments.join(" ")))
    }

    /// Creates a token of this role in a workspace.
    pub fn token(&self, workspace: &str, name: &str, role: &str) -> String {
        let made = self.does(&["token", "create", name, "--role", role, "--workspace", workspace]);
        made.get("token")
            .and_then(Value::as_str)
            .expect("the token is shown once")
            .to_owned()
    }

    /// Waits until a delivery of this state is listed for each of `count` mails.
    pub fn all_are(&self, state: &str, count: usize) -> Vec<Value> {
        let listed = until(PATIENCE, || {
            let answer = self.does(&["delivery", "list", "--state", state, "--limit", "1000"]);
            let listed = answer.get("deliveries")?.as_array()?.clone();
            (listed.len() >= count).then_some(listed)
        });
        listed.unwrap_or_else(|| panic!("fewer than {count} deliveries are {state}: {}", self.log()))
    }

    /// The command line on this data folder. A test's environment must not choose its language, folder or key.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env("RELAIS_DATA", self.path("data"))
            .env("RELAIS_KEY_FILE", self.path("key"))
            .env("LANG", "en_GB.UTF-8")
            .env_remove("LC_ALL")
            .env_remove("RELAIS_WORKSPACE")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Posts JSON with a token.
    pub fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.ask("POST", path, token, &body.to_string())
    }

    /// Gets with a token.
    pub fn fetch(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, token, "")
    }

    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> Answer {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(self.http).expect("the daemon listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time limit can be set");
        stream.write_all(request.as_bytes()).expect("the request is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the answer is text");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer {
            status: status.unwrap_or_else(|| panic!("no status in {head}")),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
            text: answer,
        }
    }

    /// The answer to a request without a body, as text; none where nobody listens.
    pub fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.http).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Null where it is no JSON.
    pub body: Value,
    /// All of it, its head too.
    pub text: String,
}

/// The binary of the same build as this test.
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    let folder = test.ancestors().find(|folder| folder.join("relais").is_file());
    let folder = folder.map(Path::to_path_buf);
    folder
        .unwrap_or_else(|| {
            panic!(
                "there is no binary `relais` beside {}: cargo build -p relais",
                test.display()
            )
        })
        .join("relais")
}

/// A port of 127.0.0.1 that is free now, and stays so until the daemon takes it: below those that the system gives to whoever asks for
/// any, as the servers of other tests do meanwhile.
fn free() -> SocketAddr {
    let mut drawn = std::iter::repeat_with(|| SocketAddr::from((Ipv4Addr::LOCALHOST, fastrand::u16(10_240..32_768))));
    let bound = drawn
        .by_ref()
        .take(100)
        .find(|address| TcpListener::bind(address).is_ok());
    bound.expect("a free port")
}
