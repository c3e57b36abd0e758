//! One account, as sessions use it. However many ask, one of them asks the provider and all get its answer; and whoever asks and
//! goes away interrupts nothing, since the asking is a task of its own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::{FaultKind, Grant};
use relais_sandbox::{Account, AccountFault, Secret, Token, TokenFuture};
use tokio::sync::watch;
use tokio::time::Instant;

use super::AccountPath;
use super::keeper::Keeper;
use super::plan::Asking;
use super::problem::{Problem, Trouble};
use super::renew;
use super::standing::Found;
use super::timing;
use crate::binding::Binding;
use crate::store::{LostRow, Why};

/// Why a token is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// A session is to use it.
    Use,
    /// Nobody waits for it.
    Ahead,
    /// An administrator wants to see it renewed.
    Renew,
}

impl Need {
    /// Whether an account that is lost is tried all the same.
    pub(super) fn tries_lost(self, lost: &LostRow) -> bool {
        match self {
            Self::Use => false,
            Self::Ahead => may_mend(lost),
            Self::Renew => lost.why != Why::Key,
        }
    }
}

/// Whether what took an account away may be put right without its being associated again.
pub(super) fn may_mend(lost: &LostRow) -> bool {
    let kind = FaultKind::read(&lost.kind);
    let mends = matches!(
        kind,
        Some(FaultKind::Policy | FaultKind::Configuration | FaultKind::Clock)
    );
    lost.why == Why::Provider && mends
}

/// What an asking came to, for all who wait for it.
pub(super) type Outcome = Result<Token, Trouble>;

/// See the module.
pub(crate) struct Kept {
    pub(super) path: AccountPath,
    keeper: Weak<Keeper>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    current: Option<Current>,
    /// The provider is being asked. Over once there is an outcome in it, or nobody to put one in.
    flight: Option<watch::Receiver<Option<Outcome>>>,
    /// When the provider was asked in the last minute.
    asked: VecDeque<Instant>,
    rest: Option<Rest>,
    /// How often it was said that what stood in the way may be gone.
    reconsidered: u64,
    /// Tokens that the store did not take yet. Nobody has them.
    unsaved: Option<Box<Unsaved>>,
    used_at: Option<Timestamp>,
    /// The account that this was is no more.
    gone: Option<Trouble>,
    /// The association that its tokens are of.
    of: Option<Timestamp>,
    /// Since when nothing was heard but what somebody on the way may have said.
    doubted: Option<Instant>,
    /// Whether it may be used, as it was found out last.
    found: Option<Found>,
}

struct Current {
    token: Token,
    until: Instant,
    /// A resource did not take it.
    refused: bool,
}

/// Nothing is asked until then.
struct Rest {
    until: Instant,
    step: u32,
    because: Problem,
    /// The account is lost, rather than its provider silent.
    lost: bool,
}

impl Rest {
    fn trouble(&self, now: Instant) -> Trouble {
        match self.lost {
            true => Trouble::Lost(self.because.clone()),
            false => Trouble::Unavailable(self.because.clone(), Some(self.until.duration_since(now))),
        }
    }
}

/// What a provider gave, with what it was asked for.
pub(super) struct Unsaved {
    pub asking: Asking,
    pub grant: Grant,
}

enum Joined {
    Now(Outcome),
    Flight(watch::Receiver<Option<Outcome>>),
}

