//! The port: leads each connection through TLS into its session, and ends them in order.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use relais_smtpd::encrypt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::session::{End, Session};
use crate::trace::is_name;
use crate::{Intake, MAX_CONNECTIONS, Options};

/// Why a listener did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Tokens would cross a network in clear.
    #[error("{0} is reachable from other machines: give the submission listener a certificate, or a loopback address")]
    Clear(SocketAddr),
    /// TLS from the first octet was asked for, and there is no certificate.
    #[error("{0} is to speak TLS from the first octet: give it a certificate")]
    NoCertificate(SocketAddr),
    /// [`Options::name`] cannot stand in a greeting and in a header.
    #[error("{0:?} is no host name")]
    Name(String),
    /// The port cannot be opened.
    #[error("cannot listen on {address}: {source}")]
    Bind { address: SocketAddr, source: io::Error },
}

/// What the sessions of a listener share.
pub(crate) struct Shared<I> {
    pub(crate) options: Options,
    pub(crate) intake: Arc<I>,
    acceptor: Option<TlsAcceptor>,
}

impl<I> Shared<I> {
    pub(crate) fn new(options: Options, intake: Arc<I>) -> Self {
        Self {
            acceptor: options.tls.clone().map(TlsAcceptor::from),
            options,
            intake,
        }
    }

    pub(crate) fn has_tls(&self) -> bool {
        self.acceptor.is_some()
    }
}

/// A running listener. Dropped, it closes its port and ends its sessions between two mails; [`Submission::stop`] waits
/// for them.
#[derive(Debug)]
pub struct Submission {
    address: SocketAddr,
    accepting: JoinHandle<JoinSet<()>>,
    stopping: watch::Sender<bool>,
}

impl Submission {
    /// Opens the port and serves it on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// The options contradict each other, or the port cannot be opened.
    pub async fn bind<I: Intake>(options: Options, intake: Arc<I>) -> Result<Self, ListenError> {
        let (address, implicit_tls) = (options.address, options.implicit);
        if options.tls.is_none() && !is_loopback(address.ip()) {
            return Err(ListenError::Clear(address));
        }
        if options.tls.is_none() && options.implicit {
            return Err(ListenError::NoCertificate(address));
        }
        if !is_name(&options.name) {
            return Err(ListenError::Name(options.name));
        }
        let refused = |source| ListenError::Bind { address, source };
        let listener = TcpListener::bind(address).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let shared = Arc::new(Shared::new(options, intake));
        let (stopping, stopped) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, shared, stopped));
        tracing::info!(%address, implicit_tls, "submission listens");
        Ok(Self {
            address,
            accepting,
            stopping,
        })
    }

    /// Where it listens, with the port that the system chose where none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port. Sessions between two mails are told 421; a mail whose content is under way may end within
    /// `grace`, after that its client learns nothing and sends it again.
    pub async fn stop(self, grace: Duration) {
        let _ = self.stopping.send(true);
        let Ok(mut sessions) = self.accepting.await else {
            return;
        };
        let ended = async { while sessions.join_next().await.is_some() {} };
        if tokio::time::timeout(grace, ended).await.is_err() {
            tracing::warn!(left = sessions.len(), "submission sessions did not end in time");
            sessions.shutdown().await;
        }
    }
}

async fn accept<I: Intake>(
    listener: TcpListener,
    shared: Arc<Shared<I>>,
    stopped: watch::Receiver<bool>,
) -> JoinSet<()> {
    // Under TLS from the first octet, nothing can be said before the handshake.
    let no_place = (!shared.options.implicit).then_some("421 4.3.2 Too many connections, try again later");
    let mut stopping = stopped.clone();
    let until = async move {
        // An error: the listener was dropped.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let session = |stream, peer| converse(stream, peer, Arc::clone(&shared), stopped.clone());
    let mut sessions = relais_smtpd::serve(listener, MAX_CONNECTIONS, no_place, until, session).await;
    if stopped.has_changed().is_err() {
        // Nobody waits for them: dropping the set would cut a mail short.
        sessions.detach_all();
    }
    sessions
}

async fn converse<I: Intake>(
    stream: TcpStream,
    peer: SocketAddr,
    shared: Arc<Shared<I>>,
    stopped: watch::Receiver<bool>,
) {
    let peer = peer.ip();
    if shared.options.implicit {
        if let Some(acceptor) = &shared.acceptor
            && let Some((stream, _)) = encrypt(stream, acceptor).await
        {
            Session::greet(stream, peer, Arc::clone(&shared), stopped).run().await;
        }
        return;
    }
    let session = Session::greet(stream, peer, Arc::clone(&shared), stopped.clone());
    if let End::StartTls(stream) = session.run().await
        && let Some(acceptor) = &shared.acceptor
        && let Some((stream, _)) = encrypt(stream, acceptor).await
    {
        Session::resume(stream, peer, Arc::clone(&shared), stopped).run().await;
    }
}

/// Also where an IPv4 address is written as an IPv6 one, as a socket that listens on both does.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_in_every_spelling() {
        for (address, loopback) in [
            ("127.0.0.1", true),
            ("127.8.9.1", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("::ffff:10.0.0.1", false),
            ("192.168.1.5", false),
        ] {
            assert_eq!(address.parse().map(is_loopback), Ok(loopback), "{address}");
        }
    }
}
