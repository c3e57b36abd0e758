//! The ceiling: bytes built beforehand, envelope and DATA in one write, the content in another.

use std::net::SocketAddr;

use relais_message::{Addressing, Framing, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Fault;
use crate::load::{FROM, Kind, Load, TO};

pub struct Raw {
    stream: TcpStream,
    envelope: String,
    content: Vec<u8>,
}

impl Raw {
    pub async fn connect(address: SocketAddr, load: &Load, kind: Kind) -> Result<Self, Fault> {
        let message = load
            .draft(kind)
            .accept(&Limits::default())
            .map_err(|e| format!("{e:?}"))?;
        let mut content = Vec::new();
        let mut body = message.mime(Addressing::Written, Framing::DotStuffed);
        while let Some(block) = body.next().await? {
            content.extend_from_slice(&block);
        }
        Self::over(address, content).await
    }

    /// Connects to send this content, which ends with its final dot.
    pub async fn over(address: SocketAddr, content: Vec<u8>) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let envelope = format!("MAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n");
        let mut raw = Self {
            stream,
            envelope,
            content,
        };
        raw.replies(1).await?;
        raw.stream.write_all(b"EHLO [127.0.0.1]\r\n").await?;
        raw.replies(1).await?;
        Ok(raw)
    }

    pub async fn send(&mut self) -> Result<(), Fault> {
        self.stream.write_all(self.envelope.as_bytes()).await?;
        self.replies(3).await?;
        self.stream.write_all(&self.content).await?;
        self.replies(1).await
    }

    /// Reads so many whole replies, all of them good.
    async fn replies(&mut self, count: usize) -> Result<(), Fault> {
        let mut bytes = Vec::with_capacity(1024);
        loop {
            let whole: Vec<&[u8]> = bytes
                .split_inclusive(|b| *b == b'\n')
                .filter(|line| line.ends_with(b"\n"))
                .collect();
            let last = whole.iter().filter(|line| line.get(3) == Some(&b' '));
            if last.clone().any(|line| !matches!(line.first(), Some(b'2' | b'3'))) {
                return Err(String::from_utf8_lossy(&bytes).into());
            }
            if last.count() >= count {
                return Ok(());
            }
            if self.stream.read_buf(&mut bytes).await? == 0 {
                return Err("the sink hung up".into());
            }
        }
    }
}
