//! How often the disk is waited for, counted by strace in a pass of its own, since it slows what it watches.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::caller::{self, Caller};
use super::report::Cell;
use super::{DRAIN, Server, Stage};
use crate::Fault;
use crate::load::Load;

/// Mails of one pass.
const MAILS: usize = 160;
/// How long strace may take to hold all threads.
const ATTACH: Duration = Duration::from_millis(700);

/// Calls of fsync and fdatasync a mail, from its acceptance to its delivery. `None` without strace.
pub async fn per_mail(cell: Cell, stage: &Stage, load: &Load) -> Result<Option<f64>, Fault> {
    let pid = match cell.server {
        Server::RelaisHttp | Server::RelaisSubmission => Some(stage.daemon.pid()),
        Server::Postfix => stage.postfix.as_ref().and_then(|postfix| postfix.master()),
    };
    let (Some(pid), Some(address)) = (pid, stage.address(cell.server)) else {
        return Ok(None);
    };
    let folder = tempfile::tempdir()?;
    let trace = folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-q",
        "-e",
        "trace=fsync,fdatasync,sync_file_range,syncfs,sync",
        "-o",
    ]);
    strace.arg(&trace);
    // Postfix's processes were made before; each is named.
    for pid in family(pid) {
        strace.args(["-p", &pid.to_string()]);
    }
    let strace = strace
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(strace) = strace else { return Ok(None) };
    let watching = Watching(strace);
    tokio::time::sleep(ATTACH).await;
    let content = std::sync::Arc::new(caller::content(cell.server, load, cell.kind, &stage.daemon.token).await?);
    let before = stage.sink.count();
    let mut tasks = Vec::new();
    for _ in 0..cell.callers {
        let mut caller = Caller::connect(cell.server, address, content.clone()).await?;
        tasks.push(tokio::spawn(async move {
            for _ in 0..MAILS / cell.callers {
                caller.send().await?;
            }
            Ok::<_, Fault>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let sent = (MAILS / cell.callers * cell.callers) as u64;
    stage.sink.reaches(before + sent, DRAIN).await?;
    // What follows the delivery is part of it: the queue file goes, the state is stored.
    tokio::time::sleep(Duration::from_millis(300)).await;
    watching.end();
    let trace = std::fs::read_to_string(&trace)?;
    let calls = trace
        .lines()
        .filter(|line| line.contains("sync") && !line.contains("resumed>"));
    Ok(Some(calls.count() as f64 / sent as f64))
}

struct Watching(Child);

impl Watching {
    /// Lets go of what it watches: an interrupt, since strace that is killed leaves threads stopped.
    fn end(mut self) {
        let interrupt = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        let begun = Instant::now();
        while interrupt.is_ok() && begun.elapsed() < Duration::from_secs(5) {
            if let Ok(Some(_)) = self.0.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process and all that come from it.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied() {
        next += 1;
        let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
        family.extend(
            children
                .split_ascii_whitespace()
                .filter_map(|pid| pid.parse::<u32>().ok()),
        );
    }
    family
}
