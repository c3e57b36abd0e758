//! The octets of one connection. Each direction is read by one loop and written by another, so that what is on its way
//! does not hold up what follows it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Mode;
use super::conversation::{Conversation, Replies};

/// Octets read at once.
const BLOCK: usize = 64 * 1024;
/// Octets read at once by a slow reader.
const SIP: usize = 4 * 1024;
/// The buffer that the system keeps for a slow reader: with its own choice it would be the one that reads, and fast. Less
/// than a few segments of loopback, and the connection crawls by timers.
const SLOW_BUFFER: usize = 256 * 1024;
/// Blocks on the way in one direction.
const ON_THE_WAY: usize = 256;

/// Octets, and when they arrive.
type Flight = (Instant, Vec<u8>);

/// What the two directions of a connection know of each other.
#[derive(Default)]
struct Link {
    /// Octets were swallowed in both directions.
    dead: AtomicBool,
    /// Answers were swallowed.
    deaf: AtomicBool,
    /// Which of the server's replies answers the last message that went up whole; none is 0.
    verdict: AtomicU64,
}

/// The connection breaks here.
struct Cut;

/// Passes on what comes, as the mode has it, until both ends are done or the mode breaks the connection.
pub(super) async fn carry(client: TcpStream, server: SocketAddr, mode: watch::Receiver<Mode>) {
    let _ = client.set_nodelay(true);
    let first = *mode.borrow();
    match first {
        Mode::BlackHole => return swallow(client).await,
        Mode::SlowReader(_) => {
            let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&client, SLOW_BUFFER);
        }
        // The three ways of the handshake, which the system has shortened.
        Mode::Latency(way) => tokio::time::sleep(way * 3).await,
        _ => {}
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = server.set_nodelay(true);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let link = Link::default();
    let (up, going_up) = mpsc::channel(ON_THE_WAY);
    let (down, coming_down) = mpsc::channel(ON_THE_WAY);
    // What passed before a cut still arrives in its direction. Then all is dropped, which resets the other one.
    let upwards = async {
        tokio::join!(
            read_up(from_client, up, mode.clone(), &link),
            write(to_server, going_up)
        )
        .0
    };
    let downwards = async {
        tokio::join!(
            read_down(from_server, down, mode.clone(), &link),
            write(to_client, coming_down)
        )
        .0
    };
    let _ = tokio::try_join!(upwards, downwards);
}

async fn swallow(mut client: TcpStream) {
    let mut lost = vec![0; BLOCK];
    while let Ok(1..) = client.read(&mut lost).await {}
}

async fn read_up(
    mut from: OwnedReadHalf,
    to: mpsc::Sender<Flight>,
    mode: watch::Receiver<Mode>,
    link: &Link,
) -> Result<(), Cut> {
    let mut conversation = Conversation::default();
    let mut passed = 0;
    let mut block = vec![0; BLOCK];
    loop {
        block.resize(
            if matches!(*mode.borrow(), Mode::SlowReader(_)) {
                SIP
            } else {
                BLOCK
            },
            0,
        );
        let Ok(count @ 1..) = from.read(&mut block).await else {
            return Ok(());
        };
        let came = block.get(..count).unwrap_or_default();
        let now = *mode.borrow();
        if now == Mode::BlackHole {
            link.dead.store(true, Ordering::SeqCst);
        }
        if link.dead.load(Ordering::SeqCst) {
            continue;
        }
        let (octets, cut) = match now {
            Mode::CutUp(limit) => until(limit, passed, came),
            _ => (came, false),
        };
        // Before the server can answer.
        if let Some(verdict) = conversation.said(octets) {
            link.verdict.store(verdict, Ordering::SeqCst);
        }
        passed += octets.len() as u64;
        if to.send(flight(now, octets)).await.is_err() {
            return Ok(());
        }
        if cut {
            return Err(Cut);
        }
        if let Mode::SlowReader(rate) = now {
            tokio::time::sleep(Duration::from_secs_f64(count as f64 / rate.max(1) as f64)).await;
        }
    }
}

async fn read_down(
    mut from: OwnedReadHalf,
    to: mpsc::Sender<Flight>,
    mode: watch::Receiver<Mode>,
    link: &Link,
) -> Result<(), Cut> {
    let mut replies = Replies::default();
    let mut passed = 0;
    let mut block = vec![0; BLOCK];
    loop {
        let Ok(count @ 1..) = from.read(&mut block).await else {
            return Ok(());
        };
        let came = block.get(..count).unwrap_or_default();
        let now = *mode.borrow();
        match now {
            Mode::BlackHole => link.dead.store(true, Ordering::SeqCst),
            Mode::HalfOpen => link.deaf.store(true, Ordering::SeqCst),
            _ => {}
        }
        if link.dead.load(Ordering::SeqCst) || link.deaf.load(Ordering::SeqCst) {
            continue;
        }
        let verdict = replies.heard(came, link.verdict.load(Ordering::SeqCst));
        let (octets, cut) = match (now, verdict) {
            (Mode::CutDown(limit), _) => until(limit, passed, came),
            (Mode::CutAfterMessage, Some(before)) => (came.get(..before).unwrap_or_default(), true),
            _ => (came, false),
        };
        passed += octets.len() as u64;
        if to.send(flight(now, octets)).await.is_err() {
            return Ok(());
        }
        if cut {
            return Err(Cut);
        }
    }
}

/// What still passes of a block where `limit` octets may pass in all, and whether the connection breaks behind it.
fn until(limit: u64, passed: u64, block: &[u8]) -> (&[u8], bool) {
    let room = usize::try_from(limit.saturating_sub(passed)).unwrap_or(usize::MAX);
    block
        .get(..room)
        .map_or((block, false), |part| (part, part.len() < block.len()))
}

fn flight(mode: Mode, octets: &[u8]) -> Flight {
    let way = if let Mode::Latency(way) = mode {
        way
    } else {
        Duration::ZERO
    };
    (Instant::now() + way, octets.to_vec())
}

async fn write(mut to: OwnedWriteHalf, mut flights: mpsc::Receiver<Flight>) {
    while let Some((arrival, octets)) = flights.recv().await {
        if arrival > Instant::now() {
            tokio::time::sleep_until(arrival).await;
        }
        if to.write_all(&octets).await.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
