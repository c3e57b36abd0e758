//! A destination that is 20 ms away: Relais against nodemailer's pool on the same number of connections.

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_e2e::proxy::{Mode, Proxy};

use super::caller::{self, Caller};
use super::counted::CountedSink;
use super::relais::Daemon;
use super::{DRAIN, Server};
use crate::Fault;
use crate::load::{Kind, Load};

/// One way.
const ONE_WAY: Duration = Duration::from_millis(10);
pub const CONNECTIONS: usize = 8;

/// Delivered a second at this many connections.
pub struct Latency {
    pub kind: Kind,
    pub relais: f64,
    /// `None` where node or nodemailer is missing.
    pub nodemailer: Option<f64>,
}

pub async fn compare(load: &Load, window: Duration) -> Result<Vec<Latency>, Fault> {
    let sink = CountedSink::start()?;
    let proxy = Proxy::start(sink.address, Mode::Latency(ONE_WAY)).await?;
    let sessions = CONNECTIONS.to_string();
    let daemon = Daemon::start_with(proxy.address(), &["--sessions", &sessions])?;
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let relais = relais(&daemon, &sink, load, kind, window).await?;
        let nodemailer = nodemailer(proxy.address(), &sink, load, kind, window).await?;
        rows.push(Latency {
            kind,
            relais,
            nodemailer,
        });
    }
    Ok(rows)
}

async fn relais(daemon: &Daemon, sink: &CountedSink, load: &Load, kind: Kind, window: Duration) -> Result<f64, Fault> {
    let content = Arc::new(caller::content(Server::RelaisHttp, load, kind, &daemon.token).await?);
    let before = sink.count();
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut caller = Caller::connect(Server::RelaisHttp, daemon.http, content.clone()).await?;
        tasks.push(tokio::spawn(async move {
            let mut sent = 0_u64;
            while begun.elapsed() < window {
                caller.send().await?;
                sent += 1;
            }
            Ok::<_, Fault>(sent)
        }));
    }
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    sink.reaches(before + sent, DRAIN).await?;
    Ok(sent as f64 / begun.elapsed().as_secs_f64())
}

/// A pool of nodemailer as its documentation shows one, sending as fast as it takes mails.
const SCRIPT: &str = r#"
const [port, connections, seconds, kind] = process.argv.slice(1);
const nodemailer = require("nodemailer");
const crypto = require("crypto");
const pool = nodemailer.createTransport({ pool: true, host: "127.0.0.1", port: +port, secure: false, ignoreTLS: true,
  maxConnections: +connections, maxMessages: Infinity });
const line = "Le conseil est convoqué en séance ordinaire, salle des mariages.\n";
const mail = { from: "secretariat@exemple.fr", to: "conseil@exemple.fr", subject: "Séance du conseil n° 7",
  text: line.repeat(Math.floor(2048 / line.length) + 1) };
if (kind === "pdf") mail.attachments = [{ filename: "séance.pdf", content: crypto.randomBytes(100 << 10), contentType: "application/pdf" }];
(async () => {
  const begun = Date.now();
  let sent = 0;
  await Promise.all(Array.from({ length: +connections }, async () => {
    while (Date.now() - begun < +seconds * 1000) { await pool.sendMail(mail); sent += 1; }
  }));
  console.log(JSON.stringify({ sent, seconds: (Date.now() - begun) / 1000 }));
  pool.close();
})();
"#;

async fn nodemailer(
    address: SocketAddr,
    sink: &CountedSink,
    _load: &Load,
    kind: Kind,
    window: Duration,
) -> Result<Option<f64>, Fault> {
    let modules = std::env::var_os("NODE_PATH").unwrap_or_else(|| "target/test-node/node_modules".into());
    let modules = std::fs::canonicalize(modules).unwrap_or_default();
    if !modules.join("nodemailer").is_dir() {
        return Ok(None);
    }
    let before = sink.count();
    let output = Command::new("node")
        .args(["-e", SCRIPT, "--"])
        .args([
            &address.port().to_string(),
            &CONNECTIONS.to_string(),
            &window.as_secs().to_string(),
        ])
        .arg(kind.word())
        .env("NODE_PATH", modules)
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else { return Ok(None) };
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| said.get(name).and_then(serde_json::Value::as_f64);
    let (Some(sent), Some(seconds)) = (number("sent"), number("seconds")) else {
        return Err(format!("nodemailer said {said}").into());
    };
    sink.reaches(before + sent as u64, DRAIN).await?;
    Ok(Some(sent / seconds))
}
