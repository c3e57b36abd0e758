//! The daemon is killed where it stands, again and again, while callers hand mail over and sessions transmit it. What it
//! acknowledged must arrive, once; or be reported as uncertain, which only what was being transmitted may be.
//!
//! `RELAIS_CRASH_ROUNDS` is how often, 200 by default.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod callers;
mod ledger;

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_e2e::daemon::Daemon;
use relais_e2e::recorder::Recorder;
use serde_json::Value;

use callers::Callers;
use ledger::Ledger;

/// Sessions of the instance: no more messages than this are being transmitted at once.
const SESSIONS: usize = 4;
/// How long the sink thinks at most. Long against a transmission, so that most kills meet some.
const THINKS: Duration = Duration::from_millis(20);
/// How long a round lasts at most once mails are acknowledged in it, in milliseconds.
const ROUND: u64 = 300;
/// One kill in so many does not wait for that: it meets the start, and what recovers.
const EARLY: u64 = 5;
/// Mails that wait at most before the callers do: what is accepted while the daemon is killed again and again is more than is sent.
const BACKLOG: u64 = 5_000;
/// For what is left when the last round is over.
const DRAIN: Duration = Duration::from_secs(180);

fn rounds() -> usize {
    let given = std::env::var("RELAIS_CRASH_ROUNDS").ok();
    given.map_or(200, |rounds| rounds.parse().expect("RELAIS_CRASH_ROUNDS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_sent_twice_however_often_the_daemon_is_killed() {
    let sink = Arc::new(Recorder::start(THINKS).await.unwrap());
    let begun = Instant::now();
    let watched = sink.clone();
    let (ledger, uncertain) = tokio::task::spawn_blocking(move || torment(&watched)).await.unwrap();

    let judged = ledger.judge(&sink.received(), &uncertain.ids);
    let figures = format!(
        "crash: {} kills in {:?}: {judged}, {} uncertain, at most {} by one kill",
        rounds(),
        begun.elapsed(),
        uncertain.ids.len(),
        uncertain.most,
    );
    let _ = writeln!(std::io::stderr(), "{figures}");
    assert!(judged.lost.is_empty(), "{figures}: {:?}", judged.lost);
    assert!(judged.duplicates.is_empty(), "{figures}: {:?}", judged.duplicates);
    assert!(uncertain.most <= SESSIONS, "{figures}");
    assert!(judged.received > 0, "{figures}");
}

/// The rounds, and what follows them until nothing is pending.
fn torment(sink: &Recorder) -> (Ledger, Uncertain) {
    let sessions = SESSIONS.to_string();
    let mut daemon = Daemon::prepare(sink.address().port());
    daemon.does(&["instance", "edit", "smtp", "--sessions", &sessions]);
    let token = daemon.token("default", "crash", "send");
    let reader = daemon.token("default", "reader", "admin");
    let callers = Callers::start(daemon.http(), daemon.submission(), &token);
    let mut uncertain = Uncertain::default();
    for _ in 0..rounds() {
        let before = callers.acknowledged();
        let behind = before.saturating_sub(sink.count()) > BACKLOG;
        callers.hold(behind);
        daemon.serve();
        uncertain.look(&daemon, &reader);
        if !behind && fastrand::u64(..EARLY) > 0 {
            let begun = Instant::now();
            while callers.acknowledged() == before {
                assert!(begun.elapsed() < DRAIN, "nothing is accepted: {}", daemon.log());
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        std::thread::sleep(Duration::from_millis(fastrand::u64(..ROUND)));
        daemon.kill();
    }
    daemon.serve();
    uncertain.look(&daemon, &reader);
    callers.hold(false);
    let ledger = callers.stop();
    drain(&daemon, &reader);
    // What no kill explains is not excused by one.
    let before = uncertain.ids.len();
    uncertain.look(&daemon, &reader);
    assert_eq!(
        uncertain.ids.len(),
        before,
        "uncertain without a kill: {}",
        daemon.log()
    );
    assert!(
        listed(&daemon, &reader, "failed").is_empty(),
        "failed: {}",
        daemon.log()
    );
    assert!(daemon.terminate(), "{}", daemon.log());
    (ledger, uncertain)
}

fn drain(daemon: &Daemon, token: &str) {
    let begun = Instant::now();
    while ["queued", "deferred", "sending"]
        .iter()
        .any(|state| !listed(daemon, token, state).is_empty())
    {
        assert!(begun.elapsed() < DRAIN, "still pending: {}", daemon.log());
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The ids of the newest thousand deliveries in this state.
fn listed(daemon: &Daemon, token: &str, state: &str) -> Vec<String> {
    let path = format!("/api/v1/default/deliveries?state={state}&limit=1000");
    let (status, answer) = callers::get(daemon.http(), token, &path).expect("the daemon answers");
    assert_eq!(status, 200, "{answer}");
    let deliveries = answer["deliveries"].as_array().expect("a list of deliveries");
    let id = |delivery: &Value| delivery["id"].as_str().expect("a delivery has an id").to_owned();
    deliveries.iter().map(id).collect()
}

/// The deliveries of which the daemon said that nobody knows whether they left.
#[derive(Debug, Default)]
struct Uncertain {
    ids: HashSet<String>,
    /// That one kill left.
    most: usize,
}

impl Uncertain {
    /// Right after a start: what the kill before it left.
    fn look(&mut self, daemon: &Daemon, token: &str) {
        let before = self.ids.len();
        self.ids.extend(listed(daemon, token, "uncertain"));
        self.most = self.most.max(self.ids.len() - before);
    }
}
