//! Benchmarks: each compares Relais with what people use today, on the same sink in one run.
//! `relais-bench smtp|durable|graph [--json] [--quick] [--only WORDS]`.

mod clients;
mod cost;
mod durable;
mod graph;
mod load;
mod process;
mod race;
mod report;
mod sink;
mod smtp;

use std::process::ExitCode;

type Fault = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let only = arguments.iter().position(|argument| argument == "--only");
    let only = only.and_then(|place| arguments.get(place + 1)).map(String::as_str);
    let done = match arguments.first().map(String::as_str) {
        Some("smtp") => smtp::run(has("--json"), has("--quick")).await,
        Some("durable") => durable::run(has("--json"), has("--quick"), only).await,
        Some("graph") => graph::run(has("--json"), has("--quick"), only).await,
        Some("graph-sink") => graph::serve().await,
        // The sink of a machine without Postfix: a process of its own, so that its work is not counted as a client's.
        Some("sink") => sink::serve().await,
        _ => Err(
            "usage: relais-bench smtp|durable|graph [--json] [--quick], durable|graph [--only 'relais text ×4']".into(),
        ),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("relais-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
