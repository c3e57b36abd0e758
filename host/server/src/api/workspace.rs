//! Workspaces: one EzGED instance each.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    #[schema(example = "default")]
    pub name: String,
    pub title: Option<String>,
    /// Whom Relais alerts, for example of a mail of which nobody knows whether it left.
    pub contact: Option<String>,
    /// The connector instance through which notices and alerts are sent.
    pub notices_through: Option<String>,
    /// The connectors that may be used in it.
    pub connectors: Vec<String>,
    pub retention: Retention,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// How long personal data is kept, in seconds; `null` is the host's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The content of a mail that was sent to all. By default 0.
    #[serde(default)]
    pub sent_body_s: Option<u64>,
    /// The content of a mail that failed for a recipient, or may have. By default 30 days.
    #[serde(default)]
    pub failed_body_s: Option<u64>,
    /// The delivery's journal. By default 90 days.
    #[serde(default)]
    pub journal_s: Option<u64>,
}

/// All that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspaces {
    pub workspaces: Vec<Workspace>,
}

/// A workspace to create.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9][a-z0-9._-]*$",
        example = "mairie"
    )]
    pub name: String,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// A mail address.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub contact: Option<String>,
    #[serde(default)]
    pub retention: Retention,
}

/// A change of a workspace. A key that is not there leaves its value; `null` clears it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceEdit {
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub title: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 320)]
    pub contact: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 63)]
    pub notices_through: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
}
