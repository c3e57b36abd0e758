//! What a backup holds.

use relais_router::BackupReport;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The trailer of a backup (RFC 9110 section 6.5) that holds a [`Backup`] as JSON: it is known only when all was read.
pub const REPORT: &str = "relais-backup-report";

/// What a backup holds. The key to its secrets is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// The moment that it shows.
    #[schema(format = DateTime)]
    pub made_at: String,
    /// Bytes of it.
    pub bytes: u64,
    pub connectors: u64,
    /// Deliveries in the journal, finished ones among them.
    pub deliveries: u64,
    /// Deliveries that were pending.
    pub pending: u64,
    /// Large contents.
    pub bodies: u64,
    /// Deliveries whose content was missing from the spool already.
    pub missing: Vec<String>,
    /// Secrets, sealed: of no use without the key.
    pub secrets: u64,
    /// Where the key is, which has to be kept elsewhere.
    pub key: String,
}

impl From<&BackupReport> for Backup {
    fn from(report: &BackupReport) -> Self {
        Self {
            made_at: report.made_at.to_string(),
            bytes: report.bytes,
            connectors: report.connectors,
            deliveries: report.deliveries,
            pending: report.pending,
            bodies: report.bodies,
            missing: report.missing.iter().map(ToString::to_string).collect(),
            secrets: report.secrets,
            key: report.key.display().to_string(),
        }
    }
}
