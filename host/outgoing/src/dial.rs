//! From a granted name to a connected socket.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::egress::{Destination, decide};
use crate::outgoing::Outgoing;
use crate::proxy::{self, ProxyError};
use crate::refused::Refused;

/// What an address gets of the time at least, while others wait their turn.
const SHARE: Duration = Duration::from_secs(2);

/// A connection that was made.
#[derive(Debug)]
pub struct Dialled {
    pub stream: TcpStream,
    /// The very address that was dialled; the proxy's, where the connection goes through one.
    pub address: SocketAddr,
    /// The proxy, such as `http://proxy.mairie.example:3128`.
    pub proxy: Option<String>,
}

/// Why no connection was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    /// The proxy is why.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    #[error("no connection in time")]
    Timeout,
}

/// Judges and connects, by the way that the destination takes.
pub(crate) async fn dial(
    outgoing: &Outgoing,
    destination: &Destination,
    limit: Duration,
) -> Result<Dialled, DialError> {
    let Some(proxy) = outgoing.through(destination) else {
        let direct = timeout(limit, direct(outgoing, destination, limit)).await;
        return direct.unwrap_or(Err(DialError::Timeout));
    };
    let asked = destination.asked();
    // The proxy resolves: name and port are judged, and an address only where one was asked for.
    let literal: Vec<IpAddr> = asked.literal().into_iter().collect();
    decide(destination, &asked, &literal)?;
    Ok(proxy::open(outgoing.resolver(), proxy, &asked, limit).await?)
}

/// Resolves, judges, and dials the very addresses that passed, in turn.
async fn direct(outgoing: &Outgoing, destination: &Destination, limit: Duration) -> Result<Dialled, DialError> {
    let asked = destination.asked();
    let unresolved = |why: String| DialError::Unresolved(format!("{}: {why}", asked.host));
    let resolved = outgoing
        .resolver()
        .resolve(asked.host.clone())
        .await
        .map_err(|e| unresolved(e.to_string()))?;
    if resolved.is_empty() {
        return Err(unresolved("the name has no address".to_owned()));
    }
    let allowed = decide(destination, &asked, &resolved)?;
    let (stream, address) = dial_any(&allowed, asked.port, limit)
        .await
        .map_err(DialError::Unreachable)?;
    Ok(Dialled {
        stream,
        address,
        proxy: None,
    })
}

/// The first of the addresses that answers; each gets its share of the time. The caller bounds the whole.
pub(crate) async fn dial_any(ips: &[IpAddr], port: u16, limit: Duration) -> Result<(TcpStream, SocketAddr), String> {
    let share = (limit / u32::try_from(ips.len()).unwrap_or(1).max(1)).max(SHARE);
    let mut faults = Vec::new();
    for ip in ips {
        let address = SocketAddr::new(*ip, port);
        match dial_one(address, share).await {
            Ok(stream) => return Ok((stream, address)),
            Err(fault) => faults.push(format!("{address}: {fault}")),
        }
    }
    Err(faults.join("; "))
}

async fn dial_one(address: SocketAddr, share: Duration) -> std::io::Result<TcpStream> {
    let stream = timeout(share, TcpStream::connect(address))
        .await
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer"))??;
    // A reply waits for the end of what it answers: Nagle's algorithm would add 40 ms to every mail.
    stream.set_nodelay(true)?;
    Ok(stream)
}
