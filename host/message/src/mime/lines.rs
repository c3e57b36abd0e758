//! Lines of a content, whatever their length, in a buffer of fixed size.

use std::io;

use memchr::{memchr, memchr2_iter};

use crate::header::LONGEST;
use crate::reason::Flaw;
use crate::source::Content;

/// Bytes of a line that are kept: more than a line may have, and so all of every line that is not flawed.
const KEPT: usize = LONGEST + 2;
const BUFFER: usize = 64 * 1024;

/// What a line holds that keeps it from passing as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    pub(super) cr: bool,
    pub(super) nul: bool,
    pub(super) long: bool,
    pub(super) eight_bit: bool,
}

impl Flaws {
    pub(super) fn any(self) -> bool {
        self.cr | self.nul | self.long | self.eight_bit
    }

    /// The one to tell of.
    pub(super) fn first(self) -> Option<Flaw> {
        let flaws = [
            (self.nul, Flaw::Nul),
            (self.cr, Flaw::Cr),
            (self.long, Flaw::Long),
            (self.eight_bit, Flaw::EightBit),
        ];
        flaws.into_iter().find(|(there, _)| *there).map(|(_, flaw)| flaw)
    }

    pub(super) fn join(&mut self, other: Self) {
        self.cr |= other.cr;
        self.nul |= other.nul;
        self.long |= other.long;
        self.eight_bit |= other.eight_bit;
    }
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// With the content.
    None,
    Lf,
    CrLf,
}

/// A line: where it is, and what it holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u64,
    /// Where it begins, in bytes.
    pub(super) start: u64,
    /// Bytes without its line break.
    pub(super) len: u64,
    pub(super) ends: Break,
    pub(super) flaws: Flaws,
}

impl Line {
    /// Where the next one begins.
    pub(super) fn next(&self) -> u64 {
        self.start
            + self.len
            + match self.ends {
                Break::None => 0,
                Break::Lf => 1,
                Break::CrLf => 2,
            }
    }
}

/// Reads a content line by line, waiting for the disk.
pub(super) struct Lines<'a> {
    content: &'a Content,
    /// Where the buffer ends in the content.
    at: u64,
    buffer: Vec<u8>,
    /// All of the buffer is ASCII without NUL.
    plain: bool,
    /// Bytes of the buffer that were used.
    used: usize,
    number: u64,
    /// The beginning of the line.
    kept: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(content: &'a Content) -> Self {
        Self {
            content,
            at: 0,
            buffer: Vec::new(),
            plain: false,
            used: 0,
            number: 0,
            kept: Vec::with_capacity(KEPT),
        }
    }

    /// The line that was read last, without its line break; of a flawed one perhaps its beginning only.
    pub(super) fn text(&self) -> &[u8] {
        &self.kept
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        self.kept.clear();
        let start = self.at - self.rest().len() as u64;
        let (mut flaws, mut len, mut crs) = (Flaws::default(), 0, 0);
        let mut last = None;
        let ended = loop {
            if self.rest().is_empty() && !self.refill()? {
                break false;
            }
            let rest = self.buffer.get(self.used..).unwrap_or_default();
            let end = memchr(b'\n', rest);
            let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            len += piece.len() as u64;
            let (found, nul, eight_bit) = look(piece);
            crs += found;
            flaws.nul |= nul;
            flaws.eight_bit |= eight_bit;
            last = piece.last().copied().or(last);
            let room = KEPT - self.kept.len();
            self.kept
                .extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            self.used += piece.len() + usize::from(end.is_some());
            if end.is_some() {
                break true;
            }
        };
        if !ended && len == 0 {
            return Ok(None);
        }
        let mut ends = if ended { Break::Lf } else { Break::None };
        if ended && last == Some(b'\r') {
            ends = Break::CrLf;
            len -= 1;
            crs -= 1;
            self.kept.truncate(usize::try_from(len).unwrap_or(KEPT));
        }
        flaws.cr = crs > 0;
        flaws.long = len > LONGEST as u64;
        self.number += 1;
        Ok(Some(Line {
            number: self.number,
            start,
            len,
            ends,
            flaws,
        }))
    }

    /// Passes over lines that stand whole in the buffer, hold no flaw, end with CRLF and begin with neither a dash nor a dot: in a
    /// body nothing is to be said of any of them. Returns the last, if there are any.
    pub(super) fn pass(&mut self) -> Option<Line> {
        let rest = if self.plain { self.rest() } else { return None };
        let mut breaks = memchr2_iter(b'\r', b'\n', rest);
        let (mut begin, mut count, mut last) = (0, 0, None);
        while !matches!(rest.get(begin), None | Some(b'-' | b'.')) {
            let (Some(cr), Some(lf)) = (breaks.next(), breaks.next()) else {
                break;
            };
            let len = cr.saturating_sub(begin);
            if rest.get(cr..=lf) != Some(b"\r\n") || len > LONGEST {
                break;
            }
            count += 1;
            last = Some((begin, len));
            begin = lf + 1;
        }
        let (start, len) = last?;
        let start = self.at - rest.len() as u64 + start as u64;
        self.used += begin;
        self.number += count;
        Some(Line {
            number: self.number,
            start,
            len: len as u64,
            ends: Break::CrLf,
            flaws: Flaws::default(),
        })
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.used..).unwrap_or_default()
    }

    /// Reads on; says whether there was anything.
    fn refill(&mut self) -> io::Result<bool> {
        self.buffer.resize(BUFFER, 0);
        let count = self.content.read_at(&mut self.buffer, self.at)?;
        self.buffer.truncate(count);
        self.plain = self.buffer.is_ascii() && memchr(0, &self.buffer).is_none();
        self.used = 0;
        self.at += count as u64;
        Ok(count > 0)
    }
}

