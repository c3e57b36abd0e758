//! A network that misbehaves between Relais and the server: for each fault the right state, the right retry, no session that stays
//! stuck, no mail lost, and none twice.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Options};
use relais_e2e::daemon::Daemon;
use relais_e2e::proxy::{Mode, Proxy};
use serde_json::{Value, json};

/// As short as a test wants them: what a fault does is the same, it takes less long.
const IMPATIENT: [&str; 4] = ["--first-retry", "1", "--silence", "3"];
/// Enough for a silence, a retry and a slow machine.
const SOON: Duration = Duration::from_secs(90);

struct Stage {
    sink: Catcher,
    proxy: Proxy,
    relais: Daemon,
    token: String,
}

impl Stage {
    async fn new(mode: Mode) -> Self {
        Self::with(mode, &IMPATIENT).await
    }

    async fn with(mode: Mode, options: &[&str]) -> Self {
        let sink = Catcher::start(Options::default()).await.unwrap();
        let proxy = Proxy::start(sink.address(), mode).await.unwrap();
        let mut relais = Daemon::prepare(proxy.address().port()).with(options);
        relais.serve();
        let token = relais.token("default", "test", "send");
        Self {
            sink,
            proxy,
            relais,
            token,
        }
    }

    /// Hands a mail over, which has to be accepted whatever the network does; its id.
    async fn accept(&self, text: &str) -> String {
        let mail = json!({
            "from": "ged@mairie.example", "to": ["zoe@exemple.example"], "subject": "Faute de réseau", "text": text,
        });
        let answer = self.relais.post("/api/v1/default/mails", &self.token, &mail);
        assert_eq!(answer.status, 202, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    }

    fn delivery(&self, id: &str) -> Value {
        self.relais.does(&["delivery", "show", id])
    }

    /// Waits for a state; the delivery then.
    async fn becomes(&self, id: &str, state: &str) -> Value {
        let begun = Instant::now();
        loop {
            let delivery = self.delivery(id);
            if delivery["state"] == state {
                return delivery;
            }
            assert!(begun.elapsed() < SOON, "not {state}: {delivery}\n{}", self.relais.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The network is well again: the mail arrives once, and no other.
    async fn heals(&self, id: &str) {
        self.proxy.set(Mode::Open);
        self.becomes(id, "sent").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(self.sink.count(), 1, "{}", self.delivery(id));
    }
}

/// Text of so many lines, of some 66 bytes each.
fn long(lines: usize) -> String {
    "Le conseil est convoqué en séance ordinaire, salle des mariages.\n".repeat(lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_connection_defers_and_the_retry_sends() {
    let stage = Stage::new(Mode::Refused).await;
    let id = stage.accept("refusé").await;
    let delivery = stage.becomes(&id, "deferred").await;
    assert_eq!(delivery["attempts"][0]["answer"]["kind"], "unreachable", "{delivery}");
    stage.heals(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_only_takes_longer() {
    let stage = Stage::new(Mode::Latency(Duration::from_millis(100))).await;
    let id = stage.accept("loin").await;
    let delivery = stage.becomes(&id, "sent").await;
    assert_eq!(delivery["tried"], 1, "{delivery}");
    assert_eq!(stage.sink.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_before_the_last_block_is_retried_and_arrives_once() {
    // Longer than what a system buffers of a connection at both its ends (10 MB): its last block has not left when the cut is
    // noticed. Of a shorter one nobody could know.
    let text = long(190_000);
    for at in [0, 40, 2_000, 1_000_000] {
        let stage = Stage::new(Mode::CutUp(at)).await;
        let id = stage.accept(&text).await;
        stage.becomes(&id, "deferred").await;
        stage.heals(&id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_after_the_message_leaves_it_uncertain_and_it_is_never_resent_by_itself() {
    // All of the greeting, EHLO, MAIL, RCPT and DATA's answers pass; what follows the message does not.
    let stage = Stage::new(Mode::Open).await;
    let id = stage.accept("première").await;
    stage.becomes(&id, "sent").await;
    stage.proxy.set(Mode::CutAfterMessage);
    let id = stage.accept("seconde").await;
    let delivery = stage.becomes(&id, "uncertain").await;
    stage.proxy.set(Mode::Open);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(stage.delivery(&id)["state"], "uncertain", "{delivery}");
    assert_eq!(stage.sink.count(), 2, "the sink took it, and it was not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_is_left_after_its_silence_and_the_retry_sends() {
    let stage = Stage::new(Mode::BlackHole).await;
    let id = stage.accept("trou noir").await;
    let delivery = stage.becomes(&id, "deferred").await;
    assert_eq!(delivery["attempts"][0]["answer"]["kind"], "timeout", "{delivery}");
    stage.heals(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_left_after_its_silence() {
    let stage = Stage::new(Mode::HalfOpen).await;
    let id = stage.accept("à moitié").await;
    stage.becomes(&id, "deferred").await;
    stage.heals(&id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_gets_its_mail_in_one_attempt() {
    // A system with megabytes to buffer asks for more only once a good part of it has left.
    let stage = Stage::with(Mode::SlowReader(1 << 20), &["--silence", "30"]).await;
    let id = stage.accept(&long(60_000)).await;
    let delivery = stage.becomes(&id, "sent").await;
    assert_eq!(delivery["tried"], 1, "{delivery}");
    assert_eq!(stage.sink.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_destination_does_not_hold_the_others_back() {
    let stage = Stage::new(Mode::BlackHole).await;
    let well = Catcher::start(Options::default()).await.unwrap();
    stage.relais.add_instance("bien", well.port(), &[]);
    stage
        .relais
        .does(&["service-instance", "create", "autre", "--connector-instance", "bien"]);
    for _ in 0..40 {
        stage.accept("coincé").await;
    }
    let mail = json!({
        "from": "ged@mairie.example", "to": ["zoe@exemple.example"], "subject": "x", "text": "y", "service_instance": "autre",
    });
    let begun = Instant::now();
    let answer = stage.relais.post("/api/v1/default/mails?wait=20", &stage.token, &mail);
    assert_eq!(answer.body["state"], "sent", "{}", answer.body);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert_eq!(well.count(), 1);
}
