//! HTTP over a Unix socket: one connection a request.

use std::io;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

/// How long a daemon may take to accept a connection; it does nothing else meanwhile.
const CONNECTING: Duration = Duration::from_secs(5);

/// Why there is no answer.
#[derive(Debug)]
pub enum NoAnswer {
    /// Nobody listens, or this user may not connect: the request did not leave.
    NotReached(io::Error),
    /// The connection ended, so the request may have been done.
    Lost(hyper::Error),
}

/// Sends one request and gives the head of its answer, whose body still comes.
pub async fn exchange(socket: &Path, request: Request<Body>) -> Result<Response<Body>, NoAnswer> {
    let stream = connect(socket).await.map_err(NoAnswer::NotReached)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(NoAnswer::Lost)?;
    // Ends with the answer's body; its error is told by the answer.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(NoAnswer::Lost)?;
    Ok(answer.map(Body::new))
}

/// Whether somebody listens there.
pub async fn answers(socket: &Path) -> bool {
    connect(socket).await.is_ok()
}

async fn connect(socket: &Path) -> io::Result<UnixStream> {
    match timeout(CONNECTING, UnixStream::connect(socket)).await {
        Ok(connected) => connected,
        Err(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
