//! The gate: whichever door a connector takes, it is asked once before the message may have left, and where it says no, no
//! server has the message.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use relais_catcher::{Catcher, Options};
use relais_e2e::{accept, attachment, draft};
use relais_message::Message;
use relais_sandbox::{Gate, Kind, Limits};

use crate::host::{Host, in_time, mail, small};
use crate::peer::{Peer, answer};
use crate::setup::Setup;

/// Doors to an SMTP server.
const BY_SMTP: [&str; 6] = [
    "door-splice",
    "door-write",
    "door-write-bytes",
    "door-read-then-splice",
    "door-splice-a-part",
    "door-splice-raw",
];

/// Doors to an HTTP service.
const BY_HTTP: [&str; 5] = [
    "door-post-the-stream",
    "door-post-a-part",
    "door-post-words",
    "door-url",
    "door-fetch",
];

/// Words of the mail as they stand in some door's bytes: its text, its subject in a URL, its attachment in base64.
const CONTENT: [&str; 3] = ["Votre dossier", "subject=Sous-pli", "bGUgY29udGVudQ"];

/// A host in whose tests the gate is what ends a call.
fn patient() -> Host {
    Host::limited(Limits {
        cpu: Duration::from_secs(10),
        ..small()
    })
}

/// A mail whose parts are easily found again.
fn recognised() -> Message {
    let mut draft = draft("Sous-pli");
    draft.attachments = vec![attachment("un.bin", "le contenu")];
    accept(draft)
}

type Open<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// A gate that looks at what the servers have when it is asked.
struct Watched {
    refusal: Option<&'static str>,
    takes: Duration,
    asked: AtomicU32,
    seen: Arc<dyn Fn() -> bool + Send + Sync>,
    too_late: AtomicBool,
}

impl Watched {
    fn new(refusal: Option<&'static str>, seen: impl Fn() -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            refusal,
            takes: Duration::from_millis(50),
            asked: AtomicU32::new(0),
            seen: Arc::new(seen),
            too_late: AtomicBool::new(false),
        })
    }

    fn asked_once_and_in_time(&self, mode: &str) {
        assert_eq!(self.asked.load(Ordering::SeqCst), 1, "{mode}");
        assert!(!self.too_late.load(Ordering::SeqCst), "{mode}: the message was there");
    }
}

impl Gate for Watched {
    fn open(&self) -> Open<'_> {
        Box::pin(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            // Long enough for what has left to be seen.
            tokio::time::sleep(self.takes).await;
            if (self.seen)() {
                self.too_late.store(true, Ordering::SeqCst);
            }
            self.refusal.map_or(Ok(()), |why| Err(why.to_owned()))
        })
    }
}

#[tokio::test]
async fn a_gate_that_opens_is_asked_once_before_any_door_to_smtp_lets_the_message_out() {
    let host = patient();
    for mode in BY_SMTP {
        let catcher = Arc::new(Catcher::start(Options::default()).await.unwrap());
        let servers = catcher.clone();
        let gate = Watched::new(None, move || servers.count() > 0);
        let mut session = host
            .open(Setup::attack(mode).granted("127.0.0.1", catcher.port()))
            .await;
        let sent = in_time(session.send_through(&recognised(), gate.clone())).await;
        assert!(sent.is_ok(), "{mode}: {sent:?}");
        gate.asked_once_and_in_time(mode);
        assert_eq!(catcher.count(), 1, "{mode}");
        assert!(session.usable(), "{mode}");
    }
}

#[tokio::test]
async fn a_gate_that_refuses_keeps_the_message_from_every_door_to_smtp() {
    let host = patient();
    for mode in BY_SMTP {
        let catcher = Arc::new(Catcher::start(Options::default()).await.unwrap());
        let gate = Watched::new(Some("it was cancelled"), || false);
        let mut session = host
            .open(Setup::attack(mode).granted("127.0.0.1", catcher.port()))
            .await;
        let failure = in_time(session.send_through(&recognised(), gate.clone()))
            .await
            .unwrap_err();
        assert_eq!(failure.kind, Kind::Temporary, "{mode}: {failure}");
        assert_eq!(failure.text, "the message has not left: it was cancelled", "{mode}");
        gate.asked_once_and_in_time(mode);
        assert!(!session.usable(), "{mode}");
        drop(session);
        // The server has seen the end of the connection before the next one's mail.
        host.the_next_mail_leaves().await;
        assert_eq!(catcher.count(), 0, "{mode}");
    }
}

