//! What a person sees who waits: one line on the standard error, where that is a terminal, and nothing once it is over.

use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use tokio::time;

/// Before this, nobody has begun to wonder.
const PATIENCE: Duration = Duration::from_millis(400);
const STEP: Duration = Duration::from_millis(120);
const WHEEL: [char; 4] = ['|', '/', '-', '\\'];

/// Shows `label` and the seconds while `work` is under way.
pub async fn while_waiting<T>(label: &str, json: bool, work: impl Future<Output = T>) -> T {
    if json || !io::stderr().is_terminal() {
        return work.await;
    }
    let began = Instant::now();
    let mut work = std::pin::pin!(work);
    let mut ticks = time::interval_at((began + PATIENCE).into(), STEP);
    let (mut turn, mut shown) = (WHEEL.iter().cycle(), false);
    loop {
        tokio::select! {
            done = &mut work => {
                if shown {
                    // Erases the line (ECMA-48 §8.3.41).
                    draw("\r\u{1b}[K");
                }
                return done;
            }
            _ = ticks.tick() => {
                shown = true;
                let wheel = turn.next().copied().unwrap_or(' ');
                draw(&format!("\r{wheel} {label} {} s", began.elapsed().as_secs()));
            }
        }
    }
}

fn draw(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}
