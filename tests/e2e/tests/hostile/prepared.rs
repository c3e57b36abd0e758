//! What a manifest says only prepares a message: it leaves without the gate, and what fails before anything else left was not
//! sent. Everything else is judged as ever.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use relais_e2e::{accept, attachment, draft};
use relais_message::Message;
use relais_sandbox::{Failure, Gate, Kind, Receipt};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::host::{Host, in_time};
use crate::setup::Setup;

/// A request as it came: `METHOD /path`, and its body.
type Asked = (String, Vec<u8>);

/// A service that answers each request by its own line.
struct Desk {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Desk {
    async fn answering(status: fn(&str) -> &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let all = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, status, all.clone()));
            }
        });
        Self { url, asked }
    }

    /// The lines of what was asked.
    fn lines(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(line, _)| line.clone()).collect()
    }
}

async fn answer(stream: TcpStream, status: fn(&str) -> &'static str, all: Arc<Mutex<Vec<Asked>>>) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap() == 0 {
            return;
        }
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let length = head
        .iter()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.unwrap();
    let line = head[0].trim_end_matches(" HTTP/1.1").to_owned();
    let status = status(&line);
    all.lock().unwrap().push((line, body));
    let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Counts how often it is asked, and lets the message out.
#[derive(Default)]
struct Counted(AtomicU32);

impl Gate for Counted {
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}

fn recognised() -> Message {
    let mut draft = draft("Sous-pli");
    draft.attachments = vec![attachment("un.bin", "0123456789abcdef!")];
    accept(draft)
}

/// What the attack came to, and how often the gate was asked.
async fn told(mode: &str, desk: &Desk) -> (Result<Receipt, Failure>, u32) {
    let host = Host::new();
    let gate = Arc::new(Counted::default());
    let mut session = host.open(Setup::attack(mode).set("url", desk.url.as_str())).await;
    let sent = in_time(session.send_through(&recognised(), gate.clone())).await;
    drop(session);
    host.the_next_mail_leaves().await;
    (sent, gate.0.load(Ordering::SeqCst))
}

fn well(_: &str) -> &'static str {
    "200 OK"
}

/// A gateway that hears nothing of the server behind it, once the draft is to be sent.
fn gateway(line: &str) -> &'static str {
    match line.split(' ').next() {
        Some("POST") => "504 Gateway Timeout",
        Some("GET") => "404 Not Found",
        _ => "204 No Content",
    }
}

#[tokio::test]
async fn what_was_only_prepared_was_not_sent_and_the_gate_stays_shut() {
    for mode in ["prepares-and-fails", "prepares-the-whole-and-fails"] {
        let desk = Desk::answering(well).await;
        let (told, asked) = told(mode, &desk).await;
        let failure = told.unwrap_err();
        assert_eq!(
            (failure.kind, failure.detail("claimed")),
            (Kind::Temporary, None),
            "{mode}"
        );
        assert_eq!(asked, 0, "{mode}");
        assert_eq!(desk.lines(), ["PUT /drafts/1"], "{mode}");
    }
}

#[tokio::test]
async fn a_crash_after_a_message_was_only_prepared_is_a_crash_and_no_unknown_outcome() {
    let desk = Desk::answering(well).await;
    let (told, asked) = told("prepares-and-panics", &desk).await;
    assert_eq!((told.unwrap_err().kind, asked), (Kind::Other, 0));
}

#[tokio::test]
async fn a_receipt_for_a_message_that_was_only_prepared_is_none() {
    let desk = Desk::answering(well).await;
    let (told, asked) = told("prepares-and-boasts", &desk).await;
    let failure = told.unwrap_err();
    assert!(failure.text.contains("never left"), "{failure}");
    assert_eq!(asked, 0);
}

#[tokio::test]
async fn the_request_that_sends_what_was_prepared_passes_the_gate_though_it_has_no_body() {
    let desk = Desk::answering(well).await;
    let (told, asked) = told("prepares-and-sends", &desk).await;
    let failure = told.unwrap_err();
    assert_eq!(
        (failure.kind, failure.detail("claimed")),
        (Kind::UnknownOutcome, Some("temporary"))
    );
    assert_eq!(asked, 1);
    assert_eq!(desk.lines(), ["PUT /drafts/1", "POST /drafts/1/send"]);
}

#[tokio::test]
async fn what_the_remote_took_back_was_not_sent() {
    let desk = Desk::answering(gateway).await;
    let (told, asked) = told("prepares-sends-and-withdraws", &desk).await;
    assert_eq!((told.unwrap_err().kind, asked), (Kind::Temporary, 1));
    assert_eq!(
        desk.lines(),
        ["PUT /drafts/1", "POST /drafts/1/send", "DELETE /drafts/1"]
    );
}

#[tokio::test]
async fn what_the_remote_did_not_take_back_may_have_been_sent() {
    let desk = Desk::answering(|line| match line.starts_with("PUT") {
        true => "200 OK",
        false => "504 Gateway Timeout",
    })
    .await;
    let (told, _) = told("prepares-sends-and-withdraws", &desk).await;
    assert_eq!(told.unwrap_err().kind, Kind::UnknownOutcome);
}

#[tokio::test]
async fn another_draft_that_is_taken_back_says_nothing_of_the_message() {
    let desk = Desk::answering(gateway).await;
    let (told, _) = told("prepares-sends-and-withdraws-another", &desk).await;
    assert_eq!(told.unwrap_err().kind, Kind::UnknownOutcome);
}

#[tokio::test]
async fn what_is_said_of_a_draft_is_no_refusal_of_the_message() {
    let desk = Desk::answering(gateway).await;
    let (told, _) = told("prepares-sends-and-hears-of-the-draft", &desk).await;
    let failure = told.unwrap_err();
    assert_eq!((failure.kind, failure.code), (Kind::UnknownOutcome, None));
}

#[tokio::test]
async fn a_range_of_the_whole_message_may_be_the_message() {
    let desk = Desk::answering(gateway).await;
    let (told, asked) = told("posts-a-range-of-the-whole", &desk).await;
    assert_eq!((told.unwrap_err().kind, asked), (Kind::UnknownOutcome, 1));
    let (line, body) = desk.asked.lock().unwrap()[0].clone();
    assert_eq!(
        (line.as_str(), body.len() as u64),
        ("POST /mails", recognised().size() - 1)
    );
}

#[tokio::test]
async fn ranges_and_the_rest_in_base64_are_the_attachment_and_nothing_is_left_of_it() {
    let desk = Desk::answering(well).await;
    let (told, _) = told("puts-the-ranges-together", &desk).await;
    assert_eq!(told.unwrap_err().text, "(3, None)");
    let bodies: Vec<Vec<u8>> = desk
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, body)| body.clone())
        .collect();
    // `base64` of "bcdef!", which is what comes after 3 bytes left out and two ranges of 4.
    assert_eq!(bodies, [b"3456".to_vec(), b"789a".to_vec(), b"YmNkZWYh".to_vec()]);
}

#[tokio::test]
async fn only_a_part_of_a_message_as_it_is_can_be_taken_apart() {
    let desk = Desk::answering(well).await;
    let (told, _) = told("reads-streams-apart", &desk).await;
    let text = told.unwrap_err().text;
    for done in ["skipped", "taken apart", "encoded"] {
        assert!(
            text.contains(&format!("only a part of a message as it is can be {done}")),
            "{text}"
        );
    }
    assert_eq!(text.matches("taken apart").count(), 2, "{text}");
}
