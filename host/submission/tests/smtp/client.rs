//! A client that says exactly what a test tells it to.

use std::time::Duration;

use relais_submission::Submission;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Ample for anything on loopback; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Client<S>(pub BufReader<S>);

impl Client<TcpStream> {
    pub async fn connect(submission: &Submission) -> Self {
        let stream = TcpStream::connect(submission.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects, and has read the greeting and the answer to EHLO.
    pub async fn greeted(submission: &Submission) -> Self {
        let mut client = Self::connect(submission).await;
        client.expect("220").await;
        client.ask("EHLO client.example", "250").await;
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    /// Sends octets in one write.
    pub async fn send(&mut self, octets: impl AsRef<[u8]>) {
        self.0.write_all(octets.as_ref()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Sends a line, and returns the reply, which must start so.
    pub async fn ask(&mut self, line: &str, start: &str) -> String {
        self.send(format!("{line}\r\n")).await;
        self.expect(start).await
    }

    /// Reads one reply, all its lines.
    pub async fn expect(&mut self, start: &str) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await;
            assert!(read.expect("nothing came").unwrap() > 0, "closed instead of {start}");
            let last = line.as_bytes().get(3) != Some(&b'-');
            reply.push_str(&line);
            if last {
                break;
            }
        }
        assert!(reply.starts_with(start), "expected {start}, got {reply:?}");
        reply
    }

    pub async fn expect_close(&mut self) {
        let mut rest = String::new();
        let read = timeout(PATIENCE, self.0.read_line(&mut rest)).await;
        assert_eq!(read.expect("still open").unwrap_or(0), 0, "{rest:?}");
    }

    /// Gives the envelope of one mail, up to the go-ahead for its content.
    pub async fn begin(&mut self) {
        self.ask("MAIL FROM:<marie@ville.example>", "250").await;
        self.ask("RCPT TO:<paul@ville.example>", "250").await;
        self.ask("DATA", "354").await;
    }
}
