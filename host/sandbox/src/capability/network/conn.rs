//! One connection: its transport, its time limits, and what may pass.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_outgoing::{Asked, Dialled, Fault, Tls, describe, fingerprint};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::greeting::Greeting;
use crate::bindings::relais::connector::network::{NetworkError, Security};
use crate::context::Context;
use crate::floor::Turn;
use crate::handles::Watch;
use crate::observer::Event;
use crate::{Place, Rule};

/// Bytes that one read asks the transport for.
const READ_BYTES: usize = 64 << 10;

/// How reading or writing ends badly.
#[derive(Debug)]
pub(crate) enum IoFault {
    Closed,
    Timeout,
    Refused(String),
    Failed(String),
}

impl From<io::Error> for IoFault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof => IoFault::Closed,
            io::ErrorKind::TimedOut => IoFault::Timeout,
            _ => IoFault::Failed(error.to_string()),
        }
    }
}

#[derive(Debug)]
enum Transport {
    Clear(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
    /// Lost in a handshake that failed.
    Gone,
}

/// The time limits of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// For a handshake after the connection was made.
    pub(super) connect: Duration,
    /// For a read or a write in which nothing moves.
    pub(super) silence: Duration,
}

/// One connection of a session.
#[derive(Debug)]
pub(crate) struct Conn {
    transport: Transport,
    pub(super) asked: Asked,
    pub(super) security: Security,
    tls: Option<Arc<Tls>>,
    address: SocketAddr,
    /// The proxy that it goes through.
    proxy: Option<String>,
    connect: Duration,
    pub(super) silence: Duration,
    /// The guest holds the connection, its input, its output.
    pub(super) handle: bool,
    pub(crate) input: bool,
    pub(crate) output: bool,
    pub(super) greeting: Greeting,
    pub(super) logins: u32,
    watch: Watch,
    /// The call in which the remote last spoke, or was connected to, and when.
    heard: (Turn, Instant),
    /// Nothing more may be written: the reason.
    closed_for_writing: Option<String>,
}

impl Conn {
    pub(super) fn new(
        dialled: Dialled,
        asked: Asked,
        security: Security,
        tls: Option<Arc<Tls>>,
        times: Times,
        turn: Turn,
    ) -> Self {
        Self {
            transport: Transport::Clear(dialled.stream),
            asked,
            security,
            tls,
            address: dialled.address,
            proxy: dialled.proxy,
            connect: times.connect,
            silence: times.silence,
            handle: true,
            input: false,
            output: false,
            greeting: Greeting::expected(),
            logins: 0,
            watch: Watch::default(),
            heard: (turn, Instant::now()),
            closed_for_writing: None,
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.handle || self.input || self.output
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.transport, Transport::Encrypted(_))
    }

    /// At most `len` bytes for the guest; none at the end.
    pub(crate) async fn read(&mut self, len: usize, context: &Context) -> Result<Option<Vec<u8>>, IoFault> {
        let bytes = self.read_unseen(len, context).await?;
        self.greeting.read(bytes.as_deref().unwrap_or_default());
        Ok(bytes)
    }

    /// The same, for the host itself.
    pub(super) async fn read_unseen(&mut self, len: usize, context: &Context) -> Result<Option<Vec<u8>>, IoFault> {
        let mut bytes = Vec::with_capacity(len.min(READ_BYTES));
        let may_be_dead = self.may_be_dead(context);
        let silence = match may_be_dead {
            true => self.silence.min(context.limits.idle_answer),
            false => self.silence,
        };
        let read = match &mut self.transport {
            Transport::Clear(stream) => read_some(stream, &mut bytes, len, silence).await,
            Transport::Encrypted(stream) => read_some(stream, &mut bytes, len, silence).await,
            Transport::Gone => return Err(IoFault::Closed),
        };
        if may_be_dead && matches!(read, Err(IoFault::Timeout)) {
            context.meter.loses_idle();
        }
        let read = read?;
        if read == 0 {
            return Ok(None);
        }
        context
            .meter
            .arrived(read)
            .map_err(|limit| IoFault::Refused(context.limited(limit)))?;
        context.floor.heard(&bytes);
        self.heard = (context.floor.turn(), Instant::now());
        Ok(Some(bytes))
    }

