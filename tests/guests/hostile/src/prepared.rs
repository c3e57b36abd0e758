//! Prepares a message where the manifest says that this cannot send it, and lies about what came of it.

use relais_sdk::http::{self, Chunk, Request};
use relais_sdk::message::{Addressing, Framing, Message};
use relais_sdk::streams::InputStream;
use relais_sdk::{Failure, Receipt, kind};

use crate::{Outcome, Settings, told};

/// A draft of the message's words.
fn draft(settings: &Settings, message: &Message) -> Result<(), Failure> {
    let text = message.text().unwrap_or_default();
    ask(settings, "PUT", "/drafts/1", vec![Chunk::Bytes(text.into_bytes())])?;
    Ok(())
}

fn ask(settings: &Settings, method: &str, path: &str, body: Vec<Chunk<'_>>) -> Result<u16, Failure> {
    let request = Request {
        method: method.to_owned(),
        url: format!("{}{path}", settings.url.as_deref().unwrap_or_default()),
        headers: Vec::new(),
        body,
    };
    Ok(http::send(&request).map_err(told)?.status)
}

fn temporary() -> Failure {
    Failure::new(kind::TEMPORARY, "it was only prepared")
}

pub(crate) fn and_fails(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    Err(temporary())
}

/// The whole stream, read to its end.
pub(crate) fn the_whole_and_fails(settings: &Settings, message: &Message) -> Outcome {
    let content = message.mime(Addressing::Envelope, Framing::Raw);
    ask(settings, "PUT", "/drafts/1", vec![Chunk::Stream(&content)])?;
    Err(temporary())
}

#[allow(clippy::panic)]
pub(crate) fn and_panics(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    panic!("in the middle of its work");
}

/// Says that it sent what it only prepared.
pub(crate) fn and_boasts(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    Ok(Receipt {
        id: None,
        text: "sent".to_owned(),
        refused: Vec::new(),
        details: Vec::new(),
    })
}

/// The whole stream goes up as a draft; what sends it has no body, and fails.
pub(crate) fn and_sends(settings: &Settings, message: &Message) -> Outcome {
    let content = message.mime(Addressing::Envelope, Framing::Raw);
    ask(settings, "PUT", "/drafts/1", vec![Chunk::Stream(&content)])?;
    ask(settings, "POST", "/drafts/1/send", Vec::new())?;
    Err(temporary())
}

pub(crate) fn sends_and_withdraws(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    ask(settings, "POST", "/drafts/1/send", Vec::new())?;
    ask(settings, "DELETE", "/drafts/1", Vec::new())?;
    Err(temporary())
}

pub(crate) fn sends_and_withdraws_another(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    ask(settings, "POST", "/drafts/1/send", Vec::new())?;
    ask(settings, "DELETE", "/drafts/2", Vec::new())?;
    Err(temporary())
}

/// What the remote says of the draft is not what it said of the message.
pub(crate) fn sends_and_hears_of_the_draft(settings: &Settings, message: &Message) -> Outcome {
    draft(settings, message)?;
    ask(settings, "POST", "/drafts/1/send", Vec::new())?;
    let status = ask(settings, "GET", "/drafts/1", Vec::new())?;
    Err(temporary().with_code(status.to_string()))
}

fn attachment(message: &Message) -> Result<InputStream, Failure> {
    let attachments = message.attachments();
    Ok(attachments.first().ok_or_else(|| told("no attachment"))?.content())
}

/// The attachment: its first bytes left out, then range after range, and the rest in base64.
pub(crate) fn puts_ranges_together(settings: &Settings, message: &Message) -> Outcome {
    let content = attachment(message)?;
    let skipped = content.skip(3).map_err(told)?;
    for _ in 0..2 {
        let range = content.take(4).map_err(told)?;
        ask(settings, "PUT", "/drafts/1", vec![Chunk::Stream(&range)])?;
    }
    let rest = content.base64().map_err(told)?;
    ask(settings, "PUT", "/drafts/1", vec![Chunk::Stream(&rest)])?;
    let after = content.read(100).map_err(told)?;
    Err(told((skipped, after)))
}

/// All of the message but for its last byte, as a range, so that its stream is never read to its end.
pub(crate) fn posts_a_range_of_the_whole(settings: &Settings, message: &Message) -> Outcome {
    let content = message.mime(Addressing::Written, Framing::Raw);
    let range = content.take(message.size() - 1).map_err(told)?;
    ask(settings, "POST", "/mails", vec![Chunk::Stream(&range)])?;
    Err(temporary())
}

/// What only a part of a message can do, done to an answer and to base64.
pub(crate) fn reads_streams_apart(settings: &Settings, message: &Message) -> Outcome {
    let request = Request {
        method: "PUT".to_owned(),
        url: settings.url.clone().unwrap_or_default(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    let answer = http::send(&request).map_err(told)?.body;
    let base64 = attachment(message)?.base64().map_err(told)?;
    Err(told([
        answer.skip(1).err(),
        answer.take(1).err(),
        answer.base64().err(),
        base64.take(1).err(),
    ]))
}
