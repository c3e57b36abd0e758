//! The records of administration: workspaces, what is enabled in them, service instances, tokens, the audit journal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::What;
use super::record::Record;
use crate::names::{InstanceName, ServiceInstanceName, WorkspaceName};
use crate::outbox::UncertainPolicy;
use crate::tokens::Role;
use crate::who::Who;

/// A workspace. What is absent follows the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkspaceRow {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The address that alerts go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The instance that failure notices and alerts go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices_through: Option<InstanceName>,
    /// Seconds that a body stays after all was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_body: Option<u64>,
    /// Seconds that a body stays where not all was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_body: Option<u64>,
    /// Seconds that a delivery stays in the journal after its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<u64>,
    /// The words of the flows by which accounts may come; none allows all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_flows: Option<Vec<String>>,
    /// The ids of the providers whose accounts are allowed; none allows all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_providers: Option<Vec<String>>,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
}

/// That a connector is enabled in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EnabledRow {
    pub at: Timestamp,
}

/// The one connector instance that a service uses, whatever names another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ForcedRow {
    pub instance: InstanceName,
}

/// A service instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceInstanceRow {
    /// The word of the service.
    pub service: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// None follows the default of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connector_instance: Option<InstanceName>,
    #[serde(default)]
    pub uncertain: UncertainPolicy,
    /// Seconds after which a delivery is given up.
    pub give_up: u64,
    /// None follows the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices_through: Option<InstanceName>,
    pub created_at: Timestamp,
    pub edited_at: Timestamp,
    /// Counts the edits, from 1.
    pub revision: u64,
}

/// A token, by the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    pub name: String,
    /// In lower-case hexadecimal.
    pub sha256: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_instance: Option<ServiceInstanceName>,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// Who changed what, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    pub at: Timestamp,
    pub by: Who,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceName>,
    /// A text, so that a later version's action can be read.
    pub action: String,
    pub object: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<String>,
}

/// That this store was restored from a backup, and the key has not been recognised since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredRow {
    pub at: Timestamp,
}

macro_rules! records {
    ($($row:ident is $what:ident),* $(,)?) => {
        $(impl Record for $row {
            const WHAT: What = What::$what;
        })*
    };
}

records!(
    WorkspaceRow is Workspace,
    EnabledRow is Workspace,
    ForcedRow is Default,
    ServiceInstanceRow is ServiceInstance,
    TokenRow is Token,
    AuditRow is Audit,
    RestoredRow is Store,
);
