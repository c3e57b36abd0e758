//! The rules for connector instances: what may be created and edited, when saved secrets have to be given again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relais_manifest::{Egress, FieldError, Manifest, Reason, Settings};
use relais_sandbox::{Grants, Secret};
use serde_json::Value;

use crate::accounts;
use crate::binding::{Binding, Stored};
use crate::connectors;
use crate::enablement;
use crate::error::{Error, InstanceError, SecretError, SecretProblem};
pub use crate::limits::InstanceLimits;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::store::{InstanceRow, Reading, Writing};
use crate::vault::{Place, Vault};

/// Bytes of a secret at most.
pub const SECRET_BYTES: usize = 16 << 10;
/// Grants of an instance at most.
const GRANTS: usize = 64;
/// A connector instance to create.
#[derive(Debug, Default)]
pub struct New {
    /// The id of an installed connector.
    pub connector: String,
    /// By the id of the parameter.
    pub values: BTreeMap<String, Value>,
    /// By the id of the parameter.
    pub secrets: BTreeMap<String, Secret>,
    /// Texts of [`relais_sandbox::Grant`].
    pub grants: Vec<String>,
    pub limits: InstanceLimits,
}

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

/// What follows from values and grants under one manifest.
pub struct Effective {
    pub settings: Settings,
    pub egress: Vec<Egress>,
    pub grants: Grants,
    pub binding: Binding,
}

/// Checks values and grants against a manifest, for an instance that has these secrets.
pub fn effective<'a>(
    manifest: &Manifest,
    given: &BTreeMap<String, Value>,
    grants: &[String],
    secrets: impl Iterator<Item = &'a String>,
) -> Result<Effective, Error> {
    if grants.len() > GRANTS {
        return Err(InstanceError::TooManyGrants {
            count: grants.len(),
            most: GRANTS,
        }
        .into());
    }
    let grants = Grants::parse(grants).map_err(|error| InstanceError::Grant {
        given: error.0.chars().take(80).collect(),
    })?;
    // An account is associated once its instance is there, so it counts as held; whether it is there is told when it is used.
    let accounts = accounts::declared(manifest).map(|account| account.id.clone());
    let secrets: BTreeSet<String> = secrets.cloned().chain(accounts).collect();
    let settings = manifest.settings(given, &secrets).map_err(InstanceError::Fields)?;
    let egress = manifest.egress(&settings).map_err(InstanceError::Fields)?;
    manifest.providers(&settings).map_err(InstanceError::Fields)?;
    let binding = Binding::new(manifest, &settings, &egress, &grants.texts());
    Ok(Effective {
        settings,
        egress,
        grants,
        binding,
    })
}

