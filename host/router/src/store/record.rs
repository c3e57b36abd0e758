//! The records on the disk: JSON objects that carry their version as `v`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{StoreError, What};
use crate::limits::InstanceLimits;
use crate::outbox::{DeliveryId, DeliveryRow};

/// An installed connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectorRow {
    pub id: String,
    pub version: String,
    pub sha256: String,
    /// Bytes of the component.
    pub size: u64,
    /// The services that its component exports.
    pub services: Vec<String>,
    pub manifest: Value,
    pub installed_at: Timestamp,
}

/// A connector instance, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceRow {
    pub connector: String,
    pub given: BTreeMap<String, Value>,
    pub grants: Vec<String>,
    /// What the saved secrets are for; see [`crate::binding`].
    pub binding: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "InstanceLimits::is_none")]
    pub limits: InstanceLimits,
    /// Secrets that were saved under a key that is gone, and have to be given again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lost: BTreeSet<String>,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
    /// Counts the edits, from 1.
    pub revision: u64,
}

/// The default connector instance of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DefaultRow {
    pub instance: String,
}

/// What was accepted with an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdempotencyRow {
    pub delivery: DeliveryId,
    /// The digest of what was asked for, in base64.
    pub fingerprint: String,
    /// When the key is forgotten, in milliseconds since 1970.
    pub expires_ms: u64,
}

/// The format of the whole store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FormatRow {}

/// The round of the log that came after the state in which this stands; see [`super::wal`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogRow {
    /// Its salt, in hexadecimal.
    pub salt: String,
}

pub(super) trait Record: Serialize + DeserializeOwned {
    const WHAT: What;
    /// The version that is written, and the latest that is read.
    const VERSION: u32 = 1;
}

impl Record for ConnectorRow {
    const WHAT: What = What::Connector;
}

impl Record for InstanceRow {
    const WHAT: What = What::Instance;
}

impl Record for DefaultRow {
    const WHAT: What = What::Default;
}

impl Record for DeliveryRow {
    const WHAT: What = What::Delivery;
}

impl Record for IdempotencyRow {
    const WHAT: What = What::IdempotencyKey;
}

/// Version 2 has a log beside the database, of which version 1 would know nothing.
impl Record for FormatRow {
    const WHAT: What = What::Store;
    const VERSION: u32 = 2;
}

impl Record for LogRow {
    const WHAT: What = What::Store;
}

#[derive(Serialize)]
struct Versioned<'a, R> {
    v: u32,
    #[serde(flatten)]
    record: &'a R,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

pub(super) fn encode<R: Record>(record: &R, key: &str, place: &Path) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(&Versioned { v: R::VERSION, record }).map_err(|error| damaged(key, place, &error))
}

/// Reads the version first: a record of a later version may have any other shape.
pub(super) fn decode<R: Record>(bytes: &[u8], key: &str, place: &Path) -> Result<R, StoreError> {
    let Version { v } = serde_json::from_slice(bytes).map_err(|error| damaged(key, place, &error))?;
    if v > R::VERSION {
        return Err(StoreError::Newer {
            what: R::WHAT,
            key: key.to_owned(),
            version: v,
            known: R::VERSION,
        });
    }
    serde_json::from_slice(bytes).map_err(|error| damaged(key, place, &error))
}

fn damaged(key: &str, place: &Path, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        path: place.to_path_buf(),
        detail: format!("record `{key}`: {error}"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_record_carries_its_version_and_reads_back() {
        let row = DefaultRow {
            instance: "smtp".to_owned(),
        };
        let bytes = encode(&row, "mail", Path::new("db")).unwrap();
        assert_eq!(bytes, br#"{"v":1,"instance":"smtp"}"#);
        assert_eq!(decode::<DefaultRow>(&bytes, "mail", Path::new("db")).unwrap(), row);
    }

    #[test]
    fn a_record_of_a_later_version_is_refused_whatever_its_shape() {
        let error = decode::<InstanceRow>(br#"{"v":2,"moved":true}"#, "default/smtp", Path::new("db")).unwrap_err();
        assert!(matches!(
            error,
            StoreError::Newer {
                what: What::Instance,
                version: 2,
                known: 1,
                ..
            }
        ));
    }

    #[test]
    fn a_record_without_a_version_or_of_the_wrong_shape_is_damaged() {
        for bytes in [&b"{}"[..], b"", b"[]", br#"{"v":1}"#, b"\xff"] {
            let error = decode::<DefaultRow>(bytes, "mail", Path::new("db")).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }));
        }
    }
}
