//! Writes one header field: folded at 76 columns where it can be, and RFC 2047 for what is not ASCII.
//!
//! Values come here checked: without control characters (`check::line`). lettre has writers for header fields, but it
//! does not fold between mailboxes, so that ten recipients make a line of more than 998 octets, and it lets a literal
//! `=?…?=` through, which a reader would decode into something else than what was given, line breaks among it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::address::{Address, is_atext};
use crate::hex;
use crate::reason::Reason;

/// Columns wanted: RFC 2047 section 2 allows 76 to a line that holds an encoded word.
const WANTED: usize = 76;
/// Octets allowed without the CRLF (RFC 5322 section 2.1.1).
pub(crate) const LONGEST: usize = 998;
/// `=?utf-8?b?` and `?=`.
const WORD_FRAME: usize = 12;

/// A header field on its way into a buffer.
pub(crate) struct Field<'a> {
    out: &'a mut Vec<u8>,
    /// Where the current line starts in `out`.
    line: usize,
    /// Whether the current line holds more than the field's name, so that breaking it leaves no line of blanks.
    started: bool,
    /// Spaces that stand before what is written next; the line may break in front of them.
    spaces: usize,
    longest: usize,
}

impl<'a> Field<'a> {
    /// Begins the field `name`.
    pub(crate) fn new(out: &'a mut Vec<u8>, name: &str) -> Self {
        let line = out.len();
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        Self {
            out,
            line,
            started: false,
            spaces: 1,
            longest: 0,
        }
    }

    /// Ends the field. Fails where a word could not be folded below the longest line that is allowed.
    pub(crate) fn end(mut self) -> Result<(), Reason> {
        self.finish_line();
        if self.longest > LONGEST {
            Err(Reason::Unfoldable)
        } else {
            Ok(())
        }
    }

    /// Unstructured text (RFC 5322 section 2.2.1): plain words as they are, other words, with the spaces between them,
    /// encoded.
    pub(crate) fn text(mut self, value: &str) -> Result<(), Reason> {
        let mut encode: Option<(usize, usize)> = None;
        let mut done = 0;
        let mut at = 0;
        for word in value.split(' ') {
            let end = at + word.len();
            if !is_plain(word) {
                encode = Some((encode.map_or(at, |(start, _)| start), end));
            } else if !word.is_empty() {
                if let Some((start, end)) = encode.take() {
                    self.spaces += start - done;
                    self.encoded(value.get(start..end).unwrap_or_default(), 0);
                    done = end;
                }
                self.spaces += at - done;
                self.token(&[word]);
                done = end;
            }
            at = end + 1;
        }
        if let Some((start, end)) = encode {
            self.spaces += start - done;
            self.encoded(value.get(start..end).unwrap_or_default(), 0);
        }
        self.end()
    }

    /// A list of mailboxes (RFC 5322 section 3.4), folded between them.
    pub(crate) fn mailboxes<'m>(mut self, list: impl IntoIterator<Item = &'m Address>) -> Result<(), Reason> {
        let mut list = list.into_iter().peekable();
        while let Some(address) = list.next() {
            let comma = if list.peek().is_some() { "," } else { "" };
            match &address.name {
                Some(name) => {
                    self.phrase(name);
                    self.spaces = 1;
                    self.token(&["<", &address.email, ">", comma]);
                }
                None => self.token(&[&address.email, comma]),
            }
            self.spaces = 1;
        }
        self.spaces = 0;
        self.end()
    }

    /// A word that is not folded inside, given in parts.
    pub(crate) fn token(&mut self, parts: &[&str]) {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        let end = self.column() + self.spaces + length;
        if self.spaces > 0 && ((self.started && end > WANTED) || end > LONGEST) {
            self.fold();
        }
        self.write_spaces();
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.started = true;
    }

    /// A parameter of a content type or disposition (RFC 2045 section 5.1), quoted. `value` is printable ASCII.
    pub(crate) fn parameter(&mut self, name: &str, value: &str) {
        self.out.push(b';');
        self.spaces = 1;
        if value.contains(['"', '\\']) {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            self.token(&[name, "=\"", &value, "\""]);
        } else {
            self.token(&[name, "=\"", value, "\""]);
        }
    }

    /// The same with RFC 2047 words between the quotation marks: no standard has it, and old Outlook reads no other.
    pub(crate) fn parameter_in_words(&mut self, name: &str, value: &str) {
        self.out.push(b';');
        self.spaces = 1;
        self.fold();
        self.token(&[name, "=\""]);
        self.encoded(value, 2);
        self.out.push(b'"');
    }

    /// The same by RFC 2231 section 4, in UTF-8.
    pub(crate) fn parameter_in_percents(&mut self, name: &str, value: &str) {
        self.out.push(b';');
        self.spaces = 1;
        self.token(&[name, "*=utf-8''", &hex::percent_encoded(value)]);
    }

    /// A display name: atoms, or a quoted string, or encoded words.
    fn phrase(&mut self, name: &str) {
        if !is_plain(name) {
            return self.encoded(name, 0);
        }
        let atoms = name
            .split(' ')
            .all(|word| !word.is_empty() && word.bytes().all(is_atext));
        let quoted;
        let written = if atoms {
            name
        } else {
            quoted = format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
            &quoted
        };
        for word in written.split(' ') {
            if !word.is_empty() {
                self.token(&[word]);
            }
            self.spaces += 1;
        }
    }

    /// `text` as encoded words (RFC 2047 section 2), as many as it needs, each with whole characters. `reserve` columns
    /// stay free at the end of the line.
    fn encoded(&mut self, text: &str, reserve: usize) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let room = WANTED.saturating_sub(self.column() + self.spaces + WORD_FRAME + reserve) / 4 * 3;
            let mut take = rest.floor_char_boundary(room);
            if take == 0 {
                if self.started {
                    self.fold();
                    continue;
                }
                take = first.len_utf8();
            }
            let (word, after) = rest.split_at(take);
            self.write_spaces();
            self.out.extend_from_slice(b"=?utf-8?b?");
            self.out.extend_from_slice(STANDARD.encode(word).as_bytes());
            self.out.extend_from_slice(b"?=");
            self.started = true;
            rest = after;
            if !rest.is_empty() {
                // The space between two encoded words is not part of the text (RFC 2047 section 6.2).
                self.spaces = 1;
                self.fold();
            }
        }
    }

    fn column(&self) -> usize {
        self.out.len() - self.line
    }

    fn write_spaces(&mut self) {
        self.out.resize(self.out.len() + self.spaces, b' ');
        self.spaces = 0;
    }

    /// Goes to a new line, which begins with the spaces that wait, or with one.
    fn fold(&mut self) {
        self.spaces = self.spaces.max(1);
        self.finish_line();
    }

    fn finish_line(&mut self) {
        self.longest = self.longest.max(self.column());
        self.out.extend_from_slice(b"\r\n");
        self.line = self.out.len();
        self.started = false;
    }
}

