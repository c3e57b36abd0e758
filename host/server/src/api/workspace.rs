//! Workspaces: one EzGED instance each.

use relais_router::{Alerts, WorkspaceView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::given;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspace {
    #[schema(example = "default")]
    pub name: String,
    /// May be empty.
    pub title: String,
    /// Whom Relais alerts, for example of a mail of which nobody knows whether it left.
    pub contact: Option<String>,
    /// The connector instance through which notices and alerts are sent.
    pub notices_through: Option<String>,
    /// The one through which alerts are sent as things are: where none is named for notices, the one that mail goes through by
    /// default. `null` where nobody is alerted: there is no contact, or no such instance.
    #[serde(default)]
    pub alerts_through: Option<String>,
    /// How long personal data is kept.
    pub retention: Retention,
    /// The flows by which accounts may come; `null` allows all.
    #[serde(default)]
    pub account_flows: Option<Vec<String>>,
    /// The providers whose accounts are allowed; `null` allows all.
    #[serde(default)]
    pub account_providers: Option<Vec<String>>,
    /// The connectors that may be used in it.
    pub connectors: Vec<String>,
    /// How many connector instances it holds.
    pub instances: u64,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub edited_at: String,
}

/// How long personal data is kept, in seconds: what holds, and whether the workspace set it itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Retention {
    /// The content of a mail that was sent to all.
    pub sent_body: Kept,
    /// The content of a mail that failed for a recipient, or may have.
    pub failed_body: Kept,
    /// A delivery in the journal, after its end; one that an idempotency key names stays for as long as the key, 7 days.
    pub journal: Kept,
}

/// One length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kept {
    /// What holds.
    pub seconds: u64,
    /// Whether the workspace set it; else it follows the host.
    pub own: bool,
}

/// All that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Workspaces {
    pub workspaces: Vec<Workspace>,
}

impl From<&WorkspaceView> for Workspace {
    fn from(view: &WorkspaceView) -> Self {
        let kept = |holds: std::time::Duration, own: Option<std::time::Duration>| Kept {
            seconds: holds.as_secs(),
            own: own.is_some(),
        };
        Self {
            name: view.name.to_string(),
            title: view.title.clone(),
            contact: view.contact.clone(),
            notices_through: view.notices_through.as_ref().map(ToString::to_string),
            alerts_through: match &view.alerts {
                Alerts::Through(instance) => Some(instance.to_string()),
                Alerts::NoContact | Alerts::NoInstance => None,
            },
            retention: Retention {
                sent_body: kept(view.retention.sent_body, view.sent_body),
                failed_body: kept(view.retention.failed_body, view.failed_body),
                journal: kept(view.retention.journal, view.journal),
            },
            account_flows: view
                .governance
                .flows
                .as_ref()
                .map(|flows| flows.iter().map(|flow| flow.word().to_owned()).collect()),
            account_providers: view.governance.providers.clone(),
            connectors: view.connectors.clone(),
            instances: view.instances as u64,
            created_at: view.created_at.to_string(),
            edited_at: view.edited_at.to_string(),
        }
    }
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
    pub title: String,
    /// A mail address.
    #[serde(default)]
    #[schema(max_length = 320)]
    pub contact: Option<String>,
    /// In seconds, 0 days where nothing is said.
    #[serde(default)]
    pub sent_body: Option<u64>,
    /// In seconds, 30 days where nothing is said.
    #[serde(default)]
    pub failed_body: Option<u64>,
    /// In seconds, 90 days where nothing is said.
    #[serde(default)]
    pub journal: Option<u64>,
}

/// A change of a workspace. A key that is not there leaves its value; `null` clears it, or follows the host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceEdit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub title: Option<String>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 320)]
    pub contact: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, max_length = 63)]
    pub notices_through: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub sent_body: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub failed_body: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>)]
    pub journal: Option<Option<u64>>,
    /// `device-code`, `authorization-code`, `client-credentials`; an empty list allows none, `null` all.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 3)]
    pub account_flows: Option<Option<Vec<String>>>,
    /// Ids of providers; an empty list allows none, `null` all.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>, max_items = 64)]
    pub account_providers: Option<Option<Vec<String>>>,
}
