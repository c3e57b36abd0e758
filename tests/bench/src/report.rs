//! Medians, spread, ratios; as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::json;

use crate::clients::Client;
use crate::cost::Costs;
use crate::load::Kind;

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
}

pub struct Report {
    sink: &'static str,
    rounds: u64,
    cells: BTreeMap<Cell, Vec<Sample>>,
}

/// The goal: Relais at or above lettre with TCP_NODELAY; below this it is a miss.
const MISS: f64 = 0.95;

impl Report {
    pub fn new(sink: &'static str, rounds: u64) -> Self {
        Self {
            sink,
            rounds,
            cells: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, cell: Cell, sample: Sample) {
        self.cells.entry(cell).or_default().push(sample);
    }

    fn rate(&self, cell: Cell) -> f64 {
        let samples = self.cells.get(&cell).map(Vec::as_slice).unwrap_or_default();
        Spread::of(samples.iter().map(|s| s.messages_per_second)).median
    }

    pub fn print(&self, json: bool, costs: &Costs) {
        if json {
            println!("{}", self.json(costs));
        } else {
            self.table(costs);
        }
    }

    fn json(&self, costs: &Costs) -> serde_json::Value {
        let rows: Vec<_> = self
            .cells
            .iter()
            .map(|(cell, samples)| {
                let rate = Spread::of(samples.iter().map(|s| s.messages_per_second));
                let cpu = Spread::of(samples.iter().map(|s| s.cpu_us_per_message));
                json!({
                    "client": cell.client.word(),
                    "kind": cell.kind.word(),
                    "connections": cell.connections,
                    "messages_per_second": rate.median.round(),
                    "messages_per_second_min": rate.min.round(),
                    "messages_per_second_max": rate.max.round(),
                    "cpu_us_per_message": (cpu.median * 10.0).round() / 10.0,
                })
            })
            .collect();
        let ratios: Vec<_> = self
            .ratios()
            .into_iter()
            .map(|(kind, connections, lettre, raw)| {
                json!({
                    "kind": kind.word(),
                    "connections": connections,
                    "to_lettre_nodelay": (lettre * 1000.0).round() / 1000.0,
                    "to_raw": (raw * 1000.0).round() / 1000.0,
                })
            })
            .collect();
        json!({ "sink": self.sink, "rounds": self.rounds, "rows": rows, "relais": ratios, "costs": costs.json() })
    }

    fn ratios(&self) -> Vec<(Kind, usize, f64, f64)> {
        let relais = self.cells.keys().filter(|cell| cell.client == Client::Relais);
        let ratios = relais.map(|cell| {
            let rate = self.rate(*cell);
            let to = |client| rate / self.rate(Cell { client, ..*cell });
            (cell.kind, cell.connections, to(Client::LettreNodelay), to(Client::Raw))
        });
        ratios.collect()
    }

    fn table(&self, costs: &Costs) {
        println!("sink {}, {} rounds, medians (min–max)\n", self.sink, self.rounds);
        println!("| kind | connections | client | messages/s | cpu µs/message |");
        println!("|---|---|---|---|---|");
        for (cell, samples) in &self.cells {
            let rate = Spread::of(samples.iter().map(|s| s.messages_per_second));
            let cpu = Spread::of(samples.iter().map(|s| s.cpu_us_per_message));
            println!(
                "| {} | {} | {} | {:.0} ({:.0}–{:.0}) | {:.1} |",
                cell.kind.word(),
                cell.connections,
                cell.client.word(),
                rate.median,
                rate.min,
                rate.max,
                cpu.median
            );
        }
        println!("\n| kind | connections | relais / lettre-nodelay | relais / raw |");
        println!("|---|---|---|---|");
        for (kind, connections, lettre, raw) in self.ratios() {
            let verdict = if lettre < MISS { " (miss)" } else { "" };
            println!("| {} | {connections} | {lettre:.2}{verdict} | {raw:.2} |", kind.word());
        }
        println!();
        costs.table();
    }
}

pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
        Self {
            median: at(values.len() / 2),
            min: at(0),
            max: at(values.len().saturating_sub(1)),
        }
    }
}
