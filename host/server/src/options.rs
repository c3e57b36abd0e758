//! What the server allows, and how long it waits.

use std::time::Duration;

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
    /// Mails over [`crate::LARGE_BYTES`] that are received at the same time; more of them wait.
    pub large_at_once: usize,
    /// Streams of events at the same time.
    pub watchers: usize,
    /// Whether deliveries are sent in the background. Without it, a mail that is waited for is tried once at once.
    pub dispatching: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // As much as a message may have, and what surrounds it in a form.
            mail_bytes: (150 << 20) + (1 << 20),
            connector_bytes: 64 << 20,
            request_bytes: 1 << 20,
            silence: Duration::from_secs(30),
            least_rate: 1 << 10,
            per_second: 2_000,
            burst: 4_000,
            large_at_once: 16,
            watchers: 64,
            dispatching: true,
        }
    }
}
