//! The fault proxy does what its modes say, so that a test that passes through it proves something.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use relais_catcher::{Catcher, Options};
use relais_e2e::proxy::{Mode, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

/// A server that says everything back, and a proxy before it.
async fn echo(mode: Mode) -> Proxy {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    Proxy::start(address, mode).await.unwrap()
}

/// Sends while the other side reads, closes the sending side, and returns all that comes back.
async fn say(proxy: &Proxy, octets: &[u8]) -> Vec<u8> {
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let octets = octets.to_vec();
    let sending = tokio::spawn(async move {
        let _ = to.write_all(&octets).await;
        let _ = to.shutdown().await;
    });
    let (mut heard, mut block) = (Vec::new(), vec![0; 65536]);
    while let Ok(count @ 1..) = timeout(PATIENCE, from.read(&mut block)).await.unwrap() {
        heard.extend_from_slice(&block[..count]);
    }
    sending.await.unwrap();
    heard
}

#[tokio::test]
async fn an_open_proxy_passes_everything_on_and_counts() {
    let proxy = echo(Mode::Open).await;
    let sent = b"0123456789".repeat(100_000);
    assert_eq!(say(&proxy, &sent).await, sent);
    assert_eq!(proxy.connections(), 1);
    while proxy.open() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn latency_delays_and_does_not_throttle() {
    let proxy = echo(Mode::Latency(Duration::from_millis(50))).await;
    let sent = b"0123456789".repeat(200_000);
    let begun = Instant::now();
    assert_eq!(say(&proxy, &sent).await.len(), sent.len());
    // Three ways of the handshake, one up, one down; block by block it would take two seconds.
    assert!(begun.elapsed() >= Duration::from_millis(250), "{:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_millis(1500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_cut_lets_exactly_so_many_octets_pass() {
    let catcher = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(catcher.local_addr().unwrap(), Mode::CutUp(70_000))
        .await
        .unwrap();
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut server, _) = catcher.accept().await.unwrap();
    let sending = tokio::spawn(async move { while client.write_all(&[b'x'; 1000]).await.is_ok() {} });
    let mut came = Vec::new();
    timeout(PATIENCE, server.read_to_end(&mut came)).await.unwrap().unwrap();
    assert_eq!(came.len(), 70_000);
    timeout(PATIENCE, sending)
        .await
        .expect("the client is cut off, too")
        .unwrap();

    let proxy = echo(Mode::CutDown(5)).await;
    assert_eq!(say(&proxy, b"0123456789").await, b"01234");
}

#[tokio::test]
async fn a_black_hole_takes_connections_and_answers_nothing_for_ever() {
    let proxy = echo(Mode::BlackHole).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    let mut answer = [0; 5];
    assert!(timeout(SHORT, client.read(&mut answer)).await.is_err());
    proxy.set(Mode::Open);
    client.write_all(b"hello").await.unwrap();
    assert!(timeout(SHORT, client.read(&mut answer)).await.is_err());
    assert_eq!(say(&proxy, b"hello").await, b"hello");
}

#[tokio::test]
async fn a_half_open_connection_takes_everything_and_hears_nothing() {
    let proxy = echo(Mode::Open).await;
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let mut answer = [0; 5];
    client.write_all(b"hello").await.unwrap();
    client.read_exact(&mut answer).await.unwrap();
    proxy.set(Mode::HalfOpen);
    client.write_all(b"hello").await.unwrap();
    assert!(timeout(SHORT, client.read(&mut answer)).await.is_err());
}

#[tokio::test]
async fn a_slow_reader_takes_its_time() {
    let proxy = echo(Mode::SlowReader(1 << 20)).await;
    let begun = Instant::now();
    assert_eq!(say(&proxy, &[b'x'; 512 << 10]).await.len(), 512 << 10);
    assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_refused_port_is_refused_and_opens_again_at_the_same_address() {
    let proxy = echo(Mode::Refused).await;
    for _ in 0..3 {
        let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        proxy.set(Mode::Open);
        let mut client = connect(&proxy).await;
        client.write_all(b"hello").await.unwrap();
        client.read_exact(&mut [0; 5]).await.unwrap();
        proxy.set(Mode::Refused);
        assert!(matches!(
            timeout(PATIENCE, client.read(&mut [0; 5])).await.unwrap(),
            Ok(0) | Err(_)
        ));
        while TcpStream::connect(proxy.address()).await.is_ok() {}
    }
}

async fn connect(proxy: &Proxy) -> TcpStream {
    loop {
        if let Ok(client) = TcpStream::connect(proxy.address()).await {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_cut_after_the_message_keeps_the_answer_and_nothing_else() {
    let catcher = Catcher::start(Options::default()).await.unwrap();
    let proxy = Proxy::start(catcher.address(), Mode::CutAfterMessage).await.unwrap();
    // In one flight, so that the answers before it are in the same block.
    let envelope = "EHLO a\r\n";
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    client.write_all(envelope.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    for (say, wait_for) in [
        ("", "250 ENHANCEDSTATUSCODES\r\n"),
        ("MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", "354"),
    ] {
        client.write_all(say.as_bytes()).await.unwrap();
        while !String::from_utf8_lossy(&heard).contains(wait_for) {
            let mut block = [0; 1000];
            let count = timeout(PATIENCE, client.read(&mut block)).await.unwrap().unwrap();
            assert!(count > 0, "closed before {wait_for}");
            heard.extend_from_slice(&block[..count]);
        }
    }
    client.write_all(b"Subject: a\r\n\r\nb\r\n.\r\n").await.unwrap();
    let mut rest = Vec::new();
    let _ = timeout(PATIENCE, client.read_to_end(&mut rest)).await.unwrap();
    assert!(
        !String::from_utf8_lossy(&rest).contains("Received"),
        "{}",
        rest.escape_ascii()
    );
    assert_eq!(catcher.count(), 1);
}
