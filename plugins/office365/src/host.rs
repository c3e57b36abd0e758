//! The host as a [`World`].

use std::time::{Duration, Instant};

use relais_sdk::message::{Addressing, Attachment, Framing, Message};
use relais_sdk::streams::InputStream;
use relais_sdk::{credentials, http};

use crate::wire::{
    Address, BODY_BYTES, Chunk, CredentialError, File, Header, HttpError, Letter, Request, Response, Stream,
    StreamError, World,
};

/// The credential of the manifest.
const CREDENTIAL: &str = "graph";
/// The most bytes of one read.
const READ_BYTES: u32 = 256 << 10;

/// Asks the host.
#[derive(Debug)]
pub struct Host;

impl World for Host {
    type Stream = InputStream;

    fn send(&mut self, mut request: Request<InputStream>) -> Result<Response, HttpError> {
        let is_post = request.method == "POST";
        let headers = request.headers.into_iter();
        let answer = http::send(&http::Request {
            method: request.method.to_owned(),
            url: request.url,
            headers: headers
                .map(|(name, value)| http::Field {
                    name: name.to_owned(),
                    value,
                })
                .collect(),
            body: request
                .body
                .iter_mut()
                .map(|chunk| match chunk {
                    Chunk::Bytes(bytes) => http::Chunk::Bytes(std::mem::take(bytes)),
                    Chunk::Stream(stream) => http::Chunk::Stream(stream),
                })
                .collect(),
        })?;
        Ok(Response {
            status: answer.status,
            headers: answer
                .headers
                .into_iter()
                .map(|field| (field.name, field.value))
                .collect(),
            body: match (is_post, answer.status) {
                (true, 202) => read(&answer.body, 1),
                _ => read(&answer.body, BODY_BYTES),
            },
        })
    }

    fn handle(&mut self) -> Result<String, CredentialError> {
        credentials::handle(CREDENTIAL)
    }

    fn describe(&mut self) -> Result<Vec<(String, String)>, CredentialError> {
        credentials::describe(CREDENTIAL)
    }

    fn pause(&mut self, time: Duration) {
        std::thread::sleep(time);
    }

    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// The answer's body, to its end or until there are `most` bytes of it. The status has said what counts: where the rest breaks off,
/// what came is what is read. A mail that was accepted has an answer without a body: reading up to its end lets the connection be used
/// again, and a body without an end is not waited for.
fn read(body: &InputStream, most: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < most
        && let Ok(Some(block)) = body.read(READ_BYTES)
    {
        bytes.extend(block);
    }
    bytes
}

impl Stream for InputStream {
    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        InputStream::skip(self, len)
    }

    fn take(&self, len: u64) -> Result<Self, StreamError> {
        InputStream::take(self, len)
    }
}

impl Letter for Message {
    type Stream = InputStream;
    type File = Attachment;

    fn id(&self) -> String {
        Message::id(self)
    }

    fn recipients(&self) -> Vec<String> {
        self.envelope().recipients
    }

    fn from(&self) -> Address {
        Message::from(self)
    }

    fn reply_to(&self) -> Vec<Address> {
        Message::reply_to(self)
    }

    fn to(&self) -> Vec<Address> {
        Message::to(self)
    }

    fn cc(&self) -> Vec<Address> {
        Message::cc(self)
    }

    fn subject(&self) -> String {
        Message::subject(self)
    }

    fn headers(&self) -> Vec<Header> {
        Message::headers(self)
    }

    fn text(&self) -> Option<String> {
        Message::text(self)
    }

    fn html(&self) -> Option<String> {
        Message::html(self)
    }

    fn size(&self) -> u64 {
        Message::size(self)
    }

    fn files(&self) -> Vec<Attachment> {
        self.attachments()
    }

    fn mime(&self) -> Result<InputStream, StreamError> {
        Message::mime(self, Addressing::Envelope, Framing::Raw).base64()
    }
}

impl File for Attachment {
    type Stream = InputStream;

    fn name(&self) -> Option<String> {
        Attachment::name(self)
    }

    fn content_type(&self) -> String {
        Attachment::content_type(self)
    }

    fn content_id(&self) -> Option<String> {
        Attachment::content_id(self)
    }

    fn size(&self) -> u64 {
        Attachment::size(self)
    }

    fn content(&self) -> InputStream {
        Attachment::content(self)
    }

    fn base64(&self) -> InputStream {
        Attachment::base64(self)
    }
}
