//! A tunnel through the proxy: asked for, agreed to, and from there on a connection like any other.
//!
//! The head of the answer is taken off the socket to its last byte and no further. What follows it is the destination's: a server
//! that speaks first may be in the same packet.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use super::{Proxy, ProxyError, ProxyFault, Resolve};
use crate::dial::{Dialled, dial_any};
use crate::egress::Asked;

/// Bytes of the proxy's answer, interim answers included.
const HEAD_BYTES: usize = 16 << 10;
/// Header fields of it.
const FIELDS: usize = 100;
/// Bytes of its words in an error.
const REASON_BYTES: usize = 200;
/// Fields that name the schemes of a login, a proxy's and a server's.
const CHALLENGES: [&str; 2] = ["proxy-authenticate", "www-authenticate"];
/// Schemes of a login that an error names.
const SCHEMES: usize = 8;

/// Connects to the proxy, and has it connect to what was asked, all within `limit`.
pub(crate) async fn open(
    resolver: &dyn Resolve,
    proxy: &Proxy,
    asked: &Asked,
    limit: Duration,
) -> Result<Dialled, ProxyError> {
    let begun = Instant::now();
    let connected = tokio::time::timeout(limit, connect(resolver, proxy, limit)).await;
    let connected = connected.unwrap_or_else(|_| Err(ProxyFault::Unreachable("no answer".to_owned())));
    let opened = match connected {
        Ok((mut stream, address)) => {
            let left = limit.saturating_sub(begun.elapsed());
            match tokio::time::timeout(left, agree(&mut stream, proxy, asked)).await {
                Ok(Ok(())) => Ok(Dialled {
                    stream,
                    address,
                    proxy: Some(proxy.to_string()),
                }),
                Ok(Err(fault)) => Err(fault),
                Err(_) => Err(ProxyFault::Silent(left)),
            }
        }
        Err(fault) => Err(fault),
    };
    opened.map_err(|fault| ProxyError {
        proxy: proxy.to_string(),
        asked: asked.to_string(),
        fault,
    })
}

/// Where the proxy is was set by whoever runs this host, so that its addresses are not judged.
async fn connect(
    resolver: &dyn Resolve,
    proxy: &Proxy,
    limit: Duration,
) -> Result<(TcpStream, SocketAddr), ProxyFault> {
    let found = resolver.resolve(proxy.host.clone()).await;
    let addresses = match found {
        Ok(addresses) if addresses.is_empty() => Err("the name has no address".to_owned()),
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(error.to_string()),
    };
    let addresses = addresses.map_err(ProxyFault::Unresolved)?;
    dial_any(&addresses, proxy.port, limit)
        .await
        .map_err(ProxyFault::Unreachable)
}

/// Asks for the tunnel. Nothing else is written before the proxy agreed.
async fn agree(stream: &mut TcpStream, proxy: &Proxy, asked: &Asked) -> Result<(), ProxyFault> {
    stream.write_all(request(proxy, asked).as_bytes()).await.map_err(lost)?;
    let mut room = HEAD_BYTES;
    loop {
        let head = read_head(stream, room).await?;
        room = room.saturating_sub(head.len());
        let answer = Answer::parse(&head).ok_or(ProxyFault::NotHttp)?;
        match answer.status {
            // An interim answer (RFC 9110 section 15.2).
            100..=199 => {}
            // Any of these opens the tunnel, whatever length its header names (RFC 9110 section 9.3.6).
            200..=299 => return Ok(()),
            // The second is a server's word and not a proxy's, and some say it all the same.
            status @ (407 | 401) => {
                return Err(ProxyFault::Credentials {
                    status,
                    given: proxy.has_credentials(),
                    offered: answer.offered,
                });
            }
            status => {
                return Err(ProxyFault::Said {
                    status,
                    reason: answer.reason,
                });
            }
        }
    }
}

fn request(proxy: &Proxy, asked: &Asked) -> Zeroizing<String> {
    let host = match asked.host.contains(':') {
        true => format!("[{}]", asked.host),
        false => asked.host.clone(),
    };
    let target = format!("{host}:{}", asked.port);
    let mut request = Zeroizing::new(String::with_capacity(2048));
    request.push_str(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"));
    request.push_str(concat!("User-Agent: Relais/", env!("CARGO_PKG_VERSION"), "\r\n"));
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.reveal());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    request
}

/// Reads up to the empty line that ends a head, `room` bytes at most, and leaves what follows in the socket.
async fn read_head(stream: &mut TcpStream, room: usize) -> Result<Vec<u8>, ProxyFault> {
    let mut head = Vec::new();
    let mut block = [0; 1024];
    loop {
        let seen = stream.peek(&mut block).await.map_err(lost)?;
        let seen = block.get(..seen).unwrap_or_default();
        if seen.is_empty() {
            return Err(ProxyFault::Closed);
        }
        let end = end_of_head(&head, seen);
        let mut taken = vec![0; end.unwrap_or(seen.len())];
        stream.read_exact(&mut taken).await.map_err(lost)?;
        head.extend_from_slice(&taken);
        if head.len() > room {
            return Err(ProxyFault::NotHttp);
        }
        if end.is_some() {
            return Ok(head);
        }
    }
}

