//! Servers that are neither silent nor there: a byte now and then, and connections that died while nobody used them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use relais_e2e::Target;
use relais_sandbox::{Kind, Limits};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::host::{Host, in_time, mail, small};
use crate::setup::Setup;

/// Answers as a server of SMTP does, up to its end.
struct Server {
    port: u16,
    connections: Arc<AtomicU32>,
}

/// How a server ends its days.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Its greeting comes byte by byte, and never ends.
    TricklesGreeting,
    /// So does its answer to a mail.
    TricklesAnswer,
    /// After a mail nothing more is answered on that connection.
    MuteAfterOne,
    /// The same, and later connections are not greeted.
    MuteForEver,
}

impl Server {
    async fn start(end: End) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicU32::new(0));
        let counted = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let earlier = counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    // The other side has hung up, which ends it too.
                    let _ = serve(stream, end, earlier).await;
                });
            }
        });
        Self { port, connections }
    }
}

async fn serve(stream: TcpStream, end: End, earlier: u32) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    match end {
        End::TricklesGreeting => return trickle(&mut stream).await,
        End::MuteForEver if earlier > 0 => return listen(&mut stream).await,
        _ => stream.write_all(b"220 here\r\n").await?,
    }
    let mut line = String::new();
    let mut in_data = false;
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if in_data && line != ".\r\n" {
            continue;
        }
        let answer: &[u8] = match line.get(..4) {
            Some("DATA") => b"354 go on\r\n",
            _ => b"250 ok\r\n",
        };
        match end {
            End::TricklesAnswer if in_data => return trickle(&mut stream).await,
            _ => stream.write_all(answer).await?,
        }
        if in_data && (matches!(end, End::MuteForEver) || earlier == 0) {
            return listen(&mut stream).await;
        }
        in_data = answer.starts_with(b"354");
    }
}

async fn trickle(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    loop {
        stream.write_all(b"2").await?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn listen(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut bytes = [0; 1024];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// Two seconds for a thousand bytes.
fn impatient() -> Limits {
    Limits {
        slow_after: Duration::from_secs(2),
        slow_bytes: 1000,
        ..small()
    }
}

#[tokio::test]
async fn a_server_that_trickles_holds_no_session() {
    let server = Server::start(End::TricklesGreeting).await;
    let attack = Setup::attack("door-splice").granted("127.0.0.1", server.port);
    let failure = Host::limited(impatient()).stops(attack, "slow").await;
    assert_eq!(failure.kind, Kind::Timeout);
}

#[tokio::test]
async fn a_server_that_trickles_its_answer_leaves_the_outcome_unknown() {
    let server = Server::start(End::TricklesAnswer).await;
    let attack = Setup::attack("door-splice").granted("127.0.0.1", server.port);
    let failure = Host::limited(impatient()).stops(attack, "slow").await;
    assert_eq!(failure.kind, Kind::UnknownOutcome);
    assert_eq!(failure.detail("claimed"), Some("timeout"));
}

#[tokio::test]
async fn a_server_of_the_connectors_own_holds_no_session_however_much_moves() {
    let server = Server::start(End::TricklesGreeting).await;
    let attack = Setup::attack("door-splice").granted("127.0.0.1", server.port);
    let limits = Limits {
        lasting: Duration::from_secs(2),
        slow_bytes: 1,
        ..impatient()
    };
    let failure = Host::limited(limits).stops(attack, "lasting").await;
    assert_eq!(failure.kind, Kind::Timeout);
}

/// Every connection counts as idle between two calls, and has half a second to show that it lives.
fn doubtful() -> Host {
    Host::limited(Limits {
        idle: Duration::ZERO,
        idle_answer: Duration::from_millis(500),
        ..small()
    })
}

#[tokio::test]
async fn a_connection_that_died_between_two_mails_costs_the_second_a_moment() {
    let (host, server) = (doubtful(), Server::start(End::MuteAfterOne).await);
    let mut session = host.open_smtp(Target::clear(server.port)).await;
    in_time(session.send(&mail())).await.unwrap();
    let begun = Instant::now();
    in_time(session.send(&mail())).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
    assert!(session.usable());
    assert!(session.idle_since() > begun);
}

#[tokio::test]
async fn a_session_whose_connection_died_and_could_not_be_replaced_is_of_no_more_use() {
    let (host, server) = (doubtful(), Server::start(End::MuteForEver).await);
    let mut session = host.open_smtp(Target::clear(server.port).set("timeout", 1)).await;
    in_time(session.send(&mail())).await.unwrap();
    let failure = in_time(session.send(&mail())).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Timeout, "{failure}");
    assert!(!session.usable());
}
