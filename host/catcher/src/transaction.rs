//! One mail: MAIL, RCPT, and DATA or BDAT (RFC 5321 section 3.3, RFC 3030).

use std::sync::Arc;

use relais_smtpd::{Incoming, Lost, NOT_ANNOUNCED};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::data::{self, Body};
use crate::faults;
use crate::record::Mail;
use crate::session::{Flow, Session};
use crate::{Keep, MAX_RECIPIENTS};

/// A mail under way.
pub(crate) struct Envelope {
    sender: Option<String>,
    recipients: Vec<String>,
    /// The read that MAIL came in.
    read: u64,
    smtputf8: bool,
    /// The chunks so far; `None` before the first.
    chunks: Option<Body>,
}

/// How content came.
struct Content {
    /// The read that DATA, or the last BDAT, came in.
    read: u64,
    chunked: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(crate) fn mail(&mut self, sender: Option<&str>, size: Option<u64>, smtputf8: bool) -> Flow {
        let options = &self.shared.options;
        if self.helo.is_none() {
            return self.say("503 5.5.1 Send EHLO first");
        }
        if self.envelope.is_some() {
            return self.say("503 5.5.1 A mail is under way");
        }
        if options.demands_starttls() && self.tls.is_none() {
            return self.say("530 5.7.0 Must issue a STARTTLS command first");
        }
        if options.auth.is_some() && self.authenticated.is_none() {
            return self.say("530 5.7.0 Authentication required");
        }
        if size.is_some_and(|size| size > options.largest_mail()) {
            return self.say("552 5.3.4 Mail larger than the announced SIZE");
        }
        let reply = options.faults.mail_reply.clone();
        let reply = reply.as_deref().unwrap_or("250 2.1.0 Sender ok");
        if faults::accepts(reply) {
            let sender = sender.map(str::to_owned);
            self.envelope = Some(Envelope {
                sender,
                recipients: Vec::new(),
                read: self.wire.reads(),
                smtputf8,
                chunks: None,
            });
        }
        self.say(reply)
    }

    pub(crate) fn recipient(&mut self, address: &str) -> Flow {
        let Some(envelope) = self.envelope.as_mut().filter(|envelope| envelope.chunks.is_none()) else {
            return self.say("503 5.5.1 Send MAIL first");
        };
        if !address.is_ascii() && !envelope.smtputf8 {
            return self.say(NOT_ANNOUNCED);
        }
        if envelope.recipients.len() >= MAX_RECIPIENTS {
            return self.say("452 4.5.3 Too many recipients");
        }
        let reply = self.shared.options.faults.recipient(address).map(str::to_owned);
        let reply = reply.as_deref().unwrap_or("250 2.1.5 Recipient ok");
        if faults::accepts(reply) {
            envelope.recipients.push(address.to_owned());
        }
        self.say(reply)
    }

    pub(crate) async fn data(&mut self) -> Result<Flow, Lost> {
        match &self.envelope {
            None => return Ok(self.say("503 5.5.1 Send MAIL first")),
            Some(envelope) if envelope.recipients.is_empty() => {
                return Ok(self.say("554 5.5.1 No valid recipients"));
            }
            Some(envelope) if envelope.chunks.is_some() => {
                return Ok(self.say("503 5.5.1 The mail comes in chunks"));
            }
            Some(_) => {}
        }
        let read = self.wire.reads();
        self.wire.reply("354 End data with <CR><LF>.<CR><LF>");
        let body = self.empty_body();
        let body = data::receive(&mut self.wire, Incoming::dotted(), body).await?;
        let Some(envelope) = self.envelope.take() else {
            return Ok(Flow::Close);
        };
        self.messages += 1;
        self.conclude(envelope, body, Content { read, chunked: false }).await
    }

    /// RFC 3030 section 2: the octets of a chunk are read whatever the reply to it.
    pub(crate) async fn chunk(&mut self, size: u64, last: bool) -> Result<Flow, Lost> {
        let read = self.wire.reads();
        let mut envelope = self.envelope.take().filter(|envelope| !envelope.recipients.is_empty());
        let body = envelope.as_mut().and_then(|envelope| envelope.chunks.take());
        let body = body.unwrap_or_else(|| self.empty_body());
        let body = data::receive(&mut self.wire, Incoming::counted(size), body).await?;
        let Some(mut envelope) = envelope else {
            return Ok(self.say("503 5.5.1 Send MAIL and RCPT first"));
        };
        if last {
            self.messages += 1;
            return self.conclude(envelope, body, Content { read, chunked: true }).await;
        }
        match body.refusal() {
            Some(refusal) => Ok(self.say(refusal.reply())),
            None => {
                envelope.chunks = Some(body);
                self.envelope = Some(envelope);
                Ok(self.say("250 2.0.0 Chunk received"))
            }
        }
    }

    fn empty_body(&self) -> Body {
        let options = &self.shared.options;
        Body::new(options.largest_mail(), options.keep, Arc::clone(&self.shared.room))
    }

    /// What follows the final dot.
    async fn conclude(&mut self, envelope: Envelope, body: Body, content: Content) -> Result<Flow, Lost> {
        let shared = Arc::clone(&self.shared);
        let faults = &shared.options.faults;
        let reply = match (body.refusal(), &faults.reply_after_data) {
            (Some(refusal), _) => refusal.reply(),
            (None, Some(reply)) => reply,
            (None, None) => "250 2.0.0 Received",
        };
        if body.refusal().is_none() && (faults.drop_after_data || faults::accepts(reply)) {
            shared
                .record
                .add_mail((shared.options.keep == Keep::All).then(|| self.mail_of(envelope, body, content)));
        }
        if let Some(delay) = faults.delay_final_reply {
            tokio::time::sleep(delay).await;
        }
        if faults.drop_after_data {
            return Ok(Flow::Leave);
        }
        let flow = self.say(reply);
        if faults.leaves_after(self.messages) {
            return Ok(Flow::Leave);
        }
        // Without PIPELINING even the next mail must wait for this reply.
        Ok(if self.is_ahead(false) {
            self.refuse_ahead()
        } else {
            flow
        })
    }

    fn mail_of(&self, envelope: Envelope, body: Body, content: Content) -> Mail {
        Mail {
            sender: envelope.sender,
            recipients: envelope.recipients,
            data: body.take(),
            helo: self.helo.as_ref().map(|helo| helo.name.clone()).unwrap_or_default(),
            tls: self.tls.map(str::to_owned),
            authenticated: self.authenticated.clone(),
            pipelined: envelope.read == content.read,
            chunked: content.chunked,
            smtputf8: envelope.smtputf8,
        }
    }
}