/// How many of `more` belong to the head that began with `head`, where it ends among them. A line may end without its CR (RFC 9112
/// section 2.2).
fn end_of_head(head: &[u8], more: &[u8]) -> Option<usize> {
    let mut line_is_empty = matches!(head, [.., b'\n'] | [.., b'\n', b'\r']);
    for (place, byte) in more.iter().enumerate() {
        match byte {
            b'\n' if line_is_empty => return Some(place + 1),
            b'\n' => line_is_empty = true,
            b'\r' => {}
            _ => line_is_empty = false,
        }
    }
    None
}

fn lost(error: io::Error) -> ProxyFault {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => ProxyFault::Closed,
        _ => ProxyFault::Unreachable(error.to_string()),
    }
}

/// What matters of the proxy's answer.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    reason: String,
    /// Schemes of a login.
    offered: Vec<String>,
}

impl Answer {
    fn parse(head: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut answer = httparse::Response::new(&mut fields);
        if !answer.parse(head).ok()?.is_complete() {
            return None;
        }
        let challenges = answer
            .headers
            .iter()
            .filter(|field| CHALLENGES.iter().any(|name| field.name.eq_ignore_ascii_case(name)));
        // The scheme of each challenge is its first word (RFC 9110 section 11.3); proxies send one a field.
        let scheme = |value: &[u8]| {
            let word = value.split(|byte| byte.is_ascii_whitespace() || *byte == b',').next()?;
            let is_token = !word.is_empty() && word.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-');
            is_token.then(|| words(word, 32))
        };
        Some(Self {
            status: answer.code?,
            reason: words(answer.reason.unwrap_or_default().as_bytes(), REASON_BYTES),
            offered: challenges
                .filter_map(|field| scheme(field.value))
                .take(SCHEMES)
                .collect(),
        })
    }
}

/// A stranger's words, cut, without what a terminal or a log would obey.
fn words(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes.get(..most).unwrap_or(bytes));
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use relais_manifest::Scheme;

    #[test]
    fn a_head_ends_at_its_empty_line_however_it_is_cut() {
        for head in [
            "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            "HTTP/1.1 200 OK\nA: b\n\n",
            "HTTP/1.1 200 OK\r\n\r\n",
        ] {
            let whole = format!("{head}220 hello\r\n\r\n");
            for cut in 0..head.len() {
                let (before, more) = whole.as_bytes().split_at(cut);
                assert_eq!(end_of_head(&[], before), None, "{before:?}");
                assert_eq!(end_of_head(before, more), Some(head.len() - cut), "{head:?} at {cut}");
            }
        }
    }

    #[test]
    fn an_answer_is_read_for_its_status_its_words_and_the_schemes_it_offers() {
        let head = b"HTTP/1.1 407 Proxy \x1b[31m Authentication\r\nProxy-Authenticate: Negotiate\r\n\
                     proxy-authenticate: Basic realm=\"mairie\"\r\n\r\n";
        // A control character is no part of a reason (RFC 9112 section 4).
        assert_eq!(Answer::parse(head), None);
        let head = b"HTTP/1.0 407 Proxy Authentication\r\nProxy-Authenticate: Negotiate\r\n\
                     proxy-authenticate: Basic realm=\"mairie\"\r\n\r\n";
        let answer = Answer::parse(head).unwrap();
        assert_eq!((answer.status, answer.reason.as_str()), (407, "Proxy Authentication"));
        assert_eq!(answer.offered, ["Negotiate", "Basic"]);
        for bad in [
            "220 mail.example ESMTP\r\n\r\n",
            "HTTP/1.1 2000 OK\r\n\r\n",
            "\x15\x03\x01\x00\x02\r\n\r\n",
        ] {
            assert_eq!(Answer::parse(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn the_request_names_the_destination_and_nothing_of_the_guest() {
        let proxy = Proxy::parse("http://proxy.example:3128").unwrap();
        let asked = Asked::new(Scheme::Tcp, "[2606:2800::1]", 25);
        let text = request(&proxy, &asked);
        assert!(
            text.starts_with("CONNECT [2606:2800::1]:25 HTTP/1.1\r\nHost: [2606:2800::1]:25\r\n"),
            "{}",
            *text
        );
        assert!(
            text.ends_with("\r\n\r\n") && !text.contains("Authorization"),
            "{}",
            *text
        );
    }
}
