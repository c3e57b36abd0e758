//! Receiving mails: as JSON, as a form with files, or as MIME. However a mail comes, its files go to the spool block by block and
//! it ends as one [`Received`].

mod divert;
mod fingerprint;
mod form;
mod json;
mod raw;
mod stow;

use relais_message::{Draft, DraftAttachment, Source};
use relais_router::{Content, Error, InstanceName, Route, ServiceInstanceName};

pub use self::fingerprint::Digest;
pub use self::form::read as form;
pub use self::json::read as json;
pub use self::raw::read as raw;
use self::stow::Stowed;
use crate::api::mail::{Mail, MailAttachment};
use crate::refusal::{Refusal, Request as Wrong};
use crate::texts::shown;

/// Bytes of a mail in JSON beside its files: a text and an HTML of 16 MiB each, and what escapes add to them.
const JSON_BYTES: usize = 48 << 20;

/// A mail as it was understood.
#[derive(Debug)]
pub struct Received {
    pub content: Content,
    /// What it asks to be sent through.
    pub route: Route,
    /// Of its files in their order, or of the whole MIME; none where they were not wanted.
    digests: Vec<Digest>,
}

impl Received {
    /// What makes it the same mail as another one; it was received with digests.
    pub fn fingerprint(&self, route: &Route) -> Digest {
        match &self.content {
            Content::Draft(draft) => fingerprint::draft(draft, &self.digests, route),
            Content::Mime(draft) => fingerprint::mime(draft, &self.digests, route),
        }
    }
}

/// A file that came as a part of a form.
#[derive(Debug)]
struct Part {
    /// The part's name.
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    /// Its number among all files.
    number: usize,
}

/// The way that a mail asks for.
fn route(service_instance: Option<&str>, instance: Option<&str>) -> Result<Route, Refusal> {
    match (service_instance, instance) {
        (None, None) => Ok(Route::Default),
        (Some(name), None) => Ok(Route::Service(ServiceInstanceName::new(name).map_err(Error::from)?)),
        (None, Some(name)) => Ok(Route::Connector(InstanceName::new(name).map_err(Error::from)?)),
        (Some(_), Some(_)) => Err(Wrong::Invalid {
            field: "instance",
            code: "two-routes",
            fr: "indiquez une instance de service ou une instance de connecteur, pas les deux.",
            en: "name a service instance or a connector instance, not both.",
        }
        .into()),
    }
}

/// Puts a mail and its files together. A part that no attachment names is attached as it came.
fn assemble(mail: Mail, mut parts: Vec<Part>, stowed: Stowed) -> Result<Received, Refusal> {
    let route = route(mail.service_instance.as_deref(), mail.instance.as_deref())?;
    let mut files = Files {
        stowed,
        digests: Vec::new(),
    };
    let mut attachments = Vec::with_capacity(mail.attachments.len() + parts.len());
    for (index, attachment) in mail.attachments.into_iter().enumerate() {
        let (number, part) = find(index, &attachment, &mut parts)?;
        let (file_name, content_type) = part.map(|part| (part.file_name, part.content_type)).unwrap_or_default();
        attachments.push(DraftAttachment {
            name: attachment.name.or(file_name),
            content_type: attachment.content_type.or(content_type),
            content_id: attachment.content_id,
            source: files.take(number).ok_or(Wrong::NotBase64 {
                field: format!("attachments[{index}].content"),
            })?,
        });
    }
    for part in parts {
        // A field that is no file was meant to be something else.
        let (Some(name), Some(source)) = (part.file_name, files.take(part.number)) else {
            return Err(Wrong::Parameter(shown(&part.name)).into());
        };
        attachments.push(DraftAttachment {
            name: Some(name),
            content_type: part.content_type,
            content_id: None,
            source,
        });
    }
    let draft = Draft {
        from: mail.from,
        sender: mail.sender,
        to: mail.to,
        cc: mail.cc,
        bcc: mail.bcc,
        reply_to: mail.reply_to,
        subject: mail.subject,
        text: mail.text,
        html: mail.html,
        headers: mail
            .headers
            .into_iter()
            .map(|header| (header.name, header.value))
            .collect(),
        attachments,
    };
    Ok(Received {
        content: Content::Draft(draft),
        route,
        digests: files.digests,
    })
}

/// The number of an attachment's file, and the part that it names.
fn find(index: usize, attachment: &MailAttachment, parts: &mut Vec<Part>) -> Result<(usize, Option<Part>), Refusal> {
    let wrong = |field: &str, reason: &str| -> Refusal {
        Wrong::Field {
            field: format!("attachments[{index}]{field}"),
            reason: reason.to_owned(),
        }
        .into()
    };
    match (&attachment.content, &attachment.part) {
        // The scanner put the number there; it takes every text that stands under this key.
        (Some(number), None) => Ok((number.parse().map_err(|_| wrong(".content", "base64"))?, None)),
        (None, Some(name)) => {
            let place = parts.iter().position(|part| part.name == *name);
            let part = parts.remove(place.ok_or_else(|| wrong(".part", name))?);
            Ok((part.number, Some(part)))
        }
        _ => Err(wrong("", "content | part")),
    }
}

/// The files of a mail, and the digests of those that were taken.
struct Files {
    stowed: Stowed,
    digests: Vec<Digest>,
}

impl Files {
    fn take(&mut self, number: usize) -> Option<Source> {
        self.digests.extend(self.stowed.digests.get(number));
        self.stowed.sources.get(number).cloned()
    }
}
