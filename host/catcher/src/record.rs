//! What the sessions have received, shared by all of them and read by the catcher's owner.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::MAX_COMMANDS;

/// A received mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The reverse-path of MAIL; `None` for the null path `<>`.
    pub sender: Option<String>,
    /// The accepted recipients, in the order of RCPT.
    pub recipients: Vec<String>,
    /// The content without the dots that RFC 5321 section 4.5.2 adds and without the final dot. Nothing else is
    /// changed: every line ends in CRLF, and a lone CR or LF stays what the client sent.
    pub data: Vec<u8>,
    /// What the client called itself in EHLO or HELO.
    pub helo: String,
    /// `TLSv1.2` or `TLSv1.3`; `None` where the mail came in clear.
    pub tls: Option<String>,
    /// The account that was logged in.
    pub authenticated: Option<String>,
    /// Whether DATA, or the last BDAT, came in the same read as MAIL: the client sent its envelope in one flight (RFC 2920).
    pub pipelined: bool,
    /// Whether the content came by BDAT.
    pub chunked: bool,
    /// Whether MAIL said SMTPUTF8.
    pub smtputf8: bool,
}

/// Everything received since the start.
#[derive(Debug, Default)]
pub(crate) struct Record {
    mails: Mutex<Vec<Mail>>,
    commands: Mutex<Vec<String>>,
    // Spares a benchmark the lock and the copy of each line.
    commands_full: AtomicBool,
    count: watch::Sender<u64>,
    sessions: AtomicU64,
}

impl Record {
    pub(crate) fn mails(&self) -> Vec<Mail> {
        lock(&self.mails).clone()
    }

    pub(crate) fn commands(&self) -> Vec<String> {
        lock(&self.commands).clone()
    }

    pub(crate) fn count(&self) -> u64 {
        *self.count.borrow()
    }

    pub(crate) fn sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    /// Returns once `n` mails have been counted.
    pub(crate) async fn reached(&self, n: u64) {
        // The channel cannot close while `self` is borrowed.
        let _ = self.count.subscribe().wait_for(|count| *count >= n).await;
    }

    pub(crate) fn add_session(&self) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a mail, after keeping it if there is something to keep: who sees the count sees the mail.
    pub(crate) fn add_mail(&self, mail: Option<Mail>) {
        if let Some(mail) = mail {
            lock(&self.mails).push(mail);
        }
        self.count.send_modify(|count| *count += 1);
    }

    /// Keeps a command line, with the payload of AUTH masked.
    pub(crate) fn add_command(&self, line: &str) {
        self.add_line(|| mask(line));
    }

    /// Keeps the fact that a line of an AUTH exchange came.
    pub(crate) fn add_secret(&self) {
        self.add_line(|| "***".to_owned());
    }

    fn add_line(&self, line: impl FnOnce() -> String) {
        if self.commands_full.load(Ordering::Relaxed) {
            return;
        }
        let mut commands = lock(&self.commands);
        if commands.len() < MAX_COMMANDS {
            commands.push(line());
        } else {
            self.commands_full.store(true, Ordering::Relaxed);
        }
    }
}

// Each write under these locks is one push: a panicking session leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hides what follows the mechanism of an AUTH command. Any line that begins like one is masked, malformed or not.
fn mask(line: &str) -> String {
    let mut words = line.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(verb), Some(mechanism), Some(_)) if begins_with_auth(verb) => {
            format!("{verb} {mechanism} ***")
        }
        (Some(verb), _, _) if begins_with_auth(verb) && !verb.eq_ignore_ascii_case("AUTH") => "AUTH***".to_owned(),
        _ => line.to_owned(),
    }
}

fn begins_with_auth(verb: &str) -> bool {
    verb.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("AUTH"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_of_auth_is_masked_however_it_is_spelled() {
        assert_eq!(mask("AUTH PLAIN AGEAYg=="), "AUTH PLAIN ***");
        assert_eq!(mask("  auth   login  dXNlcg== x"), "auth login ***");
        assert_eq!(mask("AUTH\\tPLAIN\\tAGEAYg=="), "AUTH***");
        assert_eq!(mask("AUTH LOGIN"), "AUTH LOGIN");
        assert_eq!(mask("MAIL FROM:<a@b.fr> AUTH=<>"), "MAIL FROM:<a@b.fr> AUTH=<>");
    }

    #[test]
    fn commands_stop_at_the_bound() {
        let record = Record::default();
        for _ in 0..MAX_COMMANDS + 5 {
            record.add_command("NOOP");
        }
        assert_eq!(record.commands().len(), MAX_COMMANDS);
    }
}
