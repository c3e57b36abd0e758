//! The port: accepts connections, bounds their number, and leads each through TLS into its session.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::data::Room;
use crate::record::Record;
use crate::session::{End, Session};
use crate::{MAX_KEPT, MAX_SESSIONS, MAX_SILENCE, Options, Tls};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// How long to wait where the system has no descriptor left for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What all sessions of a catcher share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) record: Record,
    pub(crate) room: Arc<Room>,
    acceptor: Option<TlsAcceptor>,
}

impl Shared {
    pub(crate) fn new(options: Options, acceptor: Option<TlsAcceptor>) -> Self {
        Self {
            options,
            record: Record::default(),
            room: Arc::new(Room::new(MAX_KEPT)),
            acceptor,
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// Serves the port until the other end of `stopped` goes away, then ends every session.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let places = Arc::new(Semaphore::new(MAX_SESSIONS));
    let mut sessions = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                shared.record.add_session();
                sessions.spawn(serve(stream, Arc::clone(&shared), place));
            }
            Err(_) if shared.options.tls != Tls::Implicit => send_away(stream),
            Err(_) => {}
        }
    }
    drop(listener);
    sessions.shutdown().await;
}

/// Tells a client that there is no place. The reply fits into the socket's empty buffer, so that nothing is waited for.
fn send_away(stream: TcpStream) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(b"421 4.3.2 Too many sessions, try again later\r\n");
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, _place: OwnedSemaphorePermit) {
    // Replies are written whole: waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    if shared.options.faults.silent {
        return swallow(stream).await;
    }
    if shared.options.tls == Tls::Implicit {
        if let Some((stream, version)) = encrypt(stream, &shared).await {
            Session::greet(stream, Some(version), shared).run().await;
        }
        return;
    }
    if let End::StartTls(stream) = Session::greet(stream, None, Arc::clone(&shared)).run().await
        && let Some((stream, version)) = encrypt(stream, &shared).await
    {
        Session::resume(stream, version, shared).run().await;
    }
}

/// The stream under TLS and the version agreed; `None` where the handshake failed.
async fn encrypt(stream: TcpStream, shared: &Shared) -> Option<(TlsStream<TcpStream>, &'static str)> {
    let acceptor = shared.acceptor.as_ref()?;
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()?;
    let version = match stream.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => return None,
    };
    Some((stream, version))
}

/// Reads and says nothing, until the client leaves or falls silent.
async fn swallow(mut stream: TcpStream) {
    let mut ignored = vec![0; 4096];
    while let Ok(Ok(1..)) = timeout(MAX_SILENCE, stream.read(&mut ignored)).await {}
}
