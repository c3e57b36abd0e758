//! Medians and ratios; as a table or as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

use super::Server;
use super::backlog::Backlog;
use super::latency::{CONNECTIONS, Latency};
use crate::load::Kind;
use crate::report::Spread;

/// The goals: delivered, as a ratio to Postfix and to nodemailer.
const TO_POSTFIX: f64 = 2.0;
const TO_NODEMAILER: f64 = 3.0;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub kind: Kind,
    pub callers: usize,
    pub server: Server,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ×{}", self.server.word(), self.kind.word(), self.callers)
    }
}

#[derive(Clone, Copy)]
pub struct Sample {
    pub accepted_per_second: f64,
    pub delivered_per_second: f64,
    pub accept_p50_ms: f64,
    pub accept_p99_ms: f64,
}

pub struct Report {
    rounds: u64,
    cells: BTreeMap<Cell, Vec<Sample>>,
    syncs: BTreeMap<Cell, f64>,
    latency: Vec<Latency>,
    backlog: Option<Backlog>,
}

impl Report {
    pub fn new(rounds: u64) -> Self {
        Self {
            rounds,
            cells: BTreeMap::new(),
            syncs: BTreeMap::new(),
            latency: Vec::new(),
            backlog: None,
        }
    }

    pub fn add(&mut self, cell: Cell, sample: Sample) {
        self.cells.entry(cell).or_default().push(sample);
    }

    pub fn syncs(&mut self, cell: Cell, per_mail: f64) {
        self.syncs.insert(cell, per_mail);
    }

    pub fn latency(&mut self, rows: Vec<Latency>) {
        self.latency = rows;
    }

    pub fn backlog(&mut self, backlog: Backlog) {
        self.backlog = Some(backlog);
    }

    fn median(&self, cell: Cell, of: impl Fn(&Sample) -> f64) -> f64 {
        let samples = self.cells.get(&cell).map(Vec::as_slice).unwrap_or_default();
        Spread::of(samples.iter().map(of)).median
    }

    /// Delivered, against Postfix; not a number where Postfix did not run.
    fn to_postfix(&self, cell: Cell) -> f64 {
        let delivered = |cell| self.median(cell, |sample| sample.delivered_per_second);
        let postfix = Cell {
            server: Server::Postfix,
            ..cell
        };
        delivered(cell) / delivered(postfix)
    }

    pub fn print(&self, json: bool) {
        if json {
            println!("{}", self.json());
        } else {
            self.table();
        }
    }

    fn json(&self) -> Value {
        let rows = self.cells.keys().map(|cell| {
            json!({
                "client": cell.server.word(),
                "kind": cell.kind.word(),
                "callers": cell.callers,
                "accepted_per_second": self.median(*cell, |s| s.accepted_per_second).round(),
                "delivered_per_second": self.median(*cell, |s| s.delivered_per_second).round(),
                "accept_p50_ms": rounded(self.median(*cell, |s| s.accept_p50_ms)),
                "accept_p99_ms": rounded(self.median(*cell, |s| s.accept_p99_ms)),
                "fsyncs_per_mail": self.syncs.get(cell).copied().map(rounded),
                "delivered_to_postfix": rounded(self.to_postfix(*cell)),
            })
        });
        let latency = self.latency.iter().map(|row| {
            json!({
                "kind": row.kind.word(),
                "connections": CONNECTIONS,
                "relais_per_second": row.relais.round(),
                "nodemailer_per_second": row.nodemailer.map(f64::round),
            })
        });
        json!({
            "rounds": self.rounds,
            "rows": rows.collect::<Vec<_>>(),
            "latency": latency.collect::<Vec<_>>(),
            "backlog": self.backlog.as_ref().map(Backlog::json),
        })
    }

    fn table(&self) {
        if !self.cells.is_empty() {
            self.cells_table();
        }
        if !self.latency.is_empty() {
            println!(
                "\n| 20 ms away, {CONNECTIONS} connections | relais/s | nodemailer/s | ratio |\n|---|---|---|---|"
            );
        }
        for row in &self.latency {
            let (nodemailer, ratio) = match row.nodemailer {
                None => ("not installed".to_owned(), String::new()),
                Some(rate) => {
                    let ratio = row.relais / rate;
                    let verdict = if ratio < TO_NODEMAILER { " (miss)" } else { "" };
                    (format!("{rate:.0}"), format!("{ratio:.2}{verdict}"))
                }
            };
            println!("| {} | {:.0} | {nodemailer} | {ratio} |", row.kind.word(), row.relais);
        }
        if let Some(backlog) = &self.backlog {
            backlog.table();
        }
    }

    fn cells_table(&self) {
        println!("{} rounds, medians\n", self.rounds);
        println!(
            "| kind | callers | server | accepted/s | delivered/s | accept p50 ms | p99 ms | fsyncs/mail | delivered / postfix |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
        for cell in self.cells.keys() {
            let ratio = self.to_postfix(*cell);
            let verdict = match cell.server {
                Server::Postfix => String::new(),
                _ if ratio < TO_POSTFIX => format!("{ratio:.2} (miss)"),
                _ => format!("{ratio:.2}"),
            };
            println!(
                "| {} | {} | {} | {:.0} | {:.0} | {:.2} | {:.2} | {} | {verdict} |",
                cell.kind.word(),
                cell.callers,
                cell.server.word(),
                self.median(*cell, |s| s.accepted_per_second),
                self.median(*cell, |s| s.delivered_per_second),
                self.median(*cell, |s| s.accept_p50_ms),
                self.median(*cell, |s| s.accept_p99_ms),
                self.syncs
                    .get(cell)
                    .map_or("–".to_owned(), |syncs| format!("{syncs:.2}")),
            );
        }
    }
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
