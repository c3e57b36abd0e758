//! A client that says exactly what a test tells it to.

use std::sync::Arc;
use std::time::Duration;

use relais_catcher::{Catcher, Options};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Ample for anything on loopback; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(10);

pub async fn start(options: Options) -> Catcher {
    Catcher::start(options).await.unwrap()
}

pub struct Client<S> {
    pub stream: S,
    pending: Vec<u8>,
}

impl Client<TcpStream> {
    pub async fn connect(catcher: &Catcher) -> Self {
        let stream = TcpStream::connect(catcher.address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// Connects, and has read the greeting and the answer to EHLO.
    pub async fn greeted(catcher: &Catcher) -> Self {
        let mut client = Self::connect(catcher).await;
        client.expect("220").await;
        client.say("EHLO client.example").await.expect("250").await;
        client
    }

    /// Goes through STARTTLS, trusting the PEM certificate given.
    pub async fn secured(catcher: &Catcher, trusted: &str) -> Client<TlsStream<TcpStream>> {
        let mut client = Self::greeted(catcher).await;
        client.say("STARTTLS").await.expect("220").await;
        let mut client = client.handshake(trusted, "localhost").await.unwrap();
        client.say("EHLO client.example").await.expect("250").await;
        client
    }

    pub async fn handshake(self, trusted: &str, name: &str) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let stream = connector(trusted).connect(name, self.stream).await?;
        Ok(Client::over(stream))
    }
}

fn connector(trusted: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn over(stream: S) -> Self {
        Self {
            stream,
            pending: Vec::new(),
        }
    }

    /// Sends octets in one write.
    pub async fn send(&mut self, octets: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(octets.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
        self
    }

    /// Sends a line.
    pub async fn say(&mut self, line: &str) -> &mut Self {
        self.send(format!("{line}\r\n")).await
    }

    /// Reads one reply, which must start with `start`, and returns it whole.
    pub async fn expect(&mut self, start: &str) -> String {
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "expected {start}, got {reply:?}");
        reply
    }

    /// Reads one reply, all its lines. Panics where the server closes instead.
    pub async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            if let Some(end) = self.pending.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8(self.pending.drain(..end + 2).collect()).unwrap();
                let last = line.as_bytes().get(3) != Some(&b'-');
                reply.push_str(&line);
                if last {
                    return reply;
                }
                continue;
            }
            assert!(self.read().await > 0, "closed after {reply:?}");
        }
    }

    /// Reads once. Zero: the server closed.
    pub async fn read(&mut self) -> usize {
        let mut block = [0; 4096];
        let read = timeout(PATIENCE, self.stream.read(&mut block))
            .await
            .expect("nothing came");
        let count = read.unwrap_or(0);
        self.pending.extend_from_slice(&block[..count]);
        count
    }

    /// What was read and not yet looked at.
    pub fn unread(&self) -> &[u8] {
        &self.pending
    }

    pub async fn expect_close(&mut self) {
        assert!(
            self.pending.is_empty(),
            "unread: {:?}",
            self.pending.escape_ascii().to_string()
        );
        assert_eq!(self.read().await, 0, "{:?}", self.pending.escape_ascii().to_string());
    }

    /// Sends one mail command by command and reads the reply to its final dot.
    pub async fn mail(&mut self, content: impl AsRef<[u8]>) -> String {
        self.say("MAIL FROM:<marie@ville.example>").await.expect("250").await;
        self.say("RCPT TO:<paul@ville.example>").await.expect("250").await;
        self.say("DATA").await.expect("354").await;
        self.send(content).await.send("\r\n.\r\n").await.reply().await
    }
}
