//! One connection: lines in, replies out, both buffered.
//!
//! Replies wait until more input is needed, so that a pipelined batch is answered in one write (RFC 2920 section 3.2)
//! and what waits is bounded by one buffer of input. Only CRLF ends a line: a server that also takes a bare LF can be
//! made to see two mails where its neighbour saw one.

use std::io;
use std::time::Duration;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// Longest line, its CRLF included, in octets. RFC 5321 section 4.5.3.1.4 asks for 512, RFC 4954 section 4 for 12,288 in an
/// AUTH exchange: tokens are long.
pub const MAX_LINE: usize = 12_288;

/// Octets read at once. Larger than [`MAX_LINE`], so that an unfinished line always leaves room.
const BLOCK: usize = 64 * 1024;

/// How long, and for how many octets, a client that was told goodbye is still read. Closing over unread input would
/// reset the connection, and the client might never see the last reply.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_OCTETS: usize = 1024 * 1024;

/// Why a session cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Lost {
    /// The client closed, or the connection broke.
    Closed,
    /// Nothing came, or nothing could be written, for the longest silence allowed.
    Silent,
    /// A command line is longer than [`MAX_LINE`].
    TooLong,
}

impl From<io::Error> for Lost {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// A command line without its CRLF.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// UTF-8 without control characters.
    Text(String),
    /// It holds a lone CR or LF, another control character, or no UTF-8. Escaped.
    Malformed(String),
}

/// A buffered connection.
pub struct Wire<S> {
    stream: S,
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
    /// How much of `output` the client has been sent already: a dropped `flush` is taken up where it stood.
    written: usize,
    reads: u64,
    silence: Duration,
}

impl<S> Wire<S> {
    /// A connection of which either direction may rest for `silence`.
    pub fn new(stream: S, silence: Duration) -> Self {
        Self {
            stream,
            input: vec![0; BLOCK],
            start: 0,
            end: 0,
            output: Vec::new(),
            written: 0,
            reads: 0,
            silence,
        }
    }

    /// Octets received and not yet consumed.
    pub fn pending(&self) -> &[u8] {
        self.input.get(self.start..self.end).unwrap_or_default()
    }

    /// Gives up the first `count` pending octets.
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }

    /// How many reads were made: two lines with the same number came together.
    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// Queues a reply, given without its CRLF.
    pub fn reply(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Queues octets as they stand.
    pub fn queue(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
    }

    /// Changes how long either direction may rest: content may take longer than a command.
    pub fn set_silence(&mut self, silence: Duration) {
        self.silence = silence;
    }

    /// The bare connection. Whatever is pending or queued is gone.
    pub fn into_stream(self) -> S {
        self.stream
    }
}

/// Every method but `close` may be dropped half-way and called again: nothing read or queued is lost.
impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Writes the queued replies, then reads what has come.
    ///
    /// # Errors
    ///
    /// The connection is over, or silent for too long.
    pub async fn fill(&mut self) -> Result<(), Lost> {
        self.fill_until(Instant::now() + self.silence).await
    }

    /// The same, with the input in time for `deadline`.
    ///
    /// # Errors
    ///
    /// As [`Self::fill`].
    pub async fn fill_until(&mut self, deadline: Instant) -> Result<(), Lost> {
        self.flush().await?;
        if self.start > 0 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        let count = timeout_at(deadline, self.stream.read(room))
            .await
            .map_err(|_| Lost::Silent)??;
        if count == 0 {
            return Err(Lost::Closed);
        }
        self.end += count;
        self.reads += 1;
        Ok(())
    }

    /// Writes the queued replies.
    ///
    /// # Errors
    ///
    /// The connection is over, or the client does not read.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        if self.output.is_empty() {
            return Ok(());
        }
        let write = async {
            while let Some(rest) = self.output.get(self.written..).filter(|rest| !rest.is_empty()) {
                match self.stream.write(rest).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    count => self.written += count,
                }
            }
            self.stream.flush().await
        };
        timeout(self.silence, write).await.map_err(|_| Lost::Silent)??;
        self.output.clear();
        self.written = 0;
        Ok(())
    }

    /// The next command line. All of it must come before the silence allowed is over: octet by octet does not count as
    /// speaking.
    ///
    /// # Errors
    ///
    /// The connection is over, silent for too long, or the line is longer than [`MAX_LINE`].
    pub async fn line(&mut self) -> Result<Line, Lost> {
        let mut deadline = None;
        loop {
            let pending = self.pending();
            let window = pending.get(..MAX_LINE).unwrap_or(pending);
            if let Some(length) = memmem::find(window, b"\r\n") {
                let line = judge(window.get(..length).unwrap_or_default());
                self.consume(length + 2);
                return Ok(line);
            }
            if window.len() == MAX_LINE {
                return Err(Lost::TooLong);
            }
            let deadline = *deadline.get_or_insert_with(|| Instant::now() + self.silence);
            self.fill_until(deadline).await?;
        }
    }

    /// Writes the queued replies, says goodbye, and lets the client read them in peace.
    pub async fn close(mut self) {
        if self.flush().await.is_err() || self.stream.shutdown().await.is_err() {
            return;
        }
        let drain = async {
            let mut drained = 0;
            while drained < LINGER_OCTETS {
                match self.stream.read(&mut self.input).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => drained += count,
                }
            }
        };
        let _ = timeout(LINGER, drain).await;
    }
}

