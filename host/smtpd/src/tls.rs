//! TLS on a connection, from its first octet or after STARTTLS (RFC 3207).

use std::time::Duration;

use rustls::ProtocolVersion;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// The stream under TLS, and the version agreed: `TLSv1.2` or `TLSv1.3`. `None` where the handshake failed, or took
/// longer than a minute.
pub async fn encrypt(stream: TcpStream, acceptor: &TlsAcceptor) -> Option<(TlsStream<TcpStream>, &'static str)> {
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await.ok()?.ok()?;
    let version = match stream.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => return None,
    };
    Some((stream, version))
}
