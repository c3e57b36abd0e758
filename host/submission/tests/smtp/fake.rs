//! An intake that keeps what it accepts, and a listener on it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_submission::{Envelope, Intake, Login, Options, Refusal, Sink, Submission};

pub const TOKEN: &str = "rel_s3cret";
pub const LARGEST: u64 = 100_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub principal: &'static str,
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    pub content: Vec<u8>,
    pub trace: String,
}

#[derive(Debug, Default)]
pub struct Fake {
    pub kept: Mutex<Vec<Kept>>,
    /// Mails begun and neither finished nor dropped.
    pub open: Arc<Mutex<usize>>,
    /// Lets this machine in without a login.
    pub local: bool,
    /// The token was revoked after the login.
    pub revoked: Mutex<bool>,
    /// The disk is full at this octet of a mail.
    pub full_at: Option<usize>,
    /// Between the end of the content and the answer.
    pub slow: Duration,
}

impl Fake {
    pub fn kept(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }
}

/// What the listener holds of a [`Fake`].
pub struct Door(pub Arc<Fake>);

impl Intake for Door {
    type Principal = &'static str;
    type Sink = Holding;

    async fn authenticate(&self, login: Login) -> Result<Option<&'static str>, Refusal> {
        match login.secret.reveal() {
            TOKEN => Ok(Some("token")),
            "rel_unknowable" => Err(Refusal::new(454, "4.7.0", "The store cannot be read")),
            _ => Ok(None),
        }
    }

    fn local(&self) -> Option<&'static str> {
        self.0.local.then_some("local")
    }

    async fn begin(&self, principal: &&'static str, envelope: Envelope) -> Result<Holding, Refusal> {
        if *self.0.revoked.lock().unwrap() {
            return Err(Refusal::new(535, "5.7.8", "The token was revoked"));
        }
        *self.0.open.lock().unwrap() += 1;
        Ok(Holding {
            fake: Arc::clone(&self.0),
            kept: Kept {
                principal,
                sender: envelope.sender,
                recipients: envelope.recipients,
                content: Vec::new(),
                trace: envelope.trace,
            },
        })
    }
}

pub struct Holding {
    fake: Arc<Fake>,
    kept: Kept,
}

impl Sink for Holding {
    async fn write(&mut self, block: &[u8]) -> Result<(), Refusal> {
        self.kept.content.extend_from_slice(block);
        match self.fake.full_at {
            Some(full) if self.kept.content.len() > full => Err(Refusal::new(451, "4.3.0", "The disk is full")),
            _ => Ok(()),
        }
    }

    async fn finish(self) -> Result<String, Refusal> {
        tokio::time::sleep(self.fake.slow).await;
        let mut kept = self.fake.kept.lock().unwrap();
        if self.kept.content.starts_with(b"Bad") {
            return Err(Refusal::new(554, "5.6.0", "line 1: not a header field"));
        }
        kept.push(self.kept.clone());
        Ok(format!("id-{}", kept.len()))
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        *self.fake.open.lock().unwrap() -= 1;
    }
}

/// A listener on a free port of loopback.
pub async fn listen(fake: Fake) -> (Submission, Arc<Fake>) {
    listen_with(fake, Options::loopback(0, LARGEST)).await
}

pub async fn listen_with(fake: Fake, options: Options) -> (Submission, Arc<Fake>) {
    let fake = Arc::new(fake);
    let submission = Submission::bind(options, Arc::new(Door(Arc::clone(&fake))))
        .await
        .unwrap();
    (submission, fake)
}

/// One that lets this machine in.
pub fn open() -> Fake {
    Fake {
        local: true,
        ..Fake::default()
    }
}
