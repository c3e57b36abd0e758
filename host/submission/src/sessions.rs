//! How many sessions each token has, and each workspace.
//!
//! The threat: one who logs in again and again and keeps every connection, with as many tokens as its workspace can make, so that
//! there is none for any other workspace.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relais_router::WorkspaceName;

use crate::{MAX_SESSIONS, MAX_WORKSPACE_SESSIONS};

/// The sessions of every token, by its workspace and its id.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<WorkspaceName, HashMap<String, usize>>>);

impl Sessions {
    /// One more for this token, unless it or its workspace has as many as it may have.
    pub(crate) fn open(self: &Arc<Self>, ws: &WorkspaceName, id: &str) -> Option<Open> {
        let mut counts = self.counts();
        let of_workspace = counts.get(ws);
        let of_token = of_workspace.and_then(|tokens| tokens.get(id)).copied();
        let all: usize = of_workspace.map_or(0, |tokens| tokens.values().sum());
        if of_token.unwrap_or_default() >= MAX_SESSIONS || all >= MAX_WORKSPACE_SESSIONS {
            return None;
        }
        *counts.entry(ws.clone()).or_default().entry(id.to_owned()).or_default() += 1;
        Some(Open {
            sessions: Arc::clone(self),
            ws: ws.clone(),
            id: id.to_owned(),
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<WorkspaceName, HashMap<String, usize>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session, which is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    sessions: Arc<Sessions>,
    ws: WorkspaceName,
    id: String,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut counts = self.sessions.counts();
        let Some(tokens) = counts.get_mut(&self.ws) else { return };
        if let Some(count) = tokens.get_mut(&self.id) {
            *count = count.saturating_sub(1);
        }
        tokens.retain(|_, count| *count > 0);
        if tokens.is_empty() {
            counts.remove(&self.ws);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_token_and_a_workspace_have_so_many_sessions_and_one_more_when_one_ends() {
        let sessions = Arc::new(Sessions::default());
        let [ours, theirs] = ["ours", "theirs"].map(|name| WorkspaceName::new(name).unwrap());
        let of = |ws, id: &str, count| (0..count).map(|_| sessions.open(ws, id).unwrap()).collect::<Vec<_>>();
        let mut open = of(&ours, "a", MAX_SESSIONS);
        assert!(sessions.open(&ours, "a").is_none());
        open.extend(of(&ours, "b", MAX_WORKSPACE_SESSIONS - MAX_SESSIONS));
        assert!(sessions.open(&ours, "c").is_none());
        let other = sessions.open(&theirs, "d").unwrap();
        open.pop();
        open.push(sessions.open(&ours, "c").unwrap());
        drop((open, other));
        assert!(sessions.counts().is_empty());
    }
}
