//! How a provider's refusal is read: its word and numbers in, what it means for the account out.
//!
//! The word (`error`, RFC 6749 §5.2) decides. An Entra number refines it, and only one that is in the table: Microsoft says that
//! numbers may change at any time, so that an unknown one must not change what the word means.

mod entra;
pub(crate) mod numbers;
mod standard;

use serde::Deserialize;

use crate::{Dialect, Fault, FaultKind};

/// What was asked when the refusal came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A device's codes.
    Device,
    /// Whether the user is done.
    Poll,
    /// A code's exchange, or the redirect that brings the code.
    Code,
    /// A token for the application itself.
    Credentials,
    /// A new token for an old one.
    Refresh,
    /// To forget a token.
    Revoke,
}

/// The user is not done yet (RFC 8628 §3.5).
pub(crate) const PENDING: &str = "authorization_pending";
/// The same, and asked too often.
pub(crate) const SLOW_DOWN: &str = "slow_down";

/// An error response (RFC 6749 §5.2), with Entra's additions.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorAnswer {
    pub(crate) error: String,
    #[serde(default)]
    pub(crate) error_description: Option<String>,
    /// Entra's numbers. What is no list of numbers is none.
    #[serde(default)]
    error_codes: serde_json::Value,
}

impl ErrorAnswer {
    /// Numbers that are looked at.
    const NUMBERS: usize = 16;

    pub(crate) fn new(error: String, error_description: Option<String>) -> Self {
        Self {
            error,
            error_description,
            error_codes: serde_json::Value::Null,
        }
    }

    /// The same with each text changed.
    pub(crate) fn map(self, change: impl Fn(&str) -> String) -> Self {
        Self {
            error: change(&self.error),
            error_description: self.error_description.as_deref().map(change),
            error_codes: self.error_codes,
        }
    }

    fn description(&self) -> &str {
        self.error_description.as_deref().unwrap_or_default()
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let listed = self.error_codes.as_array().map(Vec::as_slice).unwrap_or_default();
        let listed = listed.iter().take(Self::NUMBERS).filter_map(serde_json::Value::as_u64);
        listed.chain(entra::described(self.description()))
    }
}

/// What a refusal means.
pub(crate) fn read(dialect: Dialect, ask: Ask, status: u16, answer: &ErrorAnswer) -> Fault {
    let word = answer.error.as_str();
    let transient = status == 429 || status == 408 || status >= 500;
    let said = standard::kind(ask, word, dialect);
    let refined = match dialect {
        Dialect::Standard => None,
        Dialect::Entra => entra::read(ask, word, said, answer.numbers()),
    };
    let (kind, code) = refined.unwrap_or_else(|| (said, word.to_owned()));
    let (kind, code) = match transient && kind != FaultKind::Unavailable {
        // Whatever it says meanwhile, it is not itself.
        true if status == 429 => (FaultKind::Unavailable, "throttled".to_owned()),
        true => (FaultKind::Unavailable, "http-status".to_owned()),
        false => (kind, code),
    };
    let mut fault = Fault::new(kind, &code, answer.description());
    if code == entra::LOOP {
        fault.retry_after = Some(entra::LOOP_PAUSE);
    }
    fault
}

#[cfg(test)]
mod tests;
