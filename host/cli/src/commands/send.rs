//! `relais send`: one mail, and the server's words about it.

use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use axum::body::Body;
use clap::ArgMatches;
use http::Method;
use relais_manifest::Lang;
use relais_message::{Limits, Reason};
use relais_server::api::delivery::Delivery;
use relais_server::api::mail::{Mail, MailAttachment};

use super::{instance_name, outcome, service_instance_name, words};
use crate::client::{Client, Path as ApiPath};
use crate::duration;
use crate::exit::Status;
use crate::fault::Fault;
use crate::files;
use crate::given::Inputs;
use crate::output::Answer;
use crate::progress::while_waiting;
use crate::site::Site;
use crate::streamed::Streamed;
use crate::texts::{pick, send as say};

/// How long a daemon's answer is waited for, unless told otherwise; and at most, as the API has it.
const WAIT: u64 = 60;
const LONGEST_WAIT: u64 = 120;
/// Bytes of a message at most.
const MIME_BYTES: u64 = 150 << 20;

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let wait = match matches.get_one::<String>("wait") {
        Some(text) => duration::seconds(lang, "wait", text)?.min(LONGEST_WAIT),
        None => WAIT,
    };
    let request = match matches.get_one::<PathBuf>("mime") {
        Some(path) => raw(site, matches, path)?,
        None => composed(site, matches)?,
    };
    let client = Client::open(site).await.map_err(try_again_if_busy)?;
    // Without a daemon there is nothing to wait for but the one attempt.
    let wait = if client.is_daemon() { wait } else { LONGEST_WAIT };
    let path = request.path.with("wait", &wait.to_string());
    let sending = client.call(Method::POST, &path, request.body, &request.content_type);
    let delivery: Delivery = while_waiting(say::WAITING.get(lang), site.json, sending).await?;
    outcome::answer(lang, &delivery, client.is_daemon())
}

/// Nothing was stored while another program held the data folder.
fn try_again_if_busy(fault: Fault) -> Fault {
    match fault.code.as_ref() {
        "data-busy" => Fault {
            status: Status::TryAgain,
            ..fault
        },
        _ => fault,
    }
}

/// What is posted.
struct Request {
    path: ApiPath,
    content_type: String,
    body: Body,
}

/// Which way it goes: a connector instance, or a service instance.
fn route(site: &Site, matches: &ArgMatches) -> Result<(Option<String>, Option<String>), Fault> {
    let given = |id: &str| matches.get_one::<String>(id);
    let instance = given("instance").map(|name| instance_name(site, name).map(|name| name.to_string()));
    let service_instance =
        given("service-instance").map(|name| service_instance_name(site, name).map(|name| name.to_string()));
    Ok((instance.transpose()?, service_instance.transpose()?))
}

/// A message as it is. Its own header says who receives, unless the command does.
fn raw(site: &Site, matches: &ArgMatches, path: &Path) -> Result<Request, Fault> {
    let lang = site.lang;
    let (instance, service_instance) = route(site, matches)?;
    let mut place = ApiPath::of(["mails"])
        .with_some("from", matches.get_one::<String>("from").map(String::as_str))
        .with_some("instance", instance.as_deref())
        .with_some("service_instance", service_instance.as_deref());
    let mut to = words(matches, "to").peekable();
    if to.peek().is_none() {
        place = place.with("recipients", "header");
    }
    for recipient in to {
        place = place.with("to", recipient);
    }
    let body = if path == Path::new("-") {
        Body::from(Inputs::new(lang).stdin("mime", MIME_BYTES)?)
    } else {
        let (file, size) = files::open(lang, "mime", path)?;
        Body::new(Streamed::new(file, size))
    };
    Ok(Request {
        path: place,
        content_type: "message/rfc822".to_owned(),
        body,
    })
}

/// A mail of its parts, as a form: the fields as JSON, then the files as they are on the disk.
fn composed(site: &Site, matches: &ArgMatches) -> Result<Request, Fault> {
    let mut mail = mail(site.lang, matches)?;
    (mail.instance, mail.service_instance) = route(site, matches)?;
    let attach: Vec<&PathBuf> = matches.get_many("attach").into_iter().flatten().collect();
    for (index, path) in attach.iter().enumerate() {
        mail.attachments.push(MailAttachment {
            name: path.file_name().map(|name| name.to_string_lossy().into_owned()),
            part: Some(format!("file{index}")),
            ..MailAttachment::default()
        });
    }
    let unreadable = |error: serde_json::Error| Fault::input("mail-unreadable", error.to_string());
    let json = serde_json::to_vec(&mail).map_err(unreadable)?;
    let path = ApiPath::of(["mails"]);
    if attach.is_empty() {
        return Ok(Request {
            path,
            content_type: "application/json".to_owned(),
            body: json.into(),
        });
    }
    let mut form = Form::new(&json)?;
    for (index, path) in attach.iter().enumerate() {
        let (file, size) = files::open(site.lang, &format!("attachments[{index}]"), path)?;
        form.file(&format!("file{index}"), file, size);
    }
    Ok(Request {
        path,
        content_type: form.content_type(),
        body: form.body(),
    })
}

