//! `relais-bench graph`: the sandboxed Office365 connector and a native client do the same on the same Graph, in shuffled rounds.

mod load;
mod native;
mod report;
mod sink;

use std::sync::Arc;
use std::time::Duration;

use relais_e2e::office::Office;

use crate::race::{Sends, race};
use crate::smtp::shuffle;
use crate::{Fault, process};
use load::{Kind, Load};
use native::Native;
use report::{Cell, Client, Memory, Report, Sample};
use sink::Sink;

pub use sink::serve;

const CONNECTIONS: [usize; 2] = [1, 4];

/// Runs everything; or those cells of whose name `only` is a part, and nothing else.
pub async fn run(json: bool, quick: bool, only: Option<&str>) -> Result<(), Fault> {
    let (rounds, window) = if quick {
        (2, Duration::from_millis(300))
    } else {
        (5, Duration::from_millis(1500))
    };
    let sink = Sink::start()?;
    let load = Arc::new(Load::new());
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        for connections in CONNECTIONS {
            for client in Client::ALL {
                cells.push(Cell {
                    kind,
                    connections,
                    client,
                });
            }
        }
    }
    cells.retain(|cell| only.is_none_or(|only| cell.to_string().contains(only)));
    let mut report = Report::new(rounds);
    for round in 0..rounds {
        shuffle(&mut cells, round);
        for cell in &cells {
            if !json {
                eprint!("\rround {}/{rounds}: {:<40}", round + 1, cell.to_string());
            }
            let sample = measure(*cell, &sink, &load, window).await?;
            report.add(*cell, sample);
        }
    }
    if !json {
        eprintln!("\r{:<60}", "");
    }
    let memory = match only {
        None => Some(memory(&sink, &load).await?),
        Some(_) => None,
    };
    report.print(json, memory.as_ref());
    Ok(())
}

/// One client with a connection of its own.
enum Sender {
    Native(Native),
    Relais(Box<relais_sandbox::Session>),
}

impl Sender {
    async fn open(client: Client, sink: &Sink) -> Result<Self, Fault> {
        Ok(match client {
            Client::Native => Sender::Native(Native::new(&sink.graph)?),
            Client::Relais => Sender::Relais(Box::new(Office::towards(&sink.graph, &sink.upload).open().await)),
        })
    }
}

impl Sends for Sender {
    type Load = Load;
    type Kind = Kind;

    async fn send(&mut self, load: &Load, kind: Kind) -> Result<(), Fault> {
        match self {
            Sender::Native(native) => native.send(load, kind).await,
            Sender::Relais(session) => {
                session.send(&load.message(kind)?).await?;
                Ok(())
            }
        }
    }

    async fn close(self) {
        if let Sender::Relais(session) = self {
            session.close().await;
        }
    }
}

async fn measure(cell: Cell, sink: &Sink, load: &Arc<Load>, window: Duration) -> Result<Sample, Fault> {
    let before = sink.counts().await?;
    let mut senders = Vec::new();
    for _ in 0..cell.connections {
        senders.push(Sender::open(cell.client, sink).await?);
    }
    let raced = race(senders, load, cell.kind, window).await?;
    let after = sink.counts().await?;
    let accepted = after.accepted - before.accepted;
    if accepted != raced.sent + cell.connections as u64 {
        return Err(format!("{cell}: {} mails were sent, and {accepted} accepted", raced.sent).into());
    }
    Ok(Sample {
        messages_per_second: raced.messages_per_second,
        cpu_us_per_message: raced.cpu_us_per_message,
        connections: after.connections - before.connections,
    })
}

/// What a mail of 34 MB from a file costs in memory.
async fn memory(sink: &Sink, load: &Load) -> Result<Memory, Fault> {
    let mut session = Office::towards(&sink.graph, &sink.upload).open().await;
    session.send(&load.message(Kind::Text)?).await?;
    let (file, message) = load.on_the_disk()?;
    process::reset_peak();
    let (before, stats) = (process::resident(), session.stats());
    session.send(&message).await?;
    let grown = process::peak().saturating_sub(before);
    let after = session.stats();
    session.close().await;
    drop(file);
    Ok(Memory {
        growth: grown,
        guest_growth: (after.memory - stats.memory) as u64,
        through_guest: after.guest_bytes - stats.guest_bytes,
        host_calls: after.host_calls - stats.host_calls,
    })
}
