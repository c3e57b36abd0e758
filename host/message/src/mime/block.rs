//! The header of a message or of a part: its fields as they were written.

use std::ops::Range;

use crate::reason::Reason;

/// A header, in memory, with CRLF line breaks.
#[derive(Debug, Default)]
pub(super) struct Block {
    text: Vec<u8>,
    entries: Vec<Entry>,
}

/// A field of a [`Block`].
#[derive(Debug, Clone)]
pub(super) struct Entry {
    name: Range<usize>,
    /// All its lines, with their line breaks.
    raw: Range<usize>,
    /// Where it begins in the message, counted from 1.
    pub(super) line: u64,
}

impl Block {
    /// A header that is written well: [`Block::take`] takes each of its lines.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut block = Self::default();
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() || !block.fits(line) {
                break;
            }
            block.take(line, number as u64 + 1);
        }
        block
    }

    /// Whether this can be the next line of a header: the start of a field, or the continuation of one. A blank may
    /// stand before the colon (RFC 5322 section 4.5.8).
    pub(super) fn fits(&self, line: &[u8]) -> bool {
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return !self.entries.is_empty();
        }
        name(line).is_some()
    }

    /// Takes a line that [fits](Self::fits). One of blanks only is left out: nobody may write it (RFC 5322 section
    /// 3.2.2), and some readers take it for the end of the header.
    pub(super) fn take(&mut self, line: &[u8], number: u64) {
        if line.trim_ascii().is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.extend_from_slice(line);
        self.text.extend_from_slice(b"\r\n");
        let end = self.text.len();
        match (name(line), self.entries.last_mut()) {
            (Some(name), _) => self.entries.push(Entry {
                name: start..start + name.len(),
                raw: start..end,
                line: number,
            }),
            (None, Some(entry)) => entry.raw.end = end,
            (None, None) => {}
        }
    }

    /// Bytes of it.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The field's name, as written.
    pub(super) fn name(&self, entry: &Entry) -> &str {
        let name = self.text.get(entry.name.clone()).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }

    /// All its lines, with their line breaks.
    pub(super) fn raw(&self, entry: &Entry) -> &[u8] {
        self.text.get(entry.raw.clone()).unwrap_or_default()
    }

    /// The field's value, unfolded (RFC 5322 section 2.2.3), without the blanks around it.
    pub(super) fn value(&self, entry: &Entry) -> String {
        let lines = self.text.get(entry.name.end..entry.raw.end).unwrap_or_default();
        let value = String::from_utf8_lossy(lines).replace("\r\n", "");
        let value = value.trim_start_matches([' ', '\t']);
        value
            .strip_prefix(':')
            .unwrap_or(value)
            .trim_matches([' ', '\t'])
            .to_owned()
    }

    /// The fields of this name, in their order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| self.name(entry).eq_ignore_ascii_case(name))
    }

    /// The value of the first field of this name.
    pub(super) fn first(&self, name: &str) -> Option<String> {
        self.all(name).next().map(|entry| self.value(entry))
    }

    /// The same for a field that must not be there twice, unless with the same value.
    pub(super) fn only(&self, name: &'static str) -> Result<Option<&Entry>, Reason> {
        let mut entries = self.all(name);
        let Some(first) = entries.next() else {
            return Ok(None);
        };
        match entries.find(|other| self.value(other) != self.value(first)) {
            Some(other) => Err(Reason::MimeTwice {
                header: name,
                line: other.line,
            }),
            None => Ok(Some(first)),
        }
    }
}

/// The name in front of a line's first colon (RFC 5322 section 2.2).
fn name(line: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn fields_are_found_however_they_are_written() {
        let block = Block::of(b"To: a@b\r\nBcc : c@d\nSubject:\ta\r\n  b\r\n \t\r\n c\r\nEmpty:\r\n\r\nX: body\r\n");
        let names: Vec<&str> = block.entries().iter().map(|entry| block.name(entry)).collect();
        assert_eq!(names, ["To", "Bcc", "Subject", "Empty"]);
        assert_eq!(block.first("bcc").unwrap(), "c@d");
        assert_eq!(block.first("SUBJECT").unwrap(), "a  b c");
        assert_eq!(block.raw(&block.entries()[2]), b"Subject:\ta\r\n  b\r\n c\r\n");
        assert_eq!(block.first("Empty").unwrap(), "");
        assert_eq!(block.first("X"), None);
    }

    #[test]
    fn what_is_no_field_does_not_fit() {
        let mut block = Block::default();
        assert!(
            !block.fits(b" a: b") && !block.fits(b"Bonjour") && !block.fits(b": x") && !block.fits("é: x".as_bytes())
        );
        assert!(block.fits(b"a:") && block.fits(b"a \t: b"));
        block.take(b"a: b", 1);
        assert!(block.fits(b" c") && !block.fits(b"Bonjour, madame") && !block.fits(b"a b: c"));
    }

    #[test]
    fn a_field_may_be_there_twice_with_one_value() {
        let block = Block::of(b"A: x\r\nB: x\r\na:  x \r\nB: y\r\n");
        assert!(block.only("A").unwrap().is_some());
        assert_eq!(block.only("B").unwrap_err(), Reason::MimeTwice { header: "B", line: 4 });
        assert!(block.only("C").unwrap().is_none());
    }
}
