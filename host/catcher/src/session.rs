//! One conversation: which command may come when, and what it is answered (RFC 5321 sections 3 and 4).

use std::sync::Arc;

use relais_smtpd::{Command, Line, Lost, Wire, auth};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::faults;
use crate::server::Shared;
use crate::transaction::Envelope;
use crate::{MAX_LINE, MAX_SILENCE, Tls};

/// How the server calls itself.
const NAME: &str = "localhost";

/// Longest AUTH command, its CRLF included, in octets (RFC 5321 section 4.5.3.1.4).
const COMMAND: usize = 512;

/// A client between two commands.
pub(crate) struct Session<S> {
    pub(crate) wire: Wire<S>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) tls: Option<&'static str>,
    pub(crate) helo: Option<Helo>,
    pub(crate) authenticated: Option<String>,
    pub(crate) envelope: Option<Envelope>,
    /// Mails whose final dot came.
    pub(crate) messages: usize,
    greeted: Greeted,
}

/// What the greeting promised.
#[derive(PartialEq, Eq)]
enum Greeted {
    Welcome,
    /// No service, until the client leaves.
    Refused,
    /// No service, and the server leaves.
    Goodbye,
}

impl Greeted {
    fn by(greeting: &str) -> Self {
        if faults::accepts(greeting) {
            Self::Welcome
        } else if faults::closes(greeting) {
            Self::Goodbye
        } else {
            Self::Refused
        }
    }
}

pub(crate) struct Helo {
    pub(crate) name: String,
    extended: bool,
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
    /// Close without a further word.
    Leave,
    StartTls,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    /// A new connection, with the greeting queued.
    pub(crate) fn greet(stream: S, tls: Option<&'static str>, shared: Arc<Shared>) -> Self {
        let mut session = Self::new(stream, tls, shared);
        match session.shared.options.faults.greeting.as_deref() {
            Some(greeting) => {
                session.wire.reply(greeting);
                session.greeted = Greeted::by(greeting);
            }
            None => session.wire.reply(&format!("220 {NAME} ESMTP Relais catcher")),
        }
        session
    }

    /// A connection after STARTTLS. It knows nothing that was said before (RFC 3207 section 4.2), and greets nobody.
    pub(crate) fn resume(stream: S, tls: &'static str, shared: Arc<Shared>) -> Self {
        Self::new(stream, Some(tls), shared)
    }

    fn new(stream: S, tls: Option<&'static str>, shared: Arc<Shared>) -> Self {
        Self {
            wire: Wire::new(stream, MAX_SILENCE),
            shared,
            tls,
            helo: None,
            authenticated: None,
            envelope: None,
            messages: 0,
            greeted: Greeted::Welcome,
        }
    }

    /// Talks until the client or the session ends it.
    pub(crate) async fn run(mut self) -> End<S> {
        match self.converse().await {
            Ok(Flow::StartTls) => return End::StartTls(self.wire.into_stream()),
            Ok(Flow::Leave) => {
                let _ = self.wire.flush().await;
                return End::Over;
            }
            Ok(Flow::Close | Flow::Continue) => {}
            Err(Lost::Closed) => return End::Over,
            Err(Lost::Silent) => self.wire.reply("421 4.4.2 Silent for too long, closing"),
            Err(Lost::TooLong) => {
                self.wire
                    .reply(&format!("500 5.5.2 Line longer than {MAX_LINE} octets, closing"));
            }
        }
        self.wire.close().await;
        End::Over
    }

    async fn converse(&mut self) -> Result<Flow, Lost> {
        if self.greeted == Greeted::Goodbye {
            return Ok(Flow::Close);
        }
        loop {
            let flow = match self.wire.line().await? {
                Line::Text(line) => {
                    self.shared.record.add_command(&line);
                    self.obey(&line).await?
                }
                Line::Malformed(line) => {
                    self.shared.record.add_command(&line);
                    self.wire
                        .reply("500 5.5.2 Control characters, a lone CR or LF, or no UTF-8 in the line");
                    Flow::Continue
                }
            };
            if !matches!(flow, Flow::Continue) {
                return Ok(flow);
            }
        }
    }

