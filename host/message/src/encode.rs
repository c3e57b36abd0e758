//! How a body is written so that every server carries it: 7bit, quoted-printable or base64 (RFC 2045 section 6).
//!
//! The threat is a body that ends the message early, or that a server rewrites: a bare CR or LF, NUL, a line over 998
//! octets, a line with a dot alone, trailing blanks, `From ` at the start of a line. What is not harmless as it is gets
//! encoded, and decodes to the very bytes that were given.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::header::LONGEST;
use crate::recode::Quoted;

/// Bytes that make one line of base64: 57 bytes, 76 characters (RFC 2045 section 6.8).
pub(crate) const LINE_IN: usize = 57;
/// The line that they make, with its CRLF.
pub(crate) const LINE_OUT: usize = 78;
const LINE_CHARACTERS: usize = LINE_OUT - 2;
/// Bytes that are written as quoted-printable before it is looked at whether that is shorter still.
const STRETCH: usize = 64 << 10;

/// The encoding of a text body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transfer {
    SevenBit,
    QuotedPrintable,
    Base64,
}

impl Transfer {
    /// The encoding to try first. A body that is `alone` in its message ends with a line break whether or not its text
    /// does.
    fn first(bytes: &[u8], alone: bool) -> Self {
        if is_seven_bit(bytes) && (!alone || bytes.is_empty() || bytes.ends_with(b"\n")) {
            return Self::SevenBit;
        }
        // Quoted-printable writes a line break as CRLF, so that a CR of the text would not come back as it was.
        if memchr::memchr2(b'\r', 0, bytes).is_some() {
            return Self::Base64;
        }
        Self::QuotedPrintable
    }

    /// The value of Content-Transfer-Encoding.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
        }
    }
}

/// Writes `text` in the encoding that suits it best, behind what `fields` writes of that encoding. Answers it.
///
/// Which of quoted-printable and base64 is shorter is seen by writing the one, and taken back where it is the other:
/// most texts are gone through once.
pub(crate) fn write(text: &str, alone: bool, out: &mut Vec<u8>, fields: impl Fn(&mut Vec<u8>, Transfer)) -> Transfer {
    let (bytes, place) = (text.as_bytes(), out.len());
    let first = Transfer::first(bytes, alone);
    fields(out, first);
    match first {
        Transfer::SevenBit => seven_bit(bytes, out),
        Transfer::QuotedPrintable if quoted_printable(bytes, alone, out) => {}
        Transfer::QuotedPrintable => {
            out.truncate(place);
            fields(out, Transfer::Base64);
            wrapped(bytes, &mut Vec::new(), out);
            return Transfer::Base64;
        }
        Transfer::Base64 => wrapped(bytes, &mut Vec::new(), out),
    }
    first
}

/// Printable ASCII, TAB and LF, no line too long, and none that a mailbox file would take for the start of the next
/// message.
fn is_seven_bit(bytes: &[u8]) -> bool {
    // Without leaving early inside a chunk, so that the compiler compares many bytes at once.
    let odd = |odd: bool, &b: &u8| odd | !matches!(b, b' '..=b'~' | b'\t' | b'\n');
    if bytes.chunks(256).any(|chunk| chunk.iter().fold(false, odd)) {
        return false;
    }
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes).chain([bytes.len()]).all(|end| {
        let line = bytes.get(start..end).unwrap_or_default();
        start = end + 1;
        line.len() <= LONGEST && !line.starts_with(b"From ")
    })
}

