//! Senders that send side by side for a while, by one clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Barrier;

use crate::{Fault, process};

/// One connection of a client.
pub trait Sends: Send + 'static {
    /// What it sends mails of.
    type Load: Send + Sync + 'static;
    type Kind: Copy + Send + 'static;

    fn send(&mut self, load: &Self::Load, kind: Self::Kind) -> impl Future<Output = Result<(), Fault>> + Send;
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// What a race came to.
pub struct Raced {
    /// Without the one mail of each sender before the clock.
    pub sent: u64,
    pub messages_per_second: f64,
    /// Of this process.
    pub cpu_us_per_message: f64,
}

pub async fn race<S: Sends>(
    senders: Vec<S>,
    load: &Arc<S::Load>,
    kind: S::Kind,
    window: Duration,
) -> Result<Raced, Fault> {
    let start = Arc::new(Barrier::new(senders.len() + 1));
    let mut tasks = Vec::new();
    for mut sender in senders {
        // One mail before the clock: connections are made, caches warm.
        sender.send(load, kind).await?;
        let (start, load) = (start.clone(), load.clone());
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let (begun, mut sent) = (Instant::now(), 0_u64);
            while begun.elapsed() < window {
                sender.send(&load, kind).await?;
                sent += 1;
            }
            sender.close().await;
            Ok::<u64, Fault>(sent)
        }));
    }
    let cpu = process::cpu_nanos();
    start.wait().await;
    let begun = Instant::now();
    let mut sent = 0;
    for task in tasks {
        sent += task.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    let cpu = process::cpu_nanos().saturating_sub(cpu) as f64;
    let mails = sent.max(1) as f64;
    Ok(Raced {
        sent,
        messages_per_second: mails / took,
        cpu_us_per_message: cpu / 1e3 / mails,
    })
}
