//! Lines that are harmless, as they are, each ended by CRLF.

use std::io;

use memchr::{memchr, memchr_iter};

use crate::header::LONGEST;

/// Passes lines, and makes sure that they are what they were found to be: ASCII without NUL, no CR but before LF, at
/// most 998 octets.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    column: usize,
    /// The last byte was a CR, which is not written before its LF is there.
    held: bool,
}

impl Lines {
    pub(super) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        if !input.is_ascii() || memchr(0, input).is_some() {
            return Err(changed());
        }
        // Those that do not stand before an LF.
        let mut crs = memchr_iter(b'\r', input).count();
        // Where the line begins; and what is not written yet, which is as it should be.
        let (mut begin, mut kept) = (0, 0);
        for end in memchr_iter(b'\n', input) {
            let line = input.get(begin..end).unwrap_or_default();
            if std::mem::take(&mut self.held) {
                if !line.is_empty() {
                    return Err(changed());
                }
                out.extend_from_slice(b"\r\n");
                kept = end + 1;
            } else if line.ends_with(b"\r") {
                crs -= 1;
                self.column += line.len() - 1;
            } else {
                self.column += line.len();
                out.extend_from_slice(input.get(kept..end).unwrap_or_default());
                out.extend_from_slice(b"\r\n");
                kept = end + 1;
            }
            if self.column > LONGEST {
                return Err(changed());
            }
            self.column = 0;
            begin = end + 1;
        }
        let rest = input.get(begin..).unwrap_or_default();
        if self.held && !rest.is_empty() {
            return Err(changed());
        }
        let line = rest.strip_suffix(b"\r").unwrap_or(rest);
        if line.len() < rest.len() {
            self.held = true;
            crs -= 1;
        }
        self.column += line.len();
        if self.column > LONGEST || crs > 0 {
            return Err(changed());
        }
        out.extend_from_slice(input.get(kept..begin + line.len()).unwrap_or_default());
        Ok(())
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        if self.held {
            return Err(changed());
        }
        if std::mem::take(&mut self.column) > 0 {
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }
}

/// The bytes are not those that were accepted.
pub(crate) fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the message changed since it was accepted")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn passed(text: &[u8]) -> io::Result<String> {
        let (mut lines, mut out) = (Lines::default(), Vec::new());
        lines.push(text, &mut out)?;
        lines.finish(&mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_line_break_becomes_crlf() {
        assert_eq!(passed(b"a\nb\r\n\n\r\nc").unwrap(), "a\r\nb\r\n\r\n\r\nc\r\n");
        assert_eq!(passed(b"").unwrap(), "");
    }

    #[test]
    fn wherever_it_is_cut_the_text_comes_out_the_same() {
        let text = b"a\nb\r\n\n\r\nlonger\r\nc\n\r\nend";
        let whole = passed(text).unwrap();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let (mut lines, mut out) = (Lines::default(), Vec::new());
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    lines.push(piece, &mut out).unwrap();
                }
                lines.finish(&mut out).unwrap();
                assert_eq!(String::from_utf8(out).unwrap(), whole, "{first}, {second}");
            }
        }
    }

    #[test]
    fn what_is_not_harmless_any_more_is_not_passed() {
        for text in [&b"a\rb\n"[..], b"a\r", b"a\r\r\n", b"\0", b"\xc3\xa9", &[b'x'; 999]] {
            assert!(passed(text).is_err(), "{text:?}");
            for cut in 0..=text.len() {
                let (mut lines, mut out) = (Lines::default(), Vec::new());
                let pushed = [&text[..cut], &text[cut..]]
                    .into_iter()
                    .try_for_each(|piece| lines.push(piece, &mut out));
                assert!(
                    pushed.and_then(|()| lines.finish(&mut out)).is_err(),
                    "{text:?} at {cut}"
                );
            }
        }
    }
}
