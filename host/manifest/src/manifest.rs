//! The manifest's own shape.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::credential::Credential;
use crate::parameter::{Parameter, ParameterType};
use crate::provider::Provider;
use crate::service::{self, Service};
use crate::text::Text;

/// The version of the manifest that this host reads and writes.
pub const MANIFEST_VERSION: u32 = 1;

/// What a connector is, what an administrator sets on it, and what it asks for.
///
/// The fields are public, so a value can be made or changed by hand: [`Manifest::validate`] says whether it still holds
/// together. Every constructor and [`crate::embed::pack`] call it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(
    title = "Manifest of a Relais connector",
    description = "What a connector is, what an administrator sets on it, and what it asks for."
)]
pub struct Manifest {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub manifest_version: u32,
    /// Who publishes the connector and what it is called: `publisher/name`, in lower-case letters, digits and `-`.
    /// Permanent: a new id is another connector.
    #[schemars(regex(pattern = r"^[a-z0-9-]+/[a-z0-9-]+$"), length(max = 64))]
    pub id: String,
    /// The connector's version, by semantic versioning: `1.4.0`.
    #[schemars(length(max = 64))]
    pub version: String,
    /// What the connector is called on screen.
    pub name: Text,
    /// What it does, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// How the connector behaves for each service that it exports, by the service's name, such as `mail`. Which services
    /// it has is read from its exports; a service without a table here has the defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<String, Service>,
    /// What an administrator sets, in the order of the form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub parameters: Vec<Parameter>,
    /// Where the connector asks to connect. It reaches these places and nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub egress: Vec<EgressRequest>,
    /// Who gives the accounts of the connector: OAuth 2 servers. Several may share an id, told apart by `when`: the first
    /// that applies counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub providers: Vec<Provider>,
    /// The logins and keys that the host writes for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub credentials: Vec<Credential>,
}

/// One place that the connector asks to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EgressRequest {
    /// Scheme, host and port: `tcp://{host}:{port}`, `https://graph.microsoft.com`, `https://{tenant}.example.org`.
    /// Braces name parameters: `host` or `text` in the host, `port` as the port. HTTP has its usual port where none is
    /// given. A `url` parameter may be the whole: `{endpoint}`.
    #[schemars(length(min = 1, max = 512))]
    pub to: String,
    /// The id of a `certificate` parameter: a CA to trust here beside the system's, or the server's own certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The id of a `host` parameter: the name expected in the server's certificate, where it is not the host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_name: Option<String>,
    /// The id of a `duration` parameter: how long connecting may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_timeout: Option<String>,
    /// It is asked for only where every parameter named here has the value given here, as for a parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("additionalProperties" = { "type": ["boolean", "integer", "string"] }))]
    pub when: BTreeMap<String, Value>,
    /// Why the connector needs it, for the administrator who grants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

impl Manifest {
    /// The parameter called `id`.
    pub fn parameter(&self, id: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.id == id)
    }

    /// The credential called `name`.
    pub fn credential(&self, name: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.name == name)
    }

    /// The parameters of type `secret`, in the order of the form.
    pub fn secrets(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.kind == ParameterType::Secret)
    }

    /// The parameters of type `account`, in the order of the form.
    pub fn accounts(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters
            .iter()
            .filter(|parameter| parameter.kind == ParameterType::Account)
    }

    /// How the connector behaves for the service `name`: what the manifest says, or the defaults.
    pub fn service(&self, name: &str) -> &Service {
        self.services.get(name).unwrap_or(&service::DEFAULT)
    }
}
