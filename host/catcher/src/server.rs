//! The port: leads each connection through TLS into its session.

use std::sync::Arc;

use relais_smtpd::encrypt;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::data::Room;
use crate::record::Record;
use crate::session::{End, Session};
use crate::{MAX_KEPT, MAX_SESSIONS, MAX_SILENCE, Options, Tls};

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
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, stopped: oneshot::Receiver<()>) {
    let no_place = (shared.options.tls != Tls::Implicit).then_some("421 4.3.2 Too many sessions, try again later");
    let stopped = async {
        let _ = stopped.await;
    };
    let session = |stream, _| {
        shared.record.add_session();
        converse(stream, Arc::clone(&shared))
    };
    let mut sessions = relais_smtpd::serve(listener, MAX_SESSIONS, no_place, stopped, session).await;
    sessions.shutdown().await;
}

async fn converse(stream: TcpStream, shared: Arc<Shared>) {
    if shared.options.faults.silent {
        return swallow(stream).await;
    }
    if shared.options.tls == Tls::Implicit {
        if let Some(acceptor) = &shared.acceptor
            && let Some((stream, version)) = encrypt(stream, acceptor).await
        {
            Session::greet(stream, Some(version), Arc::clone(&shared)).run().await;
        }
        return;
    }
    if let End::StartTls(stream) = Session::greet(stream, None, Arc::clone(&shared)).run().await
        && let Some(acceptor) = &shared.acceptor
        && let Some((stream, version)) = encrypt(stream, acceptor).await
    {
        Session::resume(stream, version, Arc::clone(&shared)).run().await;
    }
}

/// Reads and says nothing, until the client leaves or falls silent.
async fn swallow(mut stream: TcpStream) {
    let mut ignored = vec![0; 4096];
    while let Ok(Ok(1..)) = timeout(MAX_SILENCE, stream.read(&mut ignored)).await {}
}
