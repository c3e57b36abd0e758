//! A message that comes in as MIME: from PHP's `mail()`, from a mail library, from a mail client.
//!
//! It is walked through once (`scan`), line by line (`lines`), and then stands where it was, with a plan of what passes
//! as it is and what is written in another way (`plan`, `leaf`, `recode`). Its own header is written anew (`compose`,
//! `rewrite`) out of the fields that came (`block`, `value`), and what a connector wants to see of it is noted (`view`).
//!
//! The rule: a line break becomes CRLF. A lone CR, a NUL, a line over 998 octets or a byte over 127 in the body of a leaf:
//! the leaf is encoded. In a header, or under multipart/signed: refused, by its line; but UTF-8 in a header, which is
//! written as its standard wants it.

mod block;
mod compose;
mod leaf;
mod lines;
mod plan;
mod rewrite;
mod scan;
mod value;
mod view;

use std::io;
use std::sync::{Arc, OnceLock};

pub(crate) use compose::headers;

use self::block::Block;
use self::compose::Missing;
use self::scan::Scanned;
use crate::address::Address;
use crate::draft::{self, Limits};
use crate::frame::{Frame, Piece};
use crate::message::{Envelope, Inner, Message, Origin};
use crate::reason::{FieldError, Reason};
use crate::source::{Content, Source};
use crate::stuff;

/// Received fields with which a message turns in a circle (RFC 5321 section 6.3).
const HOPS: usize = 100;

/// Raw MIME from a caller, with its envelope.
#[derive(Debug, Clone)]
pub struct MimeDraft {
    /// The message: header, empty line, body. Its line breaks may be CRLF or LF, mixed.
    pub source: Source,
    /// The envelope's reverse-path, where bounces go; `<>` is the null reverse-path. Without it, the address in Sender,
    /// else the one in From.
    pub sender: Option<String>,
    /// The envelope's recipients, each one mailbox as [`Draft`](crate::Draft) takes it.
    pub recipients: Vec<String>,
    /// Whether those in To, Cc and Bcc receive it too (`sendmail -t`); where the message was resent, those in Resent-To,
    /// Resent-Cc and Resent-Bcc instead.
    pub recipients_from_header: bool,
    /// The author, where the header has no From.
    pub default_from: Option<String>,
    /// A whole Received field, its CRLF included, of a server that took the message in: it goes above all others (RFC 5321
    /// section 4.4). Written by the host, and not looked at.
    pub trace: Option<String>,
}

impl MimeDraft {
    /// Looks through the message and checks it. A missing Message-ID, Date or MIME-Version is added; Bcc and Return-Path
    /// are left out of what leaves. Reads all of it, waiting for the disk; a file must not change afterwards.
    ///
    /// # Errors
    ///
    /// What is refused: the field is `mime`, with the line, or `from`, `sender`, `recipients`, `recipients[2]`.
    pub fn accept(self, limits: &Limits) -> Result<Message, Vec<FieldError>> {
        let refuse = |field: &str, reason: Reason| vec![FieldError::new(field, reason)];
        let mime = |reason: Reason| refuse("mime", reason);
        let content = Content::find(self.source.clone()).map_err(mime)?;
        draft::at_most(content.size(), limits.message_bytes).map_err(mime)?;
        let scanned = scan::scan(&content).map_err(|fault| mime(fault.into()))?;
        let block = &scanned.header;
        if block.all("Received").count() >= HOPS {
            return Err(mime(Reason::MimeLoop { limit: HOPS }));
        }
        let from = self.author(block)?;
        let envelope = self.envelope(block, &from, limits)?;
        let attachments = scanned.view.attachments.len();
        if attachments > limits.attachments {
            return Err(mime(Reason::TooMany {
                count: attachments,
                limit: limits.attachments,
            }));
        }
        let id = match compose::id(block) {
            Some(id) => id,
            None => {
                let random = draft::random()?;
                let (id, _) = random.split_at(random.len() / 2);
                format!("{id}@{}", from.domain())
            }
        };
        let inner = laid_out(scanned, content, from, id, self.trace.as_deref()).map_err(mime_errors)?;
        draft::at_most(inner.frame.size, limits.message_bytes).map_err(mime)?;
        Ok(Message {
            envelope: Arc::new(envelope),
            inner: Arc::new(inner),
        })
    }

    /// The first mailbox in From.
    fn author(&self, block: &Block) -> Result<Address, Vec<FieldError>> {
        let written = block.only("From").map_err(mime_error)?;
        if let Some(entry) = written
            && let value = block.value(entry)
            && !value.is_empty()
        {
            let first = value::mailboxes(&value).into_iter().next().flatten();
            return first.ok_or_else(|| {
                mime_error(Reason::MimeAddress {
                    header: "From".into(),
                    line: entry.line,
                })
            });
        }
        let from = self.default_from.as_deref().ok_or(Reason::Missing);
        from.and_then(Address::parse)
            .map_err(|reason| vec![FieldError::new("from", reason)])
    }

