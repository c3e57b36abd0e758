//! How an HTTP client connects: the same decision, dialling and certificates as every other connection.
//!
//! A connector of our own rather than a library's with its proxy: theirs loses what the proxy said in a refusal, takes the destination's
//! first bytes with the proxy's head, sends what is in clear to the proxy itself instead of through a tunnel, and knows its own
//! list of exceptions.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use relais_manifest::Scheme;
use rustix::net::sockopt;
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::client::OnRefused;
use crate::dial::DialError;
use crate::egress::{Asked, Destination, entitled};
use crate::outgoing::Outgoing;
use crate::tls::{Fault, Tls};

/// Silence before the system asks whether the other end is still there, and between two such questions.
const PROBE: Duration = Duration::from_secs(15);
/// Questions without an answer.
const PROBES: u32 = 3;
/// How long sent bytes may stay without the other end's receipt.
const UNTAKEN: Duration = Duration::from_secs(30);

/// Connections of one client, from when they are dialled until they are closed. A request takes one at most, but what is dialled
/// for it goes on where another connection comes free first, and what was closed may still say goodbye: a server that is slow at
/// both costs so many, and no more.
const CONNECTIONS: usize = 32;

/// Why an HTTP client has no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("{0}")]
    Tls(String),
    #[error("the handshake of TLS did not end in time")]
    Timeout,
    #[error("the URL has no host")]
    NoHost,
    #[error("{CONNECTIONS} connections to this server are open, and none came free in time")]
    Full,
}

/// Connects to one destination.
#[derive(Clone)]
pub(crate) struct Connector {
    shared: Arc<Shared>,
}

struct Shared {
    outgoing: Outgoing,
    destination: Arc<Destination>,
    tls: Arc<Tls>,
    /// With the versions of HTTP that are offered.
    config: Arc<ClientConfig>,
    limit: Duration,
    on_refused: OnRefused,
    places: Arc<Semaphore>,
}

impl Connector {
    pub(crate) fn new(
        outgoing: Outgoing,
        destination: Arc<Destination>,
        tls: Arc<Tls>,
        limit: Duration,
        on_refused: OnRefused,
    ) -> Self {
        let mut config = ClientConfig::clone(tls.config());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Self {
            shared: Arc::new(Shared {
                outgoing,
                destination,
                tls,
                config: Arc::new(config),
                limit,
                on_refused,
                places: Arc::new(Semaphore::new(CONNECTIONS)),
            }),
        }
    }
}

impl Shared {
    async fn connect(&self, uri: http::Uri) -> Result<TokioIo<Line>, LineError> {
        let begun = Instant::now();
        let asked = Asked::of(&uri).ok_or(LineError::NoHost)?;
        let place = timeout(self.limit, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(LineError::Full);
        };
        let left = || self.limit.saturating_sub(begun.elapsed());
        let dialled = match entitled(std::slice::from_ref(&self.destination.egress), &asked) {
            Ok(_) => self.outgoing.dial(&self.destination, left()).await,
            Err(refused) => Err(refused.into()),
        };
        if let Err(DialError::Refused(refused)) = &dialled {
            (self.on_refused)(&asked, refused);
        }
        let stream = dialled?.stream;
        // Without them a dead connection is noticed late, and no worse comes of it.
        let _ = notice_death(&stream);
        if asked.scheme == Scheme::Http {
            return Ok(Line::over(Stream::Clear(stream), place));
        }
        let name = self.tls.server_name(&asked.host).map_err(LineError::Tls)?;
        let connector = TlsConnector::from(self.config.clone());
        let shaken = timeout(left(), connector.connect(name, stream)).await;
        let stream = shaken.map_err(|_| LineError::Timeout)?;
        let stream = stream.map_err(|error| LineError::Tls(said(self.tls.explain(&error))))?;
        Ok(Line::over(Stream::Encrypted(Box::new(stream)), place))
    }
}

/// Has the system look after a connection that a client keeps for later: a dead one is given up within a minute, and so is one
/// whose other end takes nothing any more, instead of at the end of a silence.
fn notice_death(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, PROBE)?;
    sockopt::set_tcp_keepintvl(stream, PROBE)?;
    sockopt::set_tcp_keepcnt(stream, PROBES)?;
    sockopt::set_tcp_user_timeout(stream, UNTAKEN.as_millis().try_into().unwrap_or(u32::MAX))
}

/// A fault of TLS in words.
fn said(fault: Fault) -> String {
    match fault {
        Fault::NotTls => "the server answers in clear on a port that should speak TLS".to_owned(),
        Fault::Tls(text) => text,
    }
}

impl Service<http::Uri> for Connector {
    type Response = TokioIo<Line>;
    type Error = LineError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move { shared.connect(uri).await })
    }
}

/// A connection that speaks HTTP, and its place among the client's.
pub(crate) struct Line {
    stream: Stream,
    _place: OwnedSemaphorePermit,
}

enum Stream {
    Clear(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Line {
    fn over(stream: Stream, place: OwnedSemaphorePermit) -> TokioIo<Self> {
        TokioIo::new(Self { stream, _place: place })
    }
}

impl Connection for Line {
    fn connected(&self) -> Connected {
        match &self.stream {
            Stream::Encrypted(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
                Connected::new().negotiated_h2()
            }
            _ => Connected::new(),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(self: Pin<&mut Self>, task: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Clear(stream) => Pin::new(stream).poll_read(task, into),
            Stream::Encrypted(stream) => Pin::new(stream).poll_read(task, into),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write(task, bytes),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write(task, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write_vectored(task, slices),
            Stream::Encrypted(stream) => Pin::new(stream).poll_write_vectored(task, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Clear(stream) => stream.is_write_vectored(),
            Stream::Encrypted(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Clear(stream) => Pin::new(stream).poll_flush(task),
            Stream::Encrypted(stream) => Pin::new(stream).poll_flush(task),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Clear(stream) => Pin::new(stream).poll_shutdown(task),
            Stream::Encrypted(stream) => Pin::new(stream).poll_shutdown(task),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn the_system_looks_after_a_kept_connection() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        notice_death(&stream).unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), PROBE);
        assert_eq!(sockopt::tcp_user_timeout(&stream).unwrap(), 30_000);
    }
}
