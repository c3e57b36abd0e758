//! Content after DATA or BDAT: finds its end, and after DATA takes the added dots out.
//!
//! After DATA, only CRLF.CRLF ends a mail and only CRLF begins a line, so that content with lone CR or LF stays one
//! mail. Blocks are scanned as they come, in the buffer of the connection; nothing is done line by line.

use memchr::memmem;

/// Content on its way in: fed with what is pending on the connection, it passes on what belongs to the mail.
#[derive(Debug)]
pub struct Incoming(Framing);

#[derive(Debug)]
enum Framing {
    Dotted(Scanner),
    /// Octets still to come.
    Counted(u64),
}

impl Incoming {
    /// Content that a dot on a line of its own ends (RFC 5321 section 4.1.1.4).
    pub fn dotted() -> Self {
        Self(Framing::Dotted(Scanner::default()))
    }

    /// Content of exactly `size` octets (RFC 3030 section 2).
    pub fn counted(size: u64) -> Self {
        Self(Framing::Counted(size))
    }

    /// Passes the content in `block` to `push`, up to the end of the content or of what can be judged yet.
    pub fn step(&mut self, block: &[u8], mut push: impl FnMut(&[u8])) -> Step {
        match &mut self.0 {
            Framing::Dotted(scanner) => scanner.step(block, push),
            Framing::Counted(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(block.len());
                let content = block.get(..count).unwrap_or_default();
                push(content);
                *left -= content.len() as u64;
                Step {
                    consumed: content.len(),
                    done: *left == 0,
                }
            }
        }
    }
}

/// Where the scan stands between two blocks.
#[derive(Debug)]
struct Scanner {
    /// The next octet begins a line: the mail's start, or right after CRLF.
    at_line_start: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { at_line_start: true }
    }
}

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Octets of the block that are done with; at most two stay, to be given again with what follows.
    pub consumed: usize,
    /// The content's end was among them.
    pub done: bool,
}

impl Scanner {
    /// Passes the content in `block` to `push`, up to the end of the mail or of what can be judged yet.
    fn step(&mut self, block: &[u8], mut push: impl FnMut(&[u8])) -> Step {
        let mut rest = block;
        loop {
            if self.at_line_start {
                match rest {
                    [b'.', b'\r', b'\n', after @ ..] => {
                        return Step {
                            consumed: block.len() - after.len(),
                            done: true,
                        };
                    }
                    [b'.'] | [b'.', b'\r'] => break,
                    // RFC 5321 section 4.5.2: the first of the dots was added.
                    [b'.', after @ ..] => rest = after,
                    [] => break,
                    _ => {}
                }
                self.at_line_start = false;
            }
            let split = match memmem::find(rest, b"\r\n.") {
                Some(found) => {
                    self.at_line_start = true;
                    found + 2
                }
                None if rest.ends_with(b"\r\n") => {
                    self.at_line_start = true;
                    rest.len()
                }
                // It may be the first half of a CRLF.
                None if rest.ends_with(b"\r") => rest.len() - 1,
                None => rest.len(),
            };
            let (content, after) = rest.split_at_checked(split).unwrap_or((rest, &[]));
            push(content);
            rest = after;
            if !self.at_line_start {
                break;
            }
        }
        Step {
            consumed: block.len() - rest.len(),
            done: false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    /// Feeds `sent` in blocks of `size` as a connection would, and returns the content and what follows the end.
    fn scan(sent: &[u8], size: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        let (mut scanner, mut content, mut pending) = (Scanner::default(), Vec::new(), Vec::new());
        let mut blocks = sent.chunks(size);
        while let Some(block) = blocks.next() {
            pending.extend_from_slice(block);
            let step = scanner.step(&pending, |part| content.extend_from_slice(part));
            pending.drain(..step.consumed);
            if step.done {
                pending.extend(blocks.flatten());
                return Some((content, pending));
            }
            assert!(pending.len() <= 2, "{pending:?} cannot stay behind");
        }
        None
    }

    #[test]
    fn the_end_and_the_added_dots_are_found_wherever_the_blocks_are_cut() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b".\r\n", b""),
            (b"a\r\n.\r\n", b"a\r\n"),
            (b"..\r\n.\r\n", b".\r\n"),
            (b"a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n"),
            (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n"),
            (b"a\n.\r\nb\r.\r\nc\r\n.\r\n", b"a\n.\r\nb\r.\r\nc\r\n"),
            (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n"),
            (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n"),
            (b"\r\r\n\r\n\r\n.\r\n", b"\r\r\n\r\n\r\n"),
        ];
        for (sent, content) in cases {
            let followed = [sent, b"MAIL"].concat();
            for size in 1..=followed.len() {
                let shown = sent.escape_ascii();
                let (got, after) = scan(&followed, size).unwrap_or_else(|| panic!("{shown} by {size}: no end"));
                assert_eq!(got, content, "{shown} by {size}");
                assert_eq!(after, b"MAIL", "{shown} by {size}");
            }
        }
    }

    #[test]
    fn nothing_but_crlf_dot_crlf_is_an_end() {
        for sent in [
            &b"a\n.\n"[..],
            b"a\r\n.\n",
            b"a\n.\r\n",
            b"a\r.\r",
            b"a\r\n.\r",
            b"a.\r\n",
            b"a\r\n. \r\n",
        ] {
            for size in 1..=sent.len() {
                assert!(scan(sent, size).is_none(), "{} by {size}", sent.escape_ascii());
            }
        }
    }

    #[test]
    fn a_chunk_ends_where_its_size_says_and_keeps_its_dots() {
        let (mut incoming, mut content) = (Incoming::counted(7), Vec::new());
        for (block, consumed, done) in [(&b".\r\n"[..], 3, false), (b"..\r\nQUIT\r\n", 4, true)] {
            let step = incoming.step(block, |part| content.extend_from_slice(part));
            assert_eq!((step.consumed, step.done), (consumed, done));
        }
        assert_eq!(content, b".\r\n..\r\n");
    }

    #[test]
    fn an_empty_chunk_is_over_before_it_begins() {
        let step = Incoming::counted(0).step(b"", |_| {});
        assert!(step.done);
    }
}
