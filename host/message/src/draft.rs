//! What somebody asks to send, and the door through which it becomes a message.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};

use crate::address::{self, Address};
use crate::attachment::Attachment;
use crate::check::{self, VALUE_BYTES};
use crate::fields::Fields;
use crate::hex;
use crate::message::{Envelope, Message};
use crate::reason::{FieldError, Reason};
use crate::source::{Content, Source};
use crate::types;

/// A mail as asked for, nothing in it checked. Each address is one mailbox: `a@b`, `Name <a@b>`, `"Name, with comma"
/// <a@b>`.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The author.
    pub from: Option<String>,
    /// The envelope's reverse-path, where bounces go; `<>` is the null reverse-path. Without it, the address of `from`.
    pub sender: Option<String>,
    /// Recipients.
    pub to: Vec<String>,
    /// Recipients of a copy.
    pub cc: Vec<String>,
    /// Recipients that no other recipient sees.
    pub bcc: Vec<String>,
    /// Where answers go.
    pub reply_to: Vec<String>,
    /// May be empty.
    pub subject: String,
    /// The body as plain text. Any content.
    pub text: Option<String>,
    /// The body as HTML. Any content.
    pub html: Option<String>,
    /// Further header fields, name and value, in their order.
    pub headers: Vec<(String, String)>,
    /// Files that go with it.
    pub attachments: Vec<DraftAttachment>,
}

/// An attachment as asked for.
#[derive(Debug, Clone)]
pub struct DraftAttachment {
    /// The file name for the recipient; of a path, the last component counts.
    pub name: Option<String>,
    /// The media type; without it, guessed from the name.
    pub content_type: Option<String>,
    /// What a `cid:` link in the HTML names, without angle brackets.
    pub content_id: Option<String>,
    /// The content.
    pub source: Source,
}

/// What a draft may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries in To, Cc and Bcc together; and in Reply-To.
    pub recipients: usize,
    /// Bytes of the message as MIME, attachments encoded.
    pub message_bytes: u64,
    /// Bytes of the text, and of the HTML.
    pub text_bytes: u64,
    /// Attachments.
    pub attachments: usize,
    /// Further header fields.
    pub headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recipients: 1000,
            message_bytes: 150 << 20,
            text_bytes: 16 << 20,
            attachments: 256,
            headers: 64,
        }
    }
}

impl Draft {
    /// Checks every field and makes the message: its Message-ID and its date are fixed from now on. Files are looked
    /// at, which may wait for the disk, and are read later.
    ///
    /// # Errors
    ///
    /// Every field that is refused, not only the first. Where a list has too many entries, the list is named and its
    /// entries are not looked at.
    pub fn accept(self, limits: &Limits) -> Result<Message, Vec<FieldError>> {
        let mut door = Door::default();
        door.check_counts(&self, limits)?;

        let from = door.take(
            "from",
            self.from.as_deref().ok_or(Reason::Missing).and_then(Address::parse),
        );
        let sender = match self.sender.as_deref() {
            None => from.as_ref().map(|from| from.email.clone()),
            Some("<>") => None,
            Some(sender) => door.take("sender", Address::parse(sender)).map(|sender| sender.email),
        };
        let to = door.mailboxes("to", &self.to);
        let cc = door.mailboxes("cc", &self.cc);
        let bcc = door.mailboxes("bcc", &self.bcc);
        let reply_to = door.mailboxes("reply_to", &self.reply_to);
        door.take("subject", check::line(&self.subject, VALUE_BYTES));
        for (field, text) in [("text", &self.text), ("html", &self.html)] {
            let size = text.as_ref().map_or(0, |text| text.len() as u64);
            door.take(field, at_most(size, limits.text_bytes));
        }
        for (index, (name, value)) in self.headers.iter().enumerate() {
            door.take_at("headers", index, ".name", check::header_name(name));
            door.take_at("headers", index, ".value", check::line(value, VALUE_BYTES));
        }
        let attachments: Vec<Attachment> = self
            .attachments
            .into_iter()
            .enumerate()
            .filter_map(|(index, draft)| door.attachment(index, draft))
            .collect();

        let from = door.finish(from)?;
        let (random, date) = (random()?, now()?);
        let (id, boundary) = random.split_at(random.len() / 2);
        let id = format!("{id}@{}", from.domain());
        let envelope = Envelope {
            sender,
            recipients: recipients([&*to, &*cc, &*bcc]),
        };
        let fields = Fields {
            id,
            date,
            from,
            reply_to,
            to,
            cc,
            bcc,
            subject: self.subject,
            text: self.text,
            html: self.html,
            extra: self.headers,
            attachments,
            boundary: boundary.to_owned(),
        };
        let inner = fields.lay_out()?;
        at_most(inner.frame.size, limits.message_bytes).map_err(whole)?;
        Ok(Message {
            envelope: Arc::new(envelope),
            inner: Arc::new(inner),
        })
    }
}

