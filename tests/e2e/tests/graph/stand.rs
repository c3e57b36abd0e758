//! A Graph, a session, and mails of a size.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use relais_e2e::graph::{Directory, FakeGraph, Sent};
use relais_e2e::office::{Office, TOKEN, USER};
use relais_e2e::{accept, attachment, draft};
use relais_message::Message;
use relais_sandbox::{Config, Failure, Gate, Limits, Receipt, Sandbox, Session};

pub struct Stand {
    pub graph: FakeGraph,
    pub session: Session,
    gate: Arc<Counted>,
}

/// Lets the message out, and counts.
#[derive(Default)]
struct Counted(AtomicU32);

impl Gate for Counted {
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

impl Stand {
    /// The user's own mailbox.
    pub async fn new() -> Self {
        Self::of(Directory::of(USER, TOKEN), |office| office).await
    }

    pub async fn of(directory: Directory, office: impl FnOnce(Office) -> Office) -> Self {
        let graph = FakeGraph::start(directory).await.unwrap();
        let session = office(Office::at(&graph)).open().await;
        Self {
            graph,
            session,
            gate: Arc::default(),
        }
    }

    /// In a host with these limits.
    pub async fn limited(limits: Limits) -> Self {
        let graph = FakeGraph::start(Directory::of(USER, TOKEN)).await.unwrap();
        let config = Config {
            cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("graph-compiled")),
            limits,
            ..Config::default()
        };
        let connector = Sandbox::new(config).unwrap().load(relais_bundle::OFFICE365).await;
        let instance = Office::at(&graph).instance().await;
        Self {
            session: connector.unwrap().open(instance).await.unwrap(),
            graph,
            gate: Arc::default(),
        }
    }

    /// Sends within the patience of the tests.
    pub async fn send(&mut self, message: &Message) -> Result<Receipt, Failure> {
        let sent = self.session.send_through(message, self.gate.clone());
        tokio::time::timeout(relais_e2e::PATIENCE, sent)
            .await
            .expect("the connector answers in time")
    }

    /// Sends one that must be accepted.
    pub async fn accepted(&mut self, message: &Message) -> (Receipt, Sent) {
        let receipt = self.send(message).await.unwrap();
        let sent = self.graph.sent();
        assert_eq!(sent.len(), 1, "it was sent once");
        (receipt, sent.into_iter().next().unwrap())
    }

    /// How often the gate was asked.
    pub fn gates(&self) -> u32 {
        self.gate.0.load(Ordering::SeqCst)
    }
}

/// Bytes that no rule repeats: what base64 or a range would mix up is found again.
pub fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(bytes).collect()
}

/// A mail with a file of so many bytes.
pub fn with_file(bytes: usize) -> Message {
    with_files(&[bytes])
}

pub fn with_files(sizes: &[usize]) -> Message {
    let mut draft = draft("Arrêté n° 7");
    draft.attachments = sizes
        .iter()
        .enumerate()
        .map(|(place, bytes)| attachment(&format!("arrêté-{place}.pdf"), noise(*bytes)))
        .collect();
    accept(draft)
}

/// The files are those that were attached.
pub fn assert_files(sent: &Sent, sizes: &[usize]) {
    let found: Vec<usize> = sent.files.iter().map(|(_, content)| content.len()).collect();
    let mut expected = sizes.to_vec();
    let mut sorted = found.clone();
    expected.sort_unstable();
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
    for (name, content) in &sent.files {
        assert!(*content == noise(content.len()), "{name} is another");
    }
}
