//! Associations that go on: in memory alone, since a code is good for minutes. Each has a channel in which its states follow each
//! other, so that a page or a command can show them as they come.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use relais_manifest::Flow;
use subtle::ConstantTimeEq;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;
use url::Url;

use super::AccountPath;
use super::problem::Problem;
use crate::error::AccountError;
#[cfg(test)]
use crate::names::WorkspaceName;

/// Associations that go on in one workspace at most.
pub(super) const AT_ONCE: usize = 32;
/// How long an association goes on at most, and how long its end is remembered.
pub(super) const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// An association, as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    pub provider: String,
    pub flow: Flow,
    pub began_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    pub stage: Stage,
}

/// How far an association is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// The provider is being asked.
    Starting,
    /// A code waits for its user.
    Code {
        user_code: String,
        verification_uri: String,
        /// The same with the code in it, where the provider gives it.
        verification_uri_complete: Option<String>,
        /// The provider's own words.
        message: Option<String>,
        /// The provider asked to be asked less often.
        slowed: bool,
    },
    /// A page waits for its user.
    Page {
        address: String,
        /// Where the user comes back to.
        redirect: String,
        /// Nobody listens there: the address that the browser shows in the end has to be handed over.
        pasted: bool,
    },
    /// The user came back.
    Finishing,
    Done {
        username: Option<String>,
        tenant: Option<String>,
        scopes: Vec<String>,
    },
    /// The user said no.
    Declined,
    /// Nobody came in time.
    Expired,
    /// An administrator gave it up, or began another.
    GivenUp,
    Failed(Problem),
}

impl Stage {
    /// The word that the API uses, permanent.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Code { .. } | Self::Page { .. } => "pending",
            Self::Finishing => "finishing",
            Self::Done { .. } => "done",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::GivenUp => "given-up",
            Self::Failed(_) => "failed",
        }
    }

    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        !matches!(
            self,
            Self::Starting | Self::Code { .. } | Self::Page { .. } | Self::Finishing
        )
    }
}

/// Every association, by its account.
#[derive(Default)]
pub(super) struct Associations(Mutex<HashMap<AccountPath, Running>>);

struct Running {
    state: watch::Sender<Association>,
    task: Option<AbortHandle>,
    /// Its account is being written: it ends by itself, and nobody gives it up any more.
    ends: bool,
    /// Where the redirected address goes, and by what it is recognised.
    back: Option<Back>,
}

/// How a user comes back from the provider's page.
pub(super) struct Back {
    pub state: String,
    /// Where the provider sends it to.
    pub redirect: Url,
    pub redirected: oneshot::Sender<Url>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ends {
            return;
        }
        if let Some(task) = &self.task {
            task.abort();
        }
        self.state.send_if_modified(|association| {
            let goes_on = !association.stage.is_over();
            if goes_on {
                association.stage = Stage::GivenUp;
            }
            goes_on
        });
    }
}

impl Associations {
    fn all(&self) -> MutexGuard<'_, HashMap<AccountPath, Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room for another one: what there was for this account is given up.
    pub(super) fn begin(
        &self,
        path: &AccountPath,
        association: Association,
    ) -> Result<watch::Sender<Association>, AccountError> {
        let mut all = self.all();
        let goes_on = |(other, running): &(&AccountPath, &Running)| {
            other.instance.workspace == path.instance.workspace
                && *other != path
                && !running.state.borrow().stage.is_over()
        };
        if all.iter().filter(goes_on).count() >= AT_ONCE {
            return Err(AccountError::TooManyAssociations { most: AT_ONCE });
        }
        let state = watch::Sender::new(association);
        let running = Running {
            state: state.clone(),
            task: None,
            ends: false,
            back: None,
        };
        all.insert(path.clone(), running);
        Ok(state)
    }

    /// The task that carries it on; it ends with it.
    pub(super) fn set_task(&self, path: &AccountPath, state: &watch::Sender<Association>, task: AbortHandle) {
        match self.all().get_mut(path) {
            Some(running) if running.state.same_channel(state) => running.task = Some(task),
            // Another one has begun meanwhile.
            _ => task.abort(),
        }
    }

