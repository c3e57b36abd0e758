//! A network that misbehaves on request: a TCP proxy on loopback between a client and a real server.

mod conversation;
mod flow;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Connections that wait for the proxy to accept them.
const BACKLOG: u32 = 1024;

/// What the network does. Up is from the client to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Nothing wrong.
    #[default]
    Open,
    /// Every octet takes this long, each way; how many are on the way is not limited.
    Latency(Duration),
    /// A connection breaks once so many octets of it went up.
    CutUp(u64),
    /// A connection breaks once so many octets of it came down.
    CutDown(u64),
    /// A connection breaks where the server answers a message that it has read to its end (DATA or BDAT LAST): the
    /// client does not get the answer.
    CutAfterMessage,
    /// Takes connections, and everything that is sent on them, and passes nothing on, in either direction.
    BlackHole,
    /// Passes on what goes up, and nothing that comes down.
    HalfOpen,
    /// Takes so many octets a second from a client.
    SlowReader(u64),
    /// Nobody listens on the port, and every connection there was is broken.
    Refused,
}

/// A running proxy. A change of its mode holds for the connections there are, too; what a connection has lost
/// stays lost, so one that met [`Mode::BlackHole`] or [`Mode::HalfOpen`] never recovers. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    counts: Arc<Counts>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    accepted: AtomicU64,
    open: AtomicU64,
}

impl Proxy {
    /// Starts a proxy to `server` on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(server: SocketAddr, mode: Mode) -> io::Result<Self> {
        let port = reserve(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = port.local_addr()?;
        let (mode, changes) = watch::channel(mode);
        let counts = Arc::<Counts>::default();
        let serving = tokio::spawn(serve(port, address, server, changes, Arc::clone(&counts)));
        let proxy = Self {
            address,
            mode,
            counts,
            serving,
        };
        proxy.settle().await;
        Ok(proxy)
    }

    /// Where a client connects to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what the network does, from the next octet on. Whether the port is open follows within milliseconds.
    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> u64 {
        self.counts.accepted.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.counts.open.load(Ordering::SeqCst)
    }

    /// Waits until the port is open, unless it has to be closed.
    async fn settle(&self) {
        while *self.mode.borrow() != Mode::Refused && !listens(self.address) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Whether the system has a listening socket on this port. A connection made to find out would be counted.
fn listens(address: SocketAddr) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    // The address in network order, read as a number of this machine, and the port; `0A` is the state of listening.
    let wanted = format!(":{:04X} 00000000:0000 0A", address.port());
    sockets.contains(&wanted)
}

/// A port that is ours while nobody listens on it.
fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that just broke may still hold the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn serve(
    port: TcpSocket,
    address: SocketAddr,
    server: SocketAddr,
    mut mode: watch::Receiver<Mode>,
    counts: Arc<Counts>,
) {
    let mut port = Some(port);
    loop {
        if mode.wait_for(|mode| *mode != Mode::Refused).await.is_err() {
            return;
        }
        // Taking the port again may take a moment in which somebody else closes a connection on it.
        let listener = match port.take().map_or_else(|| reserve(address), Ok) {
            Ok(socket) => socket.listen(BACKLOG),
            Err(error) => Err(error),
        };
        let Ok(listener) = listener else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        let connections = accept(&listener, server, &mode, &counts).await;
        drop((listener, connections));
        port = reserve(address).ok();
    }
}

/// Until the port has to close. The connections there are.
async fn accept(
    listener: &TcpListener,
    server: SocketAddr,
    mode: &watch::Receiver<Mode>,
    counts: &Arc<Counts>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut closing = mode.clone();
    loop {
        tokio::select! {
            _ = closing.wait_for(|mode| *mode == Mode::Refused) => return connections,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                counts.accepted.fetch_add(1, Ordering::SeqCst);
                connections.spawn(carry(client, server, mode.clone(), Arc::clone(counts)));
            }
        }
    }
}

async fn carry(client: TcpStream, server: SocketAddr, mode: watch::Receiver<Mode>, counts: Arc<Counts>) {
    let _open = Open::new(counts);
    flow::carry(client, server, mode).await;
}

/// A connection that is counted as open.
struct Open(Arc<Counts>);

impl Open {
    fn new(counts: Arc<Counts>) -> Self {
        counts.open.fetch_add(1, Ordering::SeqCst);
        Self(counts)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
