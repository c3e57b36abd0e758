//! Header fields written again, where they cannot stay as they came: raw UTF-8 becomes encoded words, mailboxes and
//! parameters as their standards write them. PHP scripts write raw UTF-8 into subjects, names and file names every day.

use super::block::{Block, Entry};
use super::value::{self, Typed};
use crate::address::Address;
use crate::header::{self, Field};
use crate::reason::Reason;
use crate::types;

/// Fields that hold mailboxes.
const MAILBOXES: [&str; 12] = [
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "resent-from",
    "resent-sender",
    "resent-to",
    "resent-cc",
    "errors-to",
    "disposition-notification-to",
    "return-receipt-to",
];

/// What changes in the header of a part whose body is written in another way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The Content-Transfer-Encoding from now on.
    pub(super) encoding: Option<&'static str>,
    pub(super) content_type: Option<NewType>,
}

/// A new Content-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NewType {
    /// The same, with this `charset`.
    Charset(&'static str),
    /// A message becomes a file: base64 is forbidden above it (RFC 2046 section 5.2.1).
    File,
}

impl Changes {
    /// Whether the field `name` is not copied, but written by [`Changes::write`].
    pub(super) fn replaces(&self, name: &str) -> bool {
        (self.encoding.is_some() && name.eq_ignore_ascii_case("Content-Transfer-Encoding"))
            || (self.content_type.is_some() && name.eq_ignore_ascii_case("Content-Type"))
    }

