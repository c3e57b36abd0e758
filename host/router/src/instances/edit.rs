//! The edit of an instance: all of it, or nothing at all. What is saved is not given up without being named, and not kept where it
//! would be used for something else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relais_manifest::Manifest;
use relais_sandbox::Secret;
use serde_json::Value;

use super::secrets::{check_secrets, refuse_accounts, save_secrets, seal_again};
use super::{effective, unknown};
use crate::binding::{Binding, Stored};
use crate::connectors;
use crate::error::{Error, InstanceError};
use crate::limits::InstanceLimits;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::store::{InstanceRow, Writing};
use crate::vault::Vault;

/// A change of a connector instance. What it does not name stays as it is.
#[derive(Debug, Default)]
pub struct Edit {
    pub set: BTreeMap<String, Value>,
    /// Parameters that go back to their default.
    pub unset: Vec<String>,
    pub secrets: BTreeMap<String, Secret>,
    /// Secrets and accounts to erase. The provider of an account is not told: [`crate::Router::dissociate`] does that.
    pub forget: Vec<String>,
    /// Replaces all grants.
    pub grants: Option<Vec<String>>,
    /// Replaces both limits.
    pub limits: Option<InstanceLimits>,
}

impl Edit {
    /// The names of all that it changes; no values.
    pub fn names(&self) -> Vec<String> {
        let fields = self.set.keys().chain(&self.unset).chain(self.secrets.keys());
        let mut names: Vec<String> = fields.chain(&self.forget).cloned().collect();
        names.extend(self.grants.is_some().then(|| "grants".to_owned()));
        names.extend(self.limits.is_some().then(|| "limits".to_owned()));
        names
    }
}

/// Edits an instance, or changes nothing at all.
pub fn edit(
    tables: &mut Writing<'_>,
    vault: &Vault,
    ws: &WorkspaceName,
    name: &InstanceName,
    edit: Edit,
) -> Result<(), Error> {
    if tables.instance(ws, name)?.is_none() {
        return Err(unknown(name));
    }
    if !edit.secrets.is_empty() {
        // Before anything is read: in a restored store without its key this erases what cannot be opened.
        vault.to_seal(tables)?;
    }
    let mut row = tables.instance(ws, name)?.ok_or_else(|| unknown(name))?;
    let connector = connectors::of(tables, &row)?;
    let manifest = connectors::manifest(&connector)?;
    let saved: BTreeSet<String> = tables.secrets(ws, name)?.into_keys().collect();
    check_edit(&manifest, &row, &saved, &edit)?;
    let before = effective(
        &manifest,
        &row.given,
        &row.grants,
        manifest.secrets().map(|secret| &secret.id),
    );

    for id in &edit.unset {
        row.given.remove(id);
    }
    row.given.extend(edit.set);
    if let Some(grants) = edit.grants {
        row.grants = grants;
    }
    if let Some(limits) = edit.limits {
        limits.check()?;
        row.limits = limits;
    }
    let declared: BTreeSet<&String> = manifest.secrets().map(|secret| &secret.id).collect();
    // A secret that the installed version does not know any more is kept, and used for nothing.
    let kept: BTreeSet<&String> = saved
        .iter()
        .filter(|id| !edit.forget.contains(id) && !edit.secrets.contains_key(*id))
        .collect();
    let held = kept
        .iter()
        .copied()
        .filter(|id| declared.contains(id))
        .chain(edit.secrets.keys());
    let effective = effective(&manifest, &row.given, &row.grants, held)?;
    check_secrets(&edit.secrets)?;

    let stored = Stored::read(row.binding);
    let used = kept.iter().copied().filter(|id| declared.contains(id));
    let outdated = effective.binding.outdated(&stored, used);
    if !outdated.is_empty() {
        return Err(InstanceError::SecretsNeeded {
            name: name.clone(),
            fields: outdated.fields,
            because: outdated.because,
        }
        .into());
    }
    let path = InstancePath {
        workspace: ws.clone(),
        name: name.clone(),
    };
    let before = before.ok().map(|before| before.binding);
    keep_accounts(tables, &path, before.as_ref(), &effective.binding, &edit.forget)?;
    for field in &edit.forget {
        tables.remove_secret(ws, name, field)?;
    }
    row.lost
        .retain(|field| !edit.forget.contains(field) && !edit.secrets.contains_key(field));
    let binding = match edit.secrets.is_empty() && !kept.is_empty() {
        // They stay sealed for what they were given for, which is what they are used for.
        true => stored,
        false => {
            let binding = effective.binding.stored();
            let (used, stale): (Vec<&String>, Vec<&String>) = kept.into_iter().partition(|id| declared.contains(id));
            if binding != stored {
                seal_again(tables, vault, &path, (&stored, &binding), &used)?;
                for field in stale {
                    tables.remove_secret(ws, name, field)?;
                }
            }
            binding
        }
    };
    save_secrets(tables, vault, ws, name, &binding, &edit.secrets)?;
    row.binding = binding.parts();
    row.grants = effective.grants.texts();
    row.edited_at = Timestamp::now();
    row.revision = row.revision.saturating_add(1);
    tables.put_instance(ws, name, &row)?;
    Ok(())
}

/// Forgets the accounts that the edit names. An account that was of use before and would not be after is not given up without
/// being named: it could only be associated again by somebody who is there.
fn keep_accounts(
    tables: &mut Writing<'_>,
    path: &InstancePath,
    before: Option<&Binding>,
    after: &Binding,
    forget: &[String],
) -> Result<(), Error> {
    let (mut fields, mut because) = (Vec::new(), Vec::new());
    for (account, row) in tables.accounts(&path.workspace, &path.name)? {
        if forget.contains(&account.parameter) {
            tables.remove_account(&account)?;
            continue;
        }
        let stored = Stored::read(row.binding);
        let lost = after.outdated(&stored, [&account.parameter]);
        let was_of_use = |before: &Binding| before.outdated(&stored, [&account.parameter]).is_empty();
        if before.is_some_and(was_of_use) && !lost.is_empty() {
            fields.extend(lost.fields);
            because = lost.because;
        }
    }
    if fields.is_empty() {
        return Ok(());
    }
    Err(InstanceError::AccountsNeeded {
        name: path.name.clone(),
        fields,
        because,
    }
    .into())
}

/// What an edit names must be there to be taken away, and nothing may be given and taken away at once.
fn check_edit(manifest: &Manifest, row: &InstanceRow, saved: &BTreeSet<String>, edit: &Edit) -> Result<(), Error> {
    refuse_accounts(manifest, &edit.secrets)?;
    let twice = edit.unset.iter().find(|id| edit.set.contains_key(*id));
    if let Some(field) = twice.or(edit.forget.iter().find(|id| edit.secrets.contains_key(*id))) {
        return Err(InstanceError::Contradiction { field: field.clone() }.into());
    }
    let known = |id: &&String| manifest.parameter(id).is_some();
    let unset = edit.unset.iter().find(|id| !row.given.contains_key(*id) && !known(id));
    let is_held = |id: &&String| manifest.parameter(id).is_some_and(|parameter| parameter.kind.is_held());
    let forget = edit.forget.iter().find(|id| !saved.contains(*id) && !is_held(id));
    match unset.or(forget) {
        Some(field) => Err(InstanceError::NoSuchField {
            field: field.chars().take(80).collect(),
        }
        .into()),
        None => Ok(()),
    }
}
