//! One attachment of an accepted message.

use crate::body::Body;
use crate::recode::Decode;
use crate::source::{Content, Reader};

/// An attachment. Its content can be read as often as needed, each time from the beginning.
#[derive(Debug)]
pub struct Attachment {
    pub(crate) name: Option<String>,
    pub(crate) content_type: String,
    pub(crate) content_id: Option<String>,
    pub(crate) content: Content,
    /// How the content is encoded, and how many bytes it decodes to.
    pub(crate) encoding: Option<(Decode, u64)>,
}

impl Attachment {
    /// The file name that the recipient sees: no path, no control characters.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The media type, with its parameters.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// What a `cid:` link in the HTML names, without angle brackets.
    pub fn content_id(&self) -> Option<&str> {
        self.content_id.as_deref()
    }

    /// Bytes of the content, not encoded.
    pub fn size(&self) -> u64 {
        self.encoding.map_or_else(|| self.content.size(), |(_, size)| size)
    }

    /// The content as it is.
    pub fn content(&self) -> Body {
        Body::content(self.reader())
    }

    /// The content in base64 as one line without breaks, padded (RFC 4648 section 4).
    pub fn base64(&self) -> Body {
        Body::base64(self.reader())
    }

    /// Reads the content, decoded.
    pub(crate) fn reader(&self) -> Reader {
        match self.encoding {
            Some((how, size)) => Reader::decoded(&self.content, how, size),
            None => self.content.reader(),
        }
    }
}
