//! Who is registered at the server, and what it is like.

use relais_accounts::Dialect;

use crate::Identity;

/// The client secret of [`SECRET`].
pub const PASSWORD: &str = "kept-by-the-host~0123456789-abcdefghij";
/// The id of an application that proves nothing.
pub const PUBLIC: &str = "relais-public";
/// The id of one with a secret.
pub const SECRET: &str = "relais-secret";
/// The id of one with a certificate, where [`Setup::certificate`] has it.
pub const CERTIFICATE: &str = "relais-certificate";
/// The tenant that exists.
pub const TENANT: &str = "mairie.example";
/// The right that is asked for.
pub const MAIL_SEND: &str = "https://graph.microsoft.com/Mail.Send";
/// Another.
pub const USER_READ: &str = "https://graph.microsoft.com/User.Read";
/// What an application asks for by itself.
pub const DEFAULT: &str = "https://graph.microsoft.com/.default";
/// Where a browser comes back to. Nobody listens there.
pub const REDIRECT: &str = "http://127.0.0.1:8525/oauth/callback";

/// What the server is like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How it speaks.
    pub dialect: Dialect,
    /// What it shows under TLS; without one it speaks in clear.
    pub identity: Option<Identity>,
    /// The name it is reached by.
    pub host: &'static str,
    /// The life of an access token, in seconds.
    pub access: u32,
    /// Whether a refresh token is replaced at each use.
    pub rotate: bool,
    /// Whether a replaced refresh token goes on being taken, as Entra does. Otherwise its use ends the whole authorisation.
    pub lenient: bool,
    /// The certificate of [`CERTIFICATE`], in PEM.
    pub certificate: Option<String>,
    /// Where the applications' browsers may come back to, [`REDIRECT`] if empty.
    pub redirects: Vec<String>,
    /// The rights there are, each with its resource before the last slash.
    pub scopes: Vec<String>,
}

impl Setup {
    /// Entra's ways: rotation, and old refresh tokens still taken.
    pub fn entra() -> Self {
        Self {
            dialect: Dialect::Entra,
            lenient: true,
            ..Self::standard()
        }
    }

    /// The RFCs' ways: rotation, and a replay ends the authorisation (RFC 9700 §4.14.2).
    pub fn standard() -> Self {
        Self {
            dialect: Dialect::Standard,
            identity: None,
            host: "127.0.0.1",
            access: 3600,
            rotate: true,
            lenient: false,
            certificate: None,
            redirects: Vec::new(),
            scopes: [MAIL_SEND, USER_READ].map(str::to_owned).into(),
        }
    }

    /// Entra with the rights to Graph that a connector for mail asks for.
    pub fn graph() -> Self {
        let rights = [
            "Mail.Send",
            "Mail.ReadWrite",
            "Mail.Send.Shared",
            "Mail.ReadWrite.Shared",
        ];
        Self {
            scopes: rights
                .map(|right| format!("https://graph.microsoft.com/{right}"))
                .into(),
            ..Self::entra()
        }
    }
}
