//! Installed connectors: their records, and the rules for installing and removing one.

use jiff::Timestamp;
use relais_manifest::Manifest;
use relais_sandbox::Inspection;

use crate::binding::Stored;
use crate::error::{ConnectorError, Error};
use crate::instances;
use crate::names::InstancePath;
use crate::store::{ConnectorRow, InstanceRow, Reading, StoreError, Tables, Transaction, Writing};

/// An installed connector.
#[derive(Debug, Clone)]
pub struct ConnectorRecord {
    /// `publisher/name`.
    pub id: String,
    pub version: String,
    /// Digest of the component, in lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the component.
    pub size: u64,
    /// The services that its component exports, such as `mail`.
    pub services: Vec<String>,
    pub manifest: Manifest,
    pub installed_at: Timestamp,
    /// The instances that do not work with this version as they are: their values do not fit its manifest any more, or it
    /// would use their saved secrets otherwise than the version they were given to.
    pub review: Vec<InstancePath>,
}

/// The row for a component that was inspected.
pub fn row(inspection: &Inspection, manifest: serde_json::Value) -> ConnectorRow {
    ConnectorRow {
        id: inspection.manifest.id.clone(),
        version: inspection.manifest.version.clone(),
        sha256: inspection.sha256.clone(),
        size: inspection.size,
        services: inspection.services.clone(),
        manifest,
        installed_at: Timestamp::now(),
    }
}

/// Writes the row and returns the digest of the version that it replaces.
pub fn install(tables: &mut Writing<'_>, row: &mut ConnectorRow) -> Result<Option<String>, Error> {
    let before = tables.connector(&row.id)?;
    match before {
        Some(before) if before.sha256 == row.sha256 => {
            row.installed_at = before.installed_at;
            tables.put_connector(row)?;
            Ok(None)
        }
        before => {
            tables.put_connector(row)?;
            Ok(before.map(|before| before.sha256))
        }
    }
}

/// Removes the row and returns its digest; refused while an instance uses the connector.
pub fn remove(tables: &mut Writing<'_>, id: &str) -> Result<String, Error> {
    let row = tables.connector(id)?.ok_or_else(|| unknown(id))?;
    let instances: Vec<InstancePath> = tables.instances_of(id)?.into_iter().map(|(path, _)| path).collect();
    if !instances.is_empty() {
        return Err(ConnectorError::InUse {
            id: id.to_owned(),
            instances,
        }
        .into());
    }
    for (ws, _) in tables.workspaces()? {
        tables.disable(&ws, id)?;
    }
    tables.remove_connector(id)?;
    Ok(row.sha256)
}

/// The row of that id, or an error that says where to look.
pub fn find(tables: &Reading, id: &str) -> Result<ConnectorRow, Error> {
    tables.connector(id)?.ok_or_else(|| unknown(id))
}

/// The record that people see.
pub fn record(tables: &Reading, row: ConnectorRow) -> Result<ConnectorRecord, Error> {
    let manifest = manifest(&row)?;
    let mut review = Vec::new();
    for (path, instance) in tables.instances_of(&row.id)? {
        let secrets = tables.secrets(&path.workspace, &path.name)?;
        let accounts = tables.accounts(&path.workspace, &path.name)?.into_iter();
        let accounts: Vec<(String, Stored)> = accounts
            .map(|(account, row)| (account.parameter, Stored::read(row.binding)))
            .collect();
        if !fits(
            &manifest,
            &instance,
            &secrets.into_keys().collect::<Vec<_>>(),
            &accounts,
        ) {
            review.push(path);
        }
    }
    let ConnectorRow {
        id,
        version,
        sha256,
        size,
        services,
        installed_at,
        ..
    } = row;
    Ok(ConnectorRecord {
        id,
        version,
        sha256,
        size,
        services,
        manifest,
        installed_at,
        review,
    })
}

fn fits(manifest: &Manifest, instance: &InstanceRow, secrets: &[String], accounts: &[(String, Stored)]) -> bool {
    match instances::effective(manifest, &instance.given, &instance.grants, secrets.iter()) {
        Ok(effective) => {
            let declared = |id: &&String| manifest.secrets().any(|secret| secret.id == **id);
            let used = secrets.iter().filter(declared);
            let stored = Stored::read(instance.binding.clone());
            let fits = |(id, stored): &(String, Stored)| effective.binding.outdated(stored, [id]).is_empty();
            effective.binding.outdated(&stored, used).is_empty() && accounts.iter().all(fits)
        }
        Err(_) => false,
    }
}

/// The manifest of an installed connector. It was valid when it was installed, so a fault means that the store was damaged
/// or that its connector is of a later version of Relais.
pub fn manifest(row: &ConnectorRow) -> Result<Manifest, Error> {
    Manifest::from_json(row.manifest.to_string().as_bytes()).map_err(|error| {
        ConnectorError::Manifest {
            id: row.id.clone(),
            reason: error.to_string(),
        }
        .into()
    })
}

/// There is no connector of that id.
pub fn unknown(id: &str) -> Error {
    ConnectorError::Unknown {
        id: id.chars().take(80).collect(),
    }
    .into()
}

/// The manifest as it is kept.
pub fn kept(manifest: &Manifest) -> Result<serde_json::Value, Error> {
    serde_json::to_value(manifest).map_err(|error| {
        ConnectorError::Manifest {
            id: manifest.id.clone(),
            reason: error.to_string(),
        }
        .into()
    })
}

/// The connector of an instance.
pub fn of<T: Transaction>(tables: &Tables<T>, instance: &InstanceRow) -> Result<ConnectorRow, Error> {
    match tables.connector(&instance.connector)? {
        Some(row) => Ok(row),
        // Removing a connector is refused while an instance uses it.
        None => Err(Error::Store(StoreError::Damaged {
            path: tables.place().to_path_buf(),
            detail: format!("connector `{}` is missing", instance.connector),
        })),
    }
}