impl Kept {
    pub(super) fn new(keeper: Weak<Keeper>, path: AccountPath) -> Self {
        Self {
            path,
            keeper,
            inner: Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token, asked for where there is none that is good.
    pub(super) async fn ask(self: &Arc<Self>, need: Need) -> Outcome {
        let mut flight = match self.join(need) {
            Joined::Now(outcome) => return outcome,
            Joined::Flight(flight) => flight,
        };
        let outcome = flight.wait_for(Option::is_some).await;
        let outcome = outcome.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Err(Trouble::Unavailable(Problem::interrupted(), None)))
    }

    fn join(self: &Arc<Self>, need: Need) -> Joined {
        let Some(keeper) = self.keeper.upgrade() else {
            return Joined::Now(Err(Trouble::here(&crate::Error::Stopped)));
        };
        let mut inner = self.inner();
        let now = Instant::now();
        if let Some(gone) = &inner.gone {
            return Joined::Now(Err(gone.clone()));
        }
        if need == Need::Use {
            inner.used_at = Some(Timestamp::now());
            if let Some(token) = inner.good(now) {
                return Joined::Now(Ok(token));
            }
        }
        if let Some(flight) = inner.going_on() {
            return Joined::Flight(flight.clone());
        }
        if let Some(rest) = inner
            .rest
            .as_ref()
            .filter(|rest| rest.until > now && need != Need::Renew)
        {
            return Joined::Now(Err(rest.trouble(now)));
        }
        let (tell, flight) = watch::channel(None);
        inner.flight = Some(flight.clone());
        // What is stored is the current token, or an earlier one.
        let stored = need == Need::Use && inner.current.is_none();
        tokio::spawn(renew::fly(keeper, self.clone(), need, stored, tell));
        Joined::Flight(flight)
    }

    /// Notes that the provider is asked now, or tells why it is not.
    pub(super) fn may_ask(&self) -> Result<(), Trouble> {
        timing::may_ask(&mut self.inner().asked, Instant::now())
            .map_err(|wait| Trouble::Unavailable(Problem::too_often(), Some(wait)))
    }

    /// A token that is durable is the current one. Returns it.
    pub(super) fn take_up(&self, access: Secret, usable: Duration) -> Token {
        let token = Token::new(access);
        let mut inner = self.inner();
        inner.rest = None;
        inner.doubted = None;
        inner.current = Some(Current {
            token: token.clone(),
            until: Instant::now() + usable,
            refused: false,
        });
        token
    }

    /// Nothing is asked for a while, which grows from fault to fault. Where the current token is still good it is given out.
    pub(super) fn rests(&self, because: Problem, asked: Option<Duration>) -> Trouble {
        let mut inner = self.inner();
        let step = inner.rest.as_ref().map_or(0, |rest| rest.step.saturating_add(1));
        let span = timing::rest(step, asked, fastrand::f64());
        inner.rest = Some(Rest {
            until: Instant::now() + span,
            step,
            because: because.clone(),
            lost: false,
        });
        Trouble::Unavailable(because, Some(span))
    }

    /// Notes that somebody on the way may have answered in the provider's place; true where that has been so for long enough to
    /// believe it.
    pub(super) fn doubted_for_long(&self, now: Instant) -> bool {
        let since = *self.inner().doubted.get_or_insert(now);
        now.duration_since(since) >= timing::MENDED
    }

    /// A number that is another one once what stood in the way may be gone.
    pub(super) fn reconsidered(&self) -> u64 {
        self.inner().reconsidered
    }

    /// The account gives no token any more: so it was written while the number was this ([`reconsidered`](Self::reconsidered)).
    pub(super) fn lose(&self, because: &Problem, reconsidered: u64) {
        let mut inner = self.inner();
        if inner.reconsidered != reconsidered {
            return;
        }
        inner.current = None;
        inner.rest = Some(Rest {
            until: Instant::now() + timing::MENDED,
            step: 0,
            because: because.clone(),
            lost: true,
        });
    }

    pub(super) fn take_unsaved(&self) -> Option<Box<Unsaved>> {
        self.inner().unsaved.take()
    }

    pub(super) fn keep_unsaved(&self, unsaved: Box<Unsaved>) {
        self.inner().unsaved = Some(unsaved);
    }

    /// The account that this was is no more, and whoever holds it is told so.
    pub(super) fn end(&self, because: Trouble) {
        let mut inner = self.inner();
        inner.current = None;
        inner.unsaved = None;
        inner.gone = Some(because);
    }

    /// What stood in the way may be gone, or something may stand there now. What goes on goes on, and so do tokens that are not stored
    /// yet: the refresh token that was asked with is good once, perhaps.
    pub(super) fn reconsider(&self, is_lost: bool) {
        let mut inner = self.inner();
        inner.reconsidered = inner.reconsidered.wrapping_add(1);
        inner.rest = None;
        inner.found = None;
        if is_lost {
            inner.current = None;
        }
    }

    /// When a session asked for a token last.
    pub(super) fn used_at(&self) -> Option<Timestamp> {
        self.inner().used_at
    }

    /// Waits until the provider is not being asked for this account.
    pub(super) async fn landed(&self) {
        let flight = self.inner().flight.clone();
        if let Some(mut flight) = flight {
            // Over as well where nobody is left to tell the outcome.
            drop(flight.wait_for(Option::is_some).await);
        }
    }

    pub(super) fn keeper(&self) -> Option<Arc<Keeper>> {
        self.keeper.upgrade()
    }

    /// An error where the association is another one than before.
    pub(super) fn is_of(&self, associated_at: Timestamp) -> Result<(), Trouble> {
        let mut inner = self.inner();
        if let Some(gone) = &inner.gone {
            return Err(gone.clone());
        }
        match *inner.of.get_or_insert(associated_at) == associated_at {
            true => Ok(()),
            false => Err(Trouble::Unavailable(Problem::replaced(), None)),
        }
    }

    /// What was found out of whether it may be used.
    pub(super) fn found<T>(&self, of: impl FnOnce(&Found) -> Option<T>) -> Option<T> {
        self.inner().found.as_ref().and_then(of)
    }

    pub(super) fn find(&self, found: Found) {
        self.inner().found = Some(found);
    }

    /// The provider is asked for this account.
    pub(super) fn is_busy(&self) -> bool {
        self.inner().going_on().is_some()
    }
}

impl Inner {
    /// The asking that somebody is at: it has no outcome yet, and somebody is left to tell one.
    fn going_on(&self) -> Option<&watch::Receiver<Option<Outcome>>> {
        let flight = self.flight.as_ref()?;
        (flight.borrow().is_none() && flight.has_changed().is_ok()).then_some(flight)
    }

