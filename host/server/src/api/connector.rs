//! Connectors: what is installed, and where it may be used.

use relais_router::ConnectorRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Words;

/// An installed connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Connector {
    /// `publisher/name`.
    #[schema(example = "relais/smtp", max_length = 64)]
    pub id: String,
    #[schema(example = "1.4.0")]
    pub version: String,
    pub name: Words,
    /// The services that it serves.
    pub services: Vec<String>,
    /// Digest of the component, in lower-case hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// Bytes of the component.
    pub size: u64,
    #[schema(format = DateTime)]
    pub installed_at: String,
    /// The instances (`workspace/name`) that do not work with this version as they are.
    pub review: Vec<String>,
    /// The workspaces in which it may be used. Only those of the caller.
    #[serde(default)]
    pub enabled: Vec<String>,
}

/// All that there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Connectors {
    pub connectors: Vec<Connector>,
}

impl From<&ConnectorRecord> for Connector {
    fn from(record: &ConnectorRecord) -> Self {
        Self {
            id: record.id.clone(),
            version: record.version.clone(),
            name: (&record.manifest.name).into(),
            services: record.services.clone(),
            sha256: record.sha256.clone(),
            size: record.size,
            installed_at: record.installed_at.to_string(),
            review: record.review.iter().map(ToString::to_string).collect(),
            enabled: Vec::new(),
        }
    }
}

/// Whether a connector may be used in the workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Enablement {
    pub enabled: bool,
}