    fn envelope(&self, block: &Block, from: &Address, limits: &Limits) -> Result<Envelope, Vec<FieldError>> {
        let mut errors = Vec::new();
        let sender = match self.sender.as_deref() {
            Some("<>") => None,
            Some(sender) => match Address::parse(sender) {
                Ok(sender) => Some(sender.email),
                Err(reason) => {
                    errors.push(FieldError::new("sender", reason));
                    None
                }
            },
            None => Some(
                listed(block, "Sender")
                    .into_iter()
                    .next()
                    .map_or_else(|| from.email.clone(), |a| a.email),
            ),
        };
        let limit = limits.recipients;
        let too_many = |count: usize| vec![FieldError::new("recipients", Reason::TooMany { count, limit })];
        if self.recipients.len() > limit {
            return Err(too_many(self.recipients.len()));
        }
        let mut all = Vec::new();
        for (index, recipient) in self.recipients.iter().enumerate() {
            match Address::parse(recipient) {
                Ok(recipient) => all.push(recipient),
                Err(reason) => errors.push(FieldError::new(format!("recipients[{index}]"), reason)),
            }
        }
        if self.recipients_from_header {
            all.extend(header_recipients(block).map_err(mime_error)?);
        }
        let recipients = draft::recipients([all.as_slice()]);
        if recipients.len() > limit {
            return Err(too_many(recipients.len()));
        }
        if recipients.is_empty() && errors.is_empty() {
            errors.push(FieldError::new("recipients", Reason::NoRecipients));
        }
        if errors.is_empty() {
            Ok(Envelope { sender, recipients })
        } else {
            Err(errors)
        }
    }
}

/// Everybody whom the header names as a recipient.
fn header_recipients(block: &Block) -> Result<Vec<Address>, Reason> {
    let resent = ["Resent-To", "Resent-Cc", "Resent-Bcc"];
    let names = if resent.iter().any(|name| block.all(name).next().is_some()) {
        resent
    } else {
        ["To", "Cc", "Bcc"]
    };
    let mut all = Vec::new();
    for name in names {
        for entry in block.all(name) {
            for mailbox in value::mailboxes(&block.value(entry)) {
                all.push(mailbox.ok_or_else(|| Reason::MimeAddress {
                    header: name.into(),
                    line: entry.line,
                })?);
            }
        }
    }
    Ok(all)
}

/// The mailboxes in the fields of this name. What is none is not listed, and passes in the header as it came.
fn listed(block: &Block, name: &str) -> Vec<Address> {
    let entries = block.all(name);
    entries
        .flat_map(|entry| value::mailboxes(&block.value(entry)))
        .flatten()
        .collect()
}

fn laid_out(
    scanned: Scanned,
    content: Content,
    from: Address,
    id: String,
    trace: Option<&str>,
) -> Result<Inner, Vec<Reason>> {
    let date = draft::now().map_err(|errors| errors.into_iter().map(|error| error.reason).collect::<Vec<_>>())?;
    let missing = Missing {
        from: &from,
        date: &date,
        id: &id,
    };
    let header = compose::compose(&scanned.header, &scanned.changes, &missing, trace.unwrap_or_default())
        .map_err(|reason| vec![reason])?;
    let block = &scanned.header;
    let size = scanned.size.saturating_add(header.text.len() as u64);
    let mut pieces = vec![Piece::Text(header.text.into())];
    pieces.extend(scanned.pieces);
    let texts = || {
        pieces.iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        })
    };
    let frame = Frame {
        addresses: header.addresses,
        content_fields: 0..0,
        dotted: scanned.dotted || texts().any(|text| stuff::needed(text)),
        eight_bit: !texts().all(|text| text.is_ascii()),
        size,
        pieces,
    };
    Ok(Inner {
        id,
        from,
        reply_to: listed(block, "Reply-To"),
        to: listed(block, "To"),
        cc: listed(block, "Cc"),
        bcc: listed(block, "Bcc"),
        subject: block
            .first("Subject")
            .map(|subject| value::text(&subject))
            .unwrap_or_default(),
        text: scanned.view.text,
        html: scanned.view.html,
        attachments: scanned.view.attachments,
        origin: Origin::Mime(content),
        frame,
        headers: OnceLock::new(),
    })
}

fn mime_error(reason: Reason) -> Vec<FieldError> {
    mime_errors(vec![reason])
}

fn mime_errors(reasons: Vec<Reason>) -> Vec<FieldError> {
    reasons
        .into_iter()
        .map(|reason| FieldError::new("mime", reason))
        .collect()
}

/// Why the walk through a message ended early.
#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Refused(Reason),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Read(error) => Self::ContentUnreadable {
                error: error.to_string(),
            },
            Fault::Refused(reason) => reason,
        }
    }
}
