//! One caller: a connection that is kept, and the same mail over it again and again, each waited for.

use std::net::SocketAddr;
use std::sync::Arc;

use relais_message::{Addressing, Framing, Limits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Server;
use crate::Fault;
use crate::clients::raw::Raw;
use crate::load::{FROM, Kind, Load, TO};

/// What a caller writes for each mail.
pub enum Content {
    /// A whole request.
    Http(Vec<u8>),
    /// The message, its dots stuffed, with the final dot.
    Smtp(Vec<u8>),
}

/// The bytes of one mail, the same for every server apart from what the protocol wraps around them.
pub async fn content(server: Server, load: &Load, kind: Kind, token: &str) -> Result<Content, Fault> {
    let message = load
        .draft(kind)
        .accept(&Limits::default())
        .map_err(|e| format!("{e:?}"))?;
    let framing = match server {
        Server::RelaisHttp => Framing::Raw,
        Server::RelaisSubmission | Server::Postfix => Framing::DotStuffed,
    };
    let mut mime = Vec::new();
    let mut body = message.mime(Addressing::Written, framing);
    while let Some(block) = body.next().await? {
        mime.extend_from_slice(&block);
    }
    if server != Server::RelaisHttp {
        return Ok(Content::Smtp(mime));
    }
    let mut request = format!(
        "POST /api/v1/default/mails?from={FROM}&to={TO} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: message/rfc822\r\nContent-Length: {}\r\n\r\n",
        mime.len()
    )
    .into_bytes();
    request.extend_from_slice(&mime);
    Ok(Content::Http(request))
}

pub enum Caller {
    Http {
        stream: TcpStream,
        content: Arc<Content>,
        answer: Vec<u8>,
    },
    Smtp {
        raw: Raw,
    },
}

impl Caller {
    pub async fn connect(server: Server, address: SocketAddr, content: Arc<Content>) -> Result<Self, Fault> {
        Ok(match content.as_ref() {
            Content::Http(_) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                Self::Http {
                    stream,
                    content,
                    answer: Vec::with_capacity(4096),
                }
            }
            Content::Smtp(mime) => Self::Smtp {
                raw: Raw::over(address, mime.clone())
                    .await
                    .map_err(|error| format!("{}: {error}", server.word()))?,
            },
        })
    }

    pub async fn send(&mut self) -> Result<(), Fault> {
        match self {
            Self::Smtp { raw } => raw.send().await,
            Self::Http {
                stream,
                content,
                answer,
            } => {
                let Content::Http(request) = content.as_ref() else {
                    return Err("an HTTP caller has a request".into());
                };
                stream.write_all(request).await?;
                accepted(stream, answer).await
            }
        }
    }
}

/// Reads one answer whole; anything but 202 is an error.
async fn accepted(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(), Fault> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the server hung up".into());
        }
        let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok())
            .ok_or("an answer without a length")?;
        if answer.len() < end + 4 + length {
            continue;
        }
        return match head.starts_with("http/1.1 202") {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(answer).into()),
        };
    }
}