    /// What waits for the redirected address; false where it was given up.
    pub(super) fn set_back(&self, path: &AccountPath, state: &watch::Sender<Association>, back: Back) -> bool {
        match self.all().get_mut(path) {
            Some(running) if running.state.same_channel(state) => {
                running.back = Some(back);
                true
            }
            _ => false,
        }
    }

    /// The states of the latest association of an account.
    pub(super) fn watch(&self, path: &AccountPath) -> Option<watch::Receiver<Association>> {
        self.all().get(path).map(|running| running.state.subscribe())
    }

    /// Whether one goes on.
    pub(super) fn goes_on(&self, path: &AccountPath) -> bool {
        let all = self.all();
        all.get(path)
            .is_some_and(|running| !running.state.borrow().stage.is_over())
    }

    /// Gives up the one that goes on; false where none does.
    pub(super) fn give_up(&self, path: &AccountPath) -> bool {
        let mut all = self.all();
        let Some(running) = all.get_mut(path) else { return false };
        if running.ends || running.state.borrow().stage.is_over() {
            return false;
        }
        if let Some(task) = running.task.take() {
            task.abort();
        }
        running.back = None;
        running
            .state
            .send_modify(|association| association.stage = Stage::GivenUp);
        true
    }

    /// Whether the account of this association may be written: false where it was given up. From then on it is not: asked in the
    /// transaction that writes it, so that whoever gave it up finds no account, and whoever comes later finds it written.
    pub(super) fn end(&self, path: &AccountPath, state: &watch::Sender<Association>) -> bool {
        match self.all().get_mut(path) {
            Some(running) if running.state.same_channel(state) && !state.borrow().stage.is_over() => {
                running.ends = true;
                true
            }
            _ => false,
        }
    }

    /// Forgets those that `which` names; what goes on is given up.
    pub(super) fn remove(&self, which: impl Fn(&AccountPath) -> bool) {
        self.all().retain(|path, _| !which(path));
    }

    /// Hands over the address that a user came back to. It is told by its `state` which association it belongs to; one that is named
    /// has to be that one.
    pub(super) fn redirected(
        &self,
        named: Option<&AccountPath>,
        address: Url,
    ) -> Result<(AccountPath, watch::Receiver<Association>), AccountError> {
        let given = address.query_pairs().find(|(name, _)| name == "state");
        let given = given.map(|(_, value)| value.into_owned()).unwrap_or_default();
        let is = |running: &Running| {
            let back = running.back.as_ref();
            back.is_some_and(|back| bool::from(back.state.as_bytes().ct_eq(given.as_bytes())))
        };
        let mut all = self.all();
        if let Some(named) = named {
            let running = all.get(named).ok_or(AccountError::NoAssociation)?;
            if running.state.borrow().stage.is_over() {
                return Err(AccountError::NoAssociation);
            }
            if !is(running) {
                return Err(AccountError::WrongAddress);
            }
        }
        let found = all.iter_mut().find(|(_, running)| is(running));
        let (path, running) = found.ok_or(AccountError::NoAssociation)?;
        // The right one may still come: a code is taken from nowhere else, and a wrong address uses up nothing.
        let there = |back: &Back| back.redirect.origin() == address.origin() && back.redirect.path() == address.path();
        if !running.back.as_ref().is_some_and(there) {
            return Err(AccountError::WrongAddress);
        }
        let receiver = running.state.subscribe();
        let back = running.back.take().ok_or(AccountError::NoAssociation)?;
        running
            .state
            .send_modify(|association| association.stage = Stage::Finishing);
        back.redirected.send(address).map_err(|_| AccountError::NoAssociation)?;
        Ok((path.clone(), receiver))
    }

    /// Forgets those that have ended a while ago.
    pub(super) fn sweep(&self) {
        let now = Timestamp::now();
        self.all().retain(|_, running| {
            let state = running.state.borrow();
            !state.stage.is_over() || now.duration_since(state.began_at) < LIFE + LIFE
        });
    }

    pub(super) fn close(&self) {
        self.all().clear();
    }

    /// How many go on in a workspace.
    #[cfg(test)]
    pub(super) fn count(&self, ws: &WorkspaceName) -> usize {
        let all = self.all();
        let goes_on = |(path, running): &(&AccountPath, &Running)| {
            path.instance.workspace == *ws && !running.state.borrow().stage.is_over()
        };
        all.iter().filter(goes_on).count()
    }
}
