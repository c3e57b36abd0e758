//! A port: accepts connections and bounds their number.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long to wait where the system has no descriptor left for a new connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the port until `stopped` ends, at most `places` connections at once, then closes it and hands over the
/// sessions that still run: the caller waits for them or ends them.
///
/// One connection more is closed, after `no_place` where there is one: a whole reply, which TLS from the first octet
/// leaves no way to say.
pub async fn serve<F>(
    listener: TcpListener,
    places: usize,
    no_place: Option<&'static str>,
    stopped: impl Future<Output = ()>,
    mut session: impl FnMut(TcpStream, SocketAddr) -> F,
) -> JoinSet<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(places));
    let mut sessions = JoinSet::new();
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            () = &mut stopped => return sessions,
            Some(_) = sessions.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        match Arc::clone(&places).try_acquire_owned() {
            Ok(place) => {
                // Replies are written whole: waiting for more to send would only delay them.
                let _ = stream.set_nodelay(true);
                let session = session(stream, peer);
                sessions.spawn(async move {
                    session.await;
                    drop(place);
                });
            }
            Err(_) => {
                if let Some(reply) = no_place {
                    send_away(stream, reply);
                }
            }
        }
    }
}

/// Tells a client that there is no place. The reply fits into the socket's empty buffer, so that nothing is waited for.
fn send_away(stream: TcpStream, reply: &str) {
    if let Ok(mut stream) = stream.into_std() {
        let _ = stream.write_all(format!("{reply}\r\n").as_bytes());
    }
}
