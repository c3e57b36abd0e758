//! One conversation: which command may come when, and what it is answered (RFC 5321 sections 3 and 4, RFC 6409).

use std::net::IpAddr;
use std::sync::Arc;

use relais_smtpd::{Command, Extensions, Line, Lost, MAX_LINE, Wire, auth};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::intake::{Login, Secret};
use crate::listener::{Shared, is_loopback};
use crate::mail::Mail;
use crate::{Intake, MAX_COMMAND_SILENCE, MAX_ERRORS, MAX_IDLE_COMMANDS, MAX_LOGIN_TIME};

const EXTENSIONS: Extensions = Extensions {
    smtputf8: true,
    chunking: true,
};

/// What EHLO tells besides SIZE, STARTTLS and AUTH.
const KEYWORDS: [&str; 5] = ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING"];

const SHUTTING_DOWN: &str = "421 4.3.2 Shutting down, try again later";
const NOT_LOGGED_IN: &str = "421 4.7.0 Not logged in in time, closing";

/// A client between two commands.
pub(crate) struct Session<S, I: Intake> {
    pub(crate) wire: Wire<S>,
    pub(crate) shared: Arc<Shared<I>>,
    pub(crate) greeting: Greeting,
    /// How the client called itself.
    pub(crate) client: String,
    /// Where it is.
    pub(crate) peer: IpAddr,
    /// For whom it hands in mail.
    pub(crate) principal: Option<I::Principal>,
    pub(crate) mail: Option<Mail<I::Sink>>,
    pub(crate) encrypted: bool,
    /// It is on this machine.
    local: bool,
    pub(crate) logged_in: bool,
    /// By when it has to log in.
    login_by: Instant,
    errors: u32,
    idle: u32,
    stopped: watch::Receiver<bool>,
}

/// How the client greeted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greeting {
    None,
    Helo,
    Ehlo,
}

/// How a session ended.
pub(crate) enum End<S> {
    /// The connection is over.
    Over,
    /// The client was told to begin TLS on this stream.
    StartTls(S),
}

/// What becomes of the session after a command.
pub(crate) enum Flow {
    Continue,
    /// The last reply is queued: write it and close.
    Close,
    StartTls,
}

impl<S: AsyncRead + AsyncWrite + Unpin, I: Intake> Session<S, I> {
    /// A new connection, in clear or encrypted from its first octet, with the greeting queued.
    pub(crate) fn greet(stream: S, peer: IpAddr, shared: Arc<Shared<I>>, stopped: watch::Receiver<bool>) -> Self {
        let encrypted = shared.options.implicit;
        let mut session = Self::new(stream, peer, encrypted, shared, stopped);
        let greeting = format!("220 {} ESMTP Relais", session.shared.options.name);
        session.wire.reply(&greeting);
        session
    }

    /// A connection after STARTTLS. It knows nothing that was said before (RFC 3207 section 4.2), and greets nobody.
    pub(crate) fn resume(stream: S, peer: IpAddr, shared: Arc<Shared<I>>, stopped: watch::Receiver<bool>) -> Self {
        Self::new(stream, peer, true, shared, stopped)
    }

    fn new(stream: S, peer: IpAddr, encrypted: bool, shared: Arc<Shared<I>>, stopped: watch::Receiver<bool>) -> Self {
        let local = is_loopback(peer);
        Self {
            wire: Wire::new(stream, MAX_COMMAND_SILENCE),
            greeting: Greeting::None,
            client: String::new(),
            peer,
            principal: if local { shared.intake.local() } else { None },
            shared,
            mail: None,
            encrypted,
            local,
            logged_in: false,
            login_by: Instant::now() + MAX_LOGIN_TIME,
            errors: 0,
            idle: 0,
            stopped,
        }
    }

    /// Talks until the client or the session ends it.
    pub(crate) async fn run(mut self) -> End<S> {
        match self.converse().await {
            Ok(Flow::StartTls) => return End::StartTls(self.wire.into_stream()),
            Ok(Flow::Close | Flow::Continue) => {}
            Err(Lost::Closed) => return End::Over,
            Err(Lost::Silent) => self.wire.reply("421 4.4.2 Silent or slow for too long, closing"),
            Err(Lost::TooLong) => {
                self.wire
                    .reply(&format!("500 5.5.2 Line longer than {MAX_LINE} octets, closing"));
            }
        }
        // What was handed in and not accepted is not kept while the client says goodbye.
        self.mail = None;
        self.wire.close().await;
        End::Over
    }

