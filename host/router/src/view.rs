//! What a connector instance shows of itself to whoever administers it. It shows no secret, only whether one is saved.

use std::collections::BTreeMap;

use jiff::Timestamp;
use relais_manifest::{FieldError, Settings};
use serde_json::Value;

use crate::accounts::{self, AccountState, AccountView};
use crate::binding::{Outdated, Stored};
use crate::connectors;
use crate::error::{Error, InstanceError};
use crate::instances::effective;
use crate::limits::InstanceLimits;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::store::{InstanceRow, Reading};
use crate::vault::Vault;

/// A connector instance as an administrator sees it.
#[derive(Debug, Clone)]
pub struct InstanceView {
    pub name: InstanceName,
    pub connector: String,
    pub connector_version: String,
    /// The effective values; empty where `problems` says why there are none.
    pub settings: Settings,
    /// What was given.
    pub given: BTreeMap<String, Value>,
    /// Every secret of the connector, and whether it is saved.
    pub secrets: BTreeMap<String, bool>,
    pub grants: Vec<String>,
    /// Every account of the connector, in the order of the form.
    pub accounts: Vec<AccountView>,
    /// Where it may connect: `tcp://smtp.example.org:587`.
    pub egress: Vec<String>,
    pub credentials: Vec<CredentialView>,
    /// The services that use it when nothing names an instance.
    pub default_of: Vec<String>,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
    /// Counts the edits, from 1.
    pub revision: u64,
    /// Values that do not fit the installed version of the connector.
    pub problems: Vec<FieldError>,
    /// What changed since the secrets were given, so that they have to be given again.
    pub secrets_outdated_by: Vec<String>,
    /// Secrets that were saved under a key that this machine does not have: they have to be given again, or the key brought
    /// back.
    pub secrets_unreadable: Vec<String>,
    pub limits: InstanceLimits,
    /// Whether its connector is enabled in its workspace. Where it is not, the instance cannot be used.
    pub enabled: bool,
    /// The services that are forced to it.
    pub forced_for: Vec<String>,
}

/// A credential of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialView {
    pub name: String,
    pub kind: String,
    /// Whether all that it is made of is there.
    pub ready: bool,
}

/// What an instance shows of itself. It shows also where it does not fit its connector any more.
pub fn view(
    tables: &Reading,
    vault: &Vault,
    ws: &WorkspaceName,
    name: &InstanceName,
    row: InstanceRow,
) -> Result<InstanceView, Error> {
    let connector = connectors::of(tables, &row)?;
    let manifest = connectors::manifest(&connector)?;
    let saved = tables.secrets(ws, name)?;
    let secrets: BTreeMap<String, bool> = manifest
        .secrets()
        .map(|secret| (secret.id.clone(), saved.contains_key(&secret.id)))
        .collect();
    let held = secrets.iter().filter(|(_, saved)| **saved).map(|(id, _)| id);
    let effective = effective(&manifest, &row.given, &row.grants, held);
    let (effective, problems) = match effective {
        Ok(effective) => (Some(effective), Vec::new()),
        Err(Error::Instance(InstanceError::Fields(problems))) => (None, problems),
        Err(error) => return Err(error),
    };
    let held = secrets.iter().filter(|(_, saved)| **saved).map(|(id, _)| id);
    let outdated = match &effective {
        Some(effective) => effective.binding.outdated(&Stored::read(row.binding), held),
        None => Outdated::default(),
    };
    let readable = saved.is_empty() || vault.opens(tables)?;
    let unreadable = |id: &&String| row.lost.contains(*id) || (!readable && saved.contains_key(*id));
    let secrets_unreadable: Vec<String> = secrets.keys().filter(unreadable).cloned().collect();
    let usable = |id: &String| {
        secrets.get(id) == Some(&true) && !outdated.fields.contains(id) && !secrets_unreadable.contains(id)
    };
    let settings = effective
        .as_ref()
        .map(|effective| effective.settings.clone())
        .unwrap_or_default();
    let path = InstancePath {
        workspace: ws.clone(),
        name: name.clone(),
    };
    let accounts = accounts::views(tables, vault, &path, &manifest)?;
    let associated = |id: &String| {
        let mut all = accounts.iter();
        all.any(|account| account.parameter == *id && account.state == AccountState::Associated)
    };
    let credentials = manifest.credentials.iter().map(|credential| CredentialView {
        name: credential.name.clone(),
        kind: credential.kind.word().to_owned(),
        ready: effective.is_some()
            && credential.secret.as_ref().is_none_or(usable)
            && credential.account.as_ref().is_none_or(associated)
            && credential
                .username
                .as_ref()
                .is_none_or(|id| settings.values.contains_key(id)),
    });
    let defaults = tables.defaults(ws)?;
    let forced = tables.all_forced(ws)?;
    Ok(InstanceView {
        name: name.clone(),
        connector: row.connector,
        connector_version: connector.version,
        given: row.given,
        grants: row.grants,
        egress: effective
            .iter()
            .flat_map(|effective| &effective.egress)
            .map(ToString::to_string)
            .collect(),
        credentials: credentials.collect(),
        accounts,
        default_of: defaults
            .into_iter()
            .filter(|(_, default)| default == name)
            .map(|(service, _)| service)
            .collect(),
        created_at: row.created_at,
        edited_at: row.edited_at,
        revision: row.revision,
        settings,
        secrets,
        problems,
        secrets_outdated_by: outdated.because,
        secrets_unreadable,
        limits: row.limits,
        enabled: tables.enabled(ws, &connector.id)?,
        forced_for: forced
            .into_iter()
            .filter(|(_, forced)| forced == name)
            .map(|(service, _)| service)
            .collect(),
    })
}
