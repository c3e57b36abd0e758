//! The daemon as an administrator starts it: the release binary, a data folder of its own, one SMTP instance.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Fault;

/// How long the daemon may take to be ready.
const START: Duration = Duration::from_secs(30);

pub struct Daemon {
    child: Child,
    pub http: SocketAddr,
    pub submission: SocketAddr,
    /// May send in the workspace `default`.
    pub token: String,
    folder: TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    /// Sets up an instance that sends to `sink`, and serves.
    pub fn start(sink: SocketAddr) -> Result<Self, Fault> {
        Self::start_with(sink, &[])
    }

    /// With further options of `instance create`.
    pub fn start_with(sink: SocketAddr, instance: &[&str]) -> Result<Self, Fault> {
        let folder = tempfile::tempdir()?;
        relais(folder.path(), &["connector", "install", "relais/smtp"])?;
        let (host, port) = (format!("host={}", sink.ip()), format!("port={}", sink.port()));
        let create = ["instance", "create", "sink", "--connector", "relais/smtp"];
        let set = ["--set", &host, "--set", &port, "--set", "starttls=false"];
        relais(folder.path(), &[&create[..], &set[..], instance].concat())?;
        relais(folder.path(), &["service", "default", "mail", "sink"])?;
        let made = relais(folder.path(), &["token", "create", "bench", "--role", "send", "--json"])?;
        let made: serde_json::Value = serde_json::from_str(&made)?;
        let token = made.get("token").and_then(serde_json::Value::as_str);
        let token = token.ok_or_else(|| format!("no token in {made}"))?.to_owned();
        let (http, submission) = (free()?, free()?);
        Ok(Self {
            child: serve(folder.path(), http, submission)?.0,
            http,
            submission,
            token,
            folder,
        })
    }

    /// Ends the daemon and starts it again; how long it took to be ready.
    pub fn restart(&mut self) -> Result<Duration, Fault> {
        self.child.kill()?;
        self.child.wait()?;
        let (child, took) = serve(self.folder.path(), self.http, self.submission)?;
        self.child = child;
        Ok(took)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Bytes resident now.
    pub fn resident(&self) -> u64 {
        crate::process::resident_of(self.pid())
    }
}

/// The binary beside this one.
fn binary() -> Result<PathBuf, Fault> {
    let binary = std::env::current_exe()?.with_file_name("relais");
    match binary.is_file() {
        true => Ok(binary),
        false => Err(format!("{} is missing: cargo build --release -p relais", binary.display()).into()),
    }
}

fn relais(data: &Path, arguments: &[&str]) -> Result<String, Fault> {
    let output = Command::new(binary()?)
        .args(arguments)
        .arg("--data")
        .arg(data.join("data"))
        .env("RELAIS_KEY_FILE", data.join("key"))
        .env("LANG", "en")
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!(
            "relais {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
    }
}

fn serve(data: &Path, http: SocketAddr, submission: SocketAddr) -> Result<(Child, Duration), Fault> {
    let begun = Instant::now();
    let mut child = Command::new(binary()?)
        .arg("serve")
        .arg("--data")
        .arg(data.join("data"))
        .args(["--listen", &http.to_string(), "--submission", &submission.to_string()])
        .args(["--submission-open", "default", "--rate", "1000000"])
        .env("RELAIS_KEY_FILE", data.join("key"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(data.join("log"))?)
        .spawn()?;
    while !ready(http) {
        if let Some(status) = child.try_wait()? {
            let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
            return Err(format!("relais serve ended with {status}: {log}").into());
        }
        if begun.elapsed() > START {
            let _ = child.kill();
            return Err("relais serve is not ready".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((child, begun.elapsed()))
}

fn ready(http: SocketAddr) -> bool {
    let asked = TcpStream::connect(http).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer.starts_with(b"HTTP/1.1 200"))
    });
    asked.unwrap_or(false)
}

/// A port that is free now.
fn free() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
