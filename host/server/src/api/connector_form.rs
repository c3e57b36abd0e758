//! The form that an administrator fills in for an instance of a connector, and what he grants by it, from the manifest.

use std::collections::BTreeMap;

use relais_manifest::{Credential, EgressRequest, Flow, Lang, Parameter, Provider, Recipients, Role};
use relais_router::ConnectorRecord;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::texts::flow;

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
    /// Who may give its accounts. Several may share an id, told apart by `when`: the first that applies counts.
    pub providers: Vec<FormProvider>,
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
    /// Of an `account`: the ids of the providers that may give it.
    pub providers: Vec<String>,
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
    /// It is asked for only where each parameter named here has this value.
    #[schema(value_type = Object)]
    pub when: Map<String, Value>,
}

/// Who may give an account: an OAuth 2 server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FormProvider {
    #[schema(example = "microsoft")]
    pub id: String,
    pub label: String,
    /// It counts only where each parameter named here has this value.
    #[schema(value_type = Object)]
    pub when: Map<String, Value>,
    /// The ways to an account, the usual one first.
    pub flows: Vec<FormFlow>,
    /// The rights that an account can do without, of those that a person is asked for.
    pub optional_scopes: Vec<String>,
    /// They are asked for only where each parameter named here has this value.
    #[schema(value_type = Object)]
    pub optional_when: Map<String, Value>,
}

/// One way to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormFlow {
    #[schema(pattern = "^(device-code|authorization-code|client-credentials)$")]
    pub id: String,
    pub label: String,
    /// Who holds the rights then: `person`, who consents to them and can withdraw them, or `application`, to which an administrator
    /// of the provider gives them for itself.
    #[schema(pattern = "^(person|application)$")]
    pub acts_as: String,
    /// The rights that are asked for, in the provider's own words.
    #[schema(example = json!(["offline_access", "https://graph.microsoft.com/Mail.Send"]))]
    pub scopes: Vec<String>,
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
            providers: manifest.providers.iter().map(|one| provider(one, lang)).collect(),
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
        when: conditions(&one.when),
        providers: one.providers.clone(),
        role: one.role.map(|role| match role {
            Role::Sender => "sender".to_owned(),
        }),
    }
}

fn egress(request: &EgressRequest, lang: Lang) -> FormEgress {
    FormEgress {
        to: request.to.clone(),
        reason: request.reason.as_ref().map(|text| text.get(lang).to_owned()),
        when: conditions(&request.when),
    }
}

fn provider(one: &Provider, lang: Lang) -> FormProvider {
    let form = |flow: &Flow| FormFlow {
        id: flow.word().to_owned(),
        label: flow::label(*flow).get(lang).to_owned(),
        acts_as: if flow.is_delegated() { "person" } else { "application" }.to_owned(),
        scopes: match flow.is_delegated() {
            true => one.scopes.clone(),
            false => one.application_scopes.clone(),
        },
    };
    FormProvider {
        id: one.id.clone(),
        label: one.name.get(lang).to_owned(),
        when: conditions(&one.when),
        flows: one.flows.iter().map(form).collect(),
        optional_scopes: one.optional_scopes.clone(),
        optional_when: conditions(&one.optional_when),
    }
}

fn conditions(when: &BTreeMap<String, Value>) -> Map<String, Value> {
    when.iter().map(|(id, value)| (id.clone(), value.clone())).collect()
}

fn credential(credential: &Credential) -> FormCredential {
    FormCredential {
        name: credential.name.clone(),
        kind: credential.kind.word().to_owned(),
        slot: credential.slot.word().to_owned(),
    }
}
