//! `relais-bench smtp`: messages a second and processor time a message, each client on the same sink, in shuffled rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Barrier;

use crate::clients::Client;
use crate::clients::lettre::Lettre;
use crate::clients::raw::Raw;
use crate::clients::relais::{self, Relais};
use crate::load::{Kind, Load};
use crate::report::{Cell, Report, Sample};
use crate::sink::Sink;
use crate::{Fault, cost, process};

const CONNECTIONS: [usize; 3] = [1, 4, 16];

pub async fn run(json: bool, quick: bool) -> Result<(), Fault> {
    let (rounds, window) = if quick {
        (2, Duration::from_millis(200))
    } else {
        (5, Duration::from_millis(800))
    };
    let sink = Sink::start()?;
    let relais = Arc::new(Relais::new(sink.address).await?);
    let load = Arc::new(Load::new());
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        for connections in CONNECTIONS {
            for client in Client::ALL {
                cells.push(Cell {
                    client,
                    kind,
                    connections,
                });
            }
        }
    }
    let mut report = Report::new(sink.name, rounds);
    for round in 0..rounds {
        shuffle(&mut cells, round);
        for cell in &cells {
            if !json {
                eprint!("\rround {}/{rounds}: {:<40}", round + 1, cell.to_string());
            }
            let sample = measure(*cell, &sink, &relais, &load, window).await?;
            report.add(*cell, sample);
        }
    }
    if !json {
        eprintln!("\r{:<60}", "");
    }
    let costs = cost::measure(&sink, &relais, &load).await?;
    report.print(json, &costs);
    Ok(())
}

/// Another order each round, the same at each run.
pub fn shuffle<T>(cells: &mut [T], round: u64) {
    let mut state = round.wrapping_mul(0x9e37_79b9).wrapping_add(0x7f4a_7c15);
    for last in (1..cells.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
        cells.swap(last, other);
    }
}

/// One connection of a client.
enum Sender {
    Raw(Raw),
    Lettre(Lettre),
    Relais(relais_sandbox::Session),
}

impl Sender {
    async fn connect(cell: Cell, sink: &Sink, relais: &Relais, load: &Load) -> Result<Self, Fault> {
        Ok(match cell.client {
            Client::Raw => Sender::Raw(Raw::connect(sink.address, load, cell.kind).await?),
            Client::LettreNodelay => Sender::Lettre(Lettre::connect(sink.address, true).await?),
            Client::Lettre => Sender::Lettre(Lettre::connect(sink.address, false).await?),
            Client::Relais => Sender::Relais(relais.connect().await?),
        })
    }

    async fn send(&mut self, load: &Load, kind: Kind) -> Result<(), Fault> {
        match self {
            Sender::Raw(raw) => raw.send().await,
            Sender::Lettre(lettre) => lettre.send(load, kind).await,
            Sender::Relais(session) => relais::send(session, load, kind).await,
        }
    }
}

async fn measure(
    cell: Cell,
    sink: &Sink,
    relais: &Relais,
    load: &Arc<Load>,
    window: Duration,
) -> Result<Sample, Fault> {
    let start = Arc::new(Barrier::new(cell.connections + 1));
    let sent = Arc::new(AtomicU64::new(0));
    let mut tasks = Vec::new();
    for _ in 0..cell.connections {
        let mut sender = Sender::connect(cell, sink, relais, load).await?;
        // One mail before the clock: connections are made, caches warm.
        sender.send(load, cell.kind).await?;
        let (start, sent, load) = (start.clone(), sent.clone(), load.clone());
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let begun = Instant::now();
            while begun.elapsed() < window {
                sender.send(&load, cell.kind).await?;
                sent.fetch_add(1, Ordering::Relaxed);
            }
            if let Sender::Relais(session) = sender {
                session.close().await;
            }
            Ok::<(), Fault>(())
        }));
    }
    let cpu = process::cpu_nanos();
    start.wait().await;
    let begun = Instant::now();
    for task in tasks {
        task.await??;
    }
    let took = begun.elapsed().as_secs_f64();
    let sent = sent.load(Ordering::Relaxed).max(1) as f64;
    let cpu = process::cpu_nanos().saturating_sub(cpu) as f64;
    Ok(Sample {
        messages_per_second: sent / took,
        cpu_us_per_message: cpu / 1e3 / sent,
    })
}
