//! A sink that writes down the subject of every message it has read to its end, and nothing else: it takes any number of
//! them. It announces CHUNKING, and thinks for a moment before it answers, so that a client can be killed meanwhile.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relais_smtpd::{Command, Extensions, Incoming, Line, Lost, Wire};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Octets of a message in which its subject has to stand.
const HEAD: usize = 16 * 1024;
const SESSIONS: usize = 1024;
const SILENCE: Duration = Duration::from_secs(60);
const EXTENSIONS: Extensions = Extensions {
    smtputf8: false,
    chunking: true,
};

type Log = Arc<Mutex<HashMap<String, u32>>>;

/// A running sink. It ends when it is dropped.
#[derive(Debug)]
pub struct Recorder {
    address: SocketAddr,
    log: Log,
    serving: JoinHandle<()>,
}

impl Recorder {
    /// Starts a sink on a free port of 127.0.0.1. The answer to a message takes up to `thinks`.
    ///
    /// # Errors
    ///
    /// There is no free port.
    pub async fn start(thinks: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let log = Log::default();
        let session = {
            let log = Arc::clone(&log);
            move |stream, _| {
                let log = Arc::clone(&log);
                async move {
                    // A client that is gone is what this sink is for.
                    let _ = converse(stream, &log, thinks).await;
                }
            }
        };
        let serving = tokio::spawn(async move {
            let mut sessions = relais_smtpd::serve(listener, SESSIONS, None, std::future::pending(), session).await;
            sessions.shutdown().await;
        });
        Ok(Self { address, log, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many subjects came.
    pub fn count(&self) -> u64 {
        self.log.lock().expect("nothing panics under this lock").len() as u64
    }

    /// How often each subject came. A message is here before it is answered.
    pub fn received(&self) -> HashMap<String, u32> {
        self.log.lock().expect("nothing panics under this lock").clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn converse(stream: TcpStream, log: &Log, thinks: Duration) -> Result<(), Lost> {
    let mut wire = Wire::new(stream, SILENCE);
    wire.reply("220 recorder ESMTP");
    let mut head = Vec::new();
    loop {
        let Line::Text(line) = wire.line().await? else {
            wire.reply("500 5.5.2 Not a line");
            continue;
        };
        match relais_smtpd::parse(&line, EXTENSIONS) {
            Ok(Command::Ehlo(_)) => {
                for line in ["250-recorder", "250-8BITMIME", "250-PIPELINING", "250 CHUNKING"] {
                    wire.reply(line);
                }
            }
            Ok(Command::Data) => {
                wire.reply("354 Go on");
                read(&mut wire, Incoming::dotted(), &mut head).await?;
                answer(&mut wire, log, &mut head, thinks).await;
            }
            Ok(Command::Bdat { size, last }) => {
                read(&mut wire, Incoming::counted(size), &mut head).await?;
                if last {
                    answer(&mut wire, log, &mut head, thinks).await;
                } else {
                    wire.reply("250 2.0.0 Chunk");
                }
            }
            Ok(Command::Quit) => {
                wire.reply("221 2.0.0 Bye");
                wire.close().await;
                return Ok(());
            }
            Ok(_) => {
                head.clear();
                wire.reply("250 2.0.0 Ok");
            }
            Err(refused) => wire.reply(refused.reply),
        }
    }
}

/// Reads to the end of what is incoming, and keeps its start.
async fn read(wire: &mut Wire<TcpStream>, mut incoming: Incoming, head: &mut Vec<u8>) -> Result<(), Lost> {
    loop {
        let step = incoming.step(wire.pending(), |part| {
            let room = HEAD.saturating_sub(head.len()).min(part.len());
            head.extend_from_slice(part.get(..room).unwrap_or_default());
        });
        wire.consume(step.consumed);
        if step.done {
            return Ok(());
        }
        wire.fill().await?;
    }
}

async fn answer(wire: &mut Wire<TcpStream>, log: &Log, head: &mut Vec<u8>, thinks: Duration) {
    let subject = subject(head);
    head.clear();
    *log.lock()
        .expect("nothing panics under this lock")
        .entry(subject)
        .or_insert(0) += 1;
    tokio::time::sleep(thinks.mul_f64(fastrand::f64())).await;
    wire.reply("250 2.0.0 Received");
}

fn subject(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines().take_while(|line| !line.is_empty());
    let subject = lines.find_map(|line| line.strip_prefix("Subject: "));
    subject.unwrap_or("(none)").to_owned()
}
