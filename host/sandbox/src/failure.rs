//! How a call into a connector ends badly, in the contract's words.

use std::fmt;
use std::time::Duration;

use crate::{AccountFault, ProxyError};

/// The registry of `relais:connector/failures`. A word that is not in it reads as [`Kind::Other`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Configuration,
    Authentication,
    Unreachable,
    Timeout,
    Throttled,
    Temporary,
    Rejected,
    TooLarge,
    UnknownOutcome,
    Other,
}

impl Kind {
    const WORDS: [(Kind, &'static str); 10] = [
        (Kind::Configuration, "configuration"),
        (Kind::Authentication, "authentication"),
        (Kind::Unreachable, "unreachable"),
        (Kind::Timeout, "timeout"),
        (Kind::Throttled, "throttled"),
        (Kind::Temporary, "temporary"),
        (Kind::Rejected, "rejected"),
        (Kind::TooLarge, "too-large"),
        (Kind::UnknownOutcome, "unknown-outcome"),
        (Kind::Other, "other"),
    ];

    /// Reads a guest's word; never fails, since the registry grows.
    pub fn read(word: &str) -> Self {
        Self::WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map_or(Kind::Other, |(kind, _)| *kind)
    }

    /// The word of the registry.
    pub fn word(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("other", |(_, word)| word)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A failed call, as the host judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: Kind,
    /// The remote's own code, such as `550 5.1.1`.
    pub code: Option<String>,
    /// The remote's words, the connector's, or the host's; at most [`Failure::TEXT_BYTES`].
    pub text: String,
    pub retry_after: Option<Duration>,
    /// At most [`Failure::DETAILS`] pairs. The host adds `limit` (which limit ended the call) and `claimed` (the kind that
    /// the connector gave where the host judged otherwise).
    pub details: Vec<(String, String)>,
    /// An account of the instance had no token for the call, and the message has not left: the host's own finding, never the
    /// guest's. It concerns every message of the instance until the account is well again.
    pub account: Option<Box<AccountFault>>,
    /// The outgoing proxy is why nothing got out, and the message has not left: the host's own finding, never the guest's. It
    /// concerns every message that goes the same way. The code begins with `proxy` then.
    pub way_out: Option<Box<ProxyError>>,
}

impl Failure {
    /// Bytes of a text that comes from a guest; the rest is cut.
    pub const TEXT_BYTES: usize = 4096;
    /// Pairs of details that come from a guest; the rest is dropped.
    pub const DETAILS: usize = 64;

    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            text: text.into(),
            retry_after: None,
            details: Vec::new(),
            account: None,
            way_out: None,
        }
    }

    /// Whether the failure waits for an administrator of the host or of its proxy, who opens the way out again: no attempt of a
    /// delivery is to blame, and none helps.
    pub fn is_shut_in(&self) -> bool {
        let refused = |fault: &ProxyError| fault.fault.refuses();
        self.way_out.as_deref().is_some_and(refused) || matches!(self.account.as_deref(), Some(AccountFault::WayOut(_)))
    }

    pub fn with_detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }

    /// The value of a detail.
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) if !self.text.starts_with(code.as_str()) => {
                write!(f, "{}: {code} {}", self.kind, self.text)
            }
            _ => write!(f, "{}: {}", self.kind, self.text),
        }
    }
}

impl std::error::Error for Failure {}

/// The remote took a message for at least one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The remote's own identifier.
    pub id: Option<String>,
    /// The remote's own words.
    pub text: String,
    /// The recipients that the remote refused; every other one of the envelope was accepted.
    pub refused: Vec<Refusal>,
    pub details: Vec<(String, String)>,
}

/// A recipient that the remote refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub recipient: String,
    pub code: Option<String>,
    pub text: String,
}

/// Cuts a guest's text at a character boundary, and drops what a terminal or a log would obey.
pub(crate) fn clean(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = text.get(..end).unwrap_or_default();
    match text.chars().any(is_obeyed) {
        false => text.to_owned(),
        true => text.chars().map(|c| if is_obeyed(c) { ' ' } else { c }).collect(),
    }
}

/// [`clean`] of a text that is given away: most are clean already.
pub(crate) fn cleaned(text: String, bytes: usize) -> String {
    match text.len() > bytes || text.chars().any(is_obeyed) {
        false => text,
        true => clean(&text, bytes),
    }
}

fn is_obeyed(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}
