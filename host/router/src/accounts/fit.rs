//! Whether the workspace's application still fits an account that was associated with it. An account whose provider cannot be asked
//! in its name any more is of no use, and is told so at once: not when its access token ends, and not when its deliveries were given
//! up.

use super::AccountPath;
use super::origins::check_goes_to;
use super::plan::Context;
use super::problem::Problem;
use crate::error::{AccountError, Error};
use crate::store::{AccountRow, LostRow, Tables, Transaction, Why};

/// What is wrong with the application. One that the account brought itself stands beside it, and changes with it alone.
pub(super) fn unfit<T: Transaction>(
    tables: &Tables<T>,
    context: &Context,
    path: &AccountPath,
    row: &AccountRow,
) -> Result<Option<Problem>, Error> {
    if row.own.is_some() {
        return Ok(None);
    }
    let provider = || row.provider.clone();
    let of = |error: AccountError| Some(Problem::here(&error.into()));
    let Some(application) = tables.application(&path.instance.workspace, &row.provider)? else {
        return Ok(of(AccountError::ApplicationUnknown { provider: provider() }));
    };
    if application.client_id != row.client_id {
        let lost = LostRow {
            at: application.set_at,
            why: Why::ApplicationChanged,
            kind: String::new(),
            code: String::new(),
            detail: String::new(),
            told: false,
        };
        return Ok(Some(Problem::of_lost(path, &lost)));
    }
    if application.lost {
        return Ok(of(AccountError::ApplicationLost { provider: provider() }));
    }
    let Some(towards) = context.provider(&row.provider) else {
        return Ok(Some(Problem::no_provider(path, &row.provider)));
    };
    Ok(check_goes_to(&application, &towards).err().and_then(of))
}
