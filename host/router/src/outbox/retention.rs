//! How long personal data is kept.

use std::time::Duration;

const DAY: u64 = 86_400;

/// How long a delivery's body and its row are kept after its end. While anything is pending both stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The body, where all was sent or cancelled.
    pub sent_body: Duration,
    /// The body, where a recipient failed or is uncertain.
    pub failed_body: Duration,
    /// The row in the journal.
    pub journal: Duration,
}

impl Default for Retention {
    /// 0, 30 and 90 days.
    fn default() -> Self {
        Self {
            sent_body: Duration::ZERO,
            failed_body: Duration::from_secs(30 * DAY),
            journal: Duration::from_secs(90 * DAY),
        }
    }
}
