//! The words of RFC 6749 §4.1.2.1 and §5.2, RFC 8628 §3.5, RFC 7009 §2.2.1 and OpenID Connect Core §3.1.2.6; and those that Entra
//! has for the same.

use super::Ask;
use crate::{Dialect, FaultKind};

/// What a word means where it was said. A word that is not known leaves the account as it is: somebody has to look.
pub(super) fn kind(ask: Ask, word: &str, dialect: Dialect) -> FaultKind {
    match (word, ask) {
        // The grant was the refresh token, or a code that is gone or was never known.
        ("invalid_grant", Ask::Refresh) => FaultKind::Reconnect,
        ("invalid_grant", Ask::Poll | Ask::Code) => FaultKind::Expired,
        ("expired_token", Ask::Refresh) => FaultKind::Reconnect,
        ("expired_token", _) => FaultKind::Expired,
        ("access_denied", Ask::Poll | Ask::Code) => FaultKind::Declined,
        ("access_denied", _) => FaultKind::Policy,
        ("authorization_pending" | "slow_down", _) => FaultKind::Unavailable,
        ("interaction_required" | "login_required" | "consent_required" | "account_selection_required", _) => {
            FaultKind::Reconnect
        }
        ("server_error" | "temporarily_unavailable", _) => FaultKind::Unavailable,
        ("authorization_declined", _) if dialect == Dialect::Entra => FaultKind::Declined,
        ("bad_verification_code" | "code_expired", _) if dialect == Dialect::Entra => FaultKind::Expired,
        _ => FaultKind::Configuration,
    }
}
