//! `relais-bench smtp`: messages a second and processor time a message, each client on the same sink, in shuffled rounds.

use std::sync::Arc;
use std::time::Duration;

use crate::clients::Client;
use crate::clients::lettre::Lettre;
use crate::clients::raw::Raw;
use crate::clients::relais::{self, Relais};
use crate::load::{Kind, Load};
use crate::race::{Sends, race};
use crate::report::{Cell, Report, Sample};
use crate::sink::Sink;
use crate::{Fault, cost};

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
}

impl Sends for Sender {
    type Load = Load;
    type Kind = Kind;

    async fn send(&mut self, load: &Load, kind: Kind) -> Result<(), Fault> {
        match self {
            Sender::Raw(raw) => raw.send().await,
            Sender::Lettre(lettre) => lettre.send(load, kind).await,
            Sender::Relais(session) => relais::send(session, load, kind).await,
        }
    }

    async fn close(self) {
        if let Sender::Relais(session) = self {
            session.close().await;
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
    let mut senders = Vec::new();
    for _ in 0..cell.connections {
        senders.push(Sender::connect(cell, sink, relais, load).await?);
    }
    let raced = race(senders, load, cell.kind, window).await?;
    Ok(Sample {
        messages_per_second: raced.messages_per_second,
        cpu_us_per_message: raced.cpu_us_per_message,
    })
}
