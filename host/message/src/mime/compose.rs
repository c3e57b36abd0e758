//! The header that leaves: the fields that came, without those that nobody may see, with those that are missing.

use std::ops::Range;

use super::block::Block;
use super::rewrite::{self, Changes};
use super::value;
use super::view::unbracketed;
use crate::address::Address;
use crate::header::Field;
use crate::reason::Reason;

/// Never leave: who else receives (RFC 5322 section 3.6.3), and what the last server writes (RFC 5321 section 4.4).
const HIDDEN: [&str; 3] = ["bcc", "resent-bcc", "return-path"];
/// Fields of which a message has one (RFC 5322 section 3.6). PHP's `mail()` writes a second one where a script gives
/// one that it writes itself; readers show the first.
const SINGLE: [&str; 9] = [
    "from",
    "sender",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
];
/// Without a value, the same as not there.
const FILLED: [&str; 4] = ["from", "date", "message-id", "mime-version"];

/// What stands for what is missing.
pub(super) struct Missing<'a> {
    pub(super) from: &'a Address,
    pub(super) date: &'a str,
    /// Without angle brackets.
    pub(super) id: &'a str,
}

/// A header, with the empty line behind it.
pub(super) struct Composed {
    pub(super) text: Vec<u8>,
    /// Where To and Cc stand, or would stand.
    pub(super) addresses: Vec<Range<usize>>,
}

/// Writes the header, under the lines of `trace`.
pub(super) fn compose(
    block: &Block,
    changes: &Changes,
    missing: &Missing<'_>,
    trace: &str,
) -> Result<Composed, Reason> {
    let mut text = Vec::with_capacity(block.len() + trace.len() + 512);
    text.extend_from_slice(trace.as_bytes());
    let mut addresses: Vec<Range<usize>> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for entry in block.entries() {
        let name = block.name(entry);
        let lower = name.to_ascii_lowercase();
        let is = |list: &[&str]| list.contains(&lower.as_str());
        if is(&HIDDEN) || changes.replaces(name) || (is(&FILLED) && block.value(entry).is_empty()) {
            continue;
        }
        if is(&SINGLE) {
            if seen.contains(&lower) {
                continue;
            }
            seen.push(lower.clone());
        }
        let start = text.len();
        rewrite::field(block, entry, &mut text)?;
        if is(&["to", "cc"]) {
            addresses.push(start..text.len());
        }
    }
    let lacks = |name: &str| !seen.iter().any(|seen| seen == name);
    if lacks("from") {
        let written = Field::new(&mut text, "From").mailboxes([missing.from]);
        written.map_err(|_| Reason::NotAnAddress)?;
    }
    if lacks("date") {
        let mut field = Field::new(&mut text, "Date");
        field.token(&[missing.date]);
        field.end()?;
    }
    if lacks("message-id") {
        let mut field = Field::new(&mut text, "Message-ID");
        field.token(&["<", missing.id, ">"]);
        field.end()?;
    }
    if lacks("mime-version") {
        text.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }
    changes.write(block, &mut text)?;
    if addresses.is_empty() {
        addresses.push(text.len()..text.len());
    }
    text.extend_from_slice(b"\r\n");
    Ok(Composed { text, addresses })
}

/// The Message-ID that came, without its angle brackets, and without control characters, since it goes into logs.
pub(super) fn id(block: &Block) -> Option<String> {
    let mut ids = block.all("Message-ID").map(|entry| block.value(entry));
    let id = ids.find(|id| !id.is_empty())?;
    Some(unbracketed(&id).replace(char::is_control, ""))
}

/// The fields of a header that was written here, as a person reads them.
pub(crate) fn headers(header: &[u8]) -> Vec<(String, String)> {
    let block = Block::of(header);
    let entries = block.entries().iter();
    let read = entries.map(|entry| {
        let (name, value) = (block.name(entry), block.value(entry));
        let shown = if rewrite::holds_mailboxes(name) {
            let list: Option<Vec<Address>> = value::mailboxes(&value).into_iter().collect();
            let list = list.filter(|list| !list.is_empty());
            list.map(|list| list.iter().map(Address::to_string).collect::<Vec<_>>().join(", "))
        } else {
            None
        };
        (name.to_owned(), shown.unwrap_or_else(|| value::text(&value)))
    });
    read.collect()
}
