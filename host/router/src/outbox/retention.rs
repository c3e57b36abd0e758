//! How long what is not needed any more is kept, workspace by workspace.

use std::collections::HashMap;

use super::rules::Retention;
use crate::names::WorkspaceName;

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
