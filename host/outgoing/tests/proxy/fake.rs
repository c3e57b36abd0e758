//! A proxy that follows a script, and remembers what it heard.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does once it was asked for a tunnel.
#[derive(Debug, Clone)]
pub enum Play {
    /// Says this, and waits for what comes.
    Say(String),
    /// Says this, and hangs up.
    SayAndClose(String),
    /// Says the beginning, and then the same again without end.
    Endless(&'static str, &'static str),
    /// Says this byte by byte, one each time.
    Drip(String, Duration),
    /// Says this, and then is what it says it is: a tunnel to that server.
    Tunnel(String, SocketAddr),
}

/// Octets of an endless answer that are more than enough.
const ENOUGH: usize = 4 << 20;

/// A proxy on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Fake {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
    said: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

impl Fake {
    pub async fn start(play: Play) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, said) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<Mutex<usize>>::default());
        let (hears, says) = (heard.clone(), said.clone());
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, play.clone(), hears.clone(), says.clone()));
            }
        });
        Self {
            address,
            heard,
            said,
            serving,
        }
    }

    /// As an administrator names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that was sent to it, but for what went through a tunnel.
    pub fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }

    /// Octets of an endless answer that were taken off it.
    pub fn said(&self) -> usize {
        *self.said.lock().unwrap()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut client: TcpStream, play: Play, heard: Arc<Mutex<Vec<u8>>>, said: Arc<Mutex<usize>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(octet) = client.read_u8().await else { return };
        head.push(octet);
        heard.lock().unwrap().push(octet);
    }
    match play {
        Play::Say(words) => {
            let _ = client.write_all(words.as_bytes()).await;
        }
        Play::SayAndClose(words) => {
            let _ = client.write_all(words.as_bytes()).await;
            return;
        }
        Play::Endless(begin, again) => {
            let _ = client.write_all(begin.as_bytes()).await;
            while *said.lock().unwrap() < ENOUGH && client.write_all(again.as_bytes()).await.is_ok() {
                *said.lock().unwrap() += again.len();
            }
        }
        Play::Drip(words, pause) => {
            for octet in words.bytes() {
                tokio::time::sleep(pause).await;
                if client.write_all(&[octet]).await.is_err() {
                    return;
                }
            }
        }
        Play::Tunnel(words, server) => {
            let mut server = TcpStream::connect(server).await.unwrap();
            let _ = client.write_all(words.as_bytes()).await;
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
    let mut block = [0; 1024];
    while let Ok(count @ 1..) = client.read(&mut block).await {
        heard.lock().unwrap().extend_from_slice(&block[..count]);
    }
}
