//! From a granted name to a connected socket.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::egress::{Destination, decide};
use crate::outgoing::Shared;
use crate::refused::Refused;

/// What an address gets of the time at least, while others wait their turn.
const SHARE: Duration = Duration::from_secs(2);

/// A connection that was made.
#[derive(Debug)]
pub struct Dialled {
    pub stream: TcpStream,
    /// The very address that was dialled.
    pub address: SocketAddr,
}

/// Why no connection was made.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address; the text names it.
    #[error("{0}")]
    Unresolved(String),
    /// The destination may not be dialled.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Each address that was dialled, and what came of it.
    #[error("{0}")]
    Unreachable(String),
}

/// Resolves, judges, and dials the very addresses that passed, in turn. The caller bounds the whole.
pub(crate) async fn dial(shared: &Shared, destination: &Destination, limit: Duration) -> Result<Dialled, DialError> {
    let asked = destination.asked();
    let unresolved = |why: String| DialError::Unresolved(format!("{}: {why}", asked.host));
    let resolved = shared
        .resolver
        .resolve(asked.host.clone())
        .await
        .map_err(|e| unresolved(e.to_string()))?;
    if resolved.is_empty() {
        return Err(unresolved("the name has no address".to_owned()));
    }
    let allowed = decide(destination, &asked, &resolved)?;
    let share = (limit / u32::try_from(allowed.len()).unwrap_or(1).max(1)).max(SHARE);
    let mut faults = Vec::new();
    for ip in allowed {
        let address = SocketAddr::new(ip, asked.port);
        match dial_one(ip, asked.port, share).await {
            Ok(stream) => return Ok(Dialled { stream, address }),
            Err(fault) => faults.push(format!("{address}: {fault}")),
        }
    }
    Err(DialError::Unreachable(faults.join("; ")))
}

async fn dial_one(ip: IpAddr, port: u16, share: Duration) -> std::io::Result<TcpStream> {
    let stream = tokio::time::timeout(share, TcpStream::connect((ip, port)))
        .await
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer"))??;
    // A reply waits for the end of what it answers: Nagle's algorithm would add 40 ms to every mail.
    stream.set_nodelay(true)?;
    Ok(stream)
}
