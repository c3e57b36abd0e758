//! Quoted-printable that cannot pass as it is, written so that it can: the same characters and the same line breaks,
//! with other soft breaks.

use crate::hex;

/// Characters of a line, the soft break among them.
const LINE: usize = 76;

#[derive(Debug)]
enum State {
    Text,
    /// Behind `=`.
    Escape,
    /// Behind `=` and a digit.
    Digit(u8),
    /// Behind `=` and blanks: a soft break, if a line break follows.
    Soft(Vec<u8>),
}

/// Blanks behind `=` that are waited through for a line break; a server adds a few at most.
const BLANKS: usize = 16;

/// Rewrites quoted-printable. What is no valid escape stands for itself, as readers take it.
#[derive(Debug)]
pub(crate) struct Requoted {
    state: State,
    column: usize,
    /// A blank that is written as it is unless the line ends behind it.
    blank: Option<u8>,
    /// A CR that is a line break where LF follows, and else a character.
    cr: bool,
    alone: bool,
}

impl Requoted {
    pub(super) fn new(alone: bool) -> Self {
        Self {
            state: State::Text,
            column: 0,
            blank: None,
            cr: false,
            alone,
        }
    }

    pub(super) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            let cr = std::mem::replace(&mut self.cr, byte == b'\r');
            if cr && byte != b'\n' {
                self.take(b'\r', out);
            }
            if byte != b'\r' {
                self.take(byte, out);
            }
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.cr) {
            self.take(b'\r', out);
        }
        // An escape that nothing ends: a soft break at the very end, or characters.
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text | State::Escape | State::Soft(_) => {}
            State::Digit(digit) => {
                self.character(b'=', out);
                self.character(digit, out);
            }
        }
        if let Some(blank) = self.blank.take() {
            self.escape(blank, out);
        }
        if self.alone && self.column > 0 {
            out.extend_from_slice(b"=\r\n");
        }
    }

    /// A byte, of which CR is known to be alone; LF is a line break.
    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.state, State::Text) {
            State::Text => match byte {
                b'=' => self.state = State::Escape,
                b'\n' => self.line_break(out),
                _ => self.character(byte, out),
            },
            State::Escape => match byte {
                b'\n' => {}
                b' ' | b'\t' => self.state = State::Soft(vec![byte]),
                _ if byte.is_ascii_hexdigit() => self.state = State::Digit(byte),
                _ => {
                    self.character(b'=', out);
                    self.take(byte, out);
                }
            },
            State::Digit(digit) => {
                if let (Some(high), Some(low)) = (hex::value(digit), hex::value(byte)) {
                    self.escape(high << 4 | low, out);
                } else {
                    self.character(b'=', out);
                    self.character(digit, out);
                    self.take(byte, out);
                }
            }
            State::Soft(mut blanks) => match byte {
                b'\n' => {}
                b' ' | b'\t' if blanks.len() < BLANKS => {
                    blanks.push(byte);
                    self.state = State::Soft(blanks);
                }
                _ => {
                    self.character(b'=', out);
                    for blank in blanks {
                        self.character(blank, out);
                    }
                    self.take(byte, out);
                }
            },
        }
    }

    fn line_break(&mut self, out: &mut Vec<u8>) {
        if let Some(blank) = self.blank.take() {
            self.escape(blank, out);
        }
        out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    fn character(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.write_blank(out);
        // At the start of a line a dot could be taken for the end, and an F may begin `From `.
        let at_start = self.column == 0 || self.column >= LINE - 1;
        match byte {
            b' ' | b'\t' => self.blank = Some(byte),
            b'.' | b'F' if at_start => self.escape(byte, out),
            b'!'..=b'<' | b'>'..=b'~' => self.write(&[byte], out),
            _ => self.escape(byte, out),
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<u8>) {
        self.write_blank(out);
        let [high, low] = hex::digits(byte);
        self.write(&[b'=', high, low], out);
    }

    fn write_blank(&mut self, out: &mut Vec<u8>) {
        if let Some(blank) = self.blank.take() {
            self.write(&[blank], out);
        }
    }

    fn write(&mut self, token: &[u8], out: &mut Vec<u8>) {
        if self.column + token.len() > LINE - 1 {
            out.extend_from_slice(b"=\r\n");
            self.column = 0;
        }
        out.extend_from_slice(token);
        self.column += token.len();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::recode::{Decode, Decoder};

    fn requoted(text: &[u8]) -> String {
        let (mut requoted, mut out) = (Requoted::new(true), Vec::new());
        requoted.push(text, &mut out);
        requoted.finish(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn decoded(text: &[u8]) -> Vec<u8> {
        let (mut decoder, mut out) = (Decoder::new(Decode::Quoted), Vec::new());
        decoder.push(text, &mut out);
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn what_is_well_written_stays() {
        for text in ["a=3Db\r\n", "a=\r\n", "Bonjour=20\r\n\r\n"] {
            assert_eq!(requoted(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_readers_tolerate_becomes_valid() {
        assert_eq!(requoted("é=c3=a9 =\n=zz\n".as_bytes()), "=C3=A9=C3=A9 =3Dzz\r\n");
        assert_eq!(requoted(b"a\rb\0\n.\nFrom x \n"), "a=0Db=00\r\n=2E\r\n=46rom x=20\r\n");
        assert_eq!(requoted(b"a=  \n=  b="), "a=3D  b=\r\n");
        let blanks = " ".repeat(40);
        assert_eq!(
            requoted(format!("={blanks}\n").as_bytes()),
            format!("=3D{}=20\r\n", " ".repeat(39))
        );
    }

    #[test]
    fn long_lines_are_broken_and_decode_to_the_same() {
        let text = "été=3D .From ".repeat(300);
        let out = requoted(text.as_bytes());
        assert!(
            out.split("\r\n")
                .all(|line| line.len() <= 76 && !line.starts_with('.') && !line.starts_with("From "))
        );
        assert!(out.is_ascii());
        assert_eq!(decoded(out.as_bytes()), decoded(text.as_bytes()));
    }
}
