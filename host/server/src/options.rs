//! What the server allows, and how long it waits.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::places::Shares;
use crate::rate::Limiter;

/// Bytes of a request from which on it counts as large.
pub const LARGE_BYTES: u64 = 1 << 20;

/// Limits of the API. Everything that a stranger can make large or long has one.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes of a request that brings a mail.
    pub mail_bytes: u64,
    /// Bytes of a connector's component.
    pub connector_bytes: u64,
    /// Bytes of any other request.
    pub request_bytes: u64,
    /// How long a request may bring nothing.
    pub silence: Duration,
    /// Bytes a second that a request brings at least, once it has taken longer than `silence`.
    pub least_rate: u64,
    /// Requests a second of one token, or of one user of this machine.
    pub per_second: u32,
    /// Requests that one of them may bring at once.
    pub burst: u32,
    /// What counts them, where another door counts with it: a token has one rate by whichever it comes. Then the two numbers above
    /// say nothing.
    pub limiter: Option<Arc<Limiter>>,
    /// Mails over [`LARGE_BYTES`], or of no announced length, that are received at the same time; more of them wait.
    pub large: Shares,
    /// Streams of events at the same time.
    pub watchers: Shares,
    /// Whether deliveries are sent in the background. Without it, a mail that is waited for is tried once at once.
    pub dispatching: bool,
    /// Cancelled when the server is about to stop: whoever waits is answered, and streams of events end.
    pub stopping: CancellationToken,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // As much as a message may have, and what surrounds it in a form.
            mail_bytes: (150 << 20) + (1 << 20),
            connector_bytes: 64 << 20,
            request_bytes: 1 << 20,
            silence: Duration::from_secs(30),
            // A poor line of 128 kbit/s; the largest mail takes it two hours and a half.
            least_rate: 16 << 10,
            per_second: 2_000,
            burst: 4_000,
            limiter: None,
            large: Shares {
                all: 16,
                workspace: 6,
                caller: 4,
            },
            watchers: Shares {
                all: 64,
                workspace: 16,
                caller: 8,
            },
            dispatching: true,
            stopping: CancellationToken::new(),
        }
    }
}
