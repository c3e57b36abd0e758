//! The audit journal: who changed what, when.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One change, or what a connector tried with a credential and was refused (`credential-refused`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its place in the journal; later ones are greater.
    pub seq: u64,
    #[schema(format = DateTime)]
    pub at: String,
    /// `uid 33`, `token crm (7f3a9c)`, `relais`.
    pub by: String,
    /// None for what concerns the whole host.
    pub workspace: Option<String>,
    #[schema(example = "instance-edit")]
    pub action: String,
    /// The name or id of what was changed.
    pub object: String,
    /// What changed of it: names, never values. Of a refused attempt: the connector, the rule, the destination without path and
    /// query, and how many more there were since the last entry.
    pub detail: Vec<String>,
}

impl From<&relais_router::AuditEntry> for AuditEntry {
    fn from(entry: &relais_router::AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at.to_string(),
            by: entry.by.to_string(),
            workspace: entry.workspace.as_ref().map(ToString::to_string),
            action: entry.action.clone(),
            object: entry.object.clone(),
            detail: entry.detail.clone(),
        }
    }
}

/// One page, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Audit {
    pub entries: Vec<AuditEntry>,
    /// Give it as `before` for the next page; `null` at the end.
    pub next: Option<u64>,
}
