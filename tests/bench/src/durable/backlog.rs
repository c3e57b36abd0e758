//! A destination that is down, and mail that goes on being accepted: does acceptance slow down, does memory grow, how long does a
//! start take with all of it queued. Several runs, each with a store of its own: one tenth of one run says little, since the
//! rate of a shared machine changes by a third from one second to the next.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Server;
use super::caller::{self, Caller};
use super::relais::Daemon;
use crate::Fault;
use crate::load::{Kind, Load};
use crate::report::Spread;

const CALLERS: usize = 16;
const PARTS: usize = 10;
/// What the second half is accepted at, of the rate of the first; below it acceptance slows down.
const STEADY: f64 = 0.95;

pub struct Backlog {
    mails: usize,
    runs: Vec<Run>,
}

struct Run {
    /// Accepted a second in each tenth.
    rates: Vec<f64>,
    /// Bytes resident after the first tenth, at the end, and after the restart.
    resident: [u64; 3],
    /// From the start of the process to `/ready`, after a SIGKILL.
    ready: Duration,
}

impl Run {
    /// The time that the first half took, to that of the second.
    fn second_to_first(&self) -> f64 {
        let (first, second) = self.rates.split_at(self.rates.len() / 2);
        let took = |rates: &[f64]| rates.iter().map(|rate| rate.recip()).sum::<f64>();
        took(first) / took(second)
    }
}

impl Backlog {
    pub async fn measure(mails: usize, runs: u64) -> Result<Self, Fault> {
        let mut done = Vec::new();
        for _ in 0..runs {
            done.push(run(mails).await?);
        }
        Ok(Self { mails, runs: done })
    }

    fn spread(&self, of: impl Fn(&Run) -> f64) -> Spread {
        Spread::of(self.runs.iter().map(of))
    }

    /// Medians over the runs.
    fn rates(&self) -> Vec<f64> {
        let rate = |part: usize| self.spread(|run| run.rates.get(part).copied().unwrap_or(f64::NAN));
        (0..PARTS).map(|part| rate(part).median.round()).collect()
    }

    /// The most of all runs.
    fn resident(&self) -> [u64; 3] {
        let most = |at: usize| self.runs.iter().filter_map(|run| run.resident.get(at)).max().copied();
        [0, 1, 2].map(|at| most(at).unwrap_or(0))
    }

    fn ready_ms(&self) -> Spread {
        self.spread(|run| run.ready.as_secs_f64() * 1e3)
    }

    pub fn json(&self) -> Value {
        let [first, end, restarted] = self.resident();
        let halves = self.runs.iter().map(Run::second_to_first);
        json!({
            "mails": self.mails,
            "accepted_per_second": self.rates(),
            "second_half_to_first": halves.collect::<Vec<_>>(),
            "resident_first_tenth": first,
            "resident_end": end,
            "resident_restarted": restarted,
            "ready_ms": self.ready_ms().median.round(),
        })
    }

    pub fn table(&self) {
        println!(
            "\n| {} mails queued for a destination that is down | |\n|---|---|",
            self.mails
        );
        let rates = self.rates();
        let rates: Vec<String> = rates.iter().map(|rate| format!("{rate:.0}")).collect();
        println!(
            "| accepted/s in each tenth, medians of {} runs | {} |",
            self.runs.len(),
            rates.join(", ")
        );
        let Spread { median, min, max } = self.spread(Run::second_to_first);
        let verdict = if median < STEADY { " (miss)" } else { "" };
        println!("| rate of the second half / of the first | {median:.2} ({min:.2}–{max:.2}){verdict} |");
        let resident = self.resident().map(|bytes| format!("{} MiB", bytes >> 20));
        println!(
            "| resident after the first tenth, at the end, after a restart | {} |",
            resident.join(", ")
        );
        let Spread { median, min, max } = self.ready_ms();
        println!("| from start to ready, after a SIGKILL | {median:.0} ms ({min:.0}–{max:.0}) |");
    }
}

async fn run(mails: usize) -> Result<Run, Fault> {
    // Nobody listens there: the listener is gone before the daemon starts.
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let mut daemon = Daemon::start(nobody)?;
    let content = Arc::new(caller::content(Server::RelaisHttp, &Load::new(), Kind::Text, &daemon.token).await?);
    let (mut rates, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..PARTS {
        let begun = Instant::now();
        let mut tasks = Vec::new();
        for _ in 0..CALLERS {
            let mut caller = Caller::connect(Server::RelaisHttp, daemon.http, content.clone()).await?;
            tasks.push(tokio::spawn(async move {
                for _ in 0..mails / PARTS / CALLERS {
                    caller.send().await?;
                }
                Ok::<_, Fault>(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        rates.push((mails / PARTS / CALLERS * CALLERS) as f64 / begun.elapsed().as_secs_f64());
        resident.push(daemon.resident());
    }
    let ready = daemon.restart()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = |part: usize| resident.get(part).copied().unwrap_or(0);
    Ok(Run {
        rates,
        resident: [after(0), after(PARTS - 1), daemon.resident()],
        ready,
    })
}
