//! A world that follows a script: what is asked must be what the script says next, and gets the answer that stands there.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};

use relais_office365::graph::Graph;
use relais_office365::settings::{Access, Sender};
use relais_office365::wire::{
    Address, Chunk, CredentialError, File, Header, HttpError, Letter, Request, Response, Stream, StreamError, World,
};

/// What stands for the token.
pub const HANDLE: &str = "relais-credential-0123";
/// Graph's clock when its answers are made.
pub const HOUR: &str = "2026-11-28T10:00";
pub const BASE: &str = "https://graph.example/v1.0/me";

/// A request as it was made.
#[derive(Debug, Clone)]
pub struct Asked {
    pub line: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// See the module.
pub struct Script {
    begun: Instant,
    steps: VecDeque<(String, Result<Response, HttpError>)>,
    pub asked: Vec<Asked>,
    pub paused: Duration,
    pub described: Vec<(String, String)>,
}

impl Script {
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            steps: VecDeque::new(),
            asked: Vec::new(),
            paused: Duration::ZERO,
            described: Vec::new(),
        }
    }

    /// Asked this, with Graph's address left out, it answers so.
    pub fn answer(mut self, line: &str, status: u16, body: &str) -> Self {
        let response = Response {
            status,
            headers: Vec::new(),
            body: body.as_bytes().to_vec(),
        };
        self.steps.push_back((line.to_owned(), Ok(response)));
        self
    }

    /// The same with a header field.
    pub fn answer_with(mut self, line: &str, status: u16, header: (&str, &str)) -> Self {
        let response = Response {
            status,
            headers: vec![(header.0.to_owned(), header.1.to_owned())],
            body: Vec::new(),
        };
        self.steps.push_back((line.to_owned(), Ok(response)));
        self
    }

    /// An answer of Graph's at this second after [`HOUR`], by its own clock.
    pub fn answer_at(mut self, line: &str, second: u32, body: &str) -> Self {
        let date = format!("Sat, 28 Nov 2026 10:00:{second:02} GMT");
        let response = Response {
            status: 200,
            headers: vec![("Date".to_owned(), date)],
            body: body.as_bytes().to_vec(),
        };
        self.steps.push_back((line.to_owned(), Ok(response)));
        self
    }

    pub fn fail(mut self, line: &str, error: HttpError) -> Self {
        self.steps.push_back((line.to_owned(), Err(error)));
        self
    }

    pub fn play(self) -> Graph<Self> {
        Graph { world: self }
    }

    /// Everything was asked that the script holds.
    pub fn is_over(&self) {
        assert!(self.steps.is_empty(), "nobody asked {:?}", self.steps);
    }
}

impl World for Script {
    type Stream = Bytes;

    fn send(&mut self, request: Request<Bytes>) -> Result<Response, HttpError> {
        let line = format!("{} {}", request.method, request.url.replace(BASE, ""));
        let (expected, answer) = self
            .steps
            .pop_front()
            .unwrap_or_else(|| panic!("the script does not expect {line}"));
        assert_eq!(line, expected);
        let mut body = Vec::new();
        for chunk in request.body {
            match chunk {
                Chunk::Bytes(bytes) => body.extend(bytes),
                Chunk::Stream(stream) => body.extend(stream.rest()),
            }
        }
        self.asked.push(Asked {
            line,
            headers: request.headers,
            body,
        });
        answer
    }

    fn handle(&mut self) -> Result<String, CredentialError> {
        Ok(HANDLE.to_owned())
    }

    fn describe(&mut self) -> Result<Vec<(String, String)>, CredentialError> {
        Ok(self.described.clone())
    }

    fn pause(&mut self, time: Duration) {
        self.paused += time;
    }

    /// Nothing but pauses takes time.
    fn now(&self) -> Instant {
        self.begun + self.paused
    }
}

/// A stream of bytes; a range reads on from the same place.
#[derive(Debug, Clone)]
pub struct Bytes {
    data: Rc<[u8]>,
    at: Rc<Cell<usize>>,
    left: Rc<Cell<usize>>,
}

impl Bytes {
    pub fn new(data: Rc<[u8]>) -> Self {
        let left = Rc::new(Cell::new(data.len()));
        Self {
            data,
            at: Rc::default(),
            left,
        }
    }

