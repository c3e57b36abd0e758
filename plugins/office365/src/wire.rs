//! What the connector needs of the world. The host is one such world ([`crate::host`]), a script in the tests is another:
//! everything between is tested natively.

use std::time::{Duration, Instant};

pub use relais_sdk::credentials::CredentialError;
pub use relais_sdk::http::HttpError;
pub use relais_sdk::message::{Address, Header};
pub use relais_sdk::streams::StreamError;

/// Exchanges requests for answers.
pub trait World {
    /// Bytes of the host that a request carries without their entering the connector.
    type Stream: Stream;

    /// One exchange. No redirect is followed.
    ///
    /// # Errors
    ///
    /// As `send` of the contract's `http`.
    fn send(&mut self, request: Request<Self::Stream>) -> Result<Response, HttpError>;

    /// What stands for the account's token in the header `Authorization`.
    ///
    /// # Errors
    ///
    /// As `handle` of the contract's `credentials`.
    fn handle(&mut self) -> Result<String, CredentialError>;

    /// What the host tells of the account.
    ///
    /// # Errors
    ///
    /// As `describe` of the contract's `credentials`.
    fn describe(&mut self) -> Result<Vec<(String, String)>, CredentialError>;

    /// Waits.
    fn pause(&mut self, time: Duration);

    /// By a clock that nobody sets: how long something took.
    fn now(&self) -> Instant;
}

/// A request. `content-length` is the host's.
#[derive(Debug)]
pub struct Request<S> {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<Chunk<S>>,
}

/// A piece of a body.
#[derive(Debug)]
pub enum Chunk<S> {
    Bytes(Vec<u8>),
    Stream(S),
}

/// An answer, read to its end or to [`BODY_BYTES`].
#[derive(Debug, Clone, Default)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Bytes that are read of an answer. Graph answers a new draft with all of it, and its text may take 4 MB.
pub const BODY_BYTES: usize = 16 << 20;

/// A part of a message on its way.
pub trait Stream: Sized {
    /// Leaves so many bytes out.
    ///
    /// # Errors
    ///
    /// As `skip` of the contract's `streams`.
    fn skip(&self, len: u64) -> Result<u64, StreamError>;

    /// The next so many bytes.
    ///
    /// # Errors
    ///
    /// As `take` of the contract's `streams`.
    fn take(&self, len: u64) -> Result<Self, StreamError>;
}

/// One message.
pub trait Letter {
    type Stream: Stream;
    type File: File<Stream = Self::Stream>;

    /// The Message-ID, without angle brackets.
    fn id(&self) -> String;
    /// Who receives, whatever the header says.
    fn recipients(&self) -> Vec<String>;
    fn from(&self) -> Address;
    fn reply_to(&self) -> Vec<Address>;
    fn to(&self) -> Vec<Address>;
    fn cc(&self) -> Vec<Address>;
    fn subject(&self) -> String;
    fn headers(&self) -> Vec<Header>;
    fn text(&self) -> Option<String>;
    fn html(&self) -> Option<String>;
    /// Bytes of the MIME as written.
    fn size(&self) -> u64;
    fn files(&self) -> Vec<Self::File>;

    /// The whole MIME in base64, its recipients those of the envelope.
    ///
    /// # Errors
    ///
    /// As `base64` of the contract's `streams`.
    fn mime(&self) -> Result<Self::Stream, StreamError>;
}

/// One attachment.
pub trait File {
    type Stream: Stream;

    fn name(&self) -> Option<String>;
    fn content_type(&self) -> String;
    /// Without angle brackets.
    fn content_id(&self) -> Option<String>;
    fn size(&self) -> u64;
    /// The content from its beginning.
    fn content(&self) -> Self::Stream;
    /// The content in base64, from its beginning.
    fn base64(&self) -> Self::Stream;
}
