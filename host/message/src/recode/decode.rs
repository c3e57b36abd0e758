//! Base64 and quoted-printable back into bytes, as they stream by (RFC 2045 sections 6.7 and 6.8).
//!
//! Both are as forgiving as mail readers are: what a reader makes of a part is what is given here.

use std::io;

use memchr::memchr;

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
        if self == Self::Base64 {
            let mut counted = Counted::default();
            content.for_each(|chunk| {
                counted.push(chunk);
                Ok(())
            })?;
            return Ok(counted.bytes());
        }
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

/// No character of base64.
const NONE: u8 = 0xff;
/// What each byte is worth in base64.
const VALUES: [u8; 256] = values();

// Of a constant: an index beyond its array does not compile.
#[allow(clippy::indexing_slicing)]
const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut byte = 0;
    while byte < 256 {
        values[byte] = match byte as u8 {
            upper @ b'A'..=b'Z' => upper - b'A',
            lower @ b'a'..=b'z' => lower - b'a' + 26,
            digit @ b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => NONE,
        };
        byte += 1;
    }
    values
}

fn value(byte: u8) -> u8 {
    VALUES.get(usize::from(byte)).copied().unwrap_or(NONE)
}

impl Base64 {
    fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut rest = input;
        while !self.ended {
            if self.count == 0 {
                rest = groups(rest, out);
            }
            let Some((byte, after)) = rest.split_first() else {
                return;
            };
            self.take(*byte, out);
            rest = after;
        }
    }

    fn take(&mut self, byte: u8, out: &mut Vec<u8>) {
        let value = value(byte);
        if value == NONE {
            self.ended |= byte == b'=' && self.count >= 2;
            return;
        }
        self.bits = self.bits << 6 | u32::from(value);
        self.count = (self.count + 1) % 4;
        let [_, high, middle, low] = match self.count {
            // Each character but the first of a group completes a byte.
            1 => return,
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

/// Decodes groups of four characters for as long as nothing stands between; returns what is left.
fn groups<'i>(mut input: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
    while let Some((group, after)) = input.split_first_chunk::<4>() {
        let [first, second, third, fourth] = group.map(value);
        if first | second | third | fourth == NONE {
            break;
        }
        let bits = [first, second, third, fourth]
            .iter()
            .fold(0, |bits, value| bits << 6 | u32::from(*value));
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes);
        input = after;
    }
    input
}

/// How many bytes base64 makes, without making them.
#[derive(Debug, Default)]
struct Counted {
    characters: u64,
    ended: bool,
}

impl Counted {
    fn push(&mut self, input: &[u8]) {
        let mut rest = input;
        while !self.ended {
            let padding = memchr(b'=', rest);
            // Few enough at once that the compiler counts many bytes in one step.
            for chunk in rest
                .get(..padding.unwrap_or(rest.len()))
                .unwrap_or_default()
                .chunks(128)
            {
                let count = chunk
                    .iter()
                    .fold(0_u8, |count, byte| count + u8::from(is_character(*byte)));
                self.characters += u64::from(count);
            }
            let Some(padding) = padding else { return };
            self.ended = self.characters % 4 >= 2;
            rest = rest.get(padding + 1..).unwrap_or_default();
        }
    }

    fn bytes(&self) -> u64 {
        self.characters - self.characters.div_ceil(4)
    }
}

fn is_character(byte: u8) -> bool {
    let letter = byte | 0x20;
    letter.is_ascii_lowercase() | byte.is_ascii_digit() | (byte == b'+') | (byte == b'/')
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
        let mut rest = input;
        loop {
            if matches!(self.state, State::Text) {
                rest = escapes(rest, out);
            }
            let Some((byte, after)) = rest.split_first() else {
                return;
            };
            self.take(*byte, out);
            rest = after;
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

/// Decodes for as long as escapes and soft breaks stand whole; returns what is left, from the first that does not.
fn escapes<'i>(mut input: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
    while let Some(at) = memchr(b'=', input) {
        let (plain, escape) = input.split_at(at);
        out.extend_from_slice(plain);
        input = match escape {
            [_, b'\r', b'\n', after @ ..] | [_, b'\n', after @ ..] => after,
            [_, high, low, after @ ..] => match (hex::value(*high), hex::value(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    after
                }
                _ => return escape,
            },
            _ => return escape,
        };
    }
    out.extend_from_slice(input);
    &[]
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
    fn bytes_of_base64_are_counted_as_they_are_decoded() {
        const ALPHABET: &[u8; 72] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n -@[`";
        let mut state = 1_u32;
        let mut draw = |most: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as usize % most
        };
        for _ in 0..20_000 {
            // One in ten may hold what is not of the alphabet.
            let kinds = if draw(10) == 0 { ALPHABET.len() } else { 64 };
            let text: Vec<u8> = (0..draw(300))
                .filter_map(|_| ALPHABET.get(draw(kinds)).copied())
                .collect();
            let (mut decoder, mut out, mut counted) = (Base64::default(), Vec::new(), Counted::default());
            for chunk in text.chunks(1 + draw(300)) {
                decoder.push(chunk, &mut out);
                counted.push(chunk);
            }
            assert_eq!(
                counted.bytes(),
                out.len() as u64,
                "{:?}",
                String::from_utf8_lossy(&text)
            );
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
