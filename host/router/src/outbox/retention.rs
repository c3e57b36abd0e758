//! How long what is not needed any more is kept, workspace by workspace.

use std::collections::HashMap;
use std::time::Duration;

use crate::names::WorkspaceName;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long what is not needed any more is kept, from the time when nothing was pending any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The content, where every recipient was sent to. None of it is kept by default.
    pub sent_body: Duration,
    /// The content, where a recipient failed, is uncertain or was cancelled: 30 days by default.
    pub failed_body: Duration,
    /// The delivery itself, with its attempts: 90 days by default, and never less than its content, nor than an idempotency key
    /// that names it.
    pub journal: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            sent_body: Duration::ZERO,
            failed_body: 30 * DAY,
            journal: 90 * DAY,
        }
    }
}

/// How long what is not needed any more is kept: the host's rule, and the workspaces that have one of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retentions {
    host: Retention,
    own: HashMap<WorkspaceName, Retention>,
}

impl From<Retention> for Retentions {
    /// One rule for all.
    fn from(host: Retention) -> Self {
        Self {
            host,
            own: HashMap::new(),
        }
    }
}

impl Retentions {
    /// Gives a workspace a rule of its own.
    pub fn set(&mut self, ws: WorkspaceName, own: Retention) {
        if own == self.host {
            self.own.remove(&ws);
        } else {
            self.own.insert(ws, own);
        }
    }

    /// The rule of a workspace.
    pub fn of(&self, ws: &WorkspaceName) -> &Retention {
        self.own.get(ws).unwrap_or(&self.host)
    }
}
