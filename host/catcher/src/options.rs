//! What a catcher is asked to be.

use std::fmt;

use relais_smtpd::Extensions;
use relais_smtpd::auth::Login;

use crate::Faults;

/// Where TLS stands in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tls {
    /// No TLS, and STARTTLS is not known.
    #[default]
    None,
    /// STARTTLS (RFC 3207) is offered, and demanded before MAIL and AUTH unless [`Options::auth_in_clear`].
    StartTls,
    /// TLS from the first octet (RFC 8314 section 3).
    Implicit,
}

/// What stays of a received mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// Envelope and content.
    #[default]
    All,
    /// Nothing but the number of mails: for benchmarks.
    Count,
}

/// The one account that may log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Compared octet by octet.
    pub username: String,
    /// Compared octet by octet; never shown.
    pub password: String,
}

impl Account {
    pub(crate) fn is(&self, login: &Login) -> bool {
        login.username == self.username.as_bytes() && login.password == self.password.as_bytes()
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a catcher offers, demands and does wrong. The default takes any mail, in clear, without a login.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where TLS stands.
    pub tls: Tls,
    /// The account to log in with before MAIL. `None`: no login, and AUTH is not offered.
    pub auth: Option<Account>,
    /// Offers AUTH before TLS too, and with [`Tls::StartTls`] takes mail in clear. Without it, [`Tls::None`] and an
    /// account together accept nobody.
    pub auth_in_clear: bool,
    /// The mechanisms offered. `PLAIN`, `LOGIN` and `XOAUTH2` work, the last with the account's password as its token; another
    /// name is offered and then refused with 504.
    pub auth_mechanisms: Vec<&'static str>,
    /// Offers PIPELINING (RFC 2920). Where it is off, a client that does not wait for an answer is refused.
    pub pipelining: bool,
    /// Offers CHUNKING (RFC 3030): content may come by BDAT.
    pub chunking: bool,
    /// Offers SMTPUTF8 (RFC 6531): addresses may hold more than ASCII.
    pub smtputf8: bool,
    /// The SIZE announced (RFC 1870), in octets, at most [`crate::MAX_MAIL`], which is announced where this is `None`.
    pub size_limit: Option<u64>,
    /// What stays of a mail.
    pub keep: Keep,
    /// Host names and addresses that the certificate is made for.
    pub certificate_names: Vec<String>,
    /// Makes the certificate sign itself, to be pinned. Off: a CA made on the spot signs it.
    pub self_signed: bool,
    /// What goes wrong on purpose.
    pub faults: Faults,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: Tls::None,
            auth: None,
            auth_in_clear: false,
            auth_mechanisms: vec!["PLAIN", "LOGIN"],
            pipelining: true,
            chunking: false,
            smtputf8: false,
            size_limit: None,
            keep: Keep::All,
            certificate_names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            self_signed: false,
            faults: Faults::default(),
        }
    }
}

impl Options {
    /// The largest mail taken, in octets.
    pub(crate) fn largest_mail(&self) -> u64 {
        self.size_limit
            .map_or(crate::MAX_MAIL, |limit| limit.min(crate::MAX_MAIL))
    }

    /// What commands may look like.
    pub(crate) fn extensions(&self) -> Extensions {
        Extensions {
            smtputf8: self.smtputf8,
            chunking: self.chunking,
        }
    }

    /// Whether AUTH may be used on a connection that is, or is not, under TLS.
    pub(crate) fn offers_auth(&self, encrypted: bool) -> bool {
        self.auth.is_some() && (encrypted || self.auth_in_clear)
    }

    /// Whether mail and logins must wait for STARTTLS.
    pub(crate) fn demands_starttls(&self) -> bool {
        self.tls == Tls::StartTls && !self.auth_in_clear
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_not_in_the_debug_form() {
        let account = Account {
            username: "marie".to_owned(),
            password: "s3cret".to_owned(),
        };
        let shown = format!(
            "{:?}",
            Options {
                auth: Some(account),
                ..Options::default()
            }
        );
        assert!(shown.contains("marie"));
        assert!(!shown.contains("s3cret"));
    }
}
