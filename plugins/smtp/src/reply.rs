//! The server's replies, out of a stream of bytes (RFC 5321 section 4.2).
//!
//! The threat: the peer chooses every byte and every split between reads, and a pipelined flight brings many replies in
//! one read or one reply in many. A parser that loses count gives one recipient another's verdict. So the reader is
//! incremental, looks at each byte once, keeps what follows a reply for the next one, and is bounded.
//!
//! lettre's `Response` does not serve here: it starts again from the first byte at every read, leaves splitting to its
//! caller, and refuses what servers do send (replies in Latin-1, a bare `250`, a bare LF). The tests hold this reader
//! to lettre's verdict wherever lettre has one.

use std::fmt;

/// The longest line, in bytes without its end. RFC 5321 section 4.5.3.1.5 allows 512; servers with long help texts exceed it.
pub const LINE_BYTES: usize = 4096;
/// The most lines of one reply.
pub const LINES: usize = 1000;
/// The most text of one reply, in bytes.
pub const TEXT_BYTES: usize = 64 * 1024;
/// The most characters of [`Reply::words`].
const WORDS_CHARACTERS: usize = 1000;

/// One whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    /// Lines without code and end, parted by LF; nothing else in it is a control character.
    text: String,
}

impl Reply {
    /// The three digits, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// 2yz: done.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: not now.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 4yz or 5yz.
    pub fn is_negative(&self) -> bool {
        self.code >= 400
    }

    /// 421 may answer anything: the server is closing the connection (RFC 5321 section 3.8).
    pub fn is_closing(&self) -> bool {
        self.code == 421
    }

    /// The text line by line, without codes.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n')
    }

    /// The enhanced code (RFC 2034, RFC 3463 section 2), such as `5.1.1`, when the first line starts with one of the
    /// reply's own class.
    pub fn enhanced(&self) -> Option<&str> {
        self.text
            .split([' ', '\n'])
            .next()
            .filter(|word| self.is_enhanced(word))
    }

    /// The code with the enhanced one, such as `550 5.1.1`.
    pub fn full_code(&self) -> String {
        match self.enhanced() {
            Some(enhanced) => format!("{} {enhanced}", self.code),
            None => self.code.to_string(),
        }
    }

    /// What the server said, on one line and without codes, cut after 1,000 characters.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for line in self.lines() {
            let said = match line.split_once(' ') {
                Some((first, rest)) if self.is_enhanced(first) => rest,
                _ if self.is_enhanced(line) => "",
                _ => line,
            };
            if !words.is_empty() && !said.is_empty() {
                words.push(' ');
            }
            words.push_str(said);
        }
        if let Some((end, _)) = words.char_indices().nth(WORDS_CHARACTERS) {
            words.truncate(end);
        }
        words
    }

    fn is_enhanced(&self, word: &str) -> bool {
        let number = |part: Option<&str>| {
            part.is_some_and(|digits| {
                (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        let mut parts = word.split('.');
        let class = parts.next().and_then(|digits| digits.parse().ok());
        class == Some(self.code / 100) && number(parts.next()) && number(parts.next()) && parts.next().is_none()
    }
}

/// What the server sent is not a reply. The connection is of no more use: nobody can tell where the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// The line does not start with a code; it holds the start of the line.
    NoCode(String),
    /// The lines of one reply have several codes.
    MixedCodes(u16, u16),
    /// A line of more than [`LINE_BYTES`].
    LineTooLong,
    /// More than [`LINES`] lines or [`TEXT_BYTES`] of text.
    ReplyTooLong,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCode(start) => {
                write!(f, "what the server sent is not an SMTP reply: `{start}`")
            }
            Self::MixedCodes(first, other) => {
                write!(f, "the server's reply has two codes, {first} and {other}")
            }
            Self::LineTooLong => write!(f, "the server's reply has a line of more than {LINE_BYTES} bytes"),
            Self::ReplyTooLong => {
                write!(
                    f,
                    "the server's reply is longer than {LINES} lines or {TEXT_BYTES} bytes"
                )
            }
        }
    }
}

/// Reads replies out of bytes that come in any pieces. After a [`Violation`] it is of no more use.
#[derive(Debug, Default)]
pub struct Replies {
    bytes: Vec<u8>,
    /// Where the unread line starts.
    start: usize,
    /// Up to where `bytes` holds no LF.
    searched: usize,
    /// The reply whose last line has not come.
    partial: Option<Partial>,
}

#[derive(Debug)]
struct Partial {
    code: u16,
    text: String,
    lines: usize,
}

impl Replies {
    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing waits: no whole reply, and no piece of one.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len() && self.partial.is_none()
    }

    /// The next whole reply; none when more bytes are needed.
    ///
    /// # Errors
    ///
    /// What came is not a reply.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, Violation> {
        while let Some(Line { code, last, text }) = self.next_line()? {
            let reply = match self.partial.take() {
                None => Partial { code, text, lines: 1 },
                Some(partial) if partial.code != code => {
                    return Err(Violation::MixedCodes(partial.code, code));
                }
                Some(mut partial) => {
                    partial.text.push('\n');
                    partial.text.push_str(&text);
                    partial.lines += 1;
                    partial
                }
            };
            if reply.lines > LINES || reply.text.len() > TEXT_BYTES {
                return Err(Violation::ReplyTooLong);
            }
            if last {
                return Ok(Some(Reply {
                    code: reply.code,
                    text: reply.text,
                }));
            }
            self.partial = Some(reply);
        }
        Ok(None)
    }

    /// The next line. A bare LF ends it too: nothing that the client decides hangs on it.
    fn next_line(&mut self) -> Result<Option<Line>, Violation> {
        let found = self.bytes.iter().skip(self.searched).position(|byte| *byte == b'\n');
        let end = found.map_or(self.bytes.len(), |at| self.searched + at);
        let line = self.bytes.get(self.start..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_BYTES {
            return Err(Violation::LineTooLong);
        }
        self.searched = end;
        if found.is_none() {
            return Ok(None);
        }
        let line = parse_line(line)?;
        self.start = end + 1;
        self.searched = self.start;
        Ok(Some(line))
    }
}

/// One line of a reply.
struct Line {
    code: u16,
    /// Whether the reply ends here.
    last: bool,
    text: String,
}

fn parse_line(line: &[u8]) -> Result<Line, Violation> {
    let (digits, rest) = match line {
        [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => ([*a, *b, *c], rest),
        _ => return Err(no_code(line)),
    };
    let (last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err(no_code(line)),
    };
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    Ok(Line {
        code,
        last,
        text: printable(text),
    })
}

fn no_code(line: &[u8]) -> Violation {
    Violation::NoCode(printable(line.get(..60).unwrap_or(line)))
}

/// Text that a log or a terminal can show. Servers write Latin-1 and worse; what does not decode is marked, not refused.
fn printable(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains(char::is_control) {
        text.replace(char::is_control, " ")
    } else {
        text.into_owned()
    }
}
