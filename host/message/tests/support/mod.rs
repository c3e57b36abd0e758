//! A strict reader of what the crate writes, made apart from it.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

pub mod corpus;
pub mod mime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use relais_message::{Addressing, Body, Draft, DraftAttachment, Framing, Limits, Message, MimeDraft, Source};

/// A draft that is accepted as it is.
pub fn draft() -> Draft {
    Draft {
        from: Some("Mairie <envoi@mairie.example>".into()),
        to: vec!["a@b.example".into()],
        subject: "Bonjour".into(),
        ..Draft::default()
    }
}

pub fn accept(draft: Draft) -> Message {
    draft.accept(&Limits::default()).unwrap()
}

pub fn attachment(name: &str, content: impl Into<Bytes>) -> DraftAttachment {
    DraftAttachment {
        name: Some(name.into()),
        content_type: None,
        content_id: None,
        source: Source::Bytes(content.into()),
    }
}

/// MIME for one recipient.
pub fn mime_draft(mime: &[u8]) -> MimeDraft {
    MimeDraft {
        source: Source::Bytes(mime.to_vec().into()),
        sender: None,
        recipients: vec!["c@d.example".into()],
        recipients_from_header: false,
        default_from: None,
        trace: None,
    }
}

/// The MIME of a message, after making sure that every server takes it, in every form, and that its size is the one
/// that was announced.
pub fn checked(message: &Message) -> Vec<u8> {
    let mut first = None;
    for addressing in [Addressing::Written, Addressing::Envelope] {
        let raw = read(message.mime(addressing, Framing::Raw));
        assert!(raw.ends_with(b"\r\n") && !raw.contains(&0));
        assert!(raw.is_ascii() || message.needs_smtputf8(), "8-bit");
        for line in raw.split(|&byte| byte == b'\n') {
            assert!(line.len() <= 999, "a line of {} octets", line.len());
        }
        let count = |wanted: &[u8]| memchr::memmem::find_iter(&raw, wanted).count();
        assert_eq!((count(b"\r"), count(b"\n")), (count(b"\r\n"), count(b"\r\n")));
        assert!(unstuff(&read(message.mime(addressing, Framing::DotStuffed))) == raw);
        first.get_or_insert(raw);
    }
    let raw = first.unwrap();
    assert_eq!(raw.len() as u64, message.size());
    assert_eq!(raw.is_ascii(), !message.eight_bit());
    raw
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

/// Every block of a body.
pub fn blocks(mut body: Body) -> Vec<Bytes> {
    runtime().block_on(async {
        let mut blocks = Vec::new();
        while let Some(block) = body.next().await.unwrap() {
            assert!(
                !block.is_empty() && block.len() <= 64 * 1024,
                "a block of {} bytes",
                block.len()
            );
            blocks.push(block);
        }
        assert!(body.next().await.unwrap().is_none(), "a body came back after its end");
        blocks
    })
}

pub fn read(body: Body) -> Vec<u8> {
    let size = body.size();
    let bytes = blocks(body).concat();
    if let Some(size) = size {
        assert_eq!(size, bytes.len() as u64, "the size that was announced");
    }
    bytes
}

/// Panics unless `mime` is what every server takes.
pub fn assert_wire_safe(mime: &[u8]) {
    assert!(mime.ends_with(b"\r\n"), "the last line is not ended");
    for line in mime.strip_suffix(b"\r\n").unwrap().split(|&b| b == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(line.len() <= 998, "a line of {} octets", line.len());
        assert!(
            line.iter().all(|&b| b == b'\t' || (b' '..=b'~').contains(&b)),
            "{:?}",
            String::from_utf8_lossy(line)
        );
    }
    let lf = mime.iter().filter(|&&b| b == b'\n').count();
    let crlf = mime.windows(2).filter(|pair| pair == b"\r\n").count();
    assert_eq!(lf, crlf, "a bare LF");
}

/// What an SMTP server makes of a DATA stream (RFC 5321 section 4.5.2).
pub fn unstuff(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = stream;
    loop {
        let end = rest
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .expect("a line without its end")
            + 2;
        let (line, after) = rest.split_at(end);
        if line == b".\r\n" {
            assert!(after.is_empty(), "bytes after the end of the message");
            return out;
        }
        out.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        rest = after;
    }
}

#[derive(Debug)]
pub struct Part {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub parts: Vec<Part>,
}

impl Part {
    /// The header alone.
    pub fn parse_head(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = [
            &bytes[..end],
            b"\r\nContent-Type: x\r\nContent-Transfer-Encoding: 7bit\r\n\r\n",
        ]
        .concat();
        let mut part = Self::parse(&head);
        part.headers.truncate(part.headers.len() - 2);
        part
    }

    pub fn parse(bytes: &[u8]) -> Self {
        let no_fields = bytes.starts_with(b"\r\n");
        let split = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let split = split.filter(|_| !no_fields);
        let after = split.map_or(2, |split| split + 4);
        let split = split.unwrap_or_else(|| {
            assert!(no_fields, "no empty line after the header");
            0
        });
        let head = std::str::from_utf8(&bytes[..split])
            .unwrap()
            .replace("\r\n ", " ")
            .replace("\r\n\t", "\t");
        let headers: Vec<(String, String)> = head
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(|line| line.split_once(':').expect("no colon in a header line"))
            .map(|(name, value)| (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()))
            .collect();
        let raw = &bytes[after..];
        let mut part = Self {
            headers,
            body: Vec::new(),
            parts: Vec::new(),
        };
        match part.parameter("Content-Type", "boundary") {
            Some(boundary) => part.parts = parts(bytes, split + 2, &boundary),
            None => part.body = decode(part.header("Content-Transfer-Encoding").unwrap_or("7bit"), raw),
        }
        part
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
            .collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    pub fn parameter(&self, header: &str, name: &str) -> Option<String> {
        let value = self.header(header)?;
        let (_, after) = value.split_once(&format!("; {name}="))?;
        Some(match after.strip_prefix('"') {
            Some(quoted) => {
                let mut out = String::new();
                let mut chars = quoted.chars();
                loop {
                    match chars.next().expect("no closing quotation mark") {
                        '"' => break out,
                        '\\' => out.push(chars.next().unwrap()),
                        c => out.push(c),
                    }
                }
            }
            None => after.split(';').next().unwrap().to_owned(),
        })
    }

    pub fn kind(&self) -> &str {
        self.header("Content-Type").unwrap().split(';').next().unwrap()
    }

    /// The leaves, in their order.
    pub fn leaves(&self) -> Vec<&Part> {
        if self.parts.is_empty() {
            vec![self]
        } else {
            self.parts.iter().flat_map(Part::leaves).collect()
        }
    }
}

/// Splits a multipart by its delimiters, to each of which the line break before it belongs.
fn parts(bytes: &[u8], from: usize, boundary: &str) -> Vec<Part> {
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut cuts = Vec::new();
    for at in from..=bytes.len() - delimiter.len() {
        if bytes[at..].starts_with(delimiter) {
            cuts.push(at);
        }
    }
    let last = *cuts.last().unwrap();
    let end = &bytes[last + delimiter.len()..];
    assert!(end == b"--\r\n" || end == b"--", "the last delimiter does not close");
    cuts.windows(2)
        .map(|pair| {
            let start = pair[0] + delimiter.len();
            assert_eq!(&bytes[start..start + 2], b"\r\n");
            Part::parse(&bytes[start + 2..pair[1]])
        })
        .collect()
}

fn decode(encoding: &str, raw: &[u8]) -> Vec<u8> {
    match encoding {
        "7bit" => String::from_utf8(raw.to_vec())
            .unwrap()
            .replace("\r\n", "\n")
            .into_bytes(),
        "base64" => {
            let text = std::str::from_utf8(raw).unwrap();
            assert!(text.split("\r\n").all(|line| line.len() <= 76));
            STANDARD.decode(text.replace("\r\n", "")).unwrap()
        }
        "quoted-printable" => unquote(raw),
        other => panic!("the encoding {other}"),
    }
}

fn unquote(raw: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(raw).unwrap();
    let lines: Vec<&str> = text.split("\r\n").collect();
    let mut out = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        assert!(line.len() <= 76, "{line}");
        assert!(!line.ends_with([' ', '\t']), "blanks at the end of {line:?}");
        let (line, soft) = line.strip_suffix('=').map_or((*line, false), |line| (line, true));
        let mut rest = line.as_bytes();
        while let Some((&byte, after)) = rest.split_first() {
            if byte == b'=' {
                out.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                out.push(byte);
                rest = after;
            }
        }
        if !soft && index + 1 < lines.len() {
            out.push(b'\n');
        }
    }
    out
}

/// Undoes RFC 2047, base64 words in UTF-8 only.
pub fn unword(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some(at) = rest.find("=?utf-8?b?") {
        let (before, after) = (&rest[..at], &rest[at + 10..]);
        let (word, after) = after.split_once("?=").expect("an encoded word that does not end");
        assert!(
            word.len() + 12 <= 75,
            "an encoded word of {} characters",
            word.len() + 12
        );
        if !(after_word && before.trim().is_empty()) {
            out.push_str(before);
        }
        out.push_str(&String::from_utf8(STANDARD.decode(word).unwrap()).expect("a word that cuts a character"));
        rest = after;
        after_word = true;
    }
    out + rest
}
