//! What the value of a header field says, as the parser `mail-parser` reads it: encoded words, mailboxes, media types.
//!
//! The parser reads a value once from its beginning to its end, but for an encoded word that does not end: then it
//! reads to the end of the value and begins again behind the word. A value made of such beginnings would cost the square
//! of its length, and is not parsed.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;

use crate::address::Address;

/// Bytes that the search for the ends of encoded words may read, for one value: enough for a thousand mailboxes with
/// names in words, and a few milliseconds.
const WORK: usize = 4 << 20;

/// A value with parameters: Content-Type and Content-Disposition (RFC 2045 section 5.1, RFC 2183 section 2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Typed {
    /// `text/plain`, `attachment`, in lower case.
    pub(super) kind: String,
    /// Names in lower case, values decoded (RFC 2231, and RFC 2047 as old mail programs write it).
    pub(super) parameters: Vec<(String, String)>,
}

impl Typed {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        parameters
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Unstructured text, its encoded words decoded. A control character, which an encoded word can hold, is a blank.
pub(super) fn text(value: &str) -> String {
    let parsed = line(value).and_then(|line| {
        let parsed = MessageStream::new(line.as_bytes()).parse_unstructured();
        parsed.as_text().map(str::to_owned)
    });
    blanked(parsed.as_deref().unwrap_or(value)).trim().to_owned()
}

/// A list of mailboxes, groups among them. Each is one, or what was not one.
pub(super) fn mailboxes(value: &str) -> Vec<Option<Address>> {
    if value.trim().is_empty() {
        return Vec::new();
    }
    let Some(line) = line(value) else {
        return vec![None];
    };
    let parsed = MessageStream::new(line.as_bytes()).parse_address();
    let Some(list) = parsed.as_address() else {
        return vec![None];
    };
    let mailbox = |found: &mail_parser::Addr<'_>| {
        let name = found.name.as_deref().map(blanked);
        Address::of(name.as_deref(), found.address.as_deref()?.trim()).ok()
    };
    list.iter().map(mailbox).collect()
}

/// A media type, or a disposition, with its parameters; `None` where it cannot be read.
pub(super) fn typed(value: &str) -> Option<Typed> {
    let line = line(&joined(value))?;
    let parsed = MessageStream::new(line.as_bytes()).parse_content_type();
    let read = parsed.as_content_type()?;
    let kind = match read.subtype() {
        Some(subtype) => format!("{}/{subtype}", read.ctype()),
        None => read.ctype().to_owned(),
    };
    let parameters = read.attributes().unwrap_or_default().iter();
    let parameters = parameters.map(|parameter| (parameter.name.to_lowercase(), blanked(&parameter.value)));
    Some(Typed {
        kind: kind.to_lowercase(),
        // The parser tells the language of an RFC 2231 value by a parameter of its own.
        parameters: parameters.filter(|(name, _)| !name.ends_with("-language")).collect(),
    })
}

/// The pieces of a long parameter (RFC 2231 section 3) as one. The parser decodes them piece by piece, and mail programs
/// cut within a character.
fn joined(value: &str) -> Cow<'_, str> {
    if !value.contains("*0*=") {
        return value.into();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut begun: Option<(String, usize)> = None;
    for part in value.split(';') {
        match (piece(part), &begun) {
            (Some((name, "0", content)), _) => {
                begun = Some((name.to_owned(), parts.len()));
                parts.push(format!(" {name}*={content}"));
            }
            (Some((name, _, content)), Some((first, at))) if name == first => {
                parts.get_mut(*at).into_iter().for_each(|part| part.push_str(content));
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts.join(";").into()
}

/// `name*3*=content`, without quotation marks.
fn piece(part: &str) -> Option<(&str, &str, &str)> {
    let (head, content) = part.trim().split_once("*=")?;
    let (name, number) = head.rsplit_once('*')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && !content.contains('"'))
        .then_some((name, number, content))
}

/// A value as the parser reads it, up to the end of its line; `None` where that would cost too much.
fn line(value: &str) -> Option<String> {
    (work(value) <= WORK).then(|| format!("{value}\n"))
}

/// Bytes that are read to find the ends of all encoded words of a value.
fn work(value: &str) -> usize {
    let (mut end, mut work) = (value.len(), 0usize);
    let bytes = value.as_bytes();
    for (at, pair) in bytes.windows(2).enumerate().rev() {
        match pair {
            b"?=" => end = at,
            b"=?" => work = work.saturating_add(end - at.min(end)),
            _ => {}
        }
    }
    work
}

fn blanked(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_is_decoded_and_holds_no_control_character() {
        assert_eq!(text("=?utf-8?q?R=C3=A9ponse?= =?iso-8859-1?B?6Q==?= ok"), "Réponseé ok");
        assert_eq!(text("Reçu n° 4"), "Reçu n° 4");
        assert_eq!(text("=?utf-8?q?a=0D=0ABcc:_x?="), "a  Bcc: x");
        assert_eq!(text(""), "");
    }

    #[test]
    fn mailboxes_are_found_in_lists_and_groups() {
        let emails = |value: &str| -> Vec<String> {
            let list = mailboxes(value).into_iter();
            list.map(|found| found.map_or_else(|| "?".to_owned(), |found| found.to_string()))
                .collect()
        };
        assert_eq!(
            emails("a@b, \"Nom, P\" <c@d>,=?utf-8?q?H=C3=A9?= <e@f>"),
            ["a@b", "\"Nom, P\" <c@d>", "Hé <e@f>"]
        );
        assert_eq!(emails("Groupe: a@b, c@d;, e@f"), ["a@b", "c@d", "e@f"]);
        assert_eq!(emails("undisclosed-recipients:;"), Vec::<String>::new());
        assert_eq!(
            emails("Hélène <h@mairie-évian.fr>"),
            ["Hélène <h@xn--mairie-vian-hbb.fr>"]
        );
        assert_eq!(emails("a@b (Jean), nobody"), ["Jean <a@b>", "?"]);
        assert_eq!(emails("<a@b> <c@d>"), ["?"]);
        assert_eq!(emails(""), Vec::<String>::new());
    }

    #[test]
    fn types_have_parameters_however_they_are_written() {
        let read = typed("Text/HTML; Charset=\"UTF-8\"; boundary=\"a b\"").unwrap();
        assert_eq!(read.kind, "text/html");
        assert_eq!(
            (read.parameter("charset"), read.parameter("boundary")),
            (Some("UTF-8"), Some("a b"))
        );
        for value in [
            "attachment; filename*=utf-8''re%C3%A7u.pdf",
            "attachment; filename*0*=utf-8''re%C3; filename*1*=%A7u.pdf",
            "attachment; filename=\"=?utf-8?b?cmXDp3UucGRm?=\"",
            "attachment; filename=\"reçu.pdf\"",
        ] {
            let read = typed(value).unwrap();
            assert_eq!(
                (read.kind.as_str(), read.parameter("filename")),
                ("attachment", Some("reçu.pdf")),
                "{value}"
            );
        }
        assert_eq!(typed(""), None);
    }

    #[test]
    fn a_value_that_would_cost_much_is_not_parsed() {
        let value = "=?ab?q?z".repeat(30_000);
        let start = std::time::Instant::now();
        assert!(text(&value) == value);
        assert!(mailboxes(&value) == [None] && typed(&value).is_none());
        assert!(start.elapsed().as_secs() < 2);
    }
}