    /// Writes the fields that are replaced.
    pub(super) fn write(&self, block: &Block, out: &mut Vec<u8>) -> Result<(), Reason> {
        if let Some(change) = self.content_type {
            let entry = block.all("Content-Type").next();
            let old = entry.and_then(|entry| value::typed(&block.value(entry)));
            let mut typed = old.filter(|typed| typed.kind.contains('/')).unwrap_or_else(|| Typed {
                kind: "text/plain".into(),
                parameters: Vec::new(),
            });
            match change {
                NewType::Charset(charset) => typed.parameters.push(("charset".into(), charset.into())),
                NewType::File => {
                    typed.kind = types::UNKNOWN.into();
                    typed.parameters.retain(|(name, _)| name == "name");
                    if typed.parameters.is_empty() {
                        typed.parameters.push(("name".into(), "message.eml".into()));
                    }
                }
            }
            let line = entry.map_or(0, |entry| entry.line);
            write_typed("Content-Type", &typed, out).map_err(|()| Reason::MimeContentType { line })?;
        }
        if let Some(encoding) = self.encoding {
            for part in ["Content-Transfer-Encoding: ", encoding, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        Ok(())
    }
}

/// The header of a part, with what changes in it, and the empty line behind it.
pub(super) fn part(block: &Block, changes: &Changes) -> Result<Vec<u8>, Reason> {
    let mut out = Vec::with_capacity(block.len() + 64);
    for entry in block.entries() {
        if !changes.replaces(block.name(entry)) {
            field(block, entry, &mut out)?;
        }
    }
    changes.write(block, &mut out)?;
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// Whether a field of this name holds mailboxes.
pub(super) fn holds_mailboxes(name: &str) -> bool {
    MAILBOXES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// One field: as it came where it is ASCII.
pub(super) fn field(block: &Block, entry: &Entry, out: &mut Vec<u8>) -> Result<(), Reason> {
    let raw = block.raw(entry);
    if raw.is_ascii() {
        out.extend_from_slice(raw);
        return Ok(());
    }
    let (name, value) = (block.name(entry), block.value(entry));
    let line = entry.line;
    if holds_mailboxes(name) {
        let list: Option<Vec<Address>> = value::mailboxes(&value).into_iter().collect();
        let fault = || Reason::MimeAddress {
            header: name.to_owned(),
            line,
        };
        let list = list.ok_or_else(fault)?;
        return Field::new(out, name).mailboxes(&list).map_err(|_| fault());
    }
    if ["content-type", "content-disposition"]
        .iter()
        .any(|typed| name.eq_ignore_ascii_case(typed))
    {
        let fault = || Reason::MimeContentType { line };
        let typed = value::typed(&value).ok_or_else(fault)?;
        return write_typed(name, &typed, out).map_err(|()| fault());
    }
    let limit = header::LONGEST;
    Field::new(out, name)
        .text(&value::text(&value))
        .map_err(|_| Reason::MimeHeaderTooLong { line, limit })
}

/// A value with parameters. Fails where a part of it is no token, or too long for a line.
fn write_typed(name: &str, typed: &Typed, out: &mut Vec<u8>) -> Result<(), ()> {
    if !typed.kind.split('/').all(is_token) {
        return Err(());
    }
    let mut field = Field::new(out, name);
    field.token(&[&typed.kind]);
    for (name, value) in typed.parameters.iter().filter(|(name, _)| is_token(name)) {
        if header::is_plain(value) {
            field.parameter(name, value);
        } else if name == "name" {
            field.parameter_in_words(name, value);
        } else {
            field.parameter_in_percents(name, value);
        }
    }
    field.end().map_err(|_| ())
}

/// RFC 2045 section 5.1, without `*`, `'` and `%` that RFC 2231 gives a meaning.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=*'%".contains(&byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rewritten(header: &str) -> Result<String, Reason> {
        let block = Block::of(header.as_bytes());
        let mut out = Vec::new();
        for entry in block.entries() {
            field(&block, entry, &mut out)?;
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_ascii_stays_to_the_byte() {
        let header = "Subject:  a =?utf-8?q?=C3=A9?=\r\n\t b\r\nX :y\r\n";
        assert_eq!(rewritten(header).unwrap(), header);
    }

    #[test]
    fn raw_utf_8_is_encoded_as_its_field_wants_it() {
        assert_eq!(
            rewritten("Subject: Reçu\r\n").unwrap(),
            "Subject: =?utf-8?b?UmXDp3U=?=\r\n"
        );
        assert_eq!(
            rewritten("From: Hélène <h@b.fr>,\"É, x\" <c@d>\r\n").unwrap(),
            "From: =?utf-8?b?SMOpbMOobmU=?= <h@b.fr>, =?utf-8?b?w4ksIHg=?= <c@d>\r\n"
        );
        assert_eq!(
            rewritten("Content-Disposition: attachment; filename=\"reçu.pdf\"\r\n").unwrap(),
            "Content-Disposition: attachment; filename*=utf-8''re%C3%A7u.pdf\r\n"
        );
        assert_eq!(
            rewritten("Content-Type: application/pdf; name=\"reçu.pdf\"; x=y\r\n").unwrap(),
            "Content-Type: application/pdf;\r\n name=\"=?utf-8?b?cmXDp3UucGRm?=\"; x=\"y\"\r\n"
        );
        assert_eq!(rewritten("To: hélène@b.fr\r\n").unwrap(), "To: hélène@b.fr\r\n");
    }

    #[test]
    fn no_encoded_word_becomes_a_line_break() {
        let out = rewritten("Subject: é =?utf-8?q?=0D=0ABcc:_x@y?=\r\n").unwrap();
        assert_eq!(out.matches("\r\n").count(), 1);
        assert!(out.starts_with("Subject: =?utf-8?b?"), "{out}");
    }

    #[test]
    fn what_cannot_be_written_is_refused_by_its_line() {
        let reason = Reason::MimeAddress {
            header: "To".into(),
            line: 2,
        };
        assert_eq!(rewritten("A: b\r\nTo: é\r\n"), Err(reason));
        assert_eq!(
            rewritten("Content-Type: té/x; a=b\r\n"),
            Err(Reason::MimeContentType { line: 1 })
        );
    }

    #[test]
    fn a_new_type_keeps_what_it_can() {
        let changed = |header: &str, change: NewType| {
            let changes = Changes {
                encoding: Some("base64"),
                content_type: Some(change),
            };
            String::from_utf8(part(&Block::of(header.as_bytes()), &changes).unwrap()).unwrap()
        };
        let encoding = "Content-Transfer-Encoding: base64\r\n\r\n";
        assert_eq!(
            changed("A: b\r\nContent-Type: text/html; x=y\r\n", NewType::Charset("utf-8")),
            format!("A: b\r\nContent-Type: text/html; x=\"y\"; charset=\"utf-8\"\r\n{encoding}")
        );
        assert_eq!(
            changed("content-transfer-encoding: 8bit\r\n", NewType::Charset("utf-8")),
            format!("Content-Type: text/plain; charset=\"utf-8\"\r\n{encoding}")
        );
        assert_eq!(
            changed("Content-Type: message/rfc822\r\n", NewType::File),
            format!("Content-Type: application/octet-stream; name=\"message.eml\"\r\n{encoding}")
        );
    }
}