    /// Whether it was idle before this call for so long that it may be dead, and has not spoken since.
    fn may_be_dead(&self, context: &Context) -> bool {
        let (turn, at) = self.heard;
        turn != context.floor.turn() && at.elapsed() >= context.limits.idle
    }

    /// Writes what a guest composed: watched for handles, and followed by the greeting's rule. Flushed.
    pub(crate) async fn write_from_guest(&mut self, bytes: &[u8], context: &Context) -> Result<(), IoFault> {
        if self.watch.sees(&context.handles, bytes) {
            let rule = Rule::Handle(Place::Connection);
            return Err(IoFault::Refused(context.audit.refuse(&self.asked, rule)));
        }
        self.greeting.wrote(bytes);
        self.write_all(bytes, context).await?;
        self.flush().await
    }

    /// Writes what the host itself composed: the message's content, or a login.
    pub(crate) async fn write_content(&mut self, bytes: &[u8], context: &Context) -> Result<(), IoFault> {
        self.greeting.wrote(bytes);
        self.write_all(bytes, context).await
    }

    pub(super) async fn write_all(&mut self, bytes: &[u8], context: &Context) -> Result<(), IoFault> {
        if let Some(reason) = &self.closed_for_writing {
            return Err(IoFault::Refused(reason.clone()));
        }
        context.floor.asks_otherwise();
        let leaves = context.leave(context.floor.turn(), bytes.len()).await;
        leaves.map_err(|held| IoFault::Refused(context.held(held)))?;
        let silence = self.silence;
        let written = match &mut self.transport {
            Transport::Clear(stream) => write_some(stream, bytes, silence, context).await,
            Transport::Encrypted(stream) => write_some(stream, bytes, silence, context).await,
            Transport::Gone => Err(IoFault::Closed),
        };
        if written.is_err() {
            self.closed_for_writing = Some("an earlier write on this connection failed".to_owned());
        }
        written
    }

    pub(crate) async fn flush(&mut self) -> Result<(), IoFault> {
        match &mut self.transport {
            // A socket has nothing to flush.
            Transport::Clear(_) => Ok(()),
            Transport::Encrypted(stream) => {
                timeout(self.silence, stream.flush())
                    .await
                    .map_err(|_| IoFault::Timeout)??;
                Ok(())
            }
            Transport::Gone => Err(IoFault::Closed),
        }
    }

    /// The message broke off: whatever the guest would write now could end it as if it were whole.
    pub(crate) fn cut_short(&mut self, why: String) {
        self.closed_for_writing = Some(format!("the message was cut short ({why}), so nothing may follow it"));
    }

    /// Ends the connection here and now: nobody can tell any more what the next bytes would answer.
    pub(super) fn break_off(&mut self) {
        self.transport = Transport::Gone;
    }

    /// Whether the remote has sent something that nobody read.
    pub(super) fn has_unread(&mut self) -> bool {
        let mut byte = [0];
        match &mut self.transport {
            Transport::Clear(stream) => {
                let mut buffer = tokio::io::ReadBuf::new(&mut byte);
                let waker = futures_util::task::noop_waker();
                let mut task = std::task::Context::from_waker(&waker);
                stream.poll_peek(&mut task, &mut buffer).is_ready() && !buffer.filled().is_empty()
            }
            Transport::Encrypted(stream) => {
                let (socket, session) = stream.get_mut();
                let mut peeked = tokio::io::ReadBuf::new(&mut byte);
                let waker = futures_util::task::noop_waker();
                let mut task = std::task::Context::from_waker(&waker);
                // Tickets of TLS 1.3 make bytes on the socket that are no answer; they are taken off here.
                if socket.poll_peek(&mut task, &mut peeked).is_ready() && !peeked.filled().is_empty() {
                    let mut sync = ReadNow(socket);
                    let _ = session.read_tls(&mut sync);
                    let _ = session.process_new_packets();
                }
                session
                    .process_new_packets()
                    .map_or(true, |state| state.plaintext_bytes_to_read() > 0)
            }
            Transport::Gone => false,
        }
    }

