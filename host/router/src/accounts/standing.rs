//! Whether an account may be used now, asked each time that a session is handed a token of it.
//!
//! The threat: a token in memory outlives what it was given for. Another version of the connector, another rule of the workspace,
//! an edit or an application may have made the account of no use since, and the session that asks may be an earlier or a later one
//! than the account is for. So the answer is not told from where such things are changed, which a new way to change them would
//! forget; it is read from the store, and holds for as long as the store counts no other change.

use std::sync::Arc;

use jiff::Timestamp;

use super::AccountPath;
use super::keeper::Keeper;
use super::kept::Kept;
use super::plan::{self, Stop, context};
use super::problem::{Problem, Trouble};
use crate::binding::{Binding, Stored};
use crate::error::Error;
use crate::store::{AccountRow, Reading};

/// What an account is, where it may be used.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Tokens are of one association.
    pub associated_at: Timestamp,
    /// What it was associated for.
    pub binding: Stored,
}

/// What was found out, and how many changes the store counted before that.
pub(super) struct Found {
    changes: u64,
    standing: Result<Standing, Trouble>,
}

impl Kept {
    /// Whether a session of an instance that was bound so may have a token now.
    pub(super) async fn may_be_used(self: &Arc<Self>, session: &Binding) -> Result<(), Trouble> {
        let Some(keeper) = self.keeper() else {
            return Err(Trouble::here(&Error::Stopped));
        };
        // Counted before it is read: a change that comes between is found at the next asking.
        let changes = keeper.store.changes();
        let known = self.found(|found| (found.changes == changes).then(|| found.standing.clone()));
        let standing = match known {
            Some(standing) => standing,
            None => {
                let standing = keeper.standing(&self.path).await?;
                self.find(Found {
                    changes,
                    standing: standing.clone(),
                });
                standing
            }
        }?;
        keeper.hold(self, standing.associated_at)?;
        match session.outdated(&standing.binding, [&self.path.parameter]).is_empty() {
            true => Ok(()),
            // The session was opened before an edit, or before another version of its connector.
            false => Err(Trouble::Unavailable(Problem::replaced(), None)),
        }
    }
}

impl Keeper {
    /// Tokens of one association are kept apart from those of another: where the stored one is not the one that `kept` is of, that
    /// is at its end, even if whoever wrote the other one has not told yet.
    pub(super) fn hold(&self, kept: &Arc<Kept>, associated_at: Timestamp) -> Result<(), Trouble> {
        let held = kept.is_of(associated_at);
        if held.is_err() {
            self.retire(kept, Trouble::Unavailable(Problem::replaced(), None));
        }
        held
    }

    /// An instance or an application was changed. An account that stays is not asked for anew: whoever asks its provider goes on
    /// doing so, alone. One that is no more is at its end.
    pub(crate) fn reconsider(&self, which: impl Fn(&AccountPath) -> bool) {
        for kept in self.held(which) {
            match self.store.read(|tables| tables.account(&kept.path)) {
                Ok(Some(row)) => kept.reconsider(row.lost.is_some()),
                Ok(None) => self.retire(&kept, Trouble::None(Problem::none(&kept.path))),
                // It is read again before anybody is given a token.
                Err(_) => kept.reconsider(false),
            }
        }
    }

    /// The outer error is no answer: the store could not be read.
    async fn standing(&self, path: &AccountPath) -> Result<Result<Standing, Trouble>, Trouble> {
        let path = path.clone();
        let read = self.blocking(move |keeper| keeper.store.read(|tables| standing(tables, &path)));
        read.await.map_err(|error| match Stop::from(error) {
            Stop::Trouble(trouble) => trouble,
            Stop::Lose(..) => Trouble::here(&Error::Stopped),
        })
    }
}

fn standing(tables: &Reading, path: &AccountPath) -> Result<Result<Standing, Trouble>, Error> {
    let Some(row) = tables.account(path)? else {
        return Ok(Err(Trouble::None(Problem::none(path))));
    };
    if let Some(lost) = &row.lost {
        return Ok(Err(Trouble::Lost(Problem::of_lost(path, lost))));
    }
    if let Some(problem) = plan::obstacle(tables, &context(tables, &path.instance)?, path, &row)? {
        return Ok(Err(Trouble::Lost(problem)));
    }
    Ok(Ok(Standing {
        associated_at: row.associated_at,
        binding: Stored::read(row.binding),
    }))
}

/// The accounts that nothing stands in the way of beside what their providers say: the others are not renewed meanwhile.
pub(super) fn unhindered(tables: &Reading) -> Result<Vec<(AccountPath, AccountRow)>, Error> {
    let hindered = |path: &AccountPath, row: &AccountRow| {
        let context = context(tables, &path.instance)?;
        plan::obstacle(tables, &context, path, row)
    };
    let mut found = tables.all_accounts()?;
    // One whose instance cannot be read hides no other.
    found.retain(|(path, row)| matches!(hindered(path, row), Ok(None)));
    Ok(found)
}
