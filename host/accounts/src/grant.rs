//! What an association or a refresh brings.

use std::time::{Duration, Instant};

use oauth2::basic::BasicTokenType;

use crate::answer::Answer;
use crate::dialect::Ask;
use crate::text::token_like;
use crate::{Dialect, Fault, FaultKind, Secret, claims, scopes};

/// Tokens and what they are good for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// What the resource is shown. Visible ASCII that a header can hold (RFC 6750 §2.1), at most [`Grant::TOKEN_BYTES`].
    pub access_token: Secret,
    /// What the next grant is asked for with. On a refresh, none means that the one before stays good.
    pub refresh_token: Option<Secret>,
    /// When the request left, by the clock that cannot be set: the access token's life is counted from here.
    pub asked: Instant,
    /// The access token's life, from [`Grant::SHORTEST`] to [`Grant::LONGEST`]; [`Grant::USUAL`] where the provider says nothing.
    pub expires_in: Duration,
    /// The rights that were granted. On a refresh, none means that the ones before stay.
    pub scopes: Vec<String>,
    /// The rights that were asked for and not granted: a user can take some away at consent.
    pub missing: Vec<String>,
    /// The user's name at the provider, where it is told. Not verified: for people to read, and as a mailbox's name.
    pub username: Option<String>,
    /// The organisation's id at the provider, where it is told. Not verified.
    pub tenant: Option<String>,
    /// An application's own rights, where they are told. Not verified.
    pub roles: Vec<String>,
}

impl Grant {
    /// Bytes of a token.
    pub const TOKEN_BYTES: usize = 16 * 1024;
    /// A shorter life would make every use a refresh.
    pub const SHORTEST: Duration = Duration::from_secs(60);
    /// Where the provider says nothing (RFC 6749 §5.1 lets it).
    pub const USUAL: Duration = Duration::from_secs(3600);
    /// A longer life is not believed.
    pub const LONGEST: Duration = Duration::from_secs(90 * 24 * 3600);

    pub(crate) fn read(
        answer: Answer,
        wanted: &[String],
        dialect: Dialect,
        ask: Ask,
        asked: Instant,
    ) -> Result<Self, Fault> {
        let malformed = |code: &str, detail: &str| {
            let mut fault = Fault::new(FaultKind::Unavailable, code, detail);
            // The provider did give something: what was asked with may be used up.
            fault.unanswered = true;
            fault
        };
        if let BasicTokenType::Extension(other) = &answer.token_type {
            return Err(malformed("token-type", other));
        }
        let access = Secret::new(answer.access_token.into_secret());
        if !of_header(access.reveal()) {
            return Err(malformed("token-malformed", "access_token"));
        }
        let refresh = answer.refresh_token.map(|token| Secret::new(token.into_secret()));
        if refresh
            .as_ref()
            .is_some_and(|token| !token_like(token.reveal(), Self::TOKEN_BYTES))
        {
            return Err(malformed("token-malformed", "refresh_token"));
        }
        let life = answer.expires_in.map_or(Self::USUAL, Duration::from_secs);
        // RFC 6749 §5.1: nothing told is everything granted; on a refresh, what was granted before.
        let granted = match &answer.scopes {
            Some(told) => scopes::granted(told),
            None if ask == Ask::Refresh => Vec::new(),
            None => wanted.to_vec(),
        };
        let compared = ask != Ask::Refresh || answer.scopes.is_some();
        let refreshable = refresh.is_some() || ask == Ask::Refresh;
        let missing = match compared {
            true => scopes::missing(wanted, &granted, refreshable, dialect),
            false => Vec::new(),
        };
        let mut told = answer.id_token.map(|token| claims::read(&token.0)).unwrap_or_default();
        if ask == Ask::Credentials || dialect == Dialect::Entra {
            let access = claims::read(access.reveal());
            told.username = told.username.or(access.username);
            told.tenant = told.tenant.or(access.tenant);
            told.roles = access.roles;
        }
        Ok(Self {
            access_token: access,
            refresh_token: refresh,
            asked,
            expires_in: life.clamp(Self::SHORTEST, Self::LONGEST),
            scopes: granted,
            missing,
            username: told.username,
            tenant: told.tenant,
            roles: told.roles,
        })
    }
}

/// RFC 6750 §2.1, `b64token`.
fn of_header(token: &str) -> bool {
    let body = token.trim_end_matches('=');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && token.len() <= Grant::TOKEN_BYTES && body.bytes().all(good)
}