/// Creates an instance.
pub fn create(
    tables: &mut Writing<'_>,
    vault: &Vault,
    ws: &WorkspaceName,
    name: &InstanceName,
    new: New,
) -> Result<(), Error> {
    let connector = tables
        .connector(&new.connector)?
        .ok_or_else(|| connectors::unknown(&new.connector))?;
    enablement::needed(tables.enabled(ws, &connector.id)?, ws, &connector.id)?;
    if tables.instance(ws, name)?.is_some() {
        return Err(InstanceError::Exists { name: name.clone() }.into());
    }
    let manifest = connectors::manifest(&connector)?;
    refuse_accounts(&manifest, &new.secrets)?;
    let effective = effective(&manifest, &new.values, &new.grants, new.secrets.keys())?;
    check_secrets(&new.secrets)?;
    new.limits.check()?;
    let binding = effective.binding.stored();
    save_secrets(tables, vault, ws, name, &binding, &new.secrets)?;
    let now = Timestamp::now();
    let row = InstanceRow {
        connector: new.connector,
        given: new.values,
        grants: effective.grants.texts(),
        binding: binding.parts(),
        limits: new.limits,
        lost: BTreeSet::new(),
        created_at: now,
        edited_at: now,
        revision: 1,
    };
    tables.put_instance(ws, name, &row)?;
    Ok(())
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

/// An account is associated, and never given as a secret.
fn refuse_accounts(manifest: &Manifest, secrets: &BTreeMap<String, Secret>) -> Result<(), Error> {
    let given = accounts::declared(manifest).filter(|account| secrets.contains_key(&account.id));
    let wrong: Vec<FieldError> = given
        .map(|account| FieldError {
            field: account.id.clone(),
            reason: Reason::AccountAsValue,
        })
        .collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(InstanceError::Fields(wrong).into())
}

/// The row of that name, or an error that says where to look.
pub fn find(tables: &Reading, ws: &WorkspaceName, name: &InstanceName) -> Result<InstanceRow, Error> {
    tables.instance(ws, name)?.ok_or_else(|| unknown(name))
}

/// The effective values of an instance with its secrets opened: what a session is given.
pub fn open(
    tables: &Reading,
    vault: &Vault,
    path: &InstancePath,
    row: &InstanceRow,
    manifest: &Manifest,
) -> Result<relais_sandbox::Instance, Error> {
    let (ws, name) = (&path.workspace, &path.name);
    let mut saved = tables.secrets(ws, name)?;
    let declared: BTreeSet<&String> = manifest.secrets().map(|secret| &secret.id).collect();
    saved.retain(|id, _| declared.contains(id));
    let lost = row.lost.iter().filter(|id| declared.contains(id));
    let lost: Vec<String> = lost.cloned().collect();
    if !lost.is_empty() {
        return Err(InstanceError::SecretsLost {
            name: name.clone(),
            fields: lost,
        }
        .into());
    }
    let effective = effective(manifest, &row.given, &row.grants, saved.keys())?;
    let stored = Stored::read(row.binding.clone());
    let outdated = effective.binding.outdated(&stored, saved.keys());
    if !outdated.is_empty() {
        return Err(InstanceError::SecretsNeeded {
            name: name.clone(),
            fields: outdated.fields,
            because: outdated.because,
        }
        .into());
    }
    let mut secrets = BTreeMap::new();
    if !saved.is_empty() {
        let key = vault.to_open(tables)?;
        let digest = stored.digest();
        for (field, sealed) in saved {
            let place = Place {
                workspace: ws,
                instance: name,
                field: &field,
                binding: &digest,
            };
            let secret = key.open(&place, &sealed)?;
            secrets.insert(field, secret);
        }
    }
    Ok(relais_sandbox::Instance {
        label: path.to_string(),
        settings: effective.settings,
        egress: effective.egress,
        secrets,
        // Their tokens are not opened here: whoever keeps them hands them out.
        accounts: BTreeMap::new(),
        grants: effective.grants,
    })
}

/// There is no instance of that name.
pub fn unknown(name: &InstanceName) -> Error {
    InstanceError::Unknown { name: name.clone() }.into()
}

fn check_secrets(secrets: &BTreeMap<String, Secret>) -> Result<(), Error> {
    let problem = |secret: &Secret| match secret.reveal() {
        "" => Some(SecretProblem::Empty),
        text if text.len() > SECRET_BYTES => Some(SecretProblem::TooLong),
        // They would end a line of a protocol, and come with a file that ends in a line break.
        text if text.contains(['\0', '\r', '\n']) => Some(SecretProblem::LineBreak),
        _ => None,
    };
    let wrong: Vec<SecretError> = secrets
        .iter()
        .filter_map(|(field, secret)| {
            problem(secret).map(|problem| SecretError {
                field: field.clone(),
                problem,
            })
        })
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(InstanceError::Secrets(wrong).into())
    }
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

fn save_secrets(
    tables: &mut Writing<'_>,
    vault: &Vault,
    ws: &WorkspaceName,
    name: &InstanceName,
    binding: &Stored,
    secrets: &BTreeMap<String, Secret>,
) -> Result<(), Error> {
    if secrets.is_empty() {
        return Ok(());
    }
    let key = vault.to_seal(tables)?;
    let digest = binding.digest();
    for (field, secret) in secrets {
        let place = Place {
            workspace: ws,
            instance: name,
            field,
            binding: &digest,
        };
        let sealed = key.seal(&place, secret)?;
        tables.put_secret(ws, name, field, &sealed)?;
    }
    Ok(())
}

/// Seals saved secrets for another binding that is the same to them, so that one record serves them and the new ones.
fn seal_again(
    tables: &mut Writing<'_>,
    vault: &Vault,
    path: &InstancePath,
    (from, to): (&Stored, &Stored),
    fields: &[&String],
) -> Result<(), Error> {
    if fields.is_empty() {
        return Ok(());
    }
    let (ws, name) = (&path.workspace, &path.name);
    let key = vault.to_seal(tables)?;
    let digest = from.digest();
    let mut opened = BTreeMap::new();
    for (field, sealed) in tables.secrets(ws, name)? {
        if fields.contains(&&field) {
            let place = Place {
                workspace: ws,
                instance: name,
                field: &field,
                binding: &digest,
            };
            let secret = key.open(&place, &sealed)?;
            opened.insert(field, secret);
        }
    }
    save_secrets(tables, vault, ws, name, to, &opened)
}
