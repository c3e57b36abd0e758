//! How much may go through a connector instance at once.

use serde::{Deserialize, Serialize};

use crate::checks::Checks;
use crate::error::Error;

/// Sessions of one instance at most.
pub const SESSIONS: u32 = 64;
/// Mails of one instance in a minute at most, where they are limited at all.
pub const PER_MINUTE: u32 = 1_000_000;

/// How much goes through an instance at once. What is absent follows the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceLimits {
    /// Sessions at once, from 1 to [`SESSIONS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u32>,
    /// Mails in a minute, from 1 to [`PER_MINUTE`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
}

impl InstanceLimits {
    /// Whether all follows the host.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// An error where a limit is outside its bounds.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut checks = Checks::default();
        if let Some(sessions) = self.sessions {
            checks.number("limits.sessions", sessions, 1, SESSIONS);
        }
        if let Some(per_minute) = self.per_minute {
            checks.number("limits.per-minute", per_minute, 1, PER_MINUTE);
        }
        checks.done()
    }
}
