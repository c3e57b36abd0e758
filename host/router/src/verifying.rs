//! How many instances are verified at the same time. Each takes a session that may wait for a silent server for minutes: they have
//! sessions of their own, beside the dispatcher's, and no workspace takes them from the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::names::WorkspaceName;

/// Instances that are verified at the same time, in all.
pub const VERIFICATIONS: usize = 4;
/// In one workspace.
const OF_WORKSPACE: usize = 1;
/// How long one waits for those before it.
const PATIENCE: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(crate) struct Verifying {
    all: Arc<Semaphore>,
    /// Of the workspaces in which somebody verifies or waits to.
    of: Mutex<HashMap<WorkspaceName, Weak<Semaphore>>>,
}

/// The right to verify an instance, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    _of_workspace: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Default for Verifying {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(VERIFICATIONS)),
            of: Mutex::default(),
        }
    }
}

impl Verifying {
    /// A turn; none where there is none in half a minute.
    pub(crate) async fn turn(&self, ws: &WorkspaceName) -> Option<Turn> {
        let (all, own) = (self.all.clone(), self.own(ws));
        let turn = async {
            // Its own first: who waits for that holds nothing that another workspace waits for.
            let of_workspace = own.acquire_owned().await.ok()?;
            let of_all = all.acquire_owned().await.ok()?;
            Some(Turn {
                _of_workspace: of_workspace,
                _of_all: of_all,
            })
        };
        timeout(PATIENCE, turn).await.ok().flatten()
    }

    fn own(&self, ws: &WorkspaceName) -> Arc<Semaphore> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = of.get(ws).and_then(Weak::upgrade) {
            return own;
        }
        of.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(OF_WORKSPACE));
        of.insert(ws.clone(), Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use relais_sandbox::Config;

    use super::*;
    use crate::DispatchConfig;

    fn ws(text: &str) -> WorkspaceName {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_workspace_verifies_one_at_a_time_and_keeps_no_other_out() {
        let verifying = Verifying::default();
        let one = verifying.turn(&ws("a")).await.unwrap();
        assert!(verifying.turn(&ws("a")).await.is_none());
        let others = [verifying.turn(&ws("b")).await, verifying.turn(&ws("c")).await];
        assert!(others.iter().all(Option::is_some));
        drop(one);
        assert!(verifying.turn(&ws("a")).await.is_some());
        // Whoever is done is forgotten.
        drop(others);
        let _d = verifying.turn(&ws("d")).await.unwrap();
        assert_eq!(verifying.of.lock().unwrap().len(), 1);
    }

    #[test]
    fn sessions_that_verify_take_none_from_the_dispatcher() {
        let sandbox = Config::default().sessions as usize;
        assert!(sandbox >= DispatchConfig::default().sessions + VERIFICATIONS);
    }
}