/// Collects what is refused.
#[derive(Default)]
struct Door {
    errors: Vec<FieldError>,
}

impl Door {
    /// Before anything is looked at, so that the work is bounded.
    fn check_counts(&mut self, draft: &Draft, limits: &Limits) -> Result<(), Vec<FieldError>> {
        let recipients = draft.to.len() + draft.cc.len() + draft.bcc.len();
        for (field, count, limit) in [
            ("to", recipients, limits.recipients),
            ("reply_to", draft.reply_to.len(), limits.recipients),
            ("headers", draft.headers.len(), limits.headers),
            ("attachments", draft.attachments.len(), limits.attachments),
        ] {
            if count > limit {
                self.errors
                    .push(FieldError::new(field, Reason::TooMany { count, limit }));
            }
        }
        if !self.errors.is_empty() {
            return Err(std::mem::take(&mut self.errors));
        }
        if recipients == 0 {
            self.errors.push(FieldError::new("to", Reason::NoRecipients));
        }
        Ok(())
    }

    fn take<T>(&mut self, field: &str, result: Result<T, Reason>) -> Option<T> {
        result
            .map_err(|reason| self.errors.push(FieldError::new(field, reason)))
            .ok()
    }

    /// The same for the entry of a list. The name is only made where it is needed.
    fn take_at<T>(&mut self, list: &str, index: usize, rest: &str, result: Result<T, Reason>) -> Option<T> {
        result
            .map_err(|reason| {
                self.errors
                    .push(FieldError::new(format!("{list}[{index}]{rest}"), reason))
            })
            .ok()
    }

    fn mailboxes(&mut self, field: &str, list: &[String]) -> Vec<Address> {
        let parse = |(index, value): (usize, &String)| self.take_at(field, index, "", Address::parse(value));
        list.iter().enumerate().filter_map(parse).collect()
    }

    fn attachment(&mut self, index: usize, draft: DraftAttachment) -> Option<Attachment> {
        let name = draft
            .name
            .as_deref()
            .and_then(|name| self.take_at("attachments", index, ".name", check::file_name(name)));
        if let Some(content_type) = &draft.content_type {
            self.take_at("attachments", index, ".content_type", check::content_type(content_type));
        }
        if let Some(content_id) = &draft.content_id {
            self.take_at("attachments", index, ".content_id", check::content_id(content_id));
        }
        let content = self.take_at("attachments", index, "", Content::find(draft.source))?;
        Some(Attachment {
            name: name.map(str::to_owned),
            content_type: draft.content_type.unwrap_or_else(|| types::guess(name).to_owned()),
            content_id: draft.content_id,
            content,
            encoding: None,
        })
    }

    /// `from` where nothing was refused; where it was refused itself, that is among the errors.
    fn finish(self, from: Option<Address>) -> Result<Address, Vec<FieldError>> {
        match from {
            Some(from) if self.errors.is_empty() => Ok(from),
            _ => Err(self.errors),
        }
    }
}

pub(crate) fn at_most(size: u64, limit: u64) -> Result<(), Reason> {
    if size > limit {
        Err(Reason::TooLarge { size, limit })
    } else {
        Ok(())
    }
}

fn whole(reason: Reason) -> Vec<FieldError> {
    vec![FieldError::new("message", reason)]
}

/// Every address once, in the order given.
pub(crate) fn recipients<'a>(lists: impl IntoIterator<Item = &'a [Address]>) -> Vec<String> {
    let mut seen = HashSet::new();
    let all = lists.into_iter().flatten();
    all.filter(|address| seen.insert(address::key(&address.email)))
        .map(|address| address.email.clone())
        .collect()
}

/// Twice 128 random bits in hexadecimal.
pub(crate) fn random() -> Result<String, Vec<FieldError>> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| whole(Reason::NoRandomness))?;
    let mut text = String::with_capacity(2 * bytes.len());
    for digit in bytes.into_iter().flat_map(hex::digits) {
        text.push(char::from(digit.to_ascii_lowercase()));
    }
    Ok(text)
}

/// The date as RFC 5322 section 3.3 writes it, in UTC.
pub(crate) fn now() -> Result<String, Vec<FieldError>> {
    rfc2822::to_string(&Timestamp::now().to_zoned(TimeZone::UTC)).map_err(|_| whole(Reason::NoDate))
}
