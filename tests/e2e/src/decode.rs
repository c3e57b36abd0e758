//! What a recipient sees: messages read by Python's `email`, which shares no line with what wrote them.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdout, Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::process::{Running, find};
use crate::skipped;

/// A message as Python's `email` reads it.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Header fields in their order, decoded.
    pub headers: Vec<(String, String)>,
    /// The leaves of the MIME tree, in their order.
    pub parts: Vec<Part>,
    /// What is wrong with the message.
    pub defects: Vec<String>,
}

/// A leaf of the MIME tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// In lower case, without parameters.
    pub content_type: String,
    /// In lower case; empty where there is none.
    pub charset: String,
    /// The decoded file name of an attachment.
    pub name: Option<String>,
    /// Whether the part says that it is an attachment.
    pub attached: bool,
    /// Decoded.
    pub content: Vec<u8>,
}

impl Decoded {
    /// The first header field of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The plain text.
    pub fn text(&self) -> Option<&[u8]> {
        self.body("text/plain")
    }

    /// The HTML.
    pub fn html(&self) -> Option<&[u8]> {
        self.body("text/html")
    }

    fn body(&self, content_type: &str) -> Option<&[u8]> {
        let mut bodies = self
            .parts
            .iter()
            .filter(|part| !part.attached && part.content_type == content_type);
        let body = bodies.next()?;
        assert!(bodies.next().is_none(), "two bodies of type {content_type}");
        assert!(
            matches!(body.charset.as_str(), "utf-8" | "us-ascii" | ""),
            "a body in {}",
            body.charset
        );
        Some(&body.content)
    }

    /// The attachments, in their order.
    pub fn attachments(&self) -> Vec<&Part> {
        self.parts.iter().filter(|part| part.attached).collect()
    }

    fn read(value: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = |name: &str| value.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        let header = |pair: &Value| Some((text(pair.get(0)?)?, text(pair.get(1)?)?));
        let part = |part: &Value| {
            Some(Part {
                content_type: text(part.get("type")?)?,
                charset: text(part.get("charset")?)?,
                name: text(part.get("name")?),
                attached: part.get("attached")?.as_bool()?,
                content: STANDARD.decode(part.get("content")?.as_str()?).ok()?,
            })
        };
        let whole = "the reader's own format";
        Self {
            headers: list("headers").iter().map(|pair| header(pair).expect(whole)).collect(),
            parts: list("parts").iter().map(|value| part(value).expect(whole)).collect(),
            defects: list("defects").iter().filter_map(text).collect(),
        }
    }
}

/// Python, reading one message after the other. It ends when it is dropped.
#[derive(Debug)]
pub struct Reader {
    process: Running,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    /// Starts Python. `None`, and a line that says so, where there is none.
    pub fn start() -> Option<Self> {
        let Some(python) = find("python3") else {
            skipped("there is no Python to read what arrived");
            return None;
        };
        let child = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/servers/decode.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = Running(child.expect("Python starts"));
        let output = process.0.stdout.take().expect("the output is a pipe");
        Some(Self {
            process,
            answers: BufReader::new(output),
        })
    }

    /// Reads one message, its lines ended as in [`unix_lines`].
    pub fn read(&mut self, message: &[u8]) -> Decoded {
        let input = self.process.0.stdin.as_mut().expect("the input is a pipe");
        let line = STANDARD.encode(message) + "\n";
        input.write_all(line.as_bytes()).expect("Python reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("Python answers");
        Decoded::read(&serde_json::from_str(&answer).expect("the reader answers in JSON"))
    }

    /// The same for each of several.
    pub fn read_all(&mut self, messages: &[Vec<u8>]) -> Vec<Decoded> {
        messages.iter().map(|message| self.read(message)).collect()
    }
}

/// Lines ended by LF in place of CRLF, as a delivery agent writes them into a mailbox. Nothing else is changed.
pub fn unix_lines(message: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(message.len());
    for (index, &octet) in message.iter().enumerate() {
        if octet != b'\r' || message.get(index + 1) != Some(&b'\n') {
            lines.push(octet);
        }
    }
    lines
}
