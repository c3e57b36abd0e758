//! Connector instances. Secrets travel in one direction only: in.

use std::collections::BTreeMap;

use relais_manifest::{FieldError, Lang};
use relais_router::{CredentialView, InstanceView};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Named;
use super::account::Account;

/// A connector instance: everything but its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    #[schema(example = "smtp")]
    pub name: String,
    /// The id of its connector.
    #[schema(example = "relais/smtp")]
    pub connector: String,
    pub connector_version: String,
    /// The effective values; empty where `problems` says why there are none.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// What was given.
    #[schema(value_type = Object)]
    pub given: BTreeMap<String, Value>,
    /// Every secret of the connector, and whether it is saved.
    pub secrets: BTreeMap<String, bool>,
    /// Every account of the connector.
    #[serde(default)]
    pub accounts: Vec<Account>,
    pub grants: Vec<String>,
    /// Where it may connect: `tcp://smtp.example.org:587`.
    pub egress: Vec<String>,
    pub credentials: Vec<InstanceCredential>,
    /// The services that use it when nothing names an instance.
    pub default_of: Vec<String>,
    #[schema(format = DateTime)]
    pub created_at: String,
    #[schema(format = DateTime)]
    pub edited_at: String,
    /// Counts the edits, from 1.
    pub revision: u64,
    /// Values that do not fit the installed version of the connector.
    pub problems: Vec<InstanceProblem>,
    /// What changed since the secrets were given, so that they have to be given again.
    pub secrets_outdated_by: Vec<String>,
    /// Secrets that were saved under a key that this machine does not have: they have to be given again.
    #[serde(default)]
    pub secrets_unreadable: Vec<String>,
    #[serde(default)]
    pub limits: InstanceLimits,
    /// Whether its connector is enabled in the workspace; where it is not, the instance cannot be used.
    pub enabled: bool,
    /// The services that are forced to it.
    #[serde(default)]
    pub forced_for: Vec<String>,
}

/// A credential of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceCredential {
    pub name: String,
    pub kind: String,
    /// Whether all that it is made of is there.
    pub ready: bool,
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceProblem {
    pub field: String,
    pub code: String,
    pub message: String,
}

/// All of the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instances {
    pub instances: Vec<Instance>,
}

impl Instance {
    /// The instance, its problems told in one language.
    pub fn new(view: &InstanceView, lang: Lang) -> Self {
        let credential = |credential: &CredentialView| InstanceCredential {
            name: credential.name.clone(),
            kind: credential.kind.clone(),
            ready: credential.ready,
        };
        let problem = |problem: &FieldError| InstanceProblem {
            field: problem.field.clone(),
            code: problem.reason.code().to_owned(),
            message: problem.reason.text(lang),
        };
        Self {
            name: view.name.to_string(),
            connector: view.connector.clone(),
            connector_version: view.connector_version.clone(),
            settings: view.settings.values.clone(),
            given: view.given.clone(),
            secrets: view.secrets.clone(),
            accounts: view
                .accounts
                .iter()
                .map(|account| Account::new(account, lang))
                .collect(),
            grants: view.grants.clone(),
            egress: view.egress.clone(),
            credentials: view.credentials.iter().map(credential).collect(),
            default_of: view.default_of.clone(),
            created_at: view.created_at.to_string(),
            edited_at: view.edited_at.to_string(),
            revision: view.revision,
            problems: view.problems.iter().map(problem).collect(),
            secrets_outdated_by: view.secrets_outdated_by.clone(),
            secrets_unreadable: view.secrets_unreadable.clone(),
            limits: view.limits.into(),
            enabled: view.enabled,
            forced_for: view.forced_for.clone(),
        }
    }

    /// Whether a mail could leave through it, as far as the host knows.
    pub fn ready(&self) -> bool {
        let usable = |account: &Account| match account.state.as_str() {
            "associated" => true,
            "reconnect" => false,
            _ => !account.required,
        };
        self.enabled
            && self.problems.is_empty()
            && self.secrets_outdated_by.is_empty()
            && self.secrets_unreadable.is_empty()
            && self.accounts.iter().all(usable)
    }
}

/// A connector instance to create.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInstance {
    #[schema(
        min_length = 1,
        max_length = 63,
        pattern = "^[a-z0-9][a-z0-9._-]*$",
        example = "smtp"
    )]
    pub name: String,
    /// The id of a connector that is enabled in the workspace.
    #[schema(max_length = 64, example = "relais/smtp")]
    pub connector: String,
    /// By the id of the parameter.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, Value>,
    /// By the id of the parameter. Kept sealed; never shown again.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// What it may do beyond its parameters.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub grants: Vec<String>,
    #[serde(default)]
    pub limits: InstanceLimits,
}

/// A change of a connector instance. What it does not name stays as it is.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceEdit {
    #[serde(default)]
    #[schema(value_type = Object)]
    pub set: BTreeMap<String, Value>,
    /// Parameters that go back to their default.
    #[serde(default)]
    pub unset: Vec<String>,
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Secrets and accounts to erase.
    #[serde(default)]
    pub forget: Vec<String>,
    /// Replaces all grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    pub grants: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<InstanceLimits>,
}

/// Not even a log of a request shows a secret.
impl std::fmt::Debug for NewInstance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewInstance")
            .field("name", &self.name)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for InstanceEdit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstanceEdit")
            .field("set", &self.set.keys())
            .finish_non_exhaustive()
    }
}

/// How much an instance may do at a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstanceLimits {
    /// Sessions that are open at the same time; `null` is the host's default.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    pub sessions: Option<u32>,
    /// Mails in a minute; `null` is no limit.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000000)]
    pub per_minute: Option<u32>,
}

impl From<relais_router::InstanceLimits> for InstanceLimits {
    fn from(limits: relais_router::InstanceLimits) -> Self {
        Self {
            sessions: limits.sessions,
            per_minute: limits.per_minute,
        }
    }
}

impl From<InstanceLimits> for relais_router::InstanceLimits {
    fn from(limits: InstanceLimits) -> Self {
        Self {
            sessions: limits.sessions,
            per_minute: limits.per_minute,
        }
    }
}

/// What a connector found when it was asked whether its instance works. That it does not is a problem of status 424.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verified {
    /// Always true.
    pub verified: bool,
    pub instance: String,
    pub found: Vec<Named>,
}
