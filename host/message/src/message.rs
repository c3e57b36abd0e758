//! A message that was accepted: it does not change any more, and is shared and read as often as needed.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::address::{self, Address};
use crate::attachment::Attachment;
use crate::body::{Body, Segment};
use crate::frame::{self, Frame, Piece};
use crate::stuff;

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
    pub(crate) date: String,
    pub(crate) from: Address,
    pub(crate) reply_to: Vec<Address>,
    pub(crate) to: Vec<Address>,
    pub(crate) cc: Vec<Address>,
    pub(crate) bcc: Vec<Address>,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    pub(crate) extra: Vec<(String, String)>,
    pub(crate) attachments: Vec<Attachment>,
    /// What its boundaries are made of.
    pub(crate) boundary: String,
    pub(crate) frame: Frame,
    /// Made when it is first asked for: SMTP never does.
    pub(crate) headers: OnceLock<Vec<(String, String)>>,
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

    /// The plain text, exactly as given.
    ///
    /// # Errors
    ///
    /// A text that stands in a file which cannot be read.
    pub fn text(&self) -> io::Result<Option<&str>> {
        Ok(self.inner.text.as_deref())
    }

    /// The HTML, exactly as given.
    ///
    /// # Errors
    ///
    /// A text that stands in a file which cannot be read.
    pub fn html(&self) -> io::Result<Option<&str>> {
        Ok(self.inner.html.as_deref())
    }

    /// The attachments, those that the HTML shows among them, in the order given.
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
        let Inner {
            from, reply_to, to, cc, ..
        } = &*self.inner;
        let lists = [reply_to, to, cc].into_iter().flatten();
        !lists.chain([from]).all(|address| address.email.is_ascii())
    }

    /// Bytes of the MIME with [`Addressing::Written`] and [`Framing::Raw`], exactly.
    pub fn size(&self) -> u64 {
        self.inner.frame.size
    }

    /// The message as MIME, from its beginning: 7-bit, CRLF only, no NUL, no line over 998 octets.
    pub fn mime(&self, addressing: Addressing, framing: Framing) -> Body {
        let frame = &self.inner.frame;
        let mut segments = VecDeque::with_capacity(frame.pieces.len() + 3);
        let text = |bytes: Bytes| match framing {
            Framing::DotStuffed if frame.dotted => Segment::Dotted {
                text: bytes,
                at_line_start: true,
            },
            _ => Segment::Ready(bytes),
        };
        let mut size = frame.size;
        let mut pieces = frame.pieces.iter();
        if let (Addressing::Envelope, Some(Piece::Text(first))) = (addressing, frame.pieces.first()) {
            let fields = self.inner.envelope_fields(&self.envelope);
            size = size - frame.addresses.len() as u64 + fields.len() as u64;
            segments.push_back(text(first.slice(..frame.addresses.start)));
            segments.push_back(Segment::Ready(fields));
            segments.push_back(text(first.slice(frame.addresses.end..)));
            pieces.next();
        }
        for piece in pieces {
            match piece {
                Piece::Text(bytes) => segments.push_back(text(bytes.clone())),
                Piece::Attachment(index) => {
                    segments.extend(
                        self.inner
                            .attachments
                            .get(*index)
                            .map(|a| Segment::Lines(a.content.reader())),
                    );
                }
            }
        }
        if framing == Framing::DotStuffed {
            segments.push_back(Segment::Ready(Bytes::from_static(stuff::END)));
        }
        Body::new(segments, (framing == Framing::Raw).then_some(size))
    }
}

impl Inner {
    /// To, Cc and Bcc so that they name every recipient of the envelope once, and nobody else.
    fn envelope_fields(&self, envelope: &Envelope) -> Bytes {
        let mut left: HashSet<String> = envelope.recipients.iter().map(|email| address::key(email)).collect();
        let mut in_envelope = |list: &[Address]| -> Vec<Address> {
            list.iter()
                .filter(|a| left.remove(&address::key(&a.email)))
                .cloned()
                .collect()
        };
        let to = in_envelope(&self.to);
        let cc = in_envelope(&self.cc);
        let mut bcc = in_envelope(&self.bcc);
        for email in &envelope.recipients {
            if left.remove(&address::key(email)) {
                bcc.push(Address {
                    name: None,
                    email: email.clone(),
                });
            }
        }
        let mut out = Vec::new();
        for (name, list) in [("To", &to), ("Cc", &cc), ("Bcc", &bcc)] {
            // Cannot fail: a mailbox that was accepted is shorter than the longest line.
            let _ = frame::address_field(&mut out, name, list);
        }
        out.into()
    }

    fn list_headers(&self) -> Vec<(String, String)> {
        let list = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
        let mut headers = vec![("From".to_owned(), self.from.to_string())];
        for (name, addresses) in [("Reply-To", &self.reply_to), ("To", &self.to), ("Cc", &self.cc)] {
            if !addresses.is_empty() {
                headers.push((name.to_owned(), list(addresses)));
            }
        }
        headers.push(("Subject".to_owned(), self.subject.clone()));
        headers.push(("Date".to_owned(), self.date.clone()));
        headers.push(("Message-ID".to_owned(), format!("<{}>", self.id)));
        headers.extend(self.extra.iter().cloned());
        headers.push(("MIME-Version".to_owned(), "1.0".to_owned()));
        headers.extend(self.frame.content_fields());
        headers
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::Draft;

    /// The fields To, Cc and Bcc for an envelope that is not the one that the lists were written for.
    fn fields(recipients: &[&str]) -> String {
        let draft = Draft {
            from: Some("f@x".into()),
            to: vec!["A <a@x>".into(), "b@x".into(), "a@X".into()],
            cc: vec!["c@x".into(), "b@x".into()],
            bcc: vec!["D <d@x>".into()],
            ..Draft::default()
        };
        let message = draft.accept(&crate::Limits::default()).unwrap();
        let message = message.with_recipients(recipients.iter().map(|&recipient| recipient.to_owned()).collect());
        String::from_utf8(message.inner.envelope_fields(message.envelope()).to_vec()).unwrap()
    }

    #[test]
    fn to_cc_and_bcc_are_exactly_the_envelope() {
        assert_eq!(
            fields(&["a@x", "b@x", "c@x", "d@x"]),
            "To: A <a@x>, b@x\r\nCc: c@x\r\nBcc: D <d@x>\r\n"
        );
        assert_eq!(fields(&["c@X"]), "Cc: c@x\r\n");
        assert_eq!(fields(&["b@x", "e@x"]), "To: b@x\r\nBcc: e@x\r\n");
    }
}
