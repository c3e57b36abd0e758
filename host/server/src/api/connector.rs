//! Connectors: what is installed, and the form that an administrator fills in for an instance.

use relais_manifest::{Credential, EgressRequest, Lang, Parameter, Recipients, Role};
use relais_router::ConnectorRecord;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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

/// A connector with all that its form needs. Labels are in the language of `Accept-Language`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorForm {
    #[schema(example = "relais/smtp", max_length = 64)]
    pub id: String,
    pub version: String,
    pub name: String,
    pub description: Option<String>,
    /// How it behaves for each service that it serves.
    pub services: Vec<ServedService>,
    /// In the order of the form.
    pub parameters: Vec<FormParameter>,
    /// Where it asks to connect.
    pub egress: Vec<FormEgress>,
    /// The logins and keys that the host writes for it.
    pub credentials: Vec<FormCredential>,
}

/// How a connector behaves for one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServedService {
    #[schema(example = "mail")]
    pub name: String,
    /// `each`, or `all-or-none`: one refused recipient refuses the message for all.
    #[schema(pattern = "^(each|all-or-none)$")]
    pub recipients: String,
}

/// One field of the form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FormParameter {
    /// Permanent.
    #[schema(example = "host")]
    pub id: String,
    /// `text`, `integer`, `boolean`, `choice`, `host`, `port`, `email`, `url`, `secret`, `account`, `certificate`, `duration`.
    #[serde(rename = "type")]
    pub kind: String,
    pub label: String,
    pub help: Option<String>,
    pub required: bool,
    pub default: Option<Value>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub min_length: Option<u32>,
    pub max_length: Option<u32>,
    /// Of a `choice`.
    pub choices: Vec<FormChoice>,
    /// It applies only where each parameter named here has this value.
    #[schema(value_type = Object)]
    pub when: Map<String, Value>,
    /// `sender`: gives From and the reverse-path of a mail that names none.
    pub role: Option<String>,
}

/// One value of a `choice`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormChoice {
    pub value: String,
    pub label: String,
}

/// One place that it asks to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormEgress {
    /// Parameters in braces.
    #[schema(example = "tcp://{host}:{port}")]
    pub to: String,
    pub reason: Option<String>,
}

/// One login or key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormCredential {
    pub name: String,
    #[schema(example = "login")]
    pub kind: String,
    #[schema(example = "smtp-auth")]
    pub slot: String,
}

impl ConnectorForm {
    /// The form in one language.
    pub fn new(record: &ConnectorRecord, lang: Lang) -> Self {
        let manifest = &record.manifest;
        let served = |name: &String| ServedService {
            name: name.clone(),
            recipients: match manifest.service(name).recipients {
                Recipients::Each => "each".to_owned(),
                Recipients::AllOrNone => "all-or-none".to_owned(),
            },
        };
        Self {
            id: record.id.clone(),
            version: record.version.clone(),
            name: manifest.name.get(lang).to_owned(),
            description: manifest.description.as_ref().map(|text| text.get(lang).to_owned()),
            services: record.services.iter().map(served).collect(),
            parameters: manifest.parameters.iter().map(|one| parameter(one, lang)).collect(),
            egress: manifest.egress.iter().map(|one| egress(one, lang)).collect(),
            credentials: manifest.credentials.iter().map(credential).collect(),
        }
    }
}

fn parameter(one: &Parameter, lang: Lang) -> FormParameter {
    let choice = |choice: &relais_manifest::Choice| FormChoice {
        value: choice.value.clone(),
        label: choice.label.get(lang).to_owned(),
    };
    FormParameter {
        id: one.id.clone(),
        kind: one.kind.word().to_owned(),
        label: one.label.get(lang).to_owned(),
        help: one.help.as_ref().map(|text| text.get(lang).to_owned()),
        required: one.required,
        default: one.default.clone(),
        min: one.min,
        max: one.max,
        min_length: one.min_length,
        max_length: one.max_length,
        choices: one.choices.iter().map(choice).collect(),
        when: one.when.iter().map(|(id, value)| (id.clone(), value.clone())).collect(),
        role: one.role.map(|role| match role {
            Role::Sender => "sender".to_owned(),
        }),
    }
}

fn egress(request: &EgressRequest, lang: Lang) -> FormEgress {
    FormEgress {
        to: request.to.clone(),
        reason: request.reason.as_ref().map(|text| text.get(lang).to_owned()),
    }
}

fn credential(credential: &Credential) -> FormCredential {
    FormCredential {
        name: credential.name.clone(),
        kind: credential.kind.word().to_owned(),
        slot: credential.slot.word().to_owned(),
    }
}