fn seven_bit(bytes: &[u8], out: &mut Vec<u8>) {
    let mut rest = bytes;
    while let Some((line, after)) = memchr::memchr(b'\n', rest).and_then(|at| rest.split_at_checked(at)) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// Quoted-printable of a text without CR. Where the text does not end in a line break and must, a soft one stands at
/// the end. Says whether it is shorter than base64; where it is not, it may have stopped before the end.
fn quoted_printable(bytes: &[u8], end_line: bool, out: &mut Vec<u8>) -> bool {
    let (start, limit) = (out.len(), wrapped_len(bytes.len() as u64));
    let is_shorter = |out: &Vec<u8>| ((out.len() - start) as u64) < limit;
    let mut quoted = Quoted::default();
    let mut rest = bytes;
    while let Some((stretch, _)) = rest.split_at_checked(STRETCH) {
        let written = quoted.append(stretch, false, out);
        rest = rest.get(written..).unwrap_or_default();
        if !is_shorter(out) {
            return false;
        }
    }
    quoted.append(rest, true, out);
    if end_line {
        quoted.end_line(out);
    }
    is_shorter(out)
}

/// Base64 in lines of 76 characters, the last one ended too. `scratch` is working space, kept by the caller for the
/// next block.
///
/// Encoding the whole and then placing the lines is a fifth faster than encoding line by line.
pub(crate) fn wrapped(input: &[u8], scratch: &mut Vec<u8>, out: &mut Vec<u8>) {
    scratch.clear();
    append(input, scratch);
    let lines = scratch.chunks_exact(LINE_CHARACTERS);
    let last = lines.remainder();
    let start = out.len();
    out.resize(start + lines.len() * LINE_OUT, 0);
    let places = out.get_mut(start..).unwrap_or_default().chunks_exact_mut(LINE_OUT);
    for (line, place) in lines.zip(places) {
        if let Some((characters, end)) = place.split_at_mut_checked(LINE_CHARACTERS) {
            characters.copy_from_slice(line);
            end.copy_from_slice(b"\r\n");
        }
    }
    if !last.is_empty() {
        out.extend_from_slice(last);
        out.extend_from_slice(b"\r\n");
    }
}

/// Base64 without line breaks.
pub(crate) fn append(input: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + input.len().div_ceil(3) * 4, 0);
    if let Some(place) = out.get_mut(start..) {
        // The place has exactly the size that is needed, which is the only thing that can be wrong here.
        let written = STANDARD.encode_slice(input, place).unwrap_or(0);
        out.truncate(start + written);
    }
}

/// The length of [`wrapped`] for `bytes` bytes.
pub(crate) fn wrapped_len(bytes: u64) -> u64 {
    one_line_len(bytes).saturating_add(bytes.div_ceil(LINE_IN as u64).saturating_mul(2))
}