/// `multipart/form-data` (RFC 7578), whose files are read as they leave.
struct Form {
    boundary: String,
    length: u64,
    parts: Box<dyn Read + Send>,
}

impl Form {
    fn new(mail: &[u8]) -> Result<Self, Fault> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(|error| Fault::new(Status::Failed, "random", error.to_string()))?;
        let hex: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut form = Self {
            boundary: format!("relais-{hex}"),
            length: 0,
            parts: Box::new(std::io::empty()),
        };
        form.part(
            "mail",
            "application/json",
            Cursor::new(mail.to_vec()),
            mail.len() as u64,
        );
        Ok(form)
    }

    fn file(&mut self, name: &str, file: impl Read + Send + 'static, size: u64) {
        self.part(name, "application/octet-stream", file, size);
    }

    fn part(&mut self, name: &str, content_type: &str, content: impl Read + Send + 'static, size: u64) {
        // A part without a file name is read as a field.
        let file = if name == "mail" { "" } else { "; filename=\"file\"" };
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\nContent-Type: {content_type}\r\n\r\n",
            self.boundary
        );
        self.length += head.len() as u64 + size + 2;
        let before = std::mem::replace(&mut self.parts, Box::new(std::io::empty()));
        self.parts = Box::new(
            before
                .chain(Cursor::new(head.into_bytes()))
                .chain(content.take(size))
                .chain(&b"\r\n"[..]),
        );
    }

    fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn body(self) -> Body {
        let end = format!("--{}--\r\n", self.boundary).into_bytes();
        let length = self.length + end.len() as u64;
        Body::new(Streamed::new(self.parts.chain(Cursor::new(end)), length))
    }
}

fn mail(lang: Lang, matches: &ArgMatches) -> Result<Mail, Fault> {
    let list = |id: &str| -> Vec<String> { words(matches, id).cloned().collect() };
    let one = |id: &str| matches.get_one::<String>(id);
    let (to, cc, bcc) = (list("to"), list("cc"), list("bcc"));
    // Before anything is read or opened.
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        let reason = Reason::NoRecipients.text(pick(lang, "fr", "en"));
        return Err(Fault::field(lang, "to", "message-invalid", reason));
    }
    let most = Limits::default().text_bytes;
    let mut inputs = Inputs::new(lang);
    let mut body = |id: &str| one(id).map(|given| inputs.text(id, given, most)).transpose();
    Ok(Mail {
        from: one("from").cloned(),
        to,
        cc,
        bcc,
        reply_to: list("reply-to"),
        subject: one("subject").cloned().unwrap_or_default(),
        text: body("text")?,
        html: body("html")?,
        ..Mail::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args;

    fn given(arguments: &[&str]) -> Result<Mail, Fault> {
        let matches = args::command(Lang::En)
            .try_get_matches_from([&["relais", "send"], arguments].concat())
            .unwrap();
        let (_, send) = matches.subcommand().unwrap();
        mail(Lang::En, send)
    }

    #[test]
    fn every_field_reaches_the_mail() {
        let to = ["--to", "a@x", "b@x", "--to", "c@x", "--cc", "d@x", "--bcc", "e@x"];
        let rest = [
            "--from",
            "f@x",
            "--reply-to",
            "g@x",
            "--subject",
            "Été",
            "--text",
            "@@t",
            "--html",
            "<p>",
        ];
        let mail = given(&[&to[..], &rest].concat()).unwrap();
        assert_eq!(mail.to, ["a@x", "b@x", "c@x"]);
        assert_eq!((mail.cc, mail.bcc), (vec!["d@x".into()], vec!["e@x".into()]));
        assert_eq!(mail.reply_to, ["g@x"]);
        assert_eq!((mail.from, mail.subject), (Some("f@x".into()), "Été".to_owned()));
        assert_eq!((mail.text, mail.html), (Some("@t".into()), Some("<p>".into())));
    }

    #[test]
    fn an_empty_recipient_list_is_refused_by_the_name_of_its_field() {
        let fault = given(&["--subject", "x"]).unwrap_err();
        assert!(fault.message.starts_with("to: "), "{}", fault.message);
        assert_eq!(fault.status.number(), 2);
    }

    #[test]
    fn a_form_is_as_long_as_it_says() {
        let mut form = Form::new(b"{}").unwrap();
        form.file("file0", &b"abc"[..], 3);
        let (boundary, length) = (form.boundary.clone(), form.length);
        let mut text = String::new();
        form.parts.read_to_string(&mut text).unwrap();
        assert_eq!(text.len() as u64, length);
        assert!(
            text.starts_with(&format!("--{boundary}\r\n")) && text.ends_with("\r\n\r\nabc\r\n"),
            "{text}"
        );
    }
}