    async fn obey(&mut self, line: &str) -> Result<Flow, Lost> {
        let command = match relais_smtpd::parse(line, self.shared.options.extensions()) {
            Ok(command) => command,
            Err(refused) => {
                let flow = self.say(refused.reply);
                return Ok(if refused.closes { Flow::Close } else { flow });
            }
        };
        if command == Command::Quit {
            self.wire.reply("221 2.0.0 Bye");
            return Ok(Flow::Close);
        }
        if self.shared.options.faults.is_used_up_after(self.messages) {
            return Ok(self.say("421 4.3.2 Enough mails for one connection, closing"));
        }
        // RFC 5321 section 3.1: after a greeting that refuses, only QUIT is served.
        if self.greeted == Greeted::Refused {
            return Ok(self.say("503 5.5.1 No service here, send QUIT"));
        }
        // The octets of a chunk come with it (RFC 3030 section 2).
        let brings_content = matches!(command, Command::Bdat { .. });
        if !brings_content && self.is_ahead(command.must_be_last()) {
            return Ok(self.refuse_ahead());
        }
        match command {
            Command::Ehlo(name) => Ok(self.hello(name, true)),
            Command::Helo(name) => Ok(self.hello(name, false)),
            Command::Mail { sender, size, smtputf8 } => Ok(self.mail(sender, size, smtputf8)),
            Command::Rcpt(address) => Ok(self.recipient(address)),
            Command::Data => self.data().await,
            Command::Bdat { size, last } => self.chunk(size, last).await,
            Command::Rset => {
                self.envelope = None;
                Ok(self.say("250 2.0.0 Ok"))
            }
            Command::Noop => Ok(self.say("250 2.0.0 Ok")),
            Command::Vrfy => Ok(self.say("252 2.5.2 Cannot verify, will take mail")),
            Command::StartTls => self.start_tls().await,
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial).await,
            // Answered above, before anything can refuse it.
            Command::Quit => Ok(Flow::Close),
        }
    }

    /// Queues a reply, and closes after it if it says so.
    pub(crate) fn say(&mut self, reply: &str) -> Flow {
        self.wire.reply(reply);
        if faults::closes(reply) {
            Flow::Close
        } else {
            Flow::Continue
        }
    }

    /// Whether the client did not wait for a reply where it had to.
    pub(crate) fn is_ahead(&self, must_wait: bool) -> bool {
        (must_wait || !self.shared.options.pipelining) && !self.wire.pending().is_empty()
    }

    /// What was sent too early is never read as a command: somebody else may have written it.
    pub(crate) fn refuse_ahead(&mut self) -> Flow {
        self.wire
            .reply("503 5.5.0 More was sent before the reply to this, closing");
        Flow::Close
    }

    fn hello(&mut self, name: &str, extended: bool) -> Flow {
        self.envelope = None;
        self.helo = Some(Helo {
            name: name.to_owned(),
            extended,
        });
        if !extended {
            return self.say(&format!("250 {NAME}"));
        }
        let options = &self.shared.options;
        let mut lines = vec![
            NAME.to_owned(),
            format!("SIZE {}", options.largest_mail()),
            "8BITMIME".to_owned(),
        ];
        if options.pipelining {
            lines.push("PIPELINING".to_owned());
        }
        if options.chunking {
            lines.push("CHUNKING".to_owned());
        }
        if options.smtputf8 {
            lines.push("SMTPUTF8".to_owned());
        }
        if options.tls == Tls::StartTls && self.tls.is_none() {
            lines.push("STARTTLS".to_owned());
        }
        if options.offers_auth(self.tls.is_some()) {
            lines.push(format!("AUTH {}", options.auth_mechanisms.join(" ")));
        }
        for line in lines {
            self.wire.reply(&format!("250-{line}"));
        }
        self.say("250 ENHANCEDSTATUSCODES")
    }

    async fn start_tls(&mut self) -> Result<Flow, Lost> {
        if self.shared.options.tls != Tls::StartTls {
            return Ok(self.say("502 5.5.1 STARTTLS is not offered"));
        }
        if self.tls.is_some() {
            return Ok(self.say("503 5.5.1 TLS is already active"));
        }
        if !self.is_extended() {
            return Ok(self.say("503 5.5.1 Send EHLO first"));
        }
        self.wire.reply("220 2.0.0 Ready to start TLS");
        if let Some(injected) = self.shared.options.faults.inject_after_starttls.as_deref() {
            self.wire.queue(injected);
        }
        self.wire.flush().await?;
        Ok(Flow::StartTls)
    }

    async fn auth(&mut self, mechanism: &str, initial: Option<&str>) -> Result<Flow, Lost> {
        let shared = Arc::clone(&self.shared);
        let Some(account) = &shared.options.auth else {
            return Ok(self.say("502 5.5.1 AUTH is not offered"));
        };
        if !shared.options.offers_auth(self.tls.is_some()) {
            return Ok(self.say("538 5.7.11 Encryption required for authentication"));
        }
        if !self.is_extended() {
            return Ok(self.say("503 5.5.1 Send EHLO first"));
        }
        if self.authenticated.is_some() || self.envelope.is_some() {
            return Ok(self.say("503 5.5.1 Already authenticated, or a mail is under way"));
        }
        if !shared
            .options
            .auth_mechanisms
            .iter()
            .any(|offered| offered.eq_ignore_ascii_case(mechanism))
        {
            return Ok(self.say("504 5.5.4 Unknown authentication mechanism"));
        }
        // RFC 4954 section 4: a response that does not fit into the command comes after a 334.
        let command = "AUTH ".len() + mechanism.len() + initial.map_or(0, |initial| " ".len() + initial.len());
        if command + "\r\n".len() > COMMAND {
            return Ok(self.say("500 5.5.6 Command line too long"));
        }
        let heard = || shared.record.add_secret();
        let bearer = mechanism.eq_ignore_ascii_case("XOAUTH2");
        let login = if bearer {
            auth::bearer(&mut self.wire, initial, heard).await?
        } else {
            auth::exchange(&mut self.wire, mechanism, initial, heard).await?
        };
        let reply = match login {
            Ok(login) if account.is(&login) => {
                self.authenticated = Some(account.username.clone());
                auth::ACCEPTED
            }
            Ok(_) if bearer => self.explain().await?,
            Ok(_) => auth::WRONG,
            Err(reply) => reply,
        };
        Ok(self.say(reply))
    }

    /// XOAUTH2 refuses by a challenge that says why, and then by the reply, once the client has answered with nothing.
    async fn explain(&mut self) -> Result<&'static str, Lost> {
        // {"status":"401","schemes":"Bearer"}
        self.wire.reply("334 eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiQmVhcmVyIn0=");
        Ok(match self.wire.line().await? {
            Line::Text(line) if line.is_empty() => auth::WRONG,
            _ => "501 5.5.2 An empty line was expected",
        })
    }

    fn is_extended(&self) -> bool {
        self.helo.as_ref().is_some_and(|helo| helo.extended)
    }
}
