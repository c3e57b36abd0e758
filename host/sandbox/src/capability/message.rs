//! `relais:mail/message`: the host's message, lent for one call. What a guest holds is a number that says which call it
//! belongs to; once the call is over it opens nothing.

use std::collections::BTreeSet;

use relais_message as mail;
use wasmtime::component::Resource;

use crate::bindings::relais::mail::message::{
    Address, Addressing, Envelope, Framing, Header, Host, HostAttachment, HostMessage,
};
use crate::capability::part::MessageBody;
use crate::capability::streams::Input;
use crate::meter::LimitHit;
use crate::state::State;

/// Streams of one message open at once: each may hold a file and some blocks of it.
const OPEN_STREAMS: usize = 300;

/// A guest's message: the call it is good for.
#[derive(Debug)]
pub struct MessageHandle {
    call: u64,
}

/// A guest's attachment: the call, and its place.
#[derive(Debug)]
pub struct AttachmentHandle {
    call: u64,
    index: usize,
}

/// The message of the call in progress.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    current: Option<mail::Message>,
    call: u64,
    /// Streams handed out in this call and not dropped, to be emptied after it.
    streams: BTreeSet<u32>,
}

impl State {
    /// Lends a message for one call.
    pub(crate) fn lend(&mut self, message: mail::Message) -> wasmtime::Result<Resource<MessageHandle>> {
        self.messages.call += 1;
        self.messages.current = Some(message);
        let call = self.messages.call;
        Ok(self.table.push(MessageHandle { call })?)
    }

    /// A stream of the message that the guest dropped.
    pub(crate) fn dropped(&mut self, stream: u32) {
        self.messages.streams.remove(&stream);
    }

    /// Takes the message back: whatever the guest kept of it is empty from here on.
    pub(crate) fn take_back(&mut self) {
        self.messages.current = None;
        for rep in std::mem::take(&mut self.messages.streams) {
            // The guest may have dropped the stream, and its number may be another thing's by now.
            if let Ok(input) = self.table.get_mut::<Input>(&Resource::new_borrow(rep))
                && matches!(input, Input::Message(body) if body.call == self.messages.call)
            {
                *input = Input::Ended;
            }
        }
    }

    fn message(&mut self, this: &Resource<MessageHandle>) -> wasmtime::Result<mail::Message> {
        self.context.meter.call();
        let call = self.table.get(this)?.call;
        self.lent(call)
    }

    fn lent(&self, call: u64) -> wasmtime::Result<mail::Message> {
        match &self.messages.current {
            Some(message) if self.messages.call == call => Ok(message.clone()),
            _ => wasmtime::bail!("a message is good for the call that received it, and that call is over"),
        }
    }

    fn attachment<T>(
        &mut self,
        this: &Resource<AttachmentHandle>,
        read: impl FnOnce(&mail::Attachment) -> T,
    ) -> wasmtime::Result<T> {
        self.context.meter.call();
        let AttachmentHandle { call, index } = *self.table.get(this)?;
        match self.lent(call)?.attachments().get(index) {
            Some(attachment) => Ok(read(attachment)),
            None => wasmtime::bail!("no such attachment"),
        }
    }

    fn stream(&mut self, body: mail::Body, whole: bool) -> wasmtime::Result<Resource<Input>> {
        self.hold(MessageBody::new(body, self.messages.call, whole))
    }

    /// Hands out a stream, to be emptied after the call.
    pub(crate) fn hold(&mut self, body: MessageBody) -> wasmtime::Result<Resource<Input>> {
        if self.messages.streams.len() >= OPEN_STREAMS {
            return Err(LimitHit("resources").into());
        }
        let stream = self.table.push(Input::Message(Box::new(body)))?;
        self.messages.streams.insert(stream.rep());
        Ok(stream)
    }
}

fn address(from: &mail::Address) -> Address {
    Address {
        name: from.name.clone(),
        email: from.email.clone(),
    }
}

fn addresses(from: &[mail::Address]) -> Vec<Address> {
    from.iter().map(address).collect()
}

impl Host for State {}

impl HostMessage for State {
    fn id(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<String> {
        Ok(self.message(&this)?.id().to_owned())
    }

    fn envelope(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Envelope> {
        let message = self.message(&this)?;
        let envelope = message.envelope();
        Ok(Envelope {
            sender: envelope.sender.clone(),
            recipients: envelope.recipients.clone(),
        })
    }

    fn from(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Address> {
        Ok(address(self.message(&this)?.from()))
    }

    fn reply_to(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Address>> {
        Ok(addresses(self.message(&this)?.reply_to()))
    }

    fn to(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Address>> {
        Ok(addresses(self.message(&this)?.to()))
    }

    fn cc(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Address>> {
        Ok(addresses(self.message(&this)?.cc()))
    }

    fn bcc(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Address>> {
        Ok(addresses(self.message(&this)?.bcc()))
    }

    fn subject(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<String> {
        let message = self.message(&this)?;
        self.context.floor.content_exposed();
        Ok(message.subject().to_owned())
    }

    fn headers(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Header>> {
        let message = self.message(&this)?;
        self.context.floor.content_exposed();
        let header = |(name, value): &(String, String)| Header {
            name: name.clone(),
            value: value.clone(),
        };
        Ok(message.headers().iter().map(header).collect())
    }

    fn text(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Option<String>> {
        let message = self.message(&this)?;
        self.context.floor.content_exposed();
        Ok(message.text()?.map(str::to_owned))
    }

    fn html(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Option<String>> {
        let message = self.message(&this)?;
        self.context.floor.content_exposed();
        Ok(message.html()?.map(str::to_owned))
    }

    fn attachments(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<Vec<Resource<AttachmentHandle>>> {
        let count = self.message(&this)?.attachments().len();
        let call = self.messages.call;
        (0..count)
            .map(|index| Ok(self.table.push(AttachmentHandle { call, index })?))
            .collect()
    }

    fn mime(
        &mut self,
        this: Resource<MessageHandle>,
        addressing: Addressing,
        framing: Framing,
    ) -> wasmtime::Result<Resource<Input>> {
        let addressing = match addressing {
            Addressing::Written => mail::Addressing::Written,
            Addressing::Envelope => mail::Addressing::Envelope,
        };
        let framing = match framing {
            Framing::Raw => mail::Framing::Raw,
            Framing::DotStuffed => mail::Framing::DotStuffed,
        };
        let body = self.message(&this)?.mime(addressing, framing);
        self.stream(body, true)
    }

    fn size(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<u64> {
        Ok(self.message(&this)?.size())
    }

    fn eight_bit(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<bool> {
        Ok(self.message(&this)?.eight_bit())
    }

    fn drop(&mut self, this: Resource<MessageHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl HostAttachment for State {
    fn name(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<Option<String>> {
        self.attachment(&this, |attachment| attachment.name().map(str::to_owned))
    }

    fn content_type(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<String> {
        self.attachment(&this, |attachment| attachment.content_type().to_owned())
    }

    fn content_id(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<Option<String>> {
        self.attachment(&this, |attachment| attachment.content_id().map(str::to_owned))
    }

    fn size(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<u64> {
        self.attachment(&this, mail::Attachment::size)
    }

    fn content(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<Resource<Input>> {
        let body = self.attachment(&this, mail::Attachment::content)?;
        self.stream(body, false)
    }

    fn base64(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<Resource<Input>> {
        let body = self.attachment(&this, mail::Attachment::base64)?;
        self.stream(body, false)
    }

    fn drop(&mut self, this: Resource<AttachmentHandle>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}
