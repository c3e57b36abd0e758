//! A session: one connection kept from mail to mail, and replaced when the server has left it.
//!
//! Servers close idle connections, limit their age, and say 421 when they restart. None of that is an error of the mail at
//! hand: as long as nothing of it was sent, it goes out over one new connection.

use relais_sdk::{Failure, Findings, Receipt};

use crate::connect::{ACCOUNT, Ready, connect};
use crate::letter::{Envelope, Letter};
use crate::settings::{Login, Settings};
use crate::transaction::{After, deliver};
use crate::wire::{Dial, Wire};

/// Seconds that a good-bye may take.
const GOODBYE_SECONDS: u32 = 2;

/// The connector's state.
#[derive(Debug)]
pub struct Session<D: Dial> {
    settings: Settings,
    dialer: D,
    /// Taken for every use, and put back only when it is known to be in step.
    ready: Option<Ready<D::Wire>>,
}

impl<D: Dial> Session<D> {
    /// Connects at the first use.
    pub fn new(settings: Settings, dialer: D) -> Self {
        Self {
            settings,
            dialer,
            ready: None,
        }
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// Nobody received it, or nobody knows: `unknown-outcome`.
    pub fn send(&mut self, letter: &Letter<'_, <D::Wire as Wire>::Body>) -> Result<Receipt, Failure> {
        let envelope = Envelope::of(letter)?;
        let mut renewed = false;
        loop {
            let (mut ready, kept) = match self.in_step() {
                Some(ready) => (ready, true),
                None => (connect(&mut self.dialer, &self.settings)?, false),
            };
            let undelivered = match deliver(&mut ready, &envelope, letter) {
                Ok(receipt) => {
                    self.ready = Some(ready);
                    return Ok(receipt);
                }
                Err(undelivered) => undelivered,
            };
            match undelivered.after {
                After::Again if !renewed => {
                    renewed = true;
                    continue;
                }
                After::AgainIfKept if kept && !renewed => {
                    renewed = true;
                    continue;
                }
                After::Again | After::AgainIfKept | After::Drop => {}
                After::Reuse => self.ready = Some(ready),
                After::Reset => {
                    self.ready = Some(Ready {
                        unfinished: true,
                        ..ready
                    })
                }
            }
            return Err(undelivered.failure);
        }
    }

    /// Connects anew and tells what it found.
    ///
    /// # Errors
    ///
    /// The step that failed, as a send would meet it.
    pub fn verify(&mut self) -> Result<Findings, Failure> {
        self.ready = None;
        let mut ready = connect(&mut self.dialer, &self.settings)?;
        let mut findings = findings(&mut ready, &self.settings);
        if self.settings.login == Login::Account {
            let account = self.dialer.account(ACCOUNT).into_iter();
            findings.extend(account.map(|(name, value)| (format!("account-{name}"), value)));
        }
        self.ready = Some(ready);
        Ok(findings)
    }

    /// Says good-bye where there is somebody to say it to.
    pub fn close(&mut self) {
        if let Some(mut ready) = self.ready.take() {
            ready.talk.wire().set_silence_limit(GOODBYE_SECONDS);
            // The connection closes whatever the server says.
            let _ = ready.talk.ask(&["QUIT"]);
        }
    }

    /// The kept connection, if the server and we still agree on what was said. A reply that nobody asked for is a 421
    /// on its way out, or worse: the next one would be taken for another command's.
    fn in_step(&mut self) -> Option<Ready<D::Wire>> {
        let mut ready = self.ready.take()?;
        if !ready.talk.is_quiet() {
            return None;
        }
        if ready.unfinished {
            match ready.talk.ask(&["RSET"]) {
                Ok(reply) if reply.code() == 250 && ready.talk.is_quiet() => ready.unfinished = false,
                _ => return None,
            }
        }
        Some(ready)
    }
}

fn findings<W: Wire>(ready: &mut Ready<W>, settings: &Settings) -> Findings {
    let described = ready.talk.wire().describe();
    let encrypted = described.iter().any(|(name, _)| name == "tls-version");
    let offered = &ready.offered;
    let mut findings = vec![("server".to_owned(), offered.name.clone())];
    findings.extend(described);
    let mut add = |name: &str, value: String| findings.push((name.to_owned(), value));
    if !encrypted {
        add("tls-version", "none: the connection is in clear".to_owned());
    }
    add("extensions", offered.extensions.join(", "));
    add(
        "authentication",
        if settings.logs_in() { "ok" } else { "not configured" }.to_owned(),
    );
    add(
        "size-limit",
        offered
            .size_limit
            .map_or_else(|| "none".to_owned(), |limit| limit.to_string()),
    );
    findings
}
