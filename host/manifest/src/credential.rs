//! What the host writes for a connector that may not read it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A login or key that the host puts on the wire where the connector names it. The connector never sees what it is made
/// of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Credential {
    /// The name that the connector uses. Lower-case letters, digits, `_` and `-`, starting with a letter.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_-]*$"), length(max = 64))]
    pub name: String,
    /// How the credential is computed.
    pub kind: CredentialKind,
    /// Where the host may write it.
    pub slot: Slot,
    /// For `basic`, `plain` and `login`: the id of the `text` or `email` parameter that holds the user's name. For
    /// `xoauth2`: the same, where it can be another name than the account's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The id of the `secret` parameter that holds the password or key. A credential has this or `account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// For `bearer` and `xoauth2`: the id of the `account` parameter whose token the host writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// For slot `http-header`: the one header whose whole value it becomes. `Authorization` for `basic` and `bearer`
    /// where nothing is said, necessary for `header`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub header: Option<String>,
    /// For slot `http-header`: where it may go, each exactly the `to` of one egress. Every HTTP egress of the manifest
    /// where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub origins: Vec<String>,
}

impl Credential {
    /// The id of the secret or the account that it is made of.
    pub fn held(&self) -> Option<&str> {
        self.secret.as_deref().or(self.account.as_deref())
    }

    /// The header that the credential fills, or nothing for a slot that is not `http-header`.
    pub fn header_name(&self) -> Option<&str> {
        match (self.slot, self.header.as_deref(), self.kind) {
            (Slot::SmtpAuth, _, _) => None,
            (Slot::HttpHeader, Some(header), _) => Some(header),
            (Slot::HttpHeader, None, CredentialKind::Basic | CredentialKind::Bearer) => Some("Authorization"),
            (Slot::HttpHeader, None, _) => None,
        }
    }
}

/// How a credential is computed from its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// `Basic` and the base64 of user and password (RFC 7617).
    Basic,
    /// `Bearer` and the secret, or the account's token (RFC 6750 §2.1).
    Bearer,
    /// The secret itself as the value of a header.
    Header,
    /// SASL PLAIN (RFC 4616).
    Plain,
    /// The LOGIN exchange that many SMTP servers offer beside PLAIN.
    Login,
    /// SASL XOAUTH2 with the account's token, as Google and Microsoft describe it.
    Xoauth2,
}

impl CredentialKind {
    /// Words that later versions of Relais will give a meaning to. A manifest that uses one is refused with that word.
    pub const RESERVED: [&'static str; 4] = ["sigv4", "oauth1", "cram-md5", "query"];

    /// Every kind that this version computes.
    pub const ALL: [Self; 6] = [
        Self::Basic,
        Self::Bearer,
        Self::Header,
        Self::Plain,
        Self::Login,
        Self::Xoauth2,
    ];

    /// The word of the manifest for this kind.
    pub fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Bearer => "bearer",
            Self::Header => "header",
            Self::Plain => "plain",
            Self::Login => "login",
            Self::Xoauth2 => "xoauth2",
        }
    }

    /// The only slot that this kind fits.
    pub fn slot(self) -> Slot {
        match self {
            Self::Basic | Self::Bearer | Self::Header => Slot::HttpHeader,
            Self::Plain | Self::Login | Self::Xoauth2 => Slot::SmtpAuth,
        }
    }

    /// Whether the kind is made of a user's name as well as a secret.
    pub fn needs_username(self) -> bool {
        matches!(self, Self::Basic | Self::Plain | Self::Login)
    }

    /// Whether the kind can have a user's name of its own.
    pub fn takes_username(self) -> bool {
        self.needs_username() || self == Self::Xoauth2
    }

    /// Whether the kind can be made of a secret.
    pub fn takes_secret(self) -> bool {
        !matches!(self, Self::Xoauth2)
    }

    /// Whether the kind can be made of an account.
    pub fn takes_account(self) -> bool {
        matches!(self, Self::Bearer | Self::Xoauth2)
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where the host may write a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Slot {
    /// The whole value of one header of an HTTP request.
    HttpHeader,
    /// The AUTH exchange of an SMTP connection, which the host runs itself (RFC 4954).
    SmtpAuth,
}

impl Slot {
    /// Words that later versions of Relais will give a meaning to. A manifest that uses one is refused with that word.
    pub const RESERVED: [&'static str; 2] = ["imap-auth", "pop-auth"];

    /// The word of the manifest for this slot.
    pub fn word(self) -> &'static str {
        match self {
            Self::HttpHeader => "http-header",
            Self::SmtpAuth => "smtp-auth",
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Headers that belong to the connection or to the framing of the message, so that no credential may fill them
/// (RFC 9110 §7.2, §7.6.1, §8.6 and §10.1.1; RFC 9112 §6.1 and §7.1.2; RFC 9113 §8.2.2). Lower case.
const FORBIDDEN_HEADERS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether `name` is a header that no credential may fill.
pub(crate) fn is_forbidden_header(name: &str) -> bool {
    FORBIDDEN_HEADERS
        .iter()
        .any(|forbidden| forbidden.eq_ignore_ascii_case(name))
}

/// Whether `name` is a token, as a field name has to be (RFC 9110 §5.1 and §5.6.2), of at most 64 characters.
pub(crate) fn is_header_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_are_recognised_in_any_case() {
        assert!(is_forbidden_header("Transfer-Encoding"));
        assert!(is_forbidden_header("HOST"));
        assert!(!is_forbidden_header("X-Api-Key"));
    }

    #[test]
    fn a_header_name_is_a_token() {
        assert!(is_header_name("X-Api-Key"));
        for bad in ["", ":authority", "X Key", "X-Key\r\nHost", "clé", "A:"] {
            assert!(!is_header_name(bad), "{bad:?}");
        }
    }
}
