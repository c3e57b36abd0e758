//! The MIME of a message: everything but the attachments' content as bytes that are ready, with the places where
//! attachments come in.

use std::ops::Range;

use bytes::Bytes;

use crate::address::Address;
use crate::attachment::Attachment;
use crate::encode::{self, Transfer};
use crate::fields::Fields;
use crate::header::{self, Field};
use crate::reason::{FieldError, Reason};
use crate::recode::Recode;
use crate::source::Content;
use crate::tree::{self, Node};
use crate::{stuff, types};

/// A message laid out.
pub(crate) struct Frame {
    /// The first is a text. Each text starts at the start of a line, and the last ends with a line break.
    pub(crate) pieces: Vec<Piece>,
    /// Where To and Cc stand in the first piece, or would stand: never nowhere.
    pub(crate) addresses: Vec<Range<usize>>,
    /// Where the message's own Content-… fields stand in the first piece, if it was laid out here.
    pub(crate) content_fields: Range<usize>,
    /// Whether a line of some text, or of a stretch that passes as it is, begins with a dot.
    pub(crate) dotted: bool,
    /// Whether the texts hold bytes over 127.
    pub(crate) eight_bit: bool,
    /// Bytes of the whole, attachments encoded.
    pub(crate) size: u64,
}

impl Frame {
    /// The message's own Content-… fields, name and unfolded value.
    pub(crate) fn content_fields(&self) -> Vec<(String, String)> {
        let Some(Piece::Text(text)) = self.pieces.first() else {
            return Vec::new();
        };
        let fields = text.get(self.content_fields.clone()).unwrap_or_default();
        let unfolded = String::from_utf8_lossy(fields).replace("\r\n ", " ");
        let fields = unfolded.lines().filter_map(|line| line.split_once(": "));
        fields
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

pub(crate) enum Piece {
    Text(Bytes),
    /// The attachment with this index, in lines of base64.
    Attachment(usize),
    /// A stretch of a MIME that came in, which becomes `size` bytes.
    Stream {
        content: Content,
        how: Recode,
        size: u64,
    },
}

impl Piece {
    /// Its bytes as MIME, if it is no attachment.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Attachment(_) => 0,
            Self::Stream { size, .. } => *size,
        }
    }
}

/// Lays a message out.
///
/// # Errors
///
/// The header fields that hold a word too long to fold.
pub(crate) fn lay_out(parts: &Fields) -> Result<Frame, Vec<FieldError>> {
    let mut writer = Writer {
        out: Vec::with_capacity(capacity(parts)),
        marks: Vec::new(),
        parts,
        multiparts: 0,
    };
    let addresses = writer.head()?;
    let root = tree::build(parts.text.as_deref(), parts.html.as_deref(), &parts.attachments);
    let content_fields = writer
        .part(&root, true)
        .map_err(|reason| vec![FieldError::new("message", reason)])?;
    let Writer { out, marks, .. } = writer;

    let (dotted, eight_bit) = (stuff::needed(&out), !out.is_ascii());
    let text = Bytes::from(out);
    let mut size = text.len() as u64;
    let mut pieces = Vec::with_capacity(marks.len() * 2 + 1);
    let mut from = 0;
    for (at, index) in marks {
        pieces.push(Piece::Text(text.slice(from..at)));
        pieces.push(Piece::Attachment(index));
        let encoded = parts
            .attachments
            .get(index)
            .map_or(0, |a| encode::wrapped_len(a.size()));
        size = size.saturating_add(encoded);
        from = at;
    }
    pieces.push(Piece::Text(text.slice(from..)));
    Ok(Frame {
        pieces,
        addresses: vec![addresses],
        content_fields,
        dotted,
        eight_bit,
        size,
    })
}

/// Writes To, Cc or Bcc where it names anybody.
pub(crate) fn address_field(out: &mut Vec<u8>, name: &str, list: &[Address]) -> Result<(), Reason> {
    if list.is_empty() {
        return Ok(());
    }
    Field::new(out, name).mailboxes(list)
}

/// About the bytes that the texts will take, so that they are written without moving.
fn capacity(parts: &Fields) -> usize {
    let text = parts.text.as_ref().map_or(0, String::len) + parts.html.as_ref().map_or(0, String::len);
    let people = parts.to.len() + parts.cc.len() + parts.reply_to.len();
    1024 + text + text / 16 + people * 64 + parts.attachments.len() * 512 + parts.extra.len() * 128
}

struct Writer<'a> {
    out: Vec<u8>,
    /// Where in `out` which attachment's content comes in.
    marks: Vec<(usize, usize)>,
    parts: &'a Fields,
    multiparts: usize,
}

