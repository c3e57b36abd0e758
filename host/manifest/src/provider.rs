//! Who gives the accounts of a connector: an OAuth 2 server, as a manifest describes it.
//!
//! Relais is the client of that server, with an application that the administrator registers there. So a manifest names
//! endpoints and scopes, and no client id and no secret.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::endpoint::EndpointTemplate;
use crate::template::TemplateProblem;
use crate::text::Text;

/// An OAuth 2 server (RFC 6749) that gives accounts.
///
/// An endpoint is `https://host/path`, with parameters in braces for the host, for the port, or for one whole segment of
/// the path, or it begins with a parameter of type `url`: `{authority}/{tenant}/oauth2/v2.0/token`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Provider {
    /// What account parameters call it. Lower-case letters, digits, `_` and `-`, starting with a letter.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]*$"), length(max = 64))]
    pub id: String,
    /// What it is called on screen.
    pub name: Text,
    /// How its answers and errors are read.
    #[serde(default, skip_serializing_if = "is_standard")]
    pub dialect: Dialect,
    /// It counts only where every parameter named here has the value given here, as for a parameter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("additionalProperties" = { "type": ["boolean", "integer", "string"] }))]
    pub when: BTreeMap<String, Value>,
    /// The page where a person consents (RFC 6749 §3.1). For the flow `authorization-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub authorization: Option<String>,
    /// Where tokens come from (RFC 6749 §3.2).
    #[schemars(length(min = 1, max = 512))]
    pub token: String,
    /// Where a code for a second device comes from (RFC 8628 §3.1). For the flow `device-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub device: Option<String>,
    /// Where a token is given back (RFC 7009), if it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub revocation: Option<String>,
    /// The ways to an account, the usual one first.
    #[schemars(length(min = 1, max = 3))]
    pub flows: Vec<Flow>,
    /// What is asked for where a person consents. For the flows `device-code` and `authorization-code`. One may begin with a
    /// parameter of type `url` in braces: `{graph}/.default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub scopes: Vec<String>,
    /// Those of `scopes` that an account can do without: where one of the others is not granted there is no account. What a connector
    /// cannot do without one of these is its to say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub optional_scopes: Vec<String>,
    /// The optional scopes are asked for only where every parameter named here has the value given here, as for a parameter: so an
    /// administrator can ask for less. Editing one of these asks for no account again, and what was granted stays granted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("additionalProperties" = { "type": ["boolean", "integer", "string"] }))]
    pub optional_when: BTreeMap<String, Value>,
    /// What is asked for where the application acts for itself. For the flow `client-credentials`. Written as `scopes` are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub application_scopes: Vec<String>,
    /// Further parameters of the authorization request, such as `prompt`. Those of the protocol are the host's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub authorize_parameters: BTreeMap<String, String>,
    /// The id of a `certificate` parameter: a CA to trust at these endpoints beside the system's, or the server's own
    /// certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// How to register an application there. `{redirect}` stands for the address to register for `authorization-code`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Text>,
}

impl Provider {
    /// The endpoints that it has, by their key in the manifest.
    pub(crate) fn endpoints(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("authorization", self.authorization.as_deref()),
            ("token", Some(self.token.as_str())),
            ("device", self.device.as_deref()),
            ("revocation", self.revocation.as_deref()),
        ]
        .into_iter()
        .filter_map(|(key, endpoint)| Some((key, endpoint?)))
    }

    /// Every parameter that an endpoint is built from.
    pub(crate) fn parameters(&self) -> Vec<String> {
        let templates = self.endpoints().filter_map(|(_, to)| EndpointTemplate::parse(to).ok());
        templates
            .flat_map(|template| {
                let ids = template.parameters().into_iter().map(|(id, _)| id.to_owned());
                ids.collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The parameter that a scope begins with, and what follows it; none where it begins with none.
///
/// # Errors
///
/// Its brace has no partner.
pub(crate) fn scope_parameter(scope: &str) -> Result<Option<(&str, &str)>, TemplateProblem> {
    match scope.strip_prefix('{') {
        None => Ok(None),
        Some(rest) => rest.split_once('}').map(Some).ok_or(TemplateProblem::Braces),
    }
}

/// How a provider's answers and errors are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// By the words of RFC 6749 §5.2 and RFC 8628 §3.5.
    #[default]
    Standard,
    /// Microsoft Entra ID: beside these, by the `AADSTS` number.
    Entra,
}

fn is_standard(dialect: &Dialect) -> bool {
    *dialect == Dialect::Standard
}

/// A way to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// A person types a code on another device (RFC 8628).
    DeviceCode,
    /// A person's browser is sent there and back (RFC 6749 §4.1, with RFC 7636).
    AuthorizationCode,
    /// The application acts for itself (RFC 6749 §4.4).
    ClientCredentials,
}

impl Flow {
    /// Every flow.
    pub const ALL: [Self; 3] = [Self::DeviceCode, Self::AuthorizationCode, Self::ClientCredentials];

    /// The word of the manifest for this flow.
    pub fn word(self) -> &'static str {
        match self {
            Self::DeviceCode => "device-code",
            Self::AuthorizationCode => "authorization-code",
            Self::ClientCredentials => "client-credentials",
        }
    }

    /// The flow of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flow| flow.word() == word)
    }

    /// Whether a person consents, so that the account is that person's.
    pub fn is_delegated(self) -> bool {
        !matches!(self, Self::ClientCredentials)
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
