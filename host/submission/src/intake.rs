//! Where mail goes once the protocol has understood it.

use crate::Refusal;

/// What a client presented to log in.
#[derive(Debug)]
pub struct Login {
    /// Whatever the client calls itself; UTF-8 that cannot be read is replaced.
    pub username: String,
    /// The token.
    pub secret: Secret,
}

/// A text that is never shown.
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, to be compared.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Who sends a mail, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path; `None` for the null path `<>`.
    pub sender: Option<String>,
    /// At least one, at most [`crate::MAX_RECIPIENTS`], in the order of RCPT, each with a domain.
    pub recipients: Vec<String>,
    /// The Received field that the mail gets above all others, its line breaks included (RFC 5321 section 4.4).
    pub trace: String,
}

/// Who may hand in mail, and what becomes of it.
pub trait Intake: Send + Sync + 'static {
    /// Somebody who may.
    type Principal: Clone + Send + Sync;
    /// One mail's content on its way in. Dropped before it is finished, nothing of the mail stays.
    type Sink: Sink;

    /// Whom a login is good for; `None` if for nobody.
    ///
    /// # Errors
    ///
    /// It cannot be known now.
    fn authenticate(&self, login: Login) -> impl Future<Output = Result<Option<Self::Principal>, Refusal>> + Send;

    /// For whom a client on this machine hands in mail without a login; `None` if for nobody.
    fn local(&self) -> Option<Self::Principal>;

    /// Begins a mail.
    ///
    /// # Errors
    ///
    /// The reply that the client gets in place of the go-ahead. A code of 535 also ends its login.
    fn begin(
        &self,
        principal: &Self::Principal,
        envelope: Envelope,
    ) -> impl Future<Output = Result<Self::Sink, Refusal>> + Send;
}

/// One mail's content on its way in.
pub trait Sink: Send {
    /// Takes the next octets, in order, of at most [`crate::Options::largest_mail`] in all.
    ///
    /// # Errors
    ///
    /// The reply after the content's end; nothing more is written.
    fn write(&mut self, block: &[u8]) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Takes responsibility for the mail: when this returns its id, the mail survives a power cut.
    ///
    /// # Errors
    ///
    /// The reply in place of 250.
    fn finish(self) -> impl Future<Output = Result<String, Refusal>> + Send;
}
