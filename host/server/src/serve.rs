//! Listeners: TCP for whoever has a token, in clear or under TLS; Unix sockets for the users of this machine.
//!
//! The threat: connections that ask for nothing, never end their head, or never read their answer. Each of them ends by itself,
//! there is a limit on how many there are, and the administrators' socket has its own.

mod patience;
mod socket;

use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use self::patience::Patient;
use self::socket::Socket;
use crate::caller::{Peer, Serves};

/// Connections of one listener at the same time; more of them wait in the system's queue.
const CONNECTIONS: usize = 1_024;
/// How long the head of a request may take, and a connection may stay without any.
const HEAD: Duration = Duration::from_secs(60);
/// How long an answer may wait for its reader to take more.
const UNREAD: Duration = Duration::from_secs(60);
/// Bytes of a request's head, and of what is buffered of a connection.
const BUFFER: usize = 64 << 10;
/// Header fields of a request.
const HEADERS: usize = 100;
/// A pause where the system gives no more connections.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Listeners that are bound: from now on nobody is refused a connection.
#[derive(Debug, Default)]
pub struct Listening {
    doors: Vec<Door>,
}

#[derive(Debug)]
enum Door {
    Tcp(TcpListener),
    Tls(TcpListener, Arc<ServerConfig>),
    Figures(TcpListener),
    Admin(Socket),
    Submit(Socket, Serves),
}

impl Listening {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on TCP; port 0 is any free one. The address that it is.
    pub async fn tcp(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        self.doors.push(Door::Tcp(listener));
        Ok(bound)
    }

    /// Listens on TCP, with TLS from the first byte; port 0 is any free one. The address that it is.
    pub async fn tls(&mut self, address: SocketAddr, config: Arc<ServerConfig>) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        self.doors.push(Door::Tls(listener, config));
        Ok(bound)
    }

    /// Listens on TCP for whoever watches: health, readiness and the figures of all workspaces, without a token, and nothing
    /// else. The address that it is.
    pub async fn figures(&mut self, address: SocketAddr) -> io::Result<SocketAddr> {
        let listener = TcpListener::bind(address).await?;
        let bound = listener.local_addr()?;
        self.doors.push(Door::Figures(listener));
        Ok(bound)
    }

    /// Listens on the administrators' socket, which nobody but this user may open. A socket that nobody listens on any more is
    /// replaced.
    pub fn admin_socket(&mut self, path: &Path) -> io::Result<()> {
        self.doors.push(Door::Admin(Socket::bind(path, 0o600, None)?));
        Ok(())
    }

    /// Listens on a socket for senders, which this user and a group may open, and which serves these workspaces.
    pub fn submit_socket(&mut self, path: &Path, group: Option<u32>, serves: Serves) -> io::Result<()> {
        self.doors.push(Door::Submit(Socket::bind(path, 0o660, group)?, serves));
        Ok(())
    }

    /// Serves until `stopping` is cancelled. Then nobody is let in, requests that are being served have `grace` to end, and what
    /// is left is dropped.
    pub async fn serve(self, app: axum::Router, stopping: CancellationToken, grace: Duration) {
        let served = Served {
            app,
            stopping: stopping.clone(),
            dropped: CancellationToken::new(),
            connections: TaskTracker::new(),
        };
        let doors = TaskTracker::new();
        for door in self.doors {
            doors.spawn(served.clone().attend(door));
        }
        doors.close();
        doors.wait().await;
        served.connections.close();
        if timeout(grace, served.connections.wait()).await.is_err() {
            tracing::warn!(
                connections = served.connections.len(),
                "connections did not end in time"
            );
            served.dropped.cancel();
            served.connections.wait().await;
        }
    }
}

#[derive(Clone)]
struct Served {
    app: axum::Router,
    stopping: CancellationToken,
    dropped: CancellationToken,
    connections: TaskTracker,
}

impl Served {
    /// Lets connections in by one door.
    async fn attend(self, door: Door) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let let_in = tokio::select! {
                let_in = self.let_in(&door, place) => let_in,
                () = self.stopping.cancelled() => return,
            };
            if let Err(error) = let_in {
                // Mostly connections that ended before they were accepted; or there are no more file descriptors.
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }

    async fn let_in(&self, door: &Door, place: OwnedSemaphorePermit) -> io::Result<()> {
        match door {
            Door::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                self.start(ready(Ok(stream)), Peer::Tcp(address), place);
            }
            Door::Tls(listener, config) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let handshake = TlsAcceptor::from(Arc::clone(config)).accept(stream);
                let encrypted = async move {
                    // Whoever begins none holds a place no longer than whoever sends no head.
                    timeout(HEAD, handshake).await.map_err(|_| io::ErrorKind::TimedOut)?
                };
                self.start(encrypted, Peer::Tcp(address), place);
            }
            Door::Figures(listener) => {
                let (stream, address) = listener.accept().await?;
                self.start(ready(Ok(stream)), Peer::Figures(address), place);
            }
            Door::Admin(socket) => {
                let (stream, uid) = socket.accept().await?;
                self.start(ready(Ok(stream)), Peer::Admin { uid }, place);
            }
            Door::Submit(socket, serves) => {
                let (stream, uid) = socket.accept().await?;
                let serves = serves.clone();
                self.start(ready(Ok(stream)), Peer::Submit { uid, serves }, place);
            }
        }
        Ok(())
    }

    /// Serves a connection, once it is `opened`.
    fn start<S, F>(&self, opened: F, peer: Peer, place: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
    {
        let (app, stopping, dropped) = (self.app.clone(), self.stopping.clone(), self.dropped.clone());
        self.connections.spawn(async move {
            let opened = tokio::select! {
                opened = opened => opened,
                () = stopping.cancelled() => return,
            };
            let stream = match opened {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%error, "a connection did not begin");
                    return;
                }
            };
            let service = hyper::service::service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
                request.extensions_mut().insert(peer.clone());
                app.clone().oneshot(request.map(Body::new))
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(BUFFER)
                .max_headers(HEADERS)
                // Who has said all may close that half, and still reads the answer.
                .half_close(true)
                .serve_connection(TokioIo::new(Patient::new(stream, UNREAD)), service);
            let mut connection = std::pin::pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection => ended,
                        () = dropped.cancelled() => Ok(()),
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection broke off");
            }
            drop(place);
        });
    }
}