/// May stand in a header field as it is: printable ASCII, and nothing that reads as the start of an encoded word.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (b' '..=b'~').contains(&b)) && !text.contains("=?")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn text(name: &str, value: &str) -> String {
        let mut out = Vec::new();
        Field::new(&mut out, name).text(value).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn list(values: &[&str]) -> String {
        let list: Vec<Address> = values.iter().map(|value| Address::parse(value).unwrap()).collect();
        let mut out = Vec::new();
        Field::new(&mut out, "To").mailboxes(&list).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn longest(field: &str) -> usize {
        field.split("\r\n").map(str::len).max().unwrap()
    }

    #[test]
    fn plain_text_stays_plain() {
        assert_eq!(text("Subject", "Two  spaces"), "Subject: Two  spaces\r\n");
        assert_eq!(text("Subject", ""), "Subject:\r\n");
    }

    #[test]
    fn words_with_accents_are_encoded_with_the_spaces_between_them() {
        assert_eq!(text("Subject", "Un é è a"), "Subject: Un =?utf-8?b?w6kgw6g=?= a\r\n");
    }

    #[test]
    fn a_literal_encoded_word_is_encoded_so_that_nobody_decodes_it() {
        let field = text("Subject", "a =?utf-8?q?=0D=0AX:_y?= b");
        assert!(!field.contains("=0D=0A"), "{field}");
        assert!(field.contains("=?utf-8?b?"), "{field}");
    }

    #[test]
    fn long_text_is_folded_at_76_columns() {
        for value in [
            "word ".repeat(200),
            "été ".repeat(200),
            "日本語".repeat(100),
            format!("a {} é", "x".repeat(60)),
        ] {
            let field = text("Subject", &value);
            assert!(longest(&field) <= 76, "{field}");
            assert!(
                field
                    .split("\r\n")
                    .skip(1)
                    .all(|line| line.is_empty() || !line.trim().is_empty()),
                "{field}"
            );
        }
    }

    #[test]
    fn a_word_that_fits_on_no_line_is_refused() {
        let mut out = Vec::new();
        assert_eq!(Field::new(&mut out, "X").text(&"x".repeat(997)), Ok(()));
        assert!(out.starts_with(b"X:\r\n x"));
        assert_eq!(
            Field::new(&mut Vec::new(), "X").text(&"x".repeat(998)),
            Err(Reason::Unfoldable)
        );
    }

    #[test]
    fn mailboxes_are_written_as_atoms_quoted_or_encoded() {
        assert_eq!(
            list(&["a@b", "Jean <c@d>", "\"Nom, P\" <e@f>"]),
            "To: a@b, Jean <c@d>, \"Nom, P\" <e@f>\r\n"
        );
        assert_eq!(list(&["Hélène <a@b>"]), "To: =?utf-8?b?SMOpbMOobmU=?= <a@b>\r\n");
        assert_eq!(list(&[r#""A \\ \"B\"" <a@b>"#]), "To: \"A \\\\ \\\"B\\\"\" <a@b>\r\n");
        assert!(list(&["\"=?utf-8?q?x?=\" <a@b>"]).contains("=?utf-8?b?"));
    }

    #[test]
    fn a_thousand_mailboxes_are_folded() {
        let values: Vec<String> = (0..1000)
            .map(|i| format!("Prénom Nom {i} <user{i}@example.org>"))
            .collect();
        let field = list(&values.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(longest(&field) <= 76, "{field}");
        assert_eq!(field.matches('@').count(), 1000);
    }

    #[test]
    fn the_longest_mailbox_that_is_accepted_can_be_written() {
        let name = "\\\"".repeat(127);
        let field = list(&[&format!(
            "\"{}\" <{}@{}>",
            name.replace('\\', "\\\\").replace('"', "\\\""),
            "l".repeat(64),
            "d".repeat(63)
        )]);
        assert!(longest(&field) <= LONGEST);
    }
}
