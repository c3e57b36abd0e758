//! Medians, spread, ratios; as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::load::Kind;
use crate::report::Spread;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Client {
    /// reqwest with lettre's MIME.
    Native,
    /// The sandboxed connector, a warm session a connection.
    Relais,
}

impl Client {
    pub const ALL: [Client; 2] = [Client::Native, Client::Relais];

    pub fn word(self) -> &'static str {
        match self {
            Client::Native => "reqwest",
            Client::Relais => "relais",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub kind: Kind,
    pub connections: usize,
    pub client: Client,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ×{}", self.client.word(), self.kind.word(), self.connections)
    }
}

#[derive(Clone, Copy)]
pub struct Sample {
    pub messages_per_second: f64,
    pub cpu_us_per_message: f64,
    /// Made in the whole cell.
    pub connections: u64,
}

/// What one mail of 34 MB costs.
pub struct Memory {
    /// Bytes by which the process grew at most.
    pub growth: u64,
    pub guest_growth: u64,
    pub through_guest: u64,
    pub host_calls: u64,
}

pub struct Report {
    rounds: u64,
    cells: BTreeMap<Cell, Vec<Sample>>,
}

/// The goal: at least 0.9 of the native client.
const GOAL: f64 = 0.9;
const MIB: f64 = 1024.0 * 1024.0;

impl Report {
    pub fn new(rounds: u64) -> Self {
        Self {
            rounds,
            cells: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, cell: Cell, sample: Sample) {
        self.cells.entry(cell).or_default().push(sample);
    }

    pub fn print(&self, json: bool, memory: Option<&Memory>) {
        if json {
            println!("{}", self.json(memory));
        } else {
            self.table(memory);
        }
    }

    /// Of the cells that both clients have run.
    fn ratios(&self) -> Vec<(Kind, usize, f64)> {
        let rate = |cell: &Cell| {
            let samples = self.cells.get(cell)?;
            Some(Spread::of(samples.iter().map(|s| s.messages_per_second)).median)
        };
        let relais = self.cells.keys().filter(|cell| cell.client == Client::Relais);
        relais
            .filter_map(|cell| {
                let native = Cell {
                    client: Client::Native,
                    ..*cell
                };
                Some((cell.kind, cell.connections, rate(cell)? / rate(&native)?))
            })
            .collect()
    }

    fn json(&self, memory: Option<&Memory>) -> Value {
        let rows: Vec<Value> = self
            .cells
            .iter()
            .map(|(cell, samples)| {
                let rate = Spread::of(samples.iter().map(|s| s.messages_per_second));
                let cpu = Spread::of(samples.iter().map(|s| s.cpu_us_per_message));
                let opened = Spread::of(samples.iter().map(|s| s.connections as f64));
                json!({
                    "client": cell.client.word(),
                    "kind": cell.kind.word(),
                    "connections": cell.connections,
                    "messages_per_second": (rate.median * 100.0).round() / 100.0,
                    "messages_per_second_min": (rate.min * 100.0).round() / 100.0,
                    "messages_per_second_max": (rate.max * 100.0).round() / 100.0,
                    "cpu_us_per_message": (cpu.median * 10.0).round() / 10.0,
                    "connections_opened": opened.max,
                })
            })
            .collect();
        let ratios: Vec<Value> = self
            .ratios()
            .into_iter()
            .map(|(kind, connections, ratio)| {
                let ratio = (ratio * 1000.0).round() / 1000.0;
                json!({ "kind": kind.word(), "connections": connections, "to_native": ratio })
            })
            .collect();
        json!({
            "rounds": self.rounds,
            "rows": rows,
            "relais": ratios,
            "mail_of_34_mb": memory.map(|memory| json!({
                "growth_bytes": memory.growth,
                "guest_growth_bytes": memory.guest_growth,
                "through_guest_bytes": memory.through_guest,
                "host_calls": memory.host_calls,
            })),
        })
    }

    fn table(&self, memory: Option<&Memory>) {
        println!("{} rounds, medians (min–max)\n", self.rounds);
        println!("| kind | sessions | client | messages/s | cpu µs/message | connections opened |");
        println!("|---|---|---|---|---|---|");
        for (cell, samples) in &self.cells {
            let rate = Spread::of(samples.iter().map(|s| s.messages_per_second));
            let cpu = Spread::of(samples.iter().map(|s| s.cpu_us_per_message));
            let opened = Spread::of(samples.iter().map(|s| s.connections as f64));
            println!(
                "| {} | {} | {} | {:.1} ({:.1}–{:.1}) | {:.0} | {:.0} |",
                cell.kind.word(),
                cell.connections,
                cell.client.word(),
                rate.median,
                rate.min,
                rate.max,
                cpu.median,
                opened.max
            );
        }
        println!("\n| kind | sessions | relais / reqwest |");
        println!("|---|---|---|");
        for (kind, connections, ratio) in self.ratios() {
            let verdict = if ratio < GOAL { " (miss)" } else { "" };
            println!("| {} | {connections} | {ratio:.2}{verdict} |", kind.word());
        }
        let Some(memory) = memory else { return };
        println!("\n| a mail of 34 MB from a file | |");
        println!("|---|---|");
        println!(
            "| memory growth of the process (goal: flat) | {:.2} MiB |",
            memory.growth as f64 / MIB
        );
        println!(
            "| memory growth of the guest | {:.2} MiB |",
            memory.guest_growth as f64 / MIB
        );
        println!("| bytes copied through the guest | {} |", memory.through_guest);
        println!("| crossings | {} host calls |", memory.host_calls);
    }
}
