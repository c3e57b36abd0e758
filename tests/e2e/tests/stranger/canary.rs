//! A place on loopback that writes down the very bytes that reach it, and answers 202 to a request that is whole.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const END: &[u8] = b"the test is over";

pub struct Canary {
    pub url: String,
    address: std::net::SocketAddr,
    listening: JoinHandle<Vec<u8>>,
}

/// What came in.
#[derive(Debug)]
pub struct Heard {
    /// Bytes in all.
    pub bytes: usize,
    /// The first request's line and header fields.
    pub head: String,
    /// Its body, the chunks put together.
    pub body: String,
    /// Whether it came to its end.
    pub ended: bool,
}

impl Canary {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self {
            url: format!("http://{address}"),
            address,
            listening: tokio::spawn(listen(listener)),
        }
    }

    /// Everything that was sent here, once whoever sent it has closed.
    pub async fn heard(self) -> Heard {
        // One connection is served after the other, so this one comes last.
        let mut last = TcpStream::connect(self.address).await.unwrap();
        last.write_all(END).await.unwrap();
        drop(last);
        let bytes = self.listening.await.unwrap();
        let (head, body, ended) = read(&bytes).unwrap_or_default();
        Heard {
            bytes: bytes.len(),
            head,
            body,
            ended,
        }
    }
}

async fn listen(listener: TcpListener) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while let Ok(1..) = peer.read_buf(&mut heard).await {
            if let Some((_, _, true)) = read(&heard) {
                let answer = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
                let _ = peer.write_all(answer).await;
            }
        }
        if heard == END {
            return all;
        }
        all.extend(heard);
    }
}

fn cut<'a>(bytes: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..place], &bytes[place + at.len()..]))
}

/// A request's head, as much of its body as there is, and whether that is all of it; none before the head is whole.
fn read(bytes: &[u8]) -> Option<(String, String, bool)> {
    let (head, rest) = cut(bytes, b"\r\n\r\n")?;
    let head = format!("{}\r\n", String::from_utf8_lossy(head));
    let lower = head.to_ascii_lowercase();
    let (body, ended) = if lower.contains("transfer-encoding: chunked") {
        joined(rest)
    } else {
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        (
            rest.to_vec(),
            rest.len() == length.map_or(0, |digits| digits.parse().unwrap()),
        )
    };
    Some((head, String::from_utf8_lossy(&body).into_owned(), ended))
}

/// The chunks of RFC 9112 section 7.1 put together, as far as they go, and whether the last one is there.
fn joined(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Some((size, after)) = cut(rest, b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
        if size == 0 {
            return (body, true);
        }
        body.extend_from_slice(&after[..size.min(after.len())]);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    (body, false)
}
