//! Who gives tokens, and where it is asked.

use url::Url;

use crate::Dialect;

/// A provider with an instance's parameters filled in.
#[derive(Debug, Clone)]
pub struct Provider {
    /// The manifest's id of it, such as `microsoft`.
    pub id: String,
    /// How its errors are read.
    pub dialect: Dialect,
    /// Where a browser is sent (RFC 6749 §3.1). Needed for [`Flow::AuthorizationCode`].
    pub authorization: Option<Url>,
    /// Where tokens are asked for (RFC 6749 §3.2).
    pub token: Endpoint,
    /// Where a device's codes are asked for (RFC 8628 §3.1). Needed for [`Flow::DeviceCode`].
    pub device: Option<Endpoint>,
    /// Where a token is given back (RFC 7009).
    pub revocation: Option<Endpoint>,
    /// What a user is asked to allow.
    pub scopes: Vec<String>,
    /// What an application asks for by itself.
    pub application_scopes: Vec<String>,
    /// More parameters of the authorization request. One that the protocol owns, such as `state`, is left out.
    pub authorize_parameters: Vec<(String, String)>,
}

/// An address that is posted to, and the client that may reach it: a client goes to its own destination alone.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// `https`, or `http` where secrets in clear are granted.
    pub url: Url,
    /// No redirects, no proxy of the environment, and certificates as the instance says.
    pub http: reqwest::Client,
}

/// How an account comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flow {
    /// RFC 8628: a short code that is typed on another machine.
    DeviceCode,
    /// RFC 6749 §4.1, with PKCE (RFC 7636).
    AuthorizationCode,
    /// RFC 6749 §4.4: the application itself, without a user.
    ClientCredentials,
}

impl Flow {
    /// All flows, the easiest for an administrator first.
    pub const ALL: [Flow; 3] = [Flow::DeviceCode, Flow::AuthorizationCode, Flow::ClientCredentials];

    /// The manifest's word.
    pub fn word(self) -> &'static str {
        match self {
            Flow::DeviceCode => "device-code",
            Flow::AuthorizationCode => "authorization-code",
            Flow::ClientCredentials => "client-credentials",
        }
    }
}