/// CRs of a piece of a line, whether there is a NUL, and whether there is a byte beyond ASCII. In one go: lines are short, and to
/// begin a search costs more than the search.
fn look(piece: &[u8]) -> (usize, bool, bool) {
    let (mut crs, mut nul, mut all) = (0, false, 0);
    // Few enough at once that the compiler counts many bytes in one step.
    for chunk in piece.chunks(128) {
        let (found, empty, bits) = chunk.iter().fold((0_u8, 0_u8, 0_u8), |(found, empty, bits), byte| {
            (
                found + u8::from(*byte == b'\r'),
                empty | u8::from(*byte == 0),
                bits | byte,
            )
        });
        crs += usize::from(found);
        nul |= empty > 0;
        all |= bits;
    }
    (crs, nul, !all.is_ascii())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn lines(text: &[u8]) -> Vec<(Vec<u8>, Break, Option<Flaw>)> {
        let content = Content::Bytes(text.to_vec().into());
        let mut lines = Lines::new(&content);
        let (mut all, mut next) = (Vec::new(), 0);
        while let Some(line) = lines.next().unwrap() {
            assert_eq!((line.start, line.number), (next, all.len() as u64 + 1));
            next = line.next();
            assert_eq!(line.len.min(1000), lines.text().len() as u64);
            all.push((lines.text().to_vec(), line.ends, line.flaws.first()));
        }
        assert_eq!(next, text.len() as u64);
        all
    }

    #[test]
    fn lines_end_with_lf_crlf_or_the_content() {
        assert_eq!(
            lines(b"a\nb\r\n\n\r\nc"),
            [
                (b"a".to_vec(), Break::Lf, None),
                (b"b".to_vec(), Break::CrLf, None),
                (b"".to_vec(), Break::Lf, None),
                (b"".to_vec(), Break::CrLf, None),
                (b"c".to_vec(), Break::None, None),
            ]
        );
        assert!(lines(b"").is_empty());
    }

    #[test]
    fn every_flaw_is_seen() {
        let flaws = |text: &[u8]| lines(text).into_iter().map(|(_, _, flaw)| flaw).collect::<Vec<_>>();
        assert_eq!(flaws(b"a\rb\n\r\r\n\r"), [Some(Flaw::Cr); 3]);
        assert_eq!(flaws(b"a\0\n"), [Some(Flaw::Nul)]);
        assert_eq!(flaws("é\r\n".as_bytes()), [Some(Flaw::EightBit)]);
        for (length, flaw) in [(998, None), (999, Some(Flaw::Long)), (200_000, Some(Flaw::Long))] {
            for end in ["\n", "\r\n", ""] {
                assert_eq!(
                    flaws(format!("{}{end}", "x".repeat(length)).as_bytes()),
                    [flaw],
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn a_line_break_across_the_buffer_is_one() {
        for length in BUFFER - 3..BUFFER + 2 {
            let text = [vec![b'x'; length], b"\r\ny\r\n".to_vec()].concat();
            let all = lines(&text);
            assert_eq!(
                (all.len(), all[0].1, all[1].1),
                (2, Break::CrLf, Break::CrLf),
                "{length}"
            );
        }
    }

    #[test]
    fn what_is_passed_over_is_told_right_and_is_nothing_to_speak_of() {
        const PIECES: [&[u8]; 16] = [
            b"x",
            b"abc",
            b"--b",
            b"-",
            b".",
            b"..",
            b"\r\n",
            b"\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"\0",
            b"\xe9",
            b"\r\r\n",
            b"\n\r",
            &[b'y'; 998],
        ];
        let mut random = fastrand::Rng::with_seed(7);
        let mut passed = 0;
        for round in 0..20_000 {
            // Most without what makes all of the buffer be looked at line by line.
            let kinds = if round % 4 == 0 { PIECES.len() } else { 11 };
            let text: Vec<u8> = (0..random.usize(..40))
                .flat_map(|_| PIECES[random.usize(..kinds)])
                .copied()
                .collect();
            let content = Content::Bytes(text.clone().into());
            let (mut one, mut other) = (Lines::new(&content), Lines::new(&content));
            loop {
                if let Some(over) = one.pass() {
                    passed += 1;
                    loop {
                        let line = other.next().unwrap().unwrap();
                        assert!(!line.flaws.any() && line.ends == Break::CrLf, "{text:?}");
                        assert!(!other.text().starts_with(b"-") && !other.text().starts_with(b"."));
                        if line.number == over.number {
                            assert_eq!((line.start, line.len), (over.start, over.len), "{text:?}");
                            break;
                        }
                    }
                }
                let (line, expected) = (one.next().unwrap(), other.next().unwrap());
                assert_eq!(format!("{line:?}"), format!("{expected:?}"), "{text:?}");
                assert_eq!(one.text(), other.text());
                if line.is_none() {
                    break;
                }
            }
        }
        assert!(passed > 10_000, "{passed}");
    }
}
