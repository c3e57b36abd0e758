//! An account that the host keeps, as a session uses it: a token for the wire, and never one for the guest.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::Secret;

/// What [`Account::token`] answers, in time.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<Token, AccountFault>> + Send + 'a>>;

/// An account that the host keeps: an OAuth 2 authorisation, its tokens and their refresh.
pub trait Account: fmt::Debug + Send + Sync {
    /// A token that is valid now; refreshes it where it must. However many ask, one refresh runs. A session that is ended drops
    /// the future midway, and that must lose no refresh that has begun.
    fn token(&self) -> TokenFuture<'_>;

    /// The resource answered 401 to this token, or the mail server refused the login with it: the next
    /// [`token`](Self::token) must not give it again.
    fn refused(&self, token: &Token);

    /// Public facts as pairs: `provider`, `flow`, `username`, `tenant`, `scopes` (separated by spaces, as really granted),
    /// `roles`, `expires` (RFC 3339). A guest reads them. Never a token.
    fn describe(&self) -> Vec<(String, String)>;
}

/// An access token. It prints as nothing, and is wiped with its last share.
#[derive(Clone)]
pub struct Token(Arc<Secret>);

impl Token {
    pub fn new(value: Secret) -> Self {
        Self(Arc::new(value))
    }

    /// The value, for the one place that writes it to its destination.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why an account has no token. Each text says what to do, and a guest reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountFault {
    /// Nobody has associated the account yet, or it was dissociated.
    NotAssociated(String),
    /// The authorisation is lost: somebody has to associate the account again.
    Reconnect(String),
    /// The host's own proxy does not let the request to the provider out, and will not until somebody changes its settings.
    WayOut(String),
    /// The provider cannot be reached, or asks to wait.
    Unavailable {
        text: String,
        retry_after: Option<Duration>,
    },
}

impl AccountFault {
    pub fn text(&self) -> &str {
        match self {
            Self::NotAssociated(text) | Self::Reconnect(text) | Self::WayOut(text) | Self::Unavailable { text, .. } => {
                text
            }
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            Self::NotAssociated(_) | Self::Reconnect(_) | Self::WayOut(_) => None,
        }
    }
}

impl fmt::Display for AccountFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for AccountFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_print() {
        let token = Token::new(Secret::new("eyJ0eXAi".into()));
        assert_eq!(format!("{token:?}"), "Token(…)");
    }
}
