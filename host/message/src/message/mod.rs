//! A message that was accepted: it does not change any more, and is shared and read as often as needed.

mod headers;
mod written;

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use crate::address::Address;
use crate::attachment::Attachment;
use crate::frame::Frame;
use crate::source::Content;
use crate::text::Text;

/// Who sends, and who receives. It alone decides: what To and Cc say does not matter to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The reverse-path; `None` is the null reverse-path (RFC 5321 section 4.5.5), for mail that must not be answered
    /// by a bounce.
    pub sender: Option<String>,
    /// Each once, in the order To, Cc, Bcc.
    pub recipients: Vec<String>,
}

/// Whose addresses the header shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// To and Cc as written, no Bcc.
    Written,
    /// To, Cc and Bcc together are exactly the envelope, for services that read the recipients from the header.
    Envelope,
}

/// How the stream is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As it is. It ends with a line break.
    Raw,
    /// For SMTP's DATA: dots stuffed, ended by the line with a dot alone (RFC 5321 section 4.5.2).
    DotStuffed,
}

/// A message that was accepted. Cloning it is cheap.
#[derive(Clone)]
pub struct Message {
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) inner: Arc<Inner>,
}

/// All but the envelope.
pub(crate) struct Inner {
    pub(crate) id: String,
    pub(crate) from: Address,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    pub(crate) text: Option<Text>,
    pub(crate) html: Option<Text>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) origin: Origin,
    pub(crate) frame: Frame,
    /// Made when it is first asked for: SMTP never does.
    pub(crate) headers: OnceLock<Vec<(String, String)>>,
}

/// What a message was made of.
pub(crate) enum Origin {
    /// Fields, and what was drawn for them.
    Fields {
        date: String,
        extra: Vec<(String, String)>,
        boundary: String,
    },
    /// MIME, of which the frame writes stretches.
    Mime(Content),
}

impl Message {
    /// The Message-ID, without its angle brackets.
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// Who sends, and who receives.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The same message for other recipients: those who have not got it yet, or those of another envelope.
    pub fn with_recipients(&self, recipients: Vec<String>) -> Self {
        Self {
            envelope: Arc::new(Envelope {
                sender: self.envelope.sender.clone(),
                recipients,
            }),
            inner: Arc::clone(&self.inner),
        }
    }

    /// Whether an address of the envelope or of the header is not ASCII, so that only a server with SMTPUTF8 takes it
    /// (RFC 6531 section 3.2).
    pub fn needs_smtputf8(&self) -> bool {
        let Envelope { sender, recipients } = &*self.envelope;
        self.eight_bit() || !sender.iter().chain(recipients).all(|email| email.is_ascii())
    }

    /// The author.
    pub fn from(&self) -> &Address {
        &self.inner.from
    }

    /// Where answers go; empty where they go to the author.
    pub fn reply_to(&self) -> &[Address] {
        &self.inner.reply_to
    }

    /// The recipients in To, as written.
    pub fn to(&self) -> &[Address] {
        &self.inner.to
    }

    /// The recipients in Cc, as written.
    pub fn cc(&self) -> &[Address] {
        &self.inner.cc
    }

    /// The recipients that the others do not see, as written.
    pub fn bcc(&self) -> &[Address] {
        &self.inner.bcc
    }

    /// The subject, decoded; may be empty.
    pub fn subject(&self) -> &str {
        &self.inner.subject
    }

    /// The plain text, exactly as given; of a MIME that came in, decoded, with LF line breaks. That of a MIME is read
    /// and decoded when it is first asked for, which may wait for the disk; one over 16 MiB is an attachment instead.
    ///
    /// # Errors
    ///
    /// A text that cannot be read.
    pub fn text(&self) -> io::Result<Option<&str>> {
        self.inner.text.as_ref().map(Text::get).transpose()
    }

    /// The HTML, as [`Message::text`].
    ///
    /// # Errors
    ///
    /// A text that cannot be read.
    pub fn html(&self) -> io::Result<Option<&str>> {
        self.inner.html.as_ref().map(Text::get).transpose()
    }

    /// The attachments, those that the HTML shows among them, in the order given. Of a MIME that came in, every part
    /// that is not the text or the HTML.
    pub fn attachments(&self) -> &[Attachment] {
        &self.inner.attachments
    }

    /// All header fields of the MIME with [`Addressing::Written`], in their order, decoded and unfolded. No Bcc.
    pub fn headers(&self) -> &[(String, String)] {
        self.inner.headers.get_or_init(|| self.inner.list_headers())
    }

    /// Whether the MIME holds bytes over 127, and so needs 8BITMIME (RFC 6152): in the header only, where an address is
    /// not ASCII (RFC 6532). Bodies never do.
    pub fn eight_bit(&self) -> bool {
        self.inner.frame.eight_bit
    }

    /// Bytes of the MIME with [`Addressing::Written`] and [`Framing::Raw`], exactly.
    pub fn size(&self) -> u64 {
        self.inner.frame.size
    }
}

/// The id and the size only: addresses and content do not belong in a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
