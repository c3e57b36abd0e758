//! What was sent, whichever way it came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail_parser::{MessageParser, MimeHeaders as _};
use serde_json::Value;

/// A message that was accepted.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Whose mailbox it left.
    pub mailbox: String,
    pub how: How,
    pub from: String,
    pub to: Vec<String>,
    pub cc: Vec<String>,
    pub bcc: Vec<String>,
    pub subject: String,
    /// Without angle brackets.
    pub message_id: String,
    pub text: String,
    /// Name and content of each attachment.
    pub files: Vec<(String, Vec<u8>)>,
    /// Whether a copy is kept in the Sent Items.
    pub kept: bool,
}

impl Sent {
    /// Everybody who receives it, in order.
    pub fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> = [&self.to, &self.cc, &self.bcc].into_iter().flatten().cloned().collect();
        all.sort();
        all
    }
}

/// How it came.
#[derive(Debug, Clone)]
pub enum How {
    /// As MIME: these bytes.
    Mime(Vec<u8>),
    /// As JSON, to `sendMail` or as a draft: the message without its attachments' content.
    Json(Box<Value>),
}

/// Why it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unfit(pub &'static str);

/// Reads MIME as Exchange does: the recipients are those of its header.
pub(super) fn of_mime(mailbox: &str, mime: Vec<u8>) -> Result<Sent, Unfit> {
    let parsed = MessageParser::default()
        .parse(&mime)
        .ok_or(Unfit("ErrorMimeContentInvalid"))?;
    let list = |addresses: Option<&mail_parser::Address>| -> Vec<String> {
        let all = addresses
            .into_iter()
            .flat_map(|addresses| addresses.clone().into_list());
        all.filter_map(|address| address.address.map(|email| email.into_owned()))
            .collect()
    };
    let files = parsed.attachments().map(|part| {
        let name = part.attachment_name().unwrap_or_default().to_owned();
        (name, part.contents().to_vec())
    });
    let sent = Sent {
        mailbox: mailbox.to_owned(),
        from: list(parsed.from()).first().cloned().unwrap_or_default(),
        to: list(parsed.to()),
        cc: list(parsed.cc()),
        bcc: list(parsed.bcc()),
        subject: parsed.subject().unwrap_or_default().to_owned(),
        message_id: parsed.message_id().unwrap_or_default().to_owned(),
        text: parsed.body_text(0).unwrap_or_default().into_owned(),
        files: files.collect(),
        kept: true,
        how: How::Mime(Vec::new()),
    };
    Ok(Sent {
        how: How::Mime(mime),
        ..sent
    })
}

/// Reads a message in JSON, its attachments apart.
pub(super) fn of_json(mailbox: &str, mut message: Value) -> Result<Sent, Unfit> {
    let attachments = message
        .as_object_mut()
        .and_then(|message| message.remove("attachments"));
    let mut files = Vec::new();
    for file in attachments.as_ref().and_then(Value::as_array).into_iter().flatten() {
        files.push(file_of(file)?);
    }
    headers(&message)?;
    let list = |name: &str| -> Vec<String> {
        let all = message[name].as_array().into_iter().flatten();
        all.filter_map(|recipient| recipient["emailAddress"]["address"].as_str().map(str::to_owned))
            .collect()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Sent {
        mailbox: mailbox.to_owned(),
        from: text(&message["from"]["emailAddress"]["address"]),
        to: list("toRecipients"),
        cc: list("ccRecipients"),
        bcc: list("bccRecipients"),
        subject: text(&message["subject"]),
        message_id: text(&message["internetMessageId"]).trim_matches(['<', '>']).to_owned(),
        text: text(&message["body"]["content"]),
        files,
        kept: property(&message, "Boolean 0x0E01").as_deref() != Some("true"),
        how: How::Json(Box::new(message)),
    })
}

pub(super) fn file_of(file: &Value) -> Result<(String, Vec<u8>), Unfit> {
    if file["@odata.type"] != "#microsoft.graph.fileAttachment" {
        return Err(Unfit("BadRequest"));
    }
    let name = file["name"].as_str().ok_or(Unfit("BadRequest"))?;
    let content = file["contentBytes"].as_str().ok_or(Unfit("BadRequest"))?;
    let content = STANDARD.decode(content).map_err(|_| Unfit("BadRequest"))?;
    Ok((name.to_owned(), content))
}

/// The sender's own header fields: at most five, not none where there is a list, and each beginning with `x-`.
fn headers(message: &Value) -> Result<(), Unfit> {
    let Some(headers) = message["internetMessageHeaders"].as_array() else {
        return Ok(());
    };
    if headers.is_empty() || headers.len() > 5 {
        return Err(Unfit("InvalidInternetMessageHeaderCollection"));
    }
    let own = |header: &Value| {
        let name = header["name"].as_str().unwrap_or_default().to_lowercase();
        name.starts_with("x-") && header["value"].as_str().is_some_and(|value| !value.is_empty())
    };
    headers
        .iter()
        .all(own)
        .then_some(())
        .ok_or(Unfit("InvalidInternetMessageHeader"))
}

/// The value of an extended property.
pub(super) fn property(message: &Value, id: &str) -> Option<String> {
    let all = message["singleValueExtendedProperties"].as_array()?;
    let found = all.iter().find(|property| property["id"] == id)?;
    found["value"].as_str().map(str::to_owned)
}
