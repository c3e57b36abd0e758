//! Where the mails go.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

use relais_catcher::{Catcher, Options};
use relais_e2e::{PATIENCE, Postfix, Target, unix_lines};

/// A Postfix that lets a lone LF end a line, or the catcher in its place.
pub enum Sink {
    Postfix(Postfix),
    Catcher { catcher: Catcher, taken: AtomicUsize },
}

impl Sink {
    pub async fn start() -> Self {
        match Postfix::start() {
            Some(postfix) => Self::Postfix(postfix),
            None => Self::Catcher {
                catcher: Catcher::start(Options::default()).await.expect("the catcher starts"),
                taken: AtomicUsize::new(0),
            },
        }
    }

    pub fn target(&self) -> Target {
        Target::clear(match self {
            Self::Postfix(postfix) => postfix.port(),
            Self::Catcher { catcher, .. } => catcher.port(),
        })
    }

    /// Waits for the next `count` messages; more are a failure. Their lines end in LF, as in a mailbox.
    pub async fn take(&self, count: usize) -> Vec<Vec<u8>> {
        match self {
            Self::Postfix(postfix) => postfix.take(count),
            Self::Catcher { catcher, taken } => {
                let before = taken.fetch_add(count, Ordering::Relaxed);
                let mails = catcher
                    .wait_for((before + count) as u64, PATIENCE)
                    .await
                    .expect("the mails arrive");
                assert_eq!(mails.len(), before + count, "more messages arrived than were sent");
                mails[before..].iter().map(|mail| unix_lines(&mail.data)).collect()
            }
        }
    }

    /// Whether nothing is left, nor on its way.
    pub fn is_idle_and_empty(&self) -> bool {
        match self {
            Self::Postfix(postfix) => postfix.is_idle_and_empty(),
            Self::Catcher { catcher, taken } => catcher.count() == taken.load(Ordering::Relaxed) as u64,
        }
    }
}

/// Speaks SMTP without any of the host's care: says each line, and waits for the answer to it.
pub fn say_raw(port: u16, lines: &[&str]) -> Vec<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket has time limits");
    let mut replies = BufReader::new(stream.try_clone().expect("a socket can be shared")).lines();
    let mut reply = || replies.next().expect("the server answers").expect("the answer is text");
    let mut said = vec![reply()];
    for line in lines {
        stream.write_all(line.as_bytes()).expect("the server reads");
        said.push(reply());
    }
    said
}
