//! A destination that is down, and mail that goes on being accepted: does acceptance slow down, does memory grow, how long does a
//! start take with all of it queued.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Server;
use super::caller::{self, Caller};
use super::relais::Daemon;
use crate::Fault;
use crate::load::{Kind, Load};

const CALLERS: usize = 16;
const PARTS: usize = 10;

pub struct Backlog {
    pub mails: usize,
    /// Accepted a second in each tenth.
    pub rates: Vec<f64>,
    /// Bytes resident after the first tenth, at the end, and after the restart.
    pub resident_first: u64,
    pub resident_last: u64,
    pub resident_restarted: u64,
    /// From the start of the process to `/ready`, after a SIGKILL.
    pub ready: Duration,
}

pub async fn measure(mails: usize) -> Result<Backlog, Fault> {
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
    Ok(Backlog {
        mails,
        rates,
        resident_first: resident.first().copied().unwrap_or(0),
        resident_last: resident.last().copied().unwrap_or(0),
        resident_restarted: daemon.resident(),
        ready,
    })
}
