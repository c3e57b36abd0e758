//! What a sandbox did, told to whoever watches: the audit, the demonstration, the tests.

use std::time::Duration;

use crate::Rule;

/// Something a session asked of the host, and what came of it. Holds no secret and no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connection was made; the address is the proxy's, where it goes through one.
    Connected {
        destination: String,
        address: String,
        proxy: Option<String>,
    },
    /// The connection is encrypted from here on.
    Encrypted {
        version: String,
        certificate_sha256: String,
    },
    /// A login was run by the host.
    Authenticated { credential: String, accepted: bool },
    /// An HTTP request left.
    Requested {
        method: String,
        destination: String,
        status: Option<u16>,
    },
    /// Something was refused before a byte left; audited. `misplaced` says that the guest named a credential in it where that does
    /// not go: what is worth a place in a journal that is kept.
    Refused {
        /// The destination, without path and query; perhaps with the credential's name.
        asked: String,
        rule: Rule,
        misplaced: bool,
    },
    /// An account had no token to give; the text says why.
    AccountFailed { account: String, text: String },
    /// The remote refused a token of an account.
    TokenRefused { account: String },
    /// A line of the connector's log.
    Log { level: Level, text: String },
    /// A limit ended the call.
    Limit { name: String },
    /// A message was handed over or not.
    Sent { took: Duration, bytes: u64 },
}

/// The level of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

/// Receives what sessions do. Called on the session's own task: it must not block.
pub trait Observer: Send + Sync {
    /// `instance` is the label of the instance.
    fn event(&self, instance: &str, event: &Event);
}

/// Writes events to `tracing`, refusals as warnings of the target `relais::audit`.
#[derive(Debug, Default)]
pub struct Tracing;

impl Observer for Tracing {
    fn event(&self, instance: &str, event: &Event) {
        match event {
            Event::Refused { asked, rule, .. } => {
                tracing::warn!(target: "relais::audit", instance, asked, rule = rule.code(), "refused: {rule}");
            }
            Event::AccountFailed { account, text } => {
                tracing::warn!(target: "relais::accounts", instance, account, "no token: {text}");
            }
            Event::TokenRefused { account } => {
                tracing::info!(target: "relais::accounts", instance, account, "the remote refused a token");
            }
            Event::Limit { name } => tracing::warn!(target: "relais::audit", instance, limit = name, "limit"),
            Event::Log {
                level: Level::Debug,
                text,
            } => tracing::debug!(target: "relais::connector", instance, "{text}"),
            Event::Log {
                level: Level::Info,
                text,
            } => tracing::info!(target: "relais::connector", instance, "{text}"),
            Event::Log {
                level: Level::Warn,
                text,
            } => tracing::warn!(target: "relais::connector", instance, "{text}"),
            Event::Log {
                level: Level::Error,
                text,
            } => tracing::error!(target: "relais::connector", instance, "{text}"),
            other => tracing::debug!(target: "relais::sandbox", instance, event = ?other),
        }
    }
}
