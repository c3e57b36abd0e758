//! From a granted name to a connected socket.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;

use crate::Rule;
use crate::bindings::relais::connector::network::NetworkError;
use crate::context::Context;
use crate::egress::{Asked, decide};
use crate::observer::Event;

/// What an address gets of the time at least, while others wait their turn.
const SHARE: Duration = Duration::from_secs(2);

/// Resolves, judges, and dials the very addresses that passed, in turn. The caller bounds the whole.
pub(super) async fn dial(context: &Context, asked: &Asked, limit: Duration) -> Result<TcpStream, NetworkError> {
    let unresolved = |why: String| NetworkError::Unresolved(format!("{}: {why}", asked.host));
    let resolved = context
        .resolver
        .resolve(asked.host.clone())
        .await
        .map_err(|e| unresolved(e.to_string()))?;
    if resolved.is_empty() {
        return Err(unresolved("the name has no address".to_owned()));
    }
    let refuse = |rule: Rule| NetworkError::Refused(context.audit.refuse(asked, rule));
    let allowed = decide(&context.instance.egress, &context.instance.grants, asked, &resolved).map_err(refuse)?;
    let share = (limit / u32::try_from(allowed.len()).unwrap_or(1).max(1)).max(SHARE);
    let mut faults = Vec::new();
    for ip in allowed {
        match dial_one(ip, asked.port, share).await {
            Ok(stream) => {
                context.audit.tell(Event::Connected {
                    destination: asked.to_string(),
                    address: SocketAddr::new(ip, asked.port).to_string(),
                });
                return Ok(stream);
            }
            Err(fault) => faults.push(format!("{}: {fault}", SocketAddr::new(ip, asked.port))),
        }
    }
    Err(NetworkError::Unreachable(faults.join("; ")))
}

async fn dial_one(ip: IpAddr, port: u16, share: Duration) -> std::io::Result<TcpStream> {
    let stream = tokio::time::timeout(share, TcpStream::connect((ip, port)))
        .await
        .map_err(|_| std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer"))??;
    // A reply waits for the end of what it answers: Nagle's algorithm would add 40 ms to every mail.
    stream.set_nodelay(true)?;
    Ok(stream)
}
