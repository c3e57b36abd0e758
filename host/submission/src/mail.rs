//! One mail: MAIL, RCPT, and DATA or BDAT (RFC 5321 section 3.3, RFC 3030).

use std::sync::Arc;

use jiff::Timestamp;
use relais_smtpd::{Incoming, Lost, NOT_ANNOUNCED};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::content::{Content, Read, too_large};
use crate::session::{Flow, Greeting, Session};
use crate::trace::Trace;
use crate::{Envelope, Intake, MAX_RECIPIENTS, Refusal, Sink};

/// The code of a login that is not good, or not any more.
const LOGIN_REFUSED: u16 = 535;

/// A mail under way.
pub(crate) struct Mail<K> {
    /// Empty once the intake has it.
    envelope: Envelope,
    smtputf8: bool,
    /// The chunks so far; `None` before the first.
    content: Option<Content<K>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, I: Intake> Session<S, I> {
    pub(crate) fn mail(&mut self, sender: Option<&str>, size: Option<u64>, smtputf8: bool) -> Flow {
        if self.greeting == Greeting::None {
            return self.refuse("503 5.5.1 Send EHLO first");
        }
        if self.mail.is_some() {
            return self.refuse("503 5.5.1 A mail is under way");
        }
        if self.principal.is_none() {
            return self.refuse(self.demand_login());
        }
        if size.is_some_and(|size| size > self.shared.options.largest_mail) {
            return self.refuse(&too_large().to_string());
        }
        self.mail = Some(Mail {
            envelope: Envelope {
                sender: sender.map(str::to_owned),
                recipients: Vec::new(),
                trace: String::new(),
            },
            smtputf8,
            content: None,
        });
        self.say("250 2.1.0 Sender ok")
    }

    pub(crate) fn recipient(&mut self, address: &str) -> Flow {
        let Some(mail) = self.mail.as_mut().filter(|mail| mail.content.is_none()) else {
            return self.refuse("503 5.5.1 Send MAIL first");
        };
        if !address.is_ascii() && !mail.smtputf8 {
            return self.refuse(NOT_ANNOUNCED);
        }
        // RFC 5321 section 4.1.1.3 lets `postmaster` stand alone: the one of this server, who has no mailbox here.
        if !address.contains('@') {
            return self.refuse("550 5.1.1 No mailboxes here: give the address a domain");
        }
        // Not an error of the client: it cannot know, and sends the others another time.
        if mail.envelope.recipients.len() >= MAX_RECIPIENTS {
            return self.say(&format!("452 4.5.3 Too many recipients, {MAX_RECIPIENTS} at most"));
        }
        mail.envelope.recipients.push(address.to_owned());
        self.say("250 2.1.5 Recipient ok")
    }

    pub(crate) async fn data(&mut self) -> Result<Flow, Lost> {
        let mut mail = match self.take_mail() {
            Ok(mail) if mail.content.is_none() => mail,
            Ok(_) => return Ok(self.refuse("503 5.5.1 The mail began with BDAT, it is dropped")),
            Err(refusal) => return Ok(self.refuse(&refusal.to_string())),
        };
        let content = match self.begin(&mut mail).await {
            Ok(content) => content,
            Err(refusal) => return Ok(self.refuse(&refusal.to_string())),
        };
        self.wire.reply("354 End data with <CR><LF>.<CR><LF>");
        match self.receive(content, Incoming::dotted()).await? {
            Some(content) => Ok(self.conclude(content).await),
            None => Ok(Flow::Close),
        }
    }

    /// RFC 3030 section 2: the octets of a chunk are read whatever the reply to it.
    pub(crate) async fn chunk(&mut self, size: u64, last: bool) -> Result<Flow, Lost> {
        let limit = self.shared.options.largest_mail;
        let (mut mail, begun) = match self.take_mail() {
            Ok(mut mail) => {
                let begun = match mail.content.take() {
                    Some(content) => Ok(content),
                    None => self.begin(&mut mail).await,
                };
                (Some(mail), begun)
            }
            // Who may not hand in mail has nothing to send either.
            Err(_) if self.principal.is_none() => {
                let reply = format!("{}, closing", self.demand_login());
                return Ok(self.bid_farewell(&reply));
            }
            Err(refusal) => (None, Err(refusal)),
        };
        let content = begun.unwrap_or_else(|refusal| Content::nowhere(refusal, limit));
        if size > limit.saturating_mul(2) {
            return Ok(self.bid_farewell(&format!("{}, closing", too_large())));
        }
        let Some(content) = self.receive(content, Incoming::counted(size)).await? else {
            return Ok(Flow::Close);
        };
        if let Some(refusal) = content.refusal() {
            let reply = refusal.to_string();
            return Ok(self.refuse(&reply));
        }
        if last {
            return Ok(self.conclude(content).await);
        }
        if let Some(mail) = &mut mail {
            mail.content = Some(content);
        }
        self.mail = mail;
        Ok(self.say(&format!("250 2.0.0 {size} octets received")))
    }

    /// The mail under way, if its content may come now. It is over unless it is put back.
    fn take_mail(&mut self) -> Result<Mail<I::Sink>, Refusal> {
        match self.mail.take() {
            None => Err(Refusal::new(503, "5.5.1", "Send MAIL first")),
            Some(mail) if mail.content.is_none() && mail.envelope.recipients.is_empty() => {
                Err(Refusal::new(554, "5.5.1", "No valid recipients"))
            }
            Some(mail) => Ok(mail),
        }
    }

    async fn begin(&mut self, mail: &mut Mail<I::Sink>) -> Result<Content<I::Sink>, Refusal> {
        let shared = Arc::clone(&self.shared);
        let Some(principal) = &self.principal else {
            return Err(Refusal::new(530, "5.7.0", "Authentication required"));
        };
        let envelope = Envelope {
            sender: mail.envelope.sender.take(),
            recipients: std::mem::take(&mut mail.envelope.recipients),
            trace: self.trace(mail.smtputf8).field(Timestamp::now()),
        };
        let begun = shared.intake.begin(principal, envelope).await;
        if let Err(refusal) = &begun
            && refusal.code() == LOGIN_REFUSED
        {
            self.log_out();
        }
        Ok(Content::into(begun?, shared.options.largest_mail))
    }

    fn trace(&self, utf8: bool) -> Trace<'_> {
        Trace {
            client: &self.client,
            address: self.peer,
            by: &self.shared.options.name,
            extended: self.greeting == Greeting::Ehlo,
            utf8,
            encrypted: self.encrypted,
            logged_in: self.logged_in,
        }
    }

    /// Reads content to its end. `None`: there is none, and the last reply is queued.
    async fn receive(
        &mut self,
        mut content: Content<I::Sink>,
        incoming: Incoming,
    ) -> Result<Option<Content<I::Sink>>, Lost> {
        let read = content.receive(&mut self.wire, incoming).await?;
        if read == Read::Whole {
            return Ok(Some(content));
        }
        self.bid_farewell(&format!("{}, closing", too_large()));
        Ok(None)
    }

    /// The reply to a mail that is whole. A verdict on its content is no error of the client's protocol.
    async fn conclude(&mut self, content: Content<I::Sink>) -> Flow {
        let accepted = match content.into_sink() {
            Ok(sink) => sink.finish().await,
            Err(refusal) => Err(refusal),
        };
        match accepted {
            Ok(id) => {
                self.forgive();
                self.say(&format!("250 2.0.0 Accepted as {id}"))
            }
            Err(refusal) => self.say(&refusal.to_string()),
        }
    }
}