    fn good(&self, now: Instant) -> Option<Token> {
        let current = self.current.as_ref()?;
        (!current.refused && current.until > now).then(|| current.token.clone())
    }
}

/// An account in the hands of a session.
pub(super) struct Handle {
    pub kept: Arc<Kept>,
    /// What the session's instance was bound to when it was opened.
    pub binding: Binding,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({})", self.kept.path)
    }
}

impl Account for Handle {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(async {
            let token = self.kept.ask(Need::Use).await.map_err(fault)?;
            // Asked last: whoever waited for a renewal may have waited for a minute.
            self.kept.may_be_used(&self.binding).await.map_err(fault)?;
            Ok(token)
        })
    }

    fn refused(&self, token: &Token) {
        let mut inner = self.kept.inner();
        if let Some(current) = &mut inner.current
            && current.token == *token
        {
            tracing::info!(target: "relais::accounts", account = %self.kept.path, "a resource did not take the token; the next one is asked for");
            current.refused = true;
        }
    }

    fn describe(&self) -> Vec<(String, String)> {
        let keeper = self.kept.keeper.upgrade();
        keeper
            .map(|keeper| keeper.describe(&self.kept.path))
            .unwrap_or_default()
    }
}

/// What a session tells its guest. Connectors and the journal speak English.
fn fault(trouble: Trouble) -> AccountFault {
    let text = |problem: &Problem| problem.text(relais_manifest::Lang::En).to_owned();
    match &trouble {
        Trouble::None(problem) => AccountFault::NotAssociated(text(problem)),
        Trouble::Lost(problem) => AccountFault::Reconnect(text(problem)),
        Trouble::Unavailable(problem, _) if problem.shut_in => AccountFault::WayOut(text(problem)),
        Trouble::Unavailable(problem, retry_after) => AccountFault::Unavailable {
            text: text(problem),
            retry_after: *retry_after,
        },
    }
}
