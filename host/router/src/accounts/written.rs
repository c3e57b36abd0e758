//! What is written of an account beside its association: renewed tokens, and that it is lost.

use jiff::Timestamp;
use relais_accounts::Grant;

use super::AccountPath;
use super::kept::Unsaved;
use super::plan;
use super::problem::Problem;
use super::timing;
use crate::audit::{self, Action};
use crate::binding::Stored;
use crate::error::Error;
use crate::names::{InstancePath, WorkspaceName};
use crate::store::{AccountRow, LostRow, Part, Writing};
use crate::vault::{Key, Vault};
use crate::who::Who;

/// What was written of a renewal.
pub(super) enum Renewed {
    /// The account is another one meanwhile.
    Gone,
    Same,
    /// It had been lost.
    Back,
}

/// Writes renewed tokens.
pub(super) fn renewed(
    tables: &mut Writing<'_>,
    vault: &Vault,
    path: &AccountPath,
    unsaved: &Unsaved,
) -> Result<Renewed, Error> {
    let Unsaved { asking, grant } = unsaved;
    let key = vault.to_seal(tables)?;
    let Some(mut row) = still(tables, path, &asking.row)? else {
        return Ok(Renewed::Gone);
    };
    let was_lost = row.lost.take().is_some();
    let now = Timestamp::now();
    row.renewing = None;
    row.renewed_at = now;
    row.expires_at = timing::after(now, grant.expires_in);
    if !grant.scopes.is_empty() {
        row.scopes.clone_from(&grant.scopes);
    }
    if !grant.roles.is_empty() {
        row.roles.clone_from(&grant.roles);
    }
    seal_tokens(tables, &key, path, &row, grant)?;
    if was_lost {
        row.resumed_at = Some(now);
    }
    tables.put_account(path, &row)?;
    if was_lost {
        touch(tables, &path.instance)?;
        return Ok(Renewed::Back);
    }
    Ok(Renewed::Same)
}

/// Seals what a provider gave. Where it gave no new refresh token the old one is still good (RFC 6749 section 6).
pub(super) fn seal_tokens(
    tables: &mut Writing<'_>,
    key: &Key<'_>,
    path: &AccountPath,
    row: &AccountRow,
    grant: &Grant,
) -> Result<(), Error> {
    let digest = Stored::read(row.binding.clone()).digest();
    let given = [
        (Part::Access, Some(&grant.access_token)),
        (Part::Refresh, grant.refresh_token.as_ref()),
    ];
    for (part, secret) in given {
        if let Some(secret) = secret {
            let field = part.field(&path.parameter);
            let sealed = key.seal(&plan::place(path, &field, &digest), secret)?;
            tables.put_account_secret(path, part, Some(&sealed))?;
        }
    }
    Ok(())
}

/// The row, where it is of the same association still, and its tokens are those that were asked with: what a provider says of
/// earlier ones says nothing of these.
pub(super) fn still(tables: &Writing<'_>, path: &AccountPath, asked: &AccountRow) -> Result<Option<AccountRow>, Error> {
    let of = |row: &AccountRow| (row.associated_at, row.renewed_at, row.client_id.clone());
    let row = tables.account(path)?;
    Ok(row.filter(|row| of(row) == of(asked)))
}

/// True where it was not lost before, or in another way.
pub(super) fn write_lost(
    tables: &mut Writing<'_>,
    path: &AccountPath,
    mut row: AccountRow,
    mut lost: LostRow,
) -> Result<bool, Error> {
    let same = |before: &LostRow| (before.why, &before.kind, &before.code) == (lost.why, &lost.kind, &lost.code);
    let new = !row.lost.as_ref().is_some_and(same);
    if !new {
        // It was told already; that it is still so is no news.
        if let Some(before) = &row.lost {
            (lost.at, lost.told) = (before.at, before.told);
        }
    }
    row.renewing = None;
    let code = Problem::of_lost(path, &lost).code;
    row.lost = Some(lost);
    tables.put_account(path, &row)?;
    if new {
        touch(tables, &path.instance)?;
        let (ws, name) = (&path.instance.workspace, path.instance.name.as_str());
        let detail = vec![path.parameter.clone(), code];
        audit::note(tables, &Who::System, Some(ws), Action::AccountLost, name, detail)?;
    }
    Ok(new)
}

/// An account is part of what its instance is: sessions of before end.
pub(super) fn touch(tables: &mut Writing<'_>, path: &InstancePath) -> Result<(), Error> {
    let (ws, name): (&WorkspaceName, _) = (&path.workspace, &path.name);
    if let Some(mut row) = tables.instance(ws, name)? {
        row.revision = row.revision.saturating_add(1);
        tables.put_instance(ws, name, &row)?;
    }
    Ok(())
}