/// The length of [`append`] for `bytes` bytes.
pub(crate) fn one_line_len(bytes: u64) -> u64 {
    bytes.div_ceil(3).saturating_mul(4)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn written(text: &str, alone: bool) -> (Transfer, String) {
        let mut out = Vec::new();
        let transfer = write(text, alone, &mut out, |_, _| {});
        (transfer, String::from_utf8(out).unwrap())
    }

    #[test]
    fn plain_text_with_a_final_line_break_goes_as_it_is() {
        assert_eq!(
            written("a\n.b\n\tc\n", true),
            (Transfer::SevenBit, "a\r\n.b\r\n\tc\r\n".into())
        );
        assert_eq!(written("", true), (Transfer::SevenBit, String::new()));
        assert_eq!(written("a", false), (Transfer::SevenBit, "a".into()));
    }

    #[test]
    fn text_alone_without_a_final_line_break_ends_with_a_soft_one() {
        assert_eq!(
            written("Bonjour", true),
            (Transfer::QuotedPrintable, "Bonjour=\r\n".into())
        );
    }

    #[test]
    fn accents_go_as_quoted_printable_where_that_is_shorter() {
        assert_eq!(written("Une facture arrivée\n", true).1, "Une facture arriv=C3=A9e\r\n");
        assert_eq!(written(&"日本".repeat(50), true).0, Transfer::Base64);
    }

    #[test]
    fn what_was_written_of_the_longer_encoding_is_taken_back() {
        let fields = |out: &mut Vec<u8>, transfer: Transfer| out.extend_from_slice(transfer.name().as_bytes());
        for text in [
            "é".repeat(50),
            "é".repeat(STRETCH),
            "a".repeat(STRETCH) + &"é".repeat(STRETCH),
        ] {
            let mut out = b"before ".to_vec();
            assert_eq!(write(&text, true, &mut out, fields), Transfer::Base64);
            let mut wanted = b"before base64".to_vec();
            wrapped(text.as_bytes(), &mut Vec::new(), &mut wanted);
            assert_eq!(out, wanted);
        }
    }

    #[test]
    fn a_long_text_is_written_as_it_would_be_in_one_piece() {
        let text = "Une ligne du procès-verbal, .point. \nFrom here \n".repeat(STRETCH / 16);
        let (transfer, out) = written(&text, true);
        let mut whole = Vec::new();
        Quoted::default().append(text.as_bytes(), true, &mut whole);
        assert_eq!((transfer, out.into_bytes()), (Transfer::QuotedPrintable, whole));
    }

    #[test]
    fn anything_with_cr_or_nul_goes_as_base64() {
        for text in ["a\r\nb", "a\rb", "\r", "a\0b"] {
            assert_eq!(written(text, true).0, Transfer::Base64, "{text:?}");
            assert_eq!(written(text, false).0, Transfer::Base64, "{text:?}");
        }
    }

    #[test]
    fn other_control_characters_are_never_written_as_they_are() {
        for text in [
            "a\x1bb text text text\n",
            "a\x7fb text text text\n",
            "a\x0cb text text text\n",
        ] {
            let (transfer, out) = written(text, true);
            assert_eq!(transfer, Transfer::QuotedPrintable);
            assert!(
                out.bytes()
                    .all(|b| b == b'\r' || b == b'\n' || b.is_ascii_graphic() || b == b' '),
                "{out:?}"
            );
        }
    }

    #[test]
    fn a_line_of_998_octets_is_plain_and_one_of_999_is_not() {
        assert_eq!(written(&format!("{}\n", "x".repeat(998)), true).0, Transfer::SevenBit);
        let (transfer, out) = written(&format!("{}\n", "x".repeat(999)), true);
        assert_eq!(transfer, Transfer::QuotedPrintable);
        assert!(out.split("\r\n").all(|line| line.len() <= 76));
    }

    #[test]
    fn quoted_printable_protects_dots_from_lines_and_trailing_blanks() {
        let mut out = Vec::new();
        let _ = quoted_printable("From é \n.\nFrom \t\n..a=b\n".as_bytes(), true, &mut out);
        let lines = ["=46rom =C3=A9=20", "=2E", "=46rom =09", "=2E.a=3Db", ""];
        assert_eq!(String::from_utf8(out).unwrap(), lines.join("\r\n"));
    }

    #[test]
    fn a_soft_break_is_never_followed_by_a_dot_or_from() {
        for lead in 60..90 {
            let text = format!("{}.{}From x", "a".repeat(lead), "b".repeat(lead));
            let (_, out) = written(&text, true);
            for line in out.split("\r\n") {
                assert!(
                    !line.starts_with('.') && !line.starts_with("From ") && line.len() <= 76,
                    "{out}"
                );
            }
        }
    }

    #[test]
    fn a_blank_before_a_line_break_is_encoded_wherever_the_line_is_broken() {
        for lead in 60..160 {
            let (_, out) = written(&format!("{}é \n", "a ".repeat(lead)), true);
            for line in out.split("\r\n") {
                assert!(line.len() <= 76 && !line.ends_with(' '), "{out}");
            }
            assert!(out.ends_with("=20\r\n"), "{out}");
        }
    }

    #[test]
    fn from_at_the_start_of_a_line_is_not_plain() {
        assert_eq!(
            written("a\nFrom b\n", true),
            (Transfer::QuotedPrintable, "a\r\n=46rom b\r\n".into())
        );
        assert_eq!(written("From:\n", true).0, Transfer::SevenBit);
    }

    #[test]
    fn the_lengths_of_base64_are_exact() {
        for size in [0, 1, 2, 3, 56, 57, 58, 114, 115, 1000, 47_880, 47_881] {
            let input = vec![7; size];
            let (mut lines, mut line) = (Vec::new(), Vec::new());
            wrapped(&input, &mut Vec::new(), &mut lines);
            append(&input, &mut line);
            assert_eq!(lines.len() as u64, wrapped_len(size as u64));
            assert_eq!(line.len() as u64, one_line_len(size as u64));
            assert_eq!(String::from_utf8(lines).unwrap().replace("\r\n", "").into_bytes(), line);
        }
    }
}
