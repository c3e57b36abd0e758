//! The doors of the HTTP API: a port, the administrators' socket, the senders' socket.

use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use relais_manifest::Lang;
use relais_router::Router;
use relais_server::Peer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::spool::Spool;
use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::serve as say;

/// Connections at once; more of them wait to be accepted.
const CONNECTIONS: usize = 1_024;
const HEADER: Duration = Duration::from_secs(30);

/// Doors that are open, and behind which nobody stands yet.
pub struct Listening {
    app: axum::Router,
    doors: Vec<Door>,
}

enum Door {
    Tcp(TcpListener),
    Unix { listener: UnixListener, submit: bool },
}

impl Listening {
    pub fn new(router: Arc<Router>) -> Self {
        Self {
            app: relais_server::app(router, relais_server::Options::default()),
            doors: Vec::new(),
        }
    }

    /// Opens a port.
    pub async fn tcp(&mut self, lang: Lang, address: SocketAddr) -> Result<(), Fault> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| cannot(lang, &address.to_string(), &error))?;
        self.doors.push(Door::Tcp(listener));
        Ok(())
    }

    /// Opens the administrators' socket, for this user.
    pub async fn admin(&mut self, lang: Lang, path: &Path) -> Result<(), Fault> {
        let opened = socket(path, |path| fs::set_permissions(path, Permissions::from_mode(0o600)));
        let listener = opened.map_err(|error| cannot(lang, &path.display().to_string(), &error))?;
        self.doors.push(Door::Unix {
            listener,
            submit: false,
        });
        Ok(())
    }

    /// Opens the senders' socket, for the group of the spool.
    pub async fn submit(&mut self, lang: Lang, spool: &Spool) -> Result<(), Fault> {
        let path = spool.socket();
        let mode = if spool.group().is_some() { 0o660 } else { 0o600 };
        let opened = socket(&path, |path| spool.open_to_group(path, mode));
        let listener = opened.map_err(|error| cannot(lang, &path.display().to_string(), &error))?;
        self.doors.push(Door::Unix { listener, submit: true });
        Ok(())
    }

    /// Serves whoever comes, until `stop`.
    pub fn serve(self, stop: CancellationToken) -> Served {
        let (tracker, places) = (TaskTracker::new(), Arc::new(Semaphore::new(CONNECTIONS)));
        for door in self.doors {
            let (app, tracker, places, stop) = (self.app.clone(), tracker.clone(), Arc::clone(&places), stop.clone());
            tokio::spawn(async move {
                loop {
                    let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                    let accepted = tokio::select! {
                        () = stop.cancelled() => return,
                        accepted = door.accept() => accepted,
                    };
                    match accepted {
                        Ok(Caller::Tcp(stream, peer)) => {
                            let serving = serve(stream, peer, app.clone(), stop.clone());
                            tracker.spawn(async move {
                                serving.await;
                                drop(place);
                            });
                        }
                        Ok(Caller::Unix(stream, peer)) => {
                            let serving = serve(stream, peer, app.clone(), stop.clone());
                            tracker.spawn(async move {
                                serving.await;
                                drop(place);
                            });
                        }
                        // Such as no file descriptor left: others close theirs.
                        Err(error) => {
                            tracing::warn!(%error, "a connection could not be accepted");
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                    }
                }
            });
        }
        Served(tracker)
    }
}

enum Caller {
    Tcp(tokio::net::TcpStream, Peer),
    Unix(UnixStream, Peer),
}

impl Door {
    async fn accept(&self) -> io::Result<Caller> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Caller::Tcp(stream, Peer::Tcp(address)))
            }
            Self::Unix { listener, submit } => {
                let (stream, _) = listener.accept().await?;
                let uid = stream.peer_cred()?.uid();
                let peer = if *submit { Peer::Submit { uid } } else { Peer::Admin { uid } };
                Ok(Caller::Unix(stream, peer))
            }
        }
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    app: axum::Router,
    stop: CancellationToken,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A caller that goes is nothing to tell of.
        _ = &mut connection => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Connections that are being served.
pub struct Served(TaskTracker);

impl Served {
    /// Waits until all have ended, or so long.
    pub async fn ended(&self, grace: Duration) {
        self.0.close();
        let _ = tokio::time::timeout(grace, self.0.wait()).await;
    }
}

/// A socket in the place of one that a daemon left behind: the data folder is held, so that no other daemon lives.
fn socket(path: &Path, rights: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    rights(path)?;
    Ok(listener)
}

fn cannot(lang: Lang, place: &str, error: &io::Error) -> Fault {
    Fault::new(
        Status::Failed,
        "cannot-listen",
        say::cannot_listen(lang, place, &error.to_string()),
    )
}
