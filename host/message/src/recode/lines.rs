//! Lines that are harmless, as they are, each ended by CRLF.

use std::io;

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
        let mut rest = input;
        while !rest.is_empty() {
            let (piece, after, ended) = match memchr::memchr(b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
                Some((piece, after)) => (piece, after.get(1..).unwrap_or_default(), true),
                None => (rest, &[][..], false),
            };
            rest = after;
            if self.held && !(piece.is_empty() && ended) {
                return Err(changed());
            }
            self.held = !ended && piece.ends_with(b"\r");
            let line = piece.strip_suffix(b"\r").unwrap_or(piece);
            self.column += line.len();
            if self.column > LONGEST || !line.is_ascii() || memchr::memchr2(b'\r', 0, line).is_some() {
                return Err(changed());
            }
            out.extend_from_slice(line);
            if ended {
                out.extend_from_slice(b"\r\n");
                self.column = 0;
            }
        }
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
    #![allow(clippy::unwrap_used)]
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
    fn what_is_not_harmless_any_more_is_not_passed() {
        for text in [&b"a\rb\n"[..], b"a\r", b"a\r\r\n", b"\0", b"\xc3\xa9", &[b'x'; 999]] {
            assert!(passed(text).is_err(), "{text:?}");
        }
    }
}
