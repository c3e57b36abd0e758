//! From what went wrong to the contract's kinds.
//!
//! The rule for codes is RFC 5321 section 4.2.1: 4yz may be tried again, 5yz may not. The text is always the server's own
//! words and the command that they answer: an administrator cannot act on a paraphrase.

use relais_sdk::{Failure, kind};

use crate::conversation::Broken;
use crate::reply::Reply;
use crate::settings::Settings;
use crate::wire::{LoginReply, NetworkError};

/// What to do on a port that speaks TLS otherwise than the instance says.
const WANTS_STARTTLS: &str = "set `tls` (SSL/TLS) to false and `starttls` (StartTLS) to true";

/// A negative reply to a command about this message.
pub fn refused(reply: &Reply, command: &str) -> Failure {
    by_reply(message_kind(reply), reply, command)
}

/// A negative reply while greeting. No 5yz here judges a message, so none ends one.
pub fn turned_away(reply: &Reply, command: &str) -> Failure {
    let kind = match message_kind(reply) {
        kind::REJECTED | kind::TOO_LARGE => kind::UNREACHABLE,
        kind => kind,
    };
    by_reply(kind, reply, command)
}

fn by_reply(kind: &str, reply: &Reply, command: &str) -> Failure {
    Failure::new(kind, format!("{} (in answer to {command})", reply.words())).with_code(reply.full_code())
}

fn message_kind(reply: &Reply) -> &'static str {
    match (reply.code(), reply.enhanced()) {
        // "Must issue a STARTTLS command first" (RFC 3207 section 4): no password would help.
        (530, _) if reply.words().contains("STARTTLS") => kind::CONFIGURATION,
        (530 | 534 | 535 | 538, _) => kind::AUTHENTICATION,
        // RFC 3463: the message is too large for the mailbox (2.3) or for the system (3.4). A bare 552 means the same
        // (RFC 1870 section 6.1), but 552 5.2.2 is a full mailbox.
        (500.., Some("5.2.3" | "5.3.4")) | (552, None) => kind::TOO_LARGE,
        (500.., _) => kind::REJECTED,
        _ => kind::TEMPORARY,
    }
}

/// The connection broke while `doing`, before any of the message was sent.
pub fn broken(broken: &Broken, doing: &str) -> Failure {
    let kind = match broken {
        Broken::Closed | Broken::Failed(_) | Broken::Violation(_) => kind::TEMPORARY,
        Broken::Silent => kind::TIMEOUT,
        Broken::Limit(_) => kind::OTHER,
    };
    Failure::new(kind, format!("{broken} ({doing})"))
}

/// The host could not connect, upgrade or log in.
pub fn no_connection(error: NetworkError, settings: &Settings) -> Failure {
    let place = settings.place();
    match error {
        NetworkError::Refused(text) | NetworkError::Credential(text) => Failure::new(kind::CONFIGURATION, text),
        NetworkError::Unresolved(text) => Failure::new(kind::UNREACHABLE, format!("{place}: {text}")),
        NetworkError::Unreachable(text) => Failure::new(kind::UNREACHABLE, format!("{place}: {text}")),
        NetworkError::Timeout => Failure::new(
            kind::TIMEOUT,
            format!("{place} did not answer within {} seconds", settings.timeout),
        ),
        NetworkError::Tls(text) => Failure::new(kind::CONFIGURATION, format!("{place}: {text}")),
        NetworkError::NotTls => Failure::new(
            kind::CONFIGURATION,
            format!("{place} answers in clear where TLS was expected: it speaks StartTLS; {WANTS_STARTTLS}"),
        ),
        NetworkError::Limit(text) => Failure::new(kind::OTHER, text),
        NetworkError::Closed => Failure::new(kind::UNREACHABLE, format!("{place} closed the connection")),
        NetworkError::InUse => Failure::new(
            kind::OTHER,
            "the connection was used while a stream of it was open: a fault of this connector",
        ),
        NetworkError::Failed(text) => Failure::new(kind::UNREACHABLE, format!("{place}: {text}")),
    }
}

/// What Exchange Online answers to a password, and to an account whose mailbox may not use SMTP, and what to do.
const LOGIN_HINTS: [(&str, &str); 2] = [
    (
        " 5.7.30",
        "; this server takes no password any more: set `login` to `account` and associate one",
    ),
    (
        " 5.7.139",
        "; an administrator of Exchange has to allow authenticated SMTP for this mailbox",
    ),
];

/// The server refused the login that the host ran.
pub fn by_login(reply: &LoginReply) -> Failure {
    let hint = LOGIN_HINTS.iter().find(|(code, _)| reply.code.ends_with(code));
    let hint = hint.map_or("", |(_, hint)| *hint);
    let kind = if reply.code.starts_with('4') {
        kind::TEMPORARY
    } else {
        kind::AUTHENTICATION
    };
    Failure::new(kind, format!("{} (in answer to AUTH){hint}", reply.text)).with_code(reply.code.clone())
}
