//! The rules for connector instances: what may be created, what follows from its values, and when saved secrets have to
//! be given again.

mod edit;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use relais_manifest::{Egress, Manifest, Settings};
use relais_sandbox::{Grants, Secret};
use serde_json::Value;

pub use self::edit::{Edit, edit};
use self::secrets::{check_secrets, refuse_accounts, save_secrets};
use crate::accounts;
use crate::binding::{Binding, Stored};
use crate::connectors;
use crate::enablement;
use crate::error::{Error, InstanceError};
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

/// The row of that name, or an error that says where to look.
pub fn find(tables: &Reading, ws: &WorkspaceName, name: &InstanceName) -> Result<InstanceRow, Error> {
    tables.instance(ws, name)?.ok_or_else(|| unknown(name))
}

/// The effective values of an instance with its secrets opened: what a session is given, and what it is bound to.
pub fn open(
    tables: &Reading,
    vault: &Vault,
    path: &InstancePath,
    row: &InstanceRow,
    manifest: &Manifest,
) -> Result<(relais_sandbox::Instance, Binding), Error> {
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
    let instance = relais_sandbox::Instance {
        label: path.to_string(),
        settings: effective.settings,
        egress: effective.egress,
        secrets,
        // Their tokens are not opened here: whoever keeps them hands them out.
        accounts: BTreeMap::new(),
        grants: effective.grants,
    };
    Ok((instance, effective.binding))
}

/// There is no instance of that name.
pub fn unknown(name: &InstanceName) -> Error {
    InstanceError::Unknown { name: name.clone() }.into()
}
