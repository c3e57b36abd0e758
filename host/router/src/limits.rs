//! How much may go through a connector instance at once.

use relais_manifest::Service;
use serde::{Deserialize, Serialize};

use crate::checks::Checks;
use crate::error::Error;

/// Sessions of one instance at most.
pub const SESSIONS: u32 = 64;
/// Sessions of one instance at most where its administrator sets no limit: a connector can ask for fewer, and not for more.
pub const SESSIONS_UNSET: u32 = 16;
/// Mails of one instance in a minute at most, where they are limited at all.
pub const PER_MINUTE: u32 = 1_000_000;

/// How much goes through an instance at once. What is absent follows the connector, then the host.
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

    /// What the connector asks for where the instance sets nothing.
    pub(crate) fn or(self, service: &Service) -> Self {
        Self {
            sessions: self
                .sessions
                .or(service.sessions.map(|sessions| sessions.min(SESSIONS_UNSET))),
            ..self
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_instance_sets_goes_before_what_its_connector_asks_for() {
        let service = Service {
            sessions: Some(4),
            ..Service::default()
        };
        assert_eq!(InstanceLimits::default().or(&service).sessions, Some(4));
        let own = InstanceLimits {
            sessions: Some(9),
            per_minute: Some(2),
        };
        assert_eq!(own.or(&service), own);
        let greedy = Service {
            sessions: Some(1000),
            ..service
        };
        assert_eq!(InstanceLimits::default().or(&greedy).sessions, Some(SESSIONS_UNSET));
        assert!(InstanceLimits::default().or(&Service::default()).is_none());
    }
}
