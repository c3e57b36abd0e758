//! The secrets of an instance on their way in: what may be one, and what it is sealed for.

use std::collections::BTreeMap;

use relais_manifest::{FieldError, Manifest, Reason};
use relais_sandbox::Secret;

use super::SECRET_BYTES;
use crate::accounts;
use crate::binding::Stored;
use crate::error::{Error, InstanceError, SecretError, SecretProblem};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::store::Writing;
use crate::vault::{Place, Vault};

/// An account is associated, and never given as a secret.
pub(super) fn refuse_accounts(manifest: &Manifest, secrets: &BTreeMap<String, Secret>) -> Result<(), Error> {
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

pub(super) fn check_secrets(secrets: &BTreeMap<String, Secret>) -> Result<(), Error> {
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

pub(super) fn save_secrets(
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
pub(super) fn seal_again(
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
