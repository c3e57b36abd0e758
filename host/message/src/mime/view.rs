//! What a connector sees of a MIME: its text, its HTML, and everything else as attachments. Nothing is left out.

use std::sync::OnceLock;

use super::Fault;
use super::block::Block;
use super::leaf::Kind;
use super::value;
use crate::attachment::Attachment;
use crate::check;
use crate::recode::Decode;
use crate::source::Content;
use crate::text::{Encoded, Text};
use crate::types;

/// Bytes of a text that is given as one; a longer one is an attachment.
const TEXT_BYTES: u64 = 16 << 20;

/// Collects the parts of a message.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) text: Option<Text>,
    pub(super) html: Option<Text>,
    pub(super) attachments: Vec<Attachment>,
}

impl View {
    /// Takes a leaf; `in_body` where its place is one for the text that a reader is shown. Says whether it is that
    /// text.
    pub(super) fn take(&mut self, block: &Block, kind: &Kind, in_body: bool, content: Content) -> Result<bool, Fault> {
        let encoding = match kind.encoding.decode() {
            Some(how) => Some((how, how.measure(&content)?)),
            None => None,
        };
        let disposition = block
            .first("Content-Disposition")
            .and_then(|value| value::typed(&value));
        let file_name = disposition.as_ref().and_then(|typed| typed.parameter("filename"));
        let attached = file_name.is_some() || disposition.as_ref().is_some_and(|typed| typed.kind == "attachment");
        let slot = match kind.typed.kind.as_str() {
            "text/plain" => Some(&mut self.text),
            "text/html" => Some(&mut self.html),
            _ => None,
        };
        let size = encoding.map_or_else(|| content.size(), |(_, size)| size);
        if let Some(slot @ None) = slot
            && in_body
            && !attached
            && size <= TEXT_BYTES
        {
            *slot = Some(text(kind, encoding, content));
            return Ok(true);
        }
        let name = file_name.or_else(|| kind.typed.parameter("name"));
        let name = name.and_then(|name| check::file_name(name).ok()).map(str::to_owned);
        let content_id = block.first("Content-ID").map(|id| unbracketed(&id).to_owned());
        self.attachments.push(Attachment {
            content_type: content_type(kind),
            name,
            content_id: content_id.filter(|id| check::content_id(id).is_ok()),
            content,
            encoding,
        });
        Ok(false)
    }
}

fn text(kind: &Kind, encoding: Option<(Decode, u64)>, content: Content) -> Text {
    Text::Encoded(Box::new(Encoded {
        content,
        encoding,
        charset: kind.typed.parameter("charset").map(str::to_owned),
        decoded: OnceLock::new(),
    }))
}

/// The media type, and the charset of a text.
fn content_type(kind: &Kind) -> String {
    let mut value = kind.typed.kind.clone();
    if let Some(charset) = kind.typed.parameter("charset") {
        value = format!("{value}; charset={charset}");
    }
    for value in [&value, &kind.typed.kind] {
        if check::content_type(value).is_ok() {
            return value.clone();
        }
    }
    types::UNKNOWN.to_owned()
}

/// A message id or content id without its angle brackets.
pub(super) fn unbracketed(id: &str) -> &str {
    let inner = id.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(id, |(inner, _)| inner).trim()
}