#[tokio::test]
async fn a_gate_that_opens_is_asked_once_before_any_door_to_http_lets_the_message_out() {
    let host = patient();
    for mode in BY_HTTP {
        let peer = Peer::answering_after(&CONTENT, &answer("202 Accepted", "")).await;
        let gate = Watched::new(None, peer.has_heard(&CONTENT));
        let mut session = host.open(Setup::attack(mode).set("url", peer.url())).await;
        let sent = in_time(session.send_through(&recognised(), gate.clone())).await;
        assert_eq!(sent.unwrap().text, "202", "{mode}");
        gate.asked_once_and_in_time(mode);
        assert!(peer.has_heard(&CONTENT)(), "{mode}");
        assert!(session.usable(), "{mode}");
    }
}

#[tokio::test]
async fn a_gate_that_refuses_keeps_the_message_from_every_door_to_http() {
    let host = patient();
    for mode in BY_HTTP {
        let peer = Peer::silent().await;
        let gate = Watched::new(Some("nobody wrote it down"), || false);
        let mut session = host.open(Setup::attack(mode).set("url", peer.url())).await;
        let failure = in_time(session.send_through(&recognised(), gate.clone()))
            .await
            .unwrap_err();
        assert_eq!(failure.kind, Kind::Temporary, "{mode}: {failure}");
        assert_eq!(failure.text, "the message has not left: nobody wrote it down", "{mode}");
        gate.asked_once_and_in_time(mode);
        assert!(!session.usable(), "{mode}");
        drop(session);
        peer.heard().await;
        assert!(!peer.has_heard(&CONTENT)(), "{mode}");
    }
}

#[tokio::test]
async fn a_gate_is_not_asked_where_nothing_may_leave() {
    let host = patient();
    for mode in ["sends-nothing", "panics-before", "memory"] {
        let gate = Watched::new(Some("never asked"), || false);
        let mut session = host.open(Setup::attack(mode)).await;
        let failure = in_time(session.send_through(&recognised(), gate.clone()))
            .await
            .unwrap_err();
        assert_eq!(failure.kind, Kind::Other, "{mode}: {failure}");
        assert_eq!(gate.asked.load(Ordering::SeqCst), 0, "{mode}");
    }
}

#[tokio::test]
async fn what_a_connector_says_after_a_refusal_is_not_believed() {
    let host = patient();
    for mode in [
        "says-temporary",
        "invents-a-code",
        "sends-what-it-read",
        "panics-after",
        "refuses-everyone",
    ] {
        let catcher = Catcher::start(Options::default()).await.unwrap();
        let gate = Watched::new(Some("it was cancelled"), || false);
        let mut session = host
            .open(Setup::attack(mode).granted("127.0.0.1", catcher.port()))
            .await;
        let failure = in_time(session.send_through(&mail(), gate.clone())).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Temporary, "{mode}: {failure}");
        assert_eq!(catcher.count(), 0, "{mode}");
    }
}

#[tokio::test]
async fn the_time_that_a_gate_takes_is_no_silence_of_the_connectors() {
    let host = Host::limited(Limits {
        silence: Duration::from_millis(100),
        ..small()
    });
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let gate = Arc::new(Watched {
        // More than the silence and all that is added to it.
        takes: Duration::from_secs(7),
        refusal: None,
        asked: AtomicU32::new(0),
        seen: Arc::new(|| false),
        too_late: AtomicBool::new(false),
    });
    let mut session = host
        .open(Setup::attack("door-splice").granted("127.0.0.1", catcher.port()))
        .await;
    in_time(session.send_through(&mail(), gate)).await.unwrap();
    assert_eq!(catcher.count(), 1);
}

#[tokio::test]
async fn a_request_that_a_call_left_on_its_way_carries_no_later_message() {
    let host = patient();
    let peer = Peer::silent().await;
    let mut session = host
        .open(Setup::attack("leaves-a-request").set("url", peer.url()))
        .await;
    let failure = in_time(session.send(&recognised())).await.unwrap_err();
    assert_eq!(failure.text, "\"left\"");
    assert!(!session.usable(), "its connection goes with the session");
    let failure = in_time(session.send(&recognised())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Rejected, "the message is where it was: {failure}");
    drop(session);
    peer.heard().await;
    assert!(!peer.has_heard(&CONTENT)());
}

#[tokio::test]
async fn a_request_that_left_is_not_taken_back_by_one_that_found_no_server() {
    let host = patient();
    let peer = Peer::silent().await;
    let setup = Setup::attack("door-two-at-once").set("url", peer.url());
    // Where nobody listens.
    let setup = setup.set("other_url", "http://127.0.0.1:9/mails");
    let mut session = host.open(setup).await;
    // Both wait for the gate.
    let gate = Watched::new(None, || false);
    let failure = in_time(session.send_through(&recognised(), gate)).await.unwrap_err();
    assert_eq!(failure.kind, Kind::UnknownOutcome, "{failure}");
    assert_eq!(peer.heard().await.len(), 1);
}
