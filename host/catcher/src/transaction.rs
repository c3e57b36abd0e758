//! One mail: MAIL, RCPT and DATA (RFC 5321 section 3.3).

use std::sync::Arc;

use relais_smtpd::Lost;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::data::{self, Body, Refusal};
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
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(crate) fn mail(&mut self, sender: Option<&str>, size: Option<u64>) -> Flow {
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
            });
        }
        self.say(reply)
    }

    pub(crate) fn recipient(&mut self, address: &str) -> Flow {
        let Some(envelope) = self.envelope.as_mut() else {
            return self.say("503 5.5.1 Send MAIL first");
        };
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
            Some(_) => {}
        }
        let read = self.wire.reads();
        self.wire.reply("354 End data with <CR><LF>.<CR><LF>");
        let options = &self.shared.options;
        let body = Body::new(options.largest_mail(), options.keep, Arc::clone(&self.shared.room));
        let body = data::receive(&mut self.wire, body).await?;
        let Some(envelope) = self.envelope.take() else {
            return Ok(Flow::Close);
        };
        self.messages += 1;
        self.conclude(envelope, body, read).await
    }

    /// What follows the final dot.
    async fn conclude(&mut self, envelope: Envelope, body: Body, read: u64) -> Result<Flow, Lost> {
        let shared = Arc::clone(&self.shared);
        let faults = &shared.options.faults;
        let reply = match (body.refusal(), &faults.reply_after_data) {
            (Some(Refusal::TooLarge), _) => "552 5.3.4 Mail larger than the announced SIZE",
            (Some(Refusal::NoRoom), _) => "452 4.3.1 No room for more mails",
            (None, Some(reply)) => reply,
            (None, None) => "250 2.0.0 Received",
        };
        if body.refusal().is_none() && (faults.drop_after_data || faults::accepts(reply)) {
            shared
                .record
                .add_mail((shared.options.keep == Keep::All).then(|| self.mail_of(envelope, body, read)));
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

    fn mail_of(&self, envelope: Envelope, body: Body, read: u64) -> Mail {
        Mail {
            sender: envelope.sender,
            recipients: envelope.recipients,
            data: body.take(),
            helo: self.helo.as_ref().map(|helo| helo.name.clone()).unwrap_or_default(),
            tls: self.tls.map(str::to_owned),
            authenticated: self.authenticated.clone(),
            pipelined: envelope.read == read,
        }
    }
}