impl Writer<'_> {
    /// The header but for its Content-… fields. Says where To and Cc stand.
    fn head(&mut self) -> Result<Range<usize>, Vec<FieldError>> {
        let Fields {
            from,
            reply_to,
            to,
            cc,
            subject,
            date,
            id,
            extra,
            ..
        } = self.parts;
        let out = &mut self.out;
        let mut errors = Vec::new();
        let mut check = |field: &str, result: Result<(), Reason>| {
            if let Err(reason) = result {
                errors.push(FieldError::new(field, reason));
            }
        };
        check("from", Field::new(out, "From").mailboxes([from]));
        check("reply_to", address_field(out, "Reply-To", reply_to));
        let start = out.len();
        check("to", address_field(out, "To", to));
        check("cc", address_field(out, "Cc", cc));
        let end = out.len();
        check("subject", Field::new(out, "Subject").text(subject));
        let mut field = Field::new(out, "Date");
        field.token(&[date]);
        check("message", field.end());
        let mut field = Field::new(out, "Message-ID");
        field.token(&["<", id, ">"]);
        check("message", field.end());
        for (index, (name, value)) in extra.iter().enumerate() {
            check(&format!("headers[{index}].value"), Field::new(out, name).text(value));
        }
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
        if errors.is_empty() { Ok(start..end) } else { Err(errors) }
    }

    /// A part: its Content-… fields, the empty line, its body. Says where the fields stand. A part that is `alone` is
    /// the message, and its body ends with a line break; in a multipart the line break before the boundary belongs to
    /// the boundary (RFC 2046 section 5.1.1).
    fn part(&mut self, node: &Node<'_>, alone: bool) -> Result<Range<usize>, Reason> {
        let start = self.out.len();
        match node {
            Node::Text { subtype, text } => {
                let mut field = Field::new(&mut self.out, "Content-Type");
                field.token(&["text/", subtype, "; charset=utf-8"]);
                field.end()?;
                let place = self.out.len();
                let above = |out: &mut Vec<u8>, transfer| {
                    transfer_encoding(out, transfer);
                    out.extend_from_slice(b"\r\n");
                };
                let transfer = encode::write(text, alone, &mut self.out, above);
                let fields = start..place + transfer_encoding_len(transfer);
                if !alone && transfer != Transfer::Base64 {
                    self.out.extend_from_slice(b"\r\n");
                }
                Ok(fields)
            }
            Node::Attachment { index, inline } => {
                let Some(attachment) = self.parts.attachments.get(*index) else {
                    return Ok(start..start);
                };
                attachment_fields(&mut self.out, attachment, *inline)?;
                transfer_encoding(&mut self.out, Transfer::Base64);
                let fields = start..self.out.len();
                self.out.extend_from_slice(b"\r\n");
                self.marks.push((self.out.len(), *index));
                if attachment.size() == 0 {
                    self.out.extend_from_slice(b"\r\n");
                }
                Ok(fields)
            }
            Node::Multi { subtype, nodes } => {
                self.multiparts += 1;
                // "=_" is in no quoted-printable and no base64 (RFC 2045 section 6.7).
                let boundary = format!("=_{}_{}", self.parts.boundary, self.multiparts);
                let mut field = Field::new(&mut self.out, "Content-Type");
                field.token(&["multipart/", subtype]);
                if *subtype == "related" {
                    field.parameter("type", "text/html");
                }
                field.parameter("boundary", &boundary);
                field.end()?;
                let fields = start..self.out.len();
                self.out.extend_from_slice(b"\r\n");
                for node in nodes {
                    self.boundary(&boundary, "\r\n");
                    self.part(node, false)?;
                }
                self.boundary(&boundary, "--\r\n");
                Ok(fields)
            }
        }
    }

    fn boundary(&mut self, boundary: &str, end: &str) {
        for part in ["--", boundary, end] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

/// The field that names an encoding, in its parts.
fn transfer_field(transfer: Transfer) -> [&'static str; 3] {
    ["Content-Transfer-Encoding: ", transfer.name(), "\r\n"]
}

fn transfer_encoding(out: &mut Vec<u8>, transfer: Transfer) {
    for part in transfer_field(transfer) {
        out.extend_from_slice(part.as_bytes());
    }
}

fn transfer_encoding_len(transfer: Transfer) -> usize {
    transfer_field(transfer).into_iter().map(str::len).sum()
}

/// The fields above an attachment. Its name stands in both: RFC 2183's `filename`, and the older `name` that old
/// Outlook reads.
fn attachment_fields(out: &mut Vec<u8>, attachment: &Attachment, inline: bool) -> Result<(), Reason> {
    let name = attachment.name();
    let plain = name.is_some_and(header::is_plain);

    let mut field = Field::new(out, "Content-Type");
    field.token(&[types::for_base64(attachment.content_type())]);
    match name {
        Some(name) if plain => field.parameter("name", name),
        Some(name) => field.parameter_in_words("name", name),
        None => {}
    }
    field.end()?;

    let mut field = Field::new(out, "Content-Disposition");
    field.token(&[if inline { "inline" } else { "attachment" }]);
    match name {
        Some(name) if plain => field.parameter("filename", name),
        Some(name) => field.parameter_in_percents("filename", name),
        None => {}
    }
    field.end()?;

    if let Some(id) = attachment.content_id() {
        let mut field = Field::new(out, "Content-ID");
        field.token(&["<", id, ">"]);
        field.end()?;
    }
    Ok(())
}
