//! Hands a message over through each door there is, as a good connector may: what stands behind it has to hold at all of
//! them.

use std::time::Duration;

use relais_sdk::http::{self, Chunk, Request};
use relais_sdk::message::{Addressing, Framing, Message};
use relais_sdk::{Failure, Receipt, kind};

use crate::fetch::Upload;
use crate::smtp::{self, Line};
use crate::{Hostile, Outcome, Settings, told};

fn taken(words: impl Into<String>) -> Outcome {
    Ok(Receipt {
        id: None,
        text: words.into(),
        refused: Vec::new(),
        details: Vec::new(),
    })
}

/// A connection where the server waits for the content.
fn waiting(settings: &Settings, message: &Message) -> Result<Line, Failure> {
    let line = Line::open(settings)?;
    line.envelope(&message.envelope().recipients)?;
    Ok(line)
}

pub(crate) fn splice(settings: &Settings, message: &Message) -> Outcome {
    taken(smtp::deliver(settings, message)?.reply()?)
}

/// The text, in a mail of its own making.
pub(crate) fn write(settings: &Settings, message: &Message) -> Outcome {
    let line = waiting(settings, message)?;
    let text = message.text().unwrap_or_default().replace('\n', "\r\n");
    line.write(format!("Subject: my own\r\n\r\n{text}\r\n.\r\n"))?;
    taken(line.reply()?)
}

/// Byte by byte, so that many writes could each be the last.
pub(crate) fn write_bytes(settings: &Settings, message: &Message) -> Outcome {
    let line = waiting(settings, message)?;
    let mail = format!("Subject: {}\r\n\r\n.\r\n", message.subject());
    for byte in mail.bytes() {
        line.write([byte])?;
    }
    taken(line.reply()?)
}

/// The first bytes by its own hand, the rest by the host's.
pub(crate) fn read_then_splice(settings: &Settings, message: &Message) -> Outcome {
    let line = waiting(settings, message)?;
    let content = message.mime(Addressing::Written, Framing::DotStuffed);
    let first = content.read(10).map_err(told)?.unwrap_or_default();
    line.write(first)?;
    line.splice(&content)?;
    taken(line.reply()?)
}

/// The attachments by the host's hand, the rest of a mail by its own.
pub(crate) fn splice_a_part(settings: &Settings, message: &Message) -> Outcome {
    let line = waiting(settings, message)?;
    line.write("Subject: my own\r\n\r\n")?;
    for attachment in message.attachments() {
        line.splice(&attachment.base64())?;
    }
    line.write("\r\n.\r\n")?;
    taken(line.reply()?)
}

/// Splices into a connection that is not a mail's, with an end of its own.
pub(crate) fn splice_raw(settings: &Settings, message: &Message) -> Outcome {
    let line = waiting(settings, message)?;
    line.splice(&message.mime(Addressing::Envelope, Framing::Raw))?;
    line.write("\r\n.\r\n")?;
    taken(line.reply()?)
}

pub(crate) fn post_the_stream(settings: &Settings, message: &Message) -> Outcome {
    let content = message.mime(Addressing::Written, Framing::Raw);
    post(settings, "", vec![Chunk::Stream(&content)])
}

pub(crate) fn post_a_part(settings: &Settings, message: &Message) -> Outcome {
    let parts: Vec<_> = message
        .attachments()
        .iter()
        .map(|attachment| attachment.base64())
        .collect();
    post(settings, "", parts.iter().map(Chunk::Stream).collect())
}

pub(crate) fn post_words(settings: &Settings, message: &Message) -> Outcome {
    post(
        settings,
        "",
        vec![Chunk::Bytes(message.text().unwrap_or_default().into_bytes())],
    )
}

/// The subject in the request's head, and no body.
pub(crate) fn in_the_url(settings: &Settings, message: &Message) -> Outcome {
    let subject = message.subject().replace(' ', "-");
    post(settings, &format!("?subject={subject}"), Vec::new())
}

fn post(settings: &Settings, query: &str, body: Vec<Chunk<'_>>) -> Outcome {
    let request = Request {
        method: "POST".to_owned(),
        url: format!("{}{query}", settings.url.as_deref().unwrap_or_default()),
        headers: Vec::new(),
        body,
    };
    taken(http::send(&request).map_err(told)?.status.to_string())
}

/// What it read, by `wasi:http`; the request was begun before anything was read.
pub(crate) fn fetch(settings: &Settings, message: &Message) -> Outcome {
    let upload = Upload::begin(settings.url.as_deref().unwrap_or_default(), None)?;
    upload.write(message.text().unwrap_or_default().as_bytes())?;
    taken(upload.finish()?.to_string())
}

/// Holds the text and asks two servers at once, of which one is not there; tells of that one alone.
pub(crate) fn two_at_once(settings: &Settings, message: &Message) -> Outcome {
    let _words = message.text();
    let _taken = Upload::begin(settings.url.as_deref().unwrap_or_default(), None)?;
    match Upload::begin(settings.other_url.as_deref().unwrap_or_default(), None)?.answered() {
        Ok(_) => Err(told("answered")),
        Err(_) => Err(Failure::new(kind::UNREACHABLE, "no connection")),
    }
}

/// Posts the stream, and reads what the server says while that is still on its way; then waits for what does not come to its
/// end without this.
pub(crate) fn turned_down(settings: &Settings, message: &Message) -> Outcome {
    let content = message.mime(Addressing::Written, Framing::Raw);
    let request = Request {
        method: "POST".to_owned(),
        url: settings.url.clone().unwrap_or_default(),
        headers: Vec::new(),
        body: vec![Chunk::Stream(&content)],
    };
    let answer = http::send(&request).map_err(told)?;
    let words = answer.body.read(100).map_err(told)?.unwrap_or_default();
    let end = answer.body.read(100).map_err(told)?;
    std::thread::sleep(Duration::from_secs(2));
    Err(told((answer.status, String::from_utf8_lossy(&words), end)))
}

/// Goes on with a request that was answered already, by `wasi:http`: with what it read only then.
pub(crate) fn goes_on(settings: &Settings, message: &Message) -> Outcome {
    let upload = Upload::begin(settings.url.as_deref().unwrap_or_default(), None)?.answered()?;
    let _ = upload.write(message.text().unwrap_or_default().as_bytes());
    std::thread::sleep(Duration::from_millis(500));
    Err(told("it went on"))
}

impl Hostile {
    /// Begins a request in the first call and leaves it there; gives it the second call's message.
    pub(crate) fn leave_a_request(&mut self, message: &Message) -> Outcome {
        match self.upload.take() {
            None => {
                let upload = Upload::begin(self.settings.url.as_deref().unwrap_or_default(), None)?;
                upload.write(b"the first half")?;
                self.upload = Some(upload);
                Err(told("left"))
            }
            Some(upload) => {
                upload.write(message.text().unwrap_or_default().as_bytes())?;
                Err(told(upload.finish()?))
            }
        }
    }
}