    async fn converse(&mut self) -> Result<Flow, Lost> {
        loop {
            // A client that never pauses would not be noticed below.
            let line = if *self.stopped.borrow() {
                Err(SHUTTING_DOWN)
            } else {
                tokio::select! {
                    biased;
                    line = self.wire.line() => Ok(line?),
                    // An error: the listener is gone.
                    _ = self.stopped.wait_for(|stop| *stop) => Err(SHUTTING_DOWN),
                    () = sleep_until(self.login_by), if self.principal.is_none() => Err(NOT_LOGGED_IN),
                }
            };
            let flow = match line {
                Ok(Line::Text(line)) => self.obey(&line).await?,
                Ok(Line::Malformed(_)) => {
                    self.refuse("500 5.5.2 Control characters, a lone CR or LF, or no UTF-8 in the line")
                }
                Err(farewell) => self.bid_farewell(farewell),
            };
            if !matches!(flow, Flow::Continue) {
                return Ok(flow);
            }
        }
    }

    async fn obey(&mut self, line: &str) -> Result<Flow, Lost> {
        let command = match relais_smtpd::parse(line, EXTENSIONS) {
            Ok(command) => command,
            Err(refused) if refused.closes => return Ok(self.bid_farewell(refused.reply)),
            Err(refused) => return Ok(self.refuse(refused.reply)),
        };
        // What was sent too early is never read as a command: somebody else may have written it.
        if command.must_be_last() && !self.wire.pending().is_empty() {
            return Ok(self.bid_farewell("503 5.5.0 More was sent before the reply to this, closing"));
        }
        match command {
            Command::Mail { sender, size, smtputf8 } => Ok(self.mail(sender, size, smtputf8)),
            Command::Rcpt(address) => Ok(self.recipient(address)),
            Command::Data => self.data().await,
            Command::Bdat { size, last } => self.chunk(size, last).await,
            Command::StartTls => self.start_tls().await,
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial).await,
            Command::Quit => Ok(self.bid_farewell("221 2.0.0 Bye")),
            Command::Ehlo(client) => Ok(self.ehlo(client)),
            Command::Helo(client) => {
                self.mail = None;
                client.clone_into(&mut self.client);
                self.greeting = Greeting::Helo;
                let reply = format!("250 {}", self.shared.options.name);
                Ok(self.idle(&reply))
            }
            Command::Rset => {
                self.mail = None;
                Ok(self.idle("250 2.0.0 Ok"))
            }
            Command::Noop => Ok(self.idle("250 2.0.0 Ok")),
            Command::Vrfy => Ok(self.idle("252 2.5.2 Cannot verify, will take mail")),
        }
    }

    /// Queues a reply.
    pub(crate) fn say(&mut self, reply: &str) -> Flow {
        self.wire.reply(reply);
        Flow::Continue
    }

    /// Queues the last reply.
    pub(crate) fn bid_farewell(&mut self, reply: &str) -> Flow {
        self.wire.reply(reply);
        Flow::Close
    }

    /// Queues the reply to a command that a working client does not send, and counts it.
    pub(crate) fn refuse(&mut self, reply: &str) -> Flow {
        self.wire.reply(reply);
        self.errors += 1;
        if self.errors < MAX_ERRORS {
            return Flow::Continue;
        }
        self.bid_farewell("421 4.7.0 Too many errors, closing")
    }

    /// Queues the reply to a command that brings no mail nearer, and counts it.
    fn idle(&mut self, reply: &str) -> Flow {
        self.wire.reply(reply);
        self.idle += 1;
        if self.idle < MAX_IDLE_COMMANDS {
            return Flow::Continue;
        }
        self.bid_farewell("421 4.7.0 Too many commands without a mail, closing")
    }

    /// A mail was accepted: the client works.
    pub(crate) fn forgive(&mut self) {
        (self.errors, self.idle) = (0, 0);
    }

    /// The reply to who may not hand in mail yet.
    pub(crate) fn demand_login(&self) -> &'static str {
        if self.offers_auth() {
            "530 5.7.0 Authentication required"
        } else {
            "530 5.7.0 Must issue a STARTTLS command first"
        }
    }

    /// The login was refused at a mail: it is over.
    pub(crate) fn log_out(&mut self) {
        (self.principal, self.logged_in) = (None, false);
        self.login_by = Instant::now() + MAX_LOGIN_TIME;
    }

    /// A token may be read on the wire: never from another machine.
    fn offers_auth(&self) -> bool {
        self.encrypted || self.local
    }

    fn ehlo(&mut self, client: &str) -> Flow {
        self.mail = None;
        client.clone_into(&mut self.client);
        self.greeting = Greeting::Ehlo;
        let options = &self.shared.options;
        let mut reply = format!("250-{}\r\n250-SIZE {}\r\n", options.name, options.largest_mail);
        if self.shared.has_tls() && !self.encrypted {
            reply.push_str("250-STARTTLS\r\n");
        }
        if self.offers_auth() {
            reply.push_str("250-AUTH PLAIN LOGIN\r\n");
        }
        let (last, others) = KEYWORDS.split_last().unwrap_or((&"", &[]));
        for keyword in others {
            reply.push_str("250-");
            reply.push_str(keyword);
            reply.push_str("\r\n");
        }
        reply.push_str("250 ");
        reply.push_str(last);
        self.idle(&reply)
    }

    async fn start_tls(&mut self) -> Result<Flow, Lost> {
        if !self.shared.has_tls() {
            return Ok(self.refuse("502 5.5.1 STARTTLS is not offered"));
        }
        if self.encrypted {
            return Ok(self.refuse("503 5.5.1 TLS is already active"));
        }
        if self.greeting != Greeting::Ehlo {
            return Ok(self.refuse("503 5.5.1 Send EHLO first"));
        }
        self.wire.reply("220 2.0.0 Ready to start TLS");
        self.wire.flush().await?;
        Ok(Flow::StartTls)
    }

    async fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Result<Flow, Lost> {
        if !self.offers_auth() {
            return Ok(self.refuse("538 5.7.11 Encryption required for authentication"));
        }
        if self.greeting != Greeting::Ehlo {
            return Ok(self.refuse("503 5.5.1 Send EHLO first"));
        }
        if self.logged_in || self.mail.is_some() {
            return Ok(self.refuse("503 5.5.1 Already authenticated, or a mail is under way"));
        }
        let presented = match auth::exchange(&mut self.wire, mechanism, initial, || ()).await? {
            Ok(presented) => presented,
            Err(reply) => return Ok(self.refuse(reply)),
        };
        let login = Login {
            username: String::from_utf8_lossy(&presented.username).into_owned(),
            secret: Secret::new(String::from_utf8_lossy(&presented.password).into_owned()),
        };
        let shared = Arc::clone(&self.shared);
        Ok(match shared.intake.authenticate(login).await {
            Ok(Some(principal)) => {
                (self.principal, self.logged_in) = (Some(principal), true);
                self.idle(auth::ACCEPTED)
            }
            Ok(None) => {
                tracing::warn!("a submission login was refused");
                self.refuse(auth::WRONG)
            }
            Err(refusal) => self.refuse(&refusal.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::{Envelope, Options, Refusal, Sink};

    /// Lets nobody in.
    struct Closed;
    struct Nothing;

    impl Intake for Closed {
        type Principal = ();
        type Sink = Nothing;

        async fn authenticate(&self, _: Login) -> Result<Option<()>, Refusal> {
            Ok(None)
        }

        fn local(&self) -> Option<()> {
            None
        }

        async fn begin(&self, (): &(), _: Envelope) -> Result<Nothing, Refusal> {
            Ok(Nothing)
        }
    }

    impl Sink for Nothing {
        async fn write(&mut self, _: &[u8]) -> Result<(), Refusal> {
            Ok(())
        }

        async fn finish(self) -> Result<String, Refusal> {
            Ok(String::new())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_log_in_is_sent_away_whatever_it_says_meanwhile() {
        let (client, server) = tokio::io::duplex(4096);
        let (mut reading, mut writing) = tokio::io::split(client);
        let shared = Arc::new(Shared::new(Options::loopback(0, 1000), Arc::new(Closed)));
        let (_stop, stopped) = watch::channel(false);
        let begun = Instant::now();
        let session = Session::greet(server, [127, 0, 0, 1].into(), shared, stopped);
        let talking = async {
            while writing.write_all(b"NOOP\r\n").await.is_ok() && begun.elapsed() < MAX_LOGIN_TIME * 4 {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
        };
        let mut said = String::new();
        let (_, _, ()) = tokio::join!(session.run(), reading.read_to_string(&mut said), talking);
        assert!(said.ends_with("421 4.7.0 Not logged in in time, closing\r\n"), "{said}");
        assert!(begun.elapsed() < MAX_LOGIN_TIME * 2);
    }
}