fn judge(octets: &[u8]) -> Line {
    match std::str::from_utf8(octets) {
        Ok(text) if !text.chars().any(char::is_control) => Line::Text(text.to_owned()),
        _ => Line::Malformed(octets.escape_ascii().to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use tokio::io::duplex;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_silent_client_is_noticed() {
        let (_client, server) = duplex(64);
        assert_eq!(Wire::new(server, SHORT).line().await, Err(Lost::Silent));
    }

    #[tokio::test]
    async fn a_client_that_reads_no_reply_is_noticed() {
        let (_client, server) = duplex(8);
        let mut wire = Wire::new(server, SHORT);
        wire.reply("250 longer than the pipe");
        assert_eq!(wire.flush().await, Err(Lost::Silent));
    }

    #[tokio::test]
    async fn a_line_may_fill_the_limit_and_no_more() {
        let (mut client, server) = duplex(4 * MAX_LINE);
        let mut wire = Wire::new(server, SHORT);
        let longest = "x".repeat(MAX_LINE - 2);
        client
            .write_all(format!("{longest}\r\n{longest}y\r\n").as_bytes())
            .await
            .unwrap();
        assert_eq!(wire.line().await, Ok(Line::Text(longest)));
        assert_eq!(wire.line().await, Err(Lost::TooLong));
    }

    #[tokio::test]
    async fn a_bare_line_feed_ends_no_line() {
        let (mut client, server) = duplex(64);
        let mut wire = Wire::new(server, SHORT);
        client.write_all(b"NOOP\nRSET\r\n").await.unwrap();
        assert_eq!(wire.line().await, Ok(Line::Malformed("NOOP\\nRSET".to_owned())));
    }

    #[tokio::test]
    async fn a_line_split_between_reads_is_one_line() {
        let (mut client, server) = duplex(64);
        let mut wire = Wire::new(server, Duration::from_secs(5));
        let writing = async {
            for part in [&b"NO"[..], b"OP\r", b"\nQ"] {
                client.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let (line, ()) = tokio::join!(wire.line(), writing);
        assert_eq!(line, Ok(Line::Text("NOOP".to_owned())));
    }

    #[tokio::test]
    async fn a_client_that_drips_octets_is_silent_too() {
        let (mut client, server) = duplex(64);
        let mut wire = Wire::new(server, 5 * SHORT);
        let dripping = async {
            loop {
                client.write_all(b"x").await.unwrap();
                tokio::time::sleep(SHORT).await;
            }
        };
        tokio::select! {
            line = wire.line() => assert_eq!(line, Err(Lost::Silent)),
            () = dripping => {}
        }
    }

    #[tokio::test]
    async fn a_reply_that_was_interrupted_is_not_said_twice() {
        let (mut client, server) = duplex(8);
        let mut wire = Wire::new(server, Duration::from_secs(5));
        wire.reply("250 longer than the pipe");
        assert!(timeout(SHORT, wire.flush()).await.is_err());
        let mut said = [0; 26];
        let (flushed, read) = tokio::join!(wire.flush(), client.read_exact(&mut said));
        assert_eq!((flushed, read.unwrap()), (Ok(()), 26));
        assert_eq!(&said, b"250 longer than the pipe\r\n");
    }
}
