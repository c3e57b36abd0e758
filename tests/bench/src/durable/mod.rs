//! `relais-bench durable`: what is accepted is on the disk. Relais, over HTTP and over submission, against Postfix as a relay: the
//! same bytes from the same callers to the same sink on the same disk, in shuffled rounds.

mod backlog;
mod caller;
mod counted;
mod latency;
mod relais;
mod report;
mod syncs;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_e2e::Postfix;
use tokio::sync::Barrier;

use self::backlog::Backlog;
use self::caller::Caller;
use self::counted::CountedSink;
use self::relais::Daemon;
use self::report::{Cell, Report, Sample};
use crate::Fault;
use crate::load::{Kind, Load};
use crate::smtp::shuffle;

pub const CALLERS: [usize; 3] = [1, 4, 16];
/// How long the sink may lag behind what was accepted.
const DRAIN: Duration = Duration::from_secs(120);

/// Who takes the mail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Server {
    RelaisHttp,
    RelaisSubmission,
    Postfix,
}

impl Server {
    pub const ALL: [Self; 3] = [Self::RelaisHttp, Self::RelaisSubmission, Self::Postfix];

    pub fn word(self) -> &'static str {
        match self {
            Self::RelaisHttp => "relais-http",
            Self::RelaisSubmission => "relais-submission",
            Self::Postfix => "postfix",
        }
    }
}

/// All that one run talks to.
struct Stage {
    sink: CountedSink,
    daemon: Daemon,
    /// `None` where Postfix cannot run: then there is nothing to compare with, and the report says so.
    postfix: Option<Postfix>,
}

impl Stage {
    fn address(&self, server: Server) -> Option<SocketAddr> {
        match server {
            Server::RelaisHttp => Some(self.daemon.http),
            Server::RelaisSubmission => Some(self.daemon.submission),
            Server::Postfix => {
                let port = self.postfix.as_ref()?.port();
                Some(SocketAddr::from(([127, 0, 0, 1], port)))
            }
        }
    }
}

/// What `only` calls the part about queued mails.
const BACKLOG: &str = "backlog";

/// Runs everything; or of the table against Postfix those cells of whose name `only` is a part, and nothing else; or the backlog
/// alone.
pub async fn run(json: bool, quick: bool, only: Option<&str>) -> Result<(), Fault> {
    let (rounds, window) = match quick {
        true => (1, Duration::from_secs(1)),
        false => (3, Duration::from_secs(3)),
    };
    let (mails, backlogs) = if quick { (5_000, 1) } else { (100_000, 5) };
    if only == Some(BACKLOG) {
        let mut report = Report::new(rounds);
        report.backlog(Backlog::measure(mails, backlogs).await?);
        report.print(json);
        return Ok(());
    }
    let sink = CountedSink::start()?;
    let daemon = Daemon::start(sink.address)?;
    let postfix = Postfix::relay(sink.address.port());
    let stage = Stage { sink, daemon, postfix };
    let load = Load::new();
    let mut cells: Vec<Cell> = Vec::new();
    for kind in Kind::ALL {
        for callers in CALLERS {
            let servers = Server::ALL
                .into_iter()
                .filter(|server| stage.address(*server).is_some());
            cells.extend(servers.map(|server| Cell { kind, callers, server }));
        }
    }
    cells.retain(|cell| only.is_none_or(|only| format!("{cell} ").contains(only)));
    let mut report = Report::new(rounds);
    for round in 0..rounds {
        shuffle(&mut cells, round);
        for cell in &cells {
            say(json, &format!("round {}/{rounds}: {cell}", round + 1));
            report.add(*cell, measure(*cell, &stage, &load, window).await?);
        }
    }
    if only.is_some() {
        say(json, "");
        report.print(json);
        return Ok(());
    }
    say(json, "syncs a mail");
    let mut sync_cells = cells.clone();
    sync_cells.sort();
    for cell in sync_cells {
        if let Some(syncs) = syncs::per_mail(cell, &stage, &load).await? {
            report.syncs(cell, syncs);
        }
    }
    drop(stage);
    say(json, "20 ms of latency");
    report.latency(latency::compare(&load, window).await?);
    say(json, "100,000 queued mails");
    report.backlog(Backlog::measure(mails, backlogs).await?);
    say(json, "");
    report.print(json);
    Ok(())
}

fn say(json: bool, what: &str) {
    if !json {
        eprint!("\r{what:<60}");
    }
}

/// Sends from `callers` connections for a while, then waits for the sink to have all of it.
async fn measure(cell: Cell, stage: &Stage, load: &Load, window: Duration) -> Result<Sample, Fault> {
    let address = stage.address(cell.server).ok_or("this server does not run")?;
    let content = Arc::new(caller::content(cell.server, load, cell.kind, &stage.daemon.token).await?);
    let before = stage.sink.count();
    let start = Arc::new(Barrier::new(cell.callers + 1));
    let mut tasks = Vec::new();
    for _ in 0..cell.callers {
        let mut caller = Caller::connect(cell.server, address, content.clone()).await?;
        // One mail before the clock: connections are made, sessions are open.
        caller.send().await?;
        let start = start.clone();
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let begun = Instant::now();
            let mut waits = Vec::new();
            while begun.elapsed() < window {
                let asked = Instant::now();
                caller.send().await?;
                waits.push(asked.elapsed());
            }
            Ok::<_, Fault>(waits)
        }));
    }
    let warm = before + cell.callers as u64;
    stage.sink.reaches(warm, DRAIN).await?;
    start.wait().await;
    let begun = Instant::now();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let accepting = begun.elapsed();
    stage.sink.reaches(warm + waits.len() as u64, DRAIN).await?;
    let delivering = begun.elapsed();
    waits.sort();
    let at = |share: f64| {
        let index = ((waits.len() as f64 * share) as usize).min(waits.len().saturating_sub(1));
        waits.get(index).map_or(f64::NAN, |wait| wait.as_secs_f64() * 1e3)
    };
    Ok(Sample {
        accepted_per_second: waits.len() as f64 / accepting.as_secs_f64(),
        delivered_per_second: waits.len() as f64 / delivering.as_secs_f64(),
        accept_p50_ms: at(0.50),
        accept_p99_ms: at(0.99),
    })
}
