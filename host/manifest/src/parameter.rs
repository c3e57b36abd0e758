//! What an administrator sets on an instance of a connector.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::text::Text;

/// One field of the form that an administrator fills in for an instance of the connector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Parameter {
    /// The permanent name of the parameter, in English: what the connector asks for, what the store keeps. Lower-case
    /// letters, digits and `_`, starting with a letter.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"), length(max = 64))]
    pub id: String,
    /// What kind of value it holds.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What the form calls it, in the administrator's words.
    pub label: Text,
    /// A sentence of explanation under the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Text>,
    /// Whether an instance is complete without it. It is asked for only where it applies (see `when`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// The value of an instance that gives none. Not for secrets and accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = ["boolean", "integer", "string"]))]
    pub default: Option<Value>,
    /// For `integer` and `duration` (in seconds): the least value. A duration is at least one second unless this says 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// For `integer` and `duration` (in seconds): the greatest value. A duration is at most 366 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// For `text`: the least number of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u32>,
    /// For `text`: the greatest number of characters, 1024 where nothing is said, 16384 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// For `choice`: what can be chosen, in the order of the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub choices: Vec<Choice>,
    /// For `account`: the ids of the providers that can give it. Where there are several, whoever associates the account
    /// picks one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub providers: Vec<String>,
    /// The parameter applies only where every parameter named here has the value given here: a field that makes no
    /// sense beside another is neither shown nor required nor handed to the connector. A boolean that nobody set counts
    /// as false.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("additionalProperties" = { "type": ["boolean", "integer", "string"] }))]
    pub when: BTreeMap<String, Value>,
    /// What the parameter means to the service, where it means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// What kind of value a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterType {
    /// One line of text without control characters.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of `choices`.
    Choice,
    /// A DNS name or an IP address, without scheme and port.
    Host,
    /// A TCP port, 1 to 65535.
    Port,
    /// One mail address, `local@domain`.
    Email,
    /// An `http` or `https` address, without user and fragment.
    Url,
    /// A password or key. The host keeps it sealed; the connector never receives it.
    Secret,
    /// An authorisation that the host obtained and keeps. The connector never receives it.
    Account,
    /// Certificates in PEM.
    Certificate,
    /// A length of time: seconds, or `30s`, `2m`, `1h`. The connector receives seconds.
    Duration,
}

impl ParameterType {
    /// Whether the host keeps the value away from the connector, so that it is never among the settings.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Secret | Self::Account)
    }

    /// The word of the manifest for this type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Choice => "choice",
            Self::Host => "host",
            Self::Port => "port",
            Self::Email => "email",
            Self::Url => "url",
            Self::Secret => "secret",
            Self::Account => "account",
            Self::Certificate => "certificate",
            Self::Duration => "duration",
        }
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One value that a `choice` parameter can have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Choice {
    /// What the connector receives. Permanent, like the parameter's id.
    #[schemars(length(min = 1, max = 64))]
    pub value: String,
    /// What the form shows.
    pub label: Text,
}

/// What a parameter means to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The address that becomes From and the reverse-path of a mail that names none. For one parameter of type `email`.
    Sender,
}

fn is_false(value: &bool) -> bool {
    !value
}
