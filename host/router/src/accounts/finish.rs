//! The end of an association that was granted: what was granted is checked, and the account is written with its tokens sealed beside.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::Grant;
use relais_manifest::FilledProvider;
use tokio::sync::watch;

use super::associations::{Association, Stage};
use super::choose::Ready;
use super::keeper::Keeper;
use super::plan::{self, context};
use super::problem::{Problem, Trouble};
use super::timing;
use super::written::{seal_tokens, touch};
use crate::audit::{self, Action};
use crate::binding::Stored;
use crate::error::Error;
use crate::store::{AccountRow, Part, Writing};

/// An access token that lasts so long needs no refresh token.
const LASTS: Duration = Duration::from_secs(86_400);

/// Checks what was granted and keeps it.
pub(super) async fn finish(
    keeper: &Arc<Keeper>,
    ready: Ready,
    grant: Grant,
    state: &watch::Sender<Association>,
) -> Stage {
    let missing = needed(&grant, &ready.towards.provider);
    if !missing.is_empty() {
        return Stage::Failed(Problem::scopes_missing(&missing));
    }
    if ready.flow.is_delegated() && grant.refresh_token.is_none() && grant.expires_in < LASTS {
        return Stage::Failed(Problem::no_refresh_token());
    }
    let path = ready.path.clone();
    let done = Stage::Done {
        username: grant.username.clone(),
        tenant: grant.tenant.clone(),
        scopes: granted_scopes(ready.asked(), &grant),
    };
    let (whose, state) = (path.clone(), state.clone());
    // What has begun to write is not stopped by giving up whoever waits for it; what follows the writing is done with it.
    let stored = keeper.blocking(move |keeper| {
        let current = || keeper.associations.end(&whose, &state);
        let stored = keeper.store.write(|tables| match current() {
            true => store(tables, keeper, ready, &grant).map(Some),
            false => Ok(None),
        })?;
        if matches!(stored, Some(None)) {
            keeper.forget(&whose, Trouble::Unavailable(Problem::replaced(), None));
            keeper.edited();
        }
        Ok(stored)
    });
    match stored.await {
        Ok(Some(None)) => done,
        Ok(Some(Some(problem))) => Stage::Failed(problem),
        Ok(None) => Stage::GivenUp,
        Err(error) => Stage::Failed(Problem::here(&error)),
    }
}

/// The rights that were not granted and without which there is no account. What an account without the others cannot do is for its
/// connector to say.
fn needed(grant: &Grant, provider: &FilledProvider) -> Vec<String> {
    let missing = grant.missing.iter();
    missing
        .filter(|scope| !provider.optional_scopes.contains(scope))
        .cloned()
        .collect()
}

/// A provider that does not say granted all (RFC 6749 section 5.1).
fn granted_scopes(asked: &[String], grant: &Grant) -> Vec<String> {
    match grant.scopes.is_empty() {
        true => asked.to_vec(),
        false => grant.scopes.clone(),
    }
}

/// Writes the account, or tells why it must not be.
fn store(tables: &mut Writing<'_>, keeper: &Keeper, ready: Ready, grant: &Grant) -> Result<Option<Problem>, Error> {
    // In a restored store without its key this erases what cannot be opened: before anything is read.
    let key = keeper.vault.to_seal(tables)?;
    let path = &ready.path;
    let context = context(tables, &path.instance)?;
    let provider = ready.towards.provider.id.clone();
    if context.effective.binding != ready.binding {
        return Ok(Some(Problem::edited_meanwhile()));
    }
    if let Some(problem) = context.governance.forbids(&provider, ready.flow.word()) {
        return Ok(Some(problem));
    }
    let client_id = ready.chosen.application.client_id.clone();
    if ready.chosen.own.is_none() {
        let of_workspace = tables.application(&path.instance.workspace, &provider)?;
        if of_workspace.is_none_or(|row| row.client_id != client_id) {
            return Ok(Some(Problem::edited_meanwhile()));
        }
    }
    let asked = ready.asked().to_vec();
    let scopes = granted_scopes(&asked, grant);
    let now = Timestamp::now();
    let row = AccountRow {
        provider: provider.clone(),
        flow: ready.flow.word().to_owned(),
        client_id,
        own: ready.chosen.own.as_ref().map(|(proof, _)| proof.clone()),
        username: grant.username.clone(),
        tenant: grant.tenant.clone(),
        roles: grant.roles.clone(),
        asked,
        scopes,
        binding: ready.binding.stored().parts(),
        associated_at: now,
        associated_by: ready.by.clone(),
        resumed_at: None,
        renewed_at: now,
        expires_at: timing::after(now, grant.expires_in),
        last_used_at: None,
        renewing: None,
        lost: None,
        told_of: None,
    };
    tables.remove_account(path)?;
    seal_tokens(tables, &key, path, &row, grant)?;
    if let Some((_, Some(secret))) = &ready.chosen.own {
        let field = Part::Application.field(&path.parameter);
        let digest = Stored::read(row.binding.clone()).digest();
        let sealed = key.seal(&plan::place(path, &field, &digest), secret)?;
        tables.put_account_secret(path, Part::Application, Some(&sealed))?;
    }
    tables.put_account(path, &row)?;
    touch(tables, &path.instance)?;
    let detail = vec![path.parameter.clone(), provider, row.flow];
    let (ws, name) = (&path.instance.workspace, path.instance.name.as_str());
    audit::note(tables, &ready.by, Some(ws), Action::AccountAssociate, name, detail)?;
    Ok(None)
}
