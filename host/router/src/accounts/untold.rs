//! What the contact of a workspace has not been told of yet: accounts that are lost, and accounts that are of no use as things are,
//! since a version, a rule or an application changed.

use jiff::Timestamp;

use super::AccountPath;
use super::declared;
use super::missing::applies;
use super::plan::{self, context};
use super::problem::Problem;
use crate::error::Error;
use crate::store::{AccountRow, Reading, Writing};

/// Something to tell.
pub(super) struct Untold {
    pub path: AccountPath,
    pub problem: Problem,
    /// When it was lost; none where it is of no use for another reason.
    lost_at: Option<Timestamp>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Look {
    pub untold: Vec<Untold>,
    /// Accounts that are of use again after it was told that they are not.
    mended: Vec<AccountPath>,
}

/// Looks at every account.
pub(super) fn look(tables: &Reading) -> Result<Look, Error> {
    let mut look = Look::default();
    for (path, row) in tables.all_accounts()? {
        if let Some(lost) = &row.lost {
            let untold = Untold {
                problem: Problem::of_lost(&path, lost),
                lost_at: Some(lost.at),
                path,
            };
            look.untold.extend((!lost.told).then_some(untold));
            continue;
        }
        // An instance that cannot be read is told of where it is used, and hides no other.
        let Ok(problem) = in_the_way(tables, &path, &row) else {
            continue;
        };
        match problem {
            Some(problem) if row.told_of.as_ref() != Some(&problem.code) => look.untold.push(Untold {
                path,
                problem,
                lost_at: None,
            }),
            None if row.told_of.is_some() => look.mended.push(path),
            _ => {}
        }
    }
    Ok(look)
}

impl Look {
    /// Whether there is anything for [`Look::forget`] to do.
    pub(super) fn any_mended(&self) -> bool {
        !self.mended.is_empty()
    }

    /// What was told and is so no more is told again should it come again.
    pub(super) fn forget(&self, tables: &mut Writing<'_>) -> Result<(), Error> {
        for path in &self.mended {
            if let Some(mut row) = tables.account(path)? {
                row.told_of = None;
                tables.put_account(path, &row)?;
            }
        }
        Ok(())
    }
}

/// What stands in the way of an account that the instance has a use for.
fn in_the_way(tables: &Reading, path: &AccountPath, row: &AccountRow) -> Result<Option<Problem>, Error> {
    let context = context(tables, &path.instance)?;
    let settings = &context.effective.settings;
    let of_use =
        declared(&context.manifest).any(|parameter| parameter.id == path.parameter && applies(parameter, settings));
    match of_use {
        true => plan::obstacle(tables, &context, path, row),
        false => Ok(None),
    }
}

impl Untold {
    /// Notes that it was told, where it is so still.
    pub(super) fn told(&self, tables: &mut Writing<'_>) -> Result<(), Error> {
        let Some(mut row) = tables.account(&self.path)? else {
            return Ok(());
        };
        match (self.lost_at, row.lost.as_mut()) {
            (Some(at), Some(lost)) if lost.at == at => lost.told = true,
            (None, None) => row.told_of = Some(self.problem.code.clone()),
            _ => return Ok(()),
        }
        Ok(tables.put_account(&self.path, &row)?)
    }
}
