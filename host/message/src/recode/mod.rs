//! Bytes rewritten while they pass: a body that came in as MIME, in the encoding in which it leaves.
//!
//! Every recoder is total but one: [`Recode::Lines`] passes what was found harmless when the message was accepted, and
//! fails where it is not any more, so that a file that changed in between cannot break out of its place.

mod decode;
mod lines;
mod quoted;
mod requoted;
mod rewrapped;

pub(crate) use decode::{Decode, Decoder};
pub(crate) use lines::changed;
pub(crate) use quoted::Quoted;

use std::io;

use self::lines::Lines;
use self::requoted::Requoted;
use self::rewrapped::Rewrapped;
use crate::encode;
use crate::source::Content;

/// How a stretch of MIME is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recode {
    /// As it is, with CRLF for every line break. A last line without one gets one.
    Lines,
    /// Bytes into base64.
    Base64,
    /// Text into quoted-printable; `alone` where it ends the message, so that it must end with a line break.
    Quoted { alone: bool },
    /// Quoted-printable with faults into quoted-printable that decodes to the same.
    Requoted { alone: bool },
    /// Base64 with faults into lines of 76 characters of the same base64.
    Rewrapped,
}

/// A recoding in progress.
#[derive(Debug)]
pub(crate) enum Recoder {
    Lines(Lines),
    Quoted(Streamed),
    Requoted(Requoted),
    Rewrapped(Rewrapped),
}

impl Recoder {
    /// `None` for base64, which needs no state between whole lines.
    pub(crate) fn new(how: Recode) -> Option<Self> {
        match how {
            Recode::Lines => Some(Self::Lines(Lines::default())),
            Recode::Base64 => None,
            Recode::Quoted { alone } => Some(Self::Quoted(Streamed {
                quoted: Quoted::default(),
                held: Vec::new(),
                alone,
            })),
            Recode::Requoted { alone } => Some(Self::Requoted(Requoted::new(alone))),
            Recode::Rewrapped => Some(Self::Rewrapped(Rewrapped::default())),
        }
    }

    /// Takes the next bytes. Appends at most 3.2 times as many, and 32 more.
    pub(crate) fn push(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Lines(lines) => return lines.push(input, out),
            Self::Quoted(streamed) => streamed.push(input, out),
            Self::Requoted(requoted) => requoted.push(input, out),
            Self::Rewrapped(rewrapped) => rewrapped.push(input, out),
        }
        Ok(())
    }

    /// After the last bytes.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Lines(lines) => return lines.finish(out),
            Self::Quoted(streamed) => streamed.finish(out),
            Self::Requoted(requoted) => requoted.finish(out),
            Self::Rewrapped(rewrapped) => rewrapped.finish(out),
        }
        Ok(())
    }
}

impl Recode {
    /// Bytes that `content` has when it is rewritten. Reads it, waiting for the disk.
    pub(crate) fn measure(self, content: &Content) -> io::Result<u64> {
        let Some(mut recoder) = Recoder::new(self) else {
            return Ok(encode::wrapped_len(content.size()));
        };
        let (mut size, mut out) = (0, Vec::new());
        content.for_each(|chunk| {
            recoder.push(chunk, &mut out)?;
            size += out.len() as u64;
            out.clear();
            Ok(())
        })?;
        recoder.finish(&mut out)?;
        Ok(size + out.len() as u64)
    }
}

/// [`Quoted`] over pieces: what it has to look at to judge the bytes before is held until the next piece.
#[derive(Debug)]
pub(crate) struct Streamed {
    quoted: Quoted,
    held: Vec<u8>,
    alone: bool,
}

impl Streamed {
    fn push(&mut self, input: &[u8], out: &mut Vec<u8>) {
        let mut rest = input;
        if !self.held.is_empty() {
            // Enough to judge everything that is held; what is behind is judged where it stands.
            let (some, after) = rest.split_at(rest.len().min(2 * quoted::AHEAD));
            self.held.extend_from_slice(some);
            let done = self.quoted.append(&self.held, false, out);
            self.held.drain(..done);
            if after.is_empty() {
                return;
            }
            let from = some.len().saturating_sub(self.held.len());
            self.held.clear();
            rest = rest.get(from..).unwrap_or_default();
        }
        let done = self.quoted.append(rest, false, out);
        self.held.extend_from_slice(rest.get(done..).unwrap_or_default());
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.quoted.append(&self.held, true, out);
        self.held.clear();
        if self.alone {
            self.quoted.end_line(out);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ALL: [Recode; 6] = [
        Recode::Lines,
        Recode::Quoted { alone: true },
        Recode::Quoted { alone: false },
        Recode::Requoted { alone: true },
        Recode::Requoted { alone: false },
        Recode::Rewrapped,
    ];

    fn recoded(how: Recode, chunks: &[&[u8]]) -> io::Result<Vec<u8>> {
        let (mut recoder, mut out) = (Recoder::new(how).unwrap(), Vec::new());
        for chunk in chunks {
            let before = out.len();
            recoder.push(chunk, &mut out)?;
            assert!(out.len() - before <= chunk.len() * 16 / 5 + 32);
        }
        recoder.finish(&mut out)?;
        Ok(out)
    }

    #[test]
    fn it_does_not_matter_where_the_chunks_are_cut() {
        let harmless = b"From a \r\n.b\n\nFrom \nFr\r\n\r\n=3D=\r\n= \nFrom x=\r\n.\n \n\t\nlast";
        let harmful = b"From \xc3\xa9 \r\n.b\r\rFrom \0\n=3d=zz==\r\n= \t\nFrom \xff=\r\n.\n \n\t\n\r\n\r last \r";
        let long = [b"a b ".repeat(40), b"\n".to_vec(), "é ".repeat(60).into_bytes()].concat();
        for how in ALL {
            for text in [&harmless[..], &harmful[..], &long] {
                let whole = recoded(how, &[text]);
                if how != Recode::Lines {
                    assert!(whole.is_ok());
                }
                let single: Vec<&[u8]> = text.chunks(1).collect();
                assert_eq!(recoded(how, &single).ok(), whole.as_ref().ok().cloned(), "{how:?}");
                for at in 0..=text.len() {
                    let (left, right) = text.split_at(at);
                    assert_eq!(recoded(how, &[left, b"", right]).ok(), whole.as_ref().ok().cloned());
                    let (middle, right) = right.split_at(right.len().min(3));
                    assert_eq!(recoded(how, &[left, middle, right]).ok(), whole.as_ref().ok().cloned());
                }
            }
        }
    }

    #[test]
    fn the_measure_is_exact() {
        let text = "Une ligne é\n".repeat(20_000);
        for how in ALL {
            let content = Content::Bytes(text.clone().into());
            let written = recoded(how, &[text.as_bytes()]);
            assert_eq!(how.measure(&content).ok(), written.ok().map(|out| out.len() as u64));
        }
        let content = Content::Bytes(vec![7; 1000].into());
        assert_eq!(Recode::Base64.measure(&content).unwrap(), encode::wrapped_len(1000));
    }
}