    /// STARTTLS, after the server agreed to it.
    pub(super) async fn upgrade(&mut self, context: &Context) -> Result<(), NetworkError> {
        if self.security != Security::StartTls || self.is_encrypted() {
            let rule = Rule::NotUpgradable;
            return Err(NetworkError::Refused(context.audit.refuse(&self.asked, rule)));
        }
        if self.has_unread() {
            let rule = Rule::Injection;
            return Err(NetworkError::Refused(context.audit.refuse(&self.asked, rule)));
        }
        timeout(self.connect, self.encrypt(context))
            .await
            .unwrap_or(Err(NetworkError::Timeout))?;
        self.greeting = Greeting::renewed();
        Ok(())
    }

    /// The handshake. A failure leaves no connection.
    pub(super) async fn encrypt(&mut self, context: &Context) -> Result<(), NetworkError> {
        let tls = self
            .tls
            .clone()
            .ok_or_else(|| NetworkError::Tls("no TLS on this connection".to_owned()))?;
        let name = tls.server_name(&self.asked.host).map_err(NetworkError::Tls)?;
        let Transport::Clear(stream) = std::mem::replace(&mut self.transport, Transport::Gone) else {
            return Err(NetworkError::Closed);
        };
        let connector = TlsConnector::from(tls.config().clone());
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| match tls.explain(&error) {
                Fault::NotTls => NetworkError::NotTls,
                Fault::Tls(text) => NetworkError::Tls(text),
            })?;
        let (_, session) = stream.get_ref();
        let certificate = session.peer_certificates().and_then(|chain| chain.first());
        context.audit.tell(Event::Encrypted {
            version: version(session.protocol_version()),
            certificate_sha256: certificate.map(|der| fingerprint(der)).unwrap_or_default(),
        });
        context.meter.moved();
        self.transport = Transport::Encrypted(Box::new(stream));
        Ok(())
    }

    pub(super) fn describe(&self) -> Vec<(String, String)> {
        let mut pairs = vec![("address".to_owned(), self.address.to_string())];
        pairs.extend(self.proxy.clone().map(|proxy| ("proxy".to_owned(), proxy)));
        if let Transport::Encrypted(stream) = &self.transport {
            let (_, session) = stream.get_ref();
            pairs.push(("tls-version".to_owned(), version(session.protocol_version())));
            if let Some(suite) = session.negotiated_cipher_suite() {
                pairs.push(("tls-cipher".to_owned(), format!("{:?}", suite.suite())));
            }
            if let Some(der) = session.peer_certificates().and_then(|chain| chain.first()) {
                pairs.extend(describe(der));
            }
        }
        pairs
    }
}

fn version(version: Option<rustls::ProtocolVersion>) -> String {
    match version {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
        other => format!("{other:?}"),
    }
}

/// Reads what a socket holds now, for a TLS session that is asked between two calls.
struct ReadNow<'a>(&'a TcpStream);

impl io::Read for ReadNow<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(bytes)
    }
}

async fn read_some<S: AsyncRead + Unpin>(
    stream: &mut S,
    bytes: &mut Vec<u8>,
    len: usize,
    silence: Duration,
) -> Result<usize, IoFault> {
    let mut stream = stream.take(len.min(READ_BYTES) as u64);
    match timeout(silence, stream.read_buf(bytes)).await {
        Err(_) => Err(IoFault::Timeout),
        // A server that hangs up without TLS's goodbye ended the stream all the same; what it said is whole line by line.
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        Ok(read) => Ok(read?),
    }
}

/// Writes all, and gives up only when nothing moved for the time of silence: a big mail on a slow line is no hang.
async fn write_some<S: AsyncWrite + Unpin>(
    stream: &mut S,
    mut bytes: &[u8],
    silence: Duration,
    context: &Context,
) -> Result<(), IoFault> {
    while !bytes.is_empty() {
        let written = timeout(silence, stream.write(bytes))
            .await
            .map_err(|_| IoFault::Timeout)??;
        if written == 0 {
            return Err(IoFault::Closed);
        }
        bytes = bytes.get(written..).unwrap_or_default();
        context.meter.carried(written);
    }
    Ok(())
}
