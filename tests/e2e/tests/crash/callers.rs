//! Callers that hand mail over without a pause, while the daemon comes and goes.
//!
//! Over HTTP, a mail without an answer is handed over again with the same `Idempotency-Key`, until there is one: an
//! honest client, which must never make two mails of one. Over SMTP nobody can do that: such a mail is given up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::ledger::Ledger;

/// Callers of each kind.
const CALLERS: usize = 4;
/// Between two mails of one caller.
const PAUSE: Duration = Duration::from_millis(2);
/// Between two looks for a daemon that is away.
const AWAY: Duration = Duration::from_millis(5);
/// A daemon that hangs is a failure of its own.
const PATIENCE: Duration = Duration::from_secs(60);
/// One mail in so many has a content that does not stand in the database.
const LARGE: u64 = 16;

/// Callers that run.
pub struct Callers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Ledger>>,
}

/// What the callers and their owner tell each other.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    hold: AtomicBool,
    acknowledged: AtomicU64,
}

impl Shared {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Waits while nothing is to be handed over.
    fn wait(&self) {
        while self.hold.load(Ordering::Relaxed) && !self.stopped() {
            std::thread::sleep(AWAY);
        }
    }

    fn acknowledge(&self, ledger: &mut Ledger, subject: String, id: String) {
        ledger.acknowledged(subject, id);
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }
}

impl Callers {
    pub fn start(http: SocketAddr, submission: SocketAddr, token: &str) -> Self {
        let shared = Arc::<Shared>::default();
        let mut threads = Vec::new();
        for number in 0..CALLERS {
            let (told, presented) = (Arc::clone(&shared), token.to_owned());
            threads.push(std::thread::spawn(move || over_http(number, http, &presented, &told)));
            let (told, presented) = (Arc::clone(&shared), token.to_owned());
            threads.push(std::thread::spawn(move || {
                over_smtp(number, submission, &presented, &told)
            }));
        }
        Self { shared, threads }
    }

    /// Mails that were acknowledged so far.
    pub fn acknowledged(&self) -> u64 {
        self.shared.acknowledged.load(Ordering::Relaxed)
    }

    /// Lets them wait, or go on.
    pub fn hold(&self, hold: bool) {
        self.shared.hold.store(hold, Ordering::Relaxed);
    }

    /// Lets each caller finish its mail. A daemon must run.
    pub fn stop(self) -> Ledger {
        self.shared.stop.store(true, Ordering::Relaxed);
        let mut whole = Ledger::default();
        for thread in self.threads {
            whole.add(thread.join().expect("a caller ends well"));
        }
        whole
    }
}

fn text(nth: u64) -> String {
    let lines = if nth.is_multiple_of(LARGE) { 2_000 } else { 20 };
    "Le conseil est convoqué en séance ordinaire, salle des mariages.\n".repeat(lines)
}

fn over_http(number: usize, daemon: SocketAddr, token: &str, shared: &Shared) -> Ledger {
    let mut ledger = Ledger::default();
    for nth in 0.. {
        shared.wait();
        if shared.stopped() {
            break;
        }
        let subject = format!("http-{number}-{nth}");
        let mail = json!({
            "from": "ged@mairie.example", "to": ["zoe@exemple.example"], "subject": subject, "text": text(nth),
        })
        .to_string();
        let id = loop {
            match post(daemon, token, &subject, &mail) {
                Ok((200 | 202, body)) => break body["id"].as_str().expect("a delivery has an id").to_owned(),
                // The same mail is being accepted for the call before, or the daemon ends or is busy.
                Ok((409 | 429 | 503, _)) | Err(_) => std::thread::sleep(AWAY),
                Ok((status, body)) => panic!("{status}: {body}"),
            }
        };
        shared.acknowledge(&mut ledger, subject, id);
        std::thread::sleep(PAUSE);
    }
    ledger
}

fn post(daemon: SocketAddr, token: &str, key: &str, body: &str) -> io::Result<(u16, Value)> {
    let length = body.len();
    let fields = format!("Idempotency-Key: {key}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    request(daemon, token, "POST /api/v1/default/mails", &fields, body)
}

/// What the API answers to a request without a body.
pub fn get(daemon: SocketAddr, token: &str, path: &str) -> io::Result<(u16, Value)> {
    request(daemon, token, &format!("GET {path}"), "", "")
}

fn request(daemon: SocketAddr, token: &str, what: &str, fields: &str, body: &str) -> io::Result<(u16, Value)> {
    let mut stream = TcpStream::connect(daemon)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "{what} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{fields}Connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    // An answer that is cut short is none.
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, serde_json::from_str(body)?))
}

fn over_smtp(number: usize, daemon: SocketAddr, token: &str, shared: &Shared) -> Ledger {
    let mut ledger = Ledger::default();
    let mut nth = 0;
    while !shared.stopped() {
        let Ok(mut session) = Session::open(daemon, token) else {
            std::thread::sleep(AWAY);
            continue;
        };
        while !shared.stopped() {
            shared.wait();
            nth += 1;
            let subject = format!("smtp-{number}-{nth}");
            let Ok(id) = session.hand_over(&subject, &text(nth)) else {
                ledger.unanswered();
                break;
            };
            shared.acknowledge(&mut ledger, subject, id);
            std::thread::sleep(PAUSE);
        }
    }
    ledger
}

/// A session over the submission listener.
struct Session(BufReader<TcpStream>);

impl Session {
    fn open(daemon: SocketAddr, token: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(daemon)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut session = Self(BufReader::new(stream));
        session.expect("220")?;
        session.ask("EHLO localhost\r\n", "250")?;
        let login = STANDARD.encode(format!("\0crash\0{token}"));
        session.ask(&format!("AUTH PLAIN {login}\r\n"), "235")?;
        Ok(session)
    }

    /// The id that it was accepted as.
    fn hand_over(&mut self, subject: &str, text: &str) -> io::Result<String> {
        let envelope = "MAIL FROM:<ged@mairie.example>\r\nRCPT TO:<zoe@exemple.example>\r\nDATA\r\n";
        self.ask(envelope, "250")?;
        self.expect("250")?;
        self.expect("354")?;
        let text = text.replace('\n', "\r\n");
        let mail = format!(
            "From: ged@mairie.example\r\nTo: zoe@exemple.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}.\r\n"
        );
        let reply = self.ask(&mail, "250")?;
        let id = reply.split_ascii_whitespace().last();
        Ok(id.ok_or(io::ErrorKind::InvalidData)?.to_owned())
    }

    fn ask(&mut self, text: &str, start: &str) -> io::Result<String> {
        self.0.get_mut().write_all(text.as_bytes())?;
        self.expect(start)
    }

    /// The last line of one reply.
    fn expect(&mut self, start: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line)?;
            if !line.ends_with('\n') || line.starts_with("421") {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            assert!(line.starts_with(start), "expected {start}: {line}");
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line);
            }
        }
    }
}