    fn advance(&self, len: usize) -> &[u8] {
        let from = self.at.get();
        let len = len.min(self.left.get()).min(self.data.len() - from);
        self.at.set(from + len);
        self.left.set(self.left.get() - len);
        &self.data[from..from + len]
    }

    pub fn rest(&self) -> Vec<u8> {
        self.advance(usize::MAX).to_vec()
    }
}

impl Stream for Bytes {
    fn skip(&self, len: u64) -> Result<u64, StreamError> {
        Ok(self.advance(len as usize).len() as u64)
    }

    fn take(&self, len: u64) -> Result<Self, StreamError> {
        Ok(Self {
            left: Rc::new(Cell::new(len as usize)),
            ..self.clone()
        })
    }
}

/// A mail.
#[derive(Clone, Default)]
pub struct Mail {
    pub from: String,
    pub size: u64,
    pub files: Vec<Attached>,
    pub headers: Vec<(String, String)>,
}

impl Mail {
    /// Of so many bytes of MIME.
    pub fn of(size: u64) -> Self {
        Self {
            from: "marie@mairie.example".to_owned(),
            size,
            ..Self::default()
        }
    }

    pub fn with(mut self, file: Attached) -> Self {
        self.size += file.data.len() as u64 * 4 / 3;
        self.files.push(file);
        self
    }
}

fn address(email: &str) -> Address {
    Address {
        name: None,
        email: email.to_owned(),
    }
}

impl Letter for Mail {
    type Stream = Bytes;
    type File = Attached;

    fn id(&self) -> String {
        "it's.one@relais.example".to_owned()
    }

    fn recipients(&self) -> Vec<String> {
        vec!["un@exemple.example".to_owned()]
    }

    fn from(&self) -> Address {
        address(&self.from)
    }

    fn reply_to(&self) -> Vec<Address> {
        Vec::new()
    }

    fn to(&self) -> Vec<Address> {
        vec![address("un@exemple.example")]
    }

    fn cc(&self) -> Vec<Address> {
        Vec::new()
    }

    fn subject(&self) -> String {
        "Un « dossier »".to_owned()
    }

    fn headers(&self) -> Vec<Header> {
        let header = |(name, value): &(String, String)| Header {
            name: name.clone(),
            value: value.clone(),
        };
        self.headers.iter().map(header).collect()
    }

    fn text(&self) -> Option<String> {
        Some("Bonjour".to_owned())
    }

    fn html(&self) -> Option<String> {
        None
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn files(&self) -> Vec<Attached> {
        self.files.clone()
    }

    fn mime(&self) -> Result<Bytes, StreamError> {
        Ok(Bytes::new(Rc::from(b"TUlNRQ==".as_slice())))
    }
}

/// An attachment.
#[derive(Clone)]
pub struct Attached {
    pub data: Rc<[u8]>,
    pub content_id: Option<String>,
}

impl Attached {
    /// So many bytes, none of them like those around it.
    pub fn of(size: usize) -> Self {
        let block: Vec<u8> = (0..251).collect();
        let mut data = block.repeat(size / block.len() + 1);
        data.truncate(size);
        Self {
            data: data.into(),
            content_id: None,
        }
    }
}

impl File for Attached {
    type Stream = Bytes;

    fn name(&self) -> Option<String> {
        Some("arrêté \"7\".pdf".to_owned())
    }

    fn content_type(&self) -> String {
        "application/pdf".to_owned()
    }

    fn content_id(&self) -> Option<String> {
        self.content_id.clone()
    }

    fn size(&self) -> u64 {
        self.data.len() as u64
    }

    fn content(&self) -> Bytes {
        Bytes::new(self.data.clone())
    }

    fn base64(&self) -> Bytes {
        // Its length is what counts here.
        Bytes::new(vec![b'A'; self.data.len().div_ceil(3) * 4].into())
    }
}

/// The account's own mailbox.
pub fn own() -> Sender {
    Sender {
        base: BASE.to_owned(),
        mailbox: Some("marie@mairie.example".to_owned()),
        access: Access::Own,
        may_draft: true,
    }
}

/// Graph's error.
pub fn error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"Words of Microsoft's."}}}}"#)
}
