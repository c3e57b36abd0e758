//! Base64 and quoted-printable back into bytes, as they stream by (RFC 2045 sections 6.7 and 6.8).
//!
//! Both are as forgiving as mail readers are: what a reader makes of a part is what is given here.

use std::io;

use crate::hex;
use crate::source::Content;

/// How a part is encoded, where it is not as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decode {
    Base64,
    Quoted,
}

impl Decode {
    /// Bytes that `content` has when it is decoded. Reads it, waiting for the disk.
    pub(crate) fn measure(self, content: &Content) -> io::Result<u64> {
        let (mut decoder, mut size, mut out) = (Decoder::new(self), 0, Vec::new());
        content.for_each(|chunk| {
            decoder.push(chunk, &mut out);
            size += out.len() as u64;
            out.clear();
            Ok(())
        })?;
        decoder.finish(&mut out);
        Ok(size + out.len() as u64)
    }
}

/// A decoding in progress.
#[derive(Debug)]
pub(crate) enum Decoder {
    Base64(Base64),
    Quoted(Unquoted),
}

impl Decoder {
    pub(crate) fn new(how: Decode) -> Self {
        match how {
            Decode::Base64 => Self::Base64(Base64::default()),
            Decode::Quoted => Self::Quoted(Unquoted::default()),
        }
    }

    /// Takes the next bytes. Appends at most as many, and 20 more.
    pub(crate) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Base64(base64) => base64.push(input, out),
            Self::Quoted(unquoted) => unquoted.push(input, out),
        }
    }

    /// After the last bytes.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Self::Quoted(unquoted) = self {
            unquoted.finish(out);
        }
    }
}

/// Characters that are not of base64 do not count; padding ends it.
#[derive(Debug, Default)]
pub(crate) struct Base64 {
    bits: u32,
    /// Characters of the group of four that is begun.
    count: u8,
    ended: bool,
}

impl Base64 {
    fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' if self.count >= 2 => {
                    self.ended = true;
                    continue;
                }
                _ => continue,
            };
            if self.ended {
                return;
            }
            self.bits = self.bits << 6 | u32::from(value);
            self.count = (self.count + 1) % 4;
            let [_, high, middle, low] = match self.count {
                // Each character but the first of a group completes a byte.
                1 => continue,
                2 => (self.bits << 12).to_be_bytes(),
                3 => (self.bits << 6).to_be_bytes(),
                _ => self.bits.to_be_bytes(),
            };
            out.push(match self.count {
                2 => high,
                3 => middle,
                _ => low,
            });
        }
    }
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Text,
    /// Behind `=`.
    Escape,
    /// Behind `=` and a digit.
    Digit(u8),
    /// Behind `=` and what may be blanks and a CR before the LF of a soft break.
    Soft(Vec<u8>),
}

/// Blanks behind `=` that are waited through for a line break.
const BLANKS: usize = 17;

/// What is no valid escape stands for itself.
#[derive(Debug, Default)]
pub(crate) struct Unquoted {
    state: State,
}

impl Unquoted {
    fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        for &byte in input {
            self.take(byte, out);
        }
    }

    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.state) {
            State::Text if byte == b'=' => self.state = State::Escape,
            State::Text => out.push(byte),
            State::Escape => match byte {
                b'\n' => {}
                b' ' | b'\t' | b'\r' => self.state = State::Soft(vec![byte]),
                _ if byte.is_ascii_hexdigit() => self.state = State::Digit(byte),
                _ => {
                    out.push(b'=');
                    self.take(byte, out);
                }
            },
            State::Digit(digit) => match (hex::value(digit), hex::value(byte)) {
                (Some(high), Some(low)) => out.push(high << 4 | low),
                _ => {
                    out.extend_from_slice(&[b'=', digit]);
                    self.take(byte, out);
                }
            },
            State::Soft(mut held) => match byte {
                b'\n' => {}
                b' ' | b'\t' | b'\r' if held.len() < BLANKS && held.last() != Some(&b'\r') => {
                    held.push(byte);
                    self.state = State::Soft(held);
                }
                _ => {
                    out.push(b'=');
                    out.extend_from_slice(&held);
                    self.take(byte, out);
                }
            },
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        match std::mem::take(&mut self.state) {
            State::Digit(digit) => out.extend_from_slice(&[b'=', digit]),
            State::Soft(held) if held.last() == Some(&b'\r') => {
                out.push(b'=');
                out.extend_from_slice(&held);
            }
            State::Text | State::Escape | State::Soft(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(how: Decode, text: &str) -> String {
        let mut outs = Vec::new();
        for size in [1, 2, 3, 1000] {
            let (mut decoder, mut out) = (Decoder::new(how), Vec::new());
            for chunk in text.as_bytes().chunks(size) {
                decoder.push(chunk, &mut out);
            }
            decoder.finish(&mut out);
            outs.push(out);
        }
        outs.dedup();
        assert_eq!(outs.len(), 1, "{text:?}");
        String::from_utf8_lossy(&outs.concat()).into_owned()
    }

    #[test]
    fn base64_is_decoded_whatever_stands_between() {
        for (text, want) in [
            ("QUJD", "ABC"),
            ("QUI=", "AB"),
            ("QQ==", "A"),
            ("Q U\r\nJ-D!", "ABC"),
            ("QQ==QUJD", "A"),
            ("=QUJD", "ABC"),
            ("QUJDQ", "ABC"),
            ("QUJDQU", "ABCA"),
            ("", ""),
        ] {
            assert_eq!(decoded(Decode::Base64, text), want, "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_decoded_as_readers_do() {
        for (text, want) in [
            ("a=3Db=3d=\r\nc=\nd", "a=b=cd"),
            ("=C3=A9\r\n", "é\r\n"),
            ("a= \t\r\nb", "ab"),
            ("a= b", "a= b"),
            ("a=zz=4", "a=zz=4"),
            ("a==41=", "a=A"),
            ("a=\rb", "a=\rb"),
        ] {
            assert_eq!(decoded(Decode::Quoted, text), want, "{text}");
        }
    }
}
