//! Text into quoted-printable (RFC 2045 section 6.7).

use crate::hex;

/// Characters of a line, the soft break among them.
const LINE: usize = 76;
/// Bytes that are looked at, at most, to judge the one before them: `From ` and what is around it.
pub(crate) const AHEAD: usize = 8;

/// Writes quoted-printable. LF and CRLF are line breaks; a CR that stands alone is encoded. No line of the output
/// begins with a dot or with `From `, and none ends with a blank.
#[derive(Debug, Default)]
pub(crate) struct Quoted {
    column: usize,
}

impl Quoted {
    /// Writes the text up to the bytes that cannot be judged yet, and says how many were written: all of them where
    /// they are the `last`.
    pub(crate) fn append(&mut self, text: &[u8], last: bool, out: &mut Vec<u8>) -> usize {
        let unjudged = if last { 0 } else { AHEAD };
        let mut rest = text;
        while let Some((&byte, after)) = rest.split_first() {
            let Some(judged) = rest.len().checked_sub(unjudged).filter(|judged| *judged > 0) else {
                break;
            };
            if let Some(after) = line_break(rest) {
                out.extend_from_slice(b"\r\n");
                self.column = 0;
                rest = after;
                continue;
            }
            // The last of the columns is for the soft break.
            let room = LINE - 1 - self.column;
            let at_start = self.column == 0 && (byte == b'.' || rest.starts_with(b"From "));
            let plain = if at_start { 0 } else { plain_run(rest, room.min(judged)) };
            if plain > 0 {
                let (run, after) = rest.split_at(plain);
                out.extend_from_slice(run);
                self.column += plain;
                rest = after;
            } else if room < 3 {
                out.extend_from_slice(b"=\r\n");
                self.column = 0;
            } else {
                let [high, low] = hex::digits(byte);
                out.extend_from_slice(&[b'=', high, low]);
                self.column += 3;
                rest = after;
            }
        }
        text.len() - rest.len()
    }

    /// Ends the last line with a soft break, where it is not ended.
    pub(crate) fn end_line(&mut self, out: &mut Vec<u8>) {
        if self.column > 0 {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
    }
}

/// What is behind the line break at the start of `text`, if there is one.
fn line_break(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n"))
}

/// Stands for itself in quoted-printable. TAB could, and is encoded: nothing then has to know which blanks some server
/// changes.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'<' | b'>'..=b'~')
}

/// How many bytes from the start of `text` stand for themselves. Without leaving early inside a chunk, so that the compiler
/// compares many bytes at once.
fn plain_prefix(text: &[u8]) -> usize {
    let (chunks, _) = text.as_chunks::<16>();
    let is_whole = |chunk: &&[u8; 16]| chunk.iter().fold(true, |plain, &byte| plain & is_plain(byte));
    let start = 16 * chunks.iter().take_while(is_whole).count();
    let rest = text.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|&&byte| is_plain(byte)).count()
}

/// How many bytes from the start of `text`, `room` at most, are written as they are. A blank before a line break, or at
/// the end, is not among them: it is lost on the way where it stands as it is.
fn plain_run(text: &[u8], room: usize) -> usize {
    let run = plain_prefix(text.get(..room).unwrap_or(text));
    let behind = text.get(run..).unwrap_or_default();
    let before_break = behind.is_empty() || line_break(behind).is_some();
    let ends_blank = run > 0 && text.get(run - 1) == Some(&b' ');
    if before_break && ends_blank { run - 1 } else { run }
}
