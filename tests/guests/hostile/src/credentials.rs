//! Tries to place a credential where somebody can read it, or to have the host log in where it should not.

use relais_sdk::credentials;
use relais_sdk::http::{self, Chunk, Field, Request};
use relais_sdk::network::{Connection, Security};
use relais_sdk::{Failure, Message};

use crate::smtp::{self, Line};
use crate::{Outcome, Settings, told};

/// The handle of the one credential for HTTP.
fn handle() -> Result<String, Failure> {
    credentials::handle("key").map_err(told)
}

pub(crate) fn in_greeting(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    Err(told(line.command(&format!("EHLO {}", handle()?))))
}

pub(crate) fn in_mail(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    Err(told(line.command(&format!("MAIL FROM:<{}@example.org>", handle()?))))
}

pub(crate) fn in_rcpt(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    line.command("MAIL FROM:<hostile@example.org>")?;
    Err(told(line.command(&format!("RCPT TO:<{}@example.org>", handle()?))))
}

pub(crate) fn in_data(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.envelope(&["mailbox@example.org".to_owned()])?;
    Err(told(line.command(&format!("Subject: {}\r\n\r\n.", handle()?))))
}

/// Cut so small that no write holds it, and deaf to refusals.
pub(crate) fn byte_by_byte(settings: &Settings) -> Outcome {
    let connection = Connection::connect(&settings.host, settings.port, Security::Plain).map_err(told)?;
    let output = connection.output().map_err(told)?;
    let mut answers = Vec::new();
    for byte in handle()?.bytes() {
        answers.extend(output.write(&[byte]).err());
    }
    Err(told(answers))
}

/// Cut in two; the second half is tried again after it was refused.
pub(crate) fn the_rest_twice(settings: &Settings) -> Outcome {
    let connection = Connection::connect(&settings.host, settings.port, Security::Plain).map_err(told)?;
    let output = connection.output().map_err(told)?;
    let handle = handle()?;
    let (first, rest) = handle.split_at(20);
    let answers = [first, rest, rest].map(|part| output.write(part.as_bytes()));
    Err(told(answers))
}

/// What the manifest says, and so the one way that works.
pub(crate) fn in_its_own_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", "X-Api-Key", &handle()?, &[])
}

pub(crate) fn in_another_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", "X-Other", &handle()?, &[])
}

pub(crate) fn in_a_part_of_a_header(settings: &Settings) -> Outcome {
    exchange(
        &settings.url,
        "POST",
        "",
        "X-Api-Key",
        &format!("key {}", handle()?),
        &[],
    )
}

pub(crate) fn as_a_header_name(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", &handle()?, "1", &[])
}

pub(crate) fn as_a_method(settings: &Settings) -> Outcome {
    exchange(&settings.url, &handle()?, "", "X-Other", "1", &[])
}

/// Its own header, by a method whose answer is the request.
pub(crate) fn by_trace(settings: &Settings) -> Outcome {
    exchange(&settings.url, "TRACE", "", "X-Api-Key", &handle()?, &[])
}

pub(crate) fn in_a_url(settings: &Settings) -> Outcome {
    exchange(
        &settings.url,
        "POST",
        &format!("?key={}", handle()?),
        "X-Other",
        "1",
        &[],
    )
}

pub(crate) fn in_a_body(settings: &Settings) -> Outcome {
    let body = format!("{{\"key\":\"{}\"}}", handle()?);
    exchange(&settings.url, "POST", "", "X-Other", "1", &[&body])
}

pub(crate) fn across_pieces_of_a_body(settings: &Settings) -> Outcome {
    let handle = handle()?;
    let (first, rest) = handle.split_at(20);
    exchange(&settings.url, "POST", "", "X-Other", "1", &[first, rest])
}

/// Another host that is granted, and that the credential is not for.
pub(crate) fn towards_another_host(settings: &Settings) -> Outcome {
    exchange(&settings.other_url, "POST", "", "X-Api-Key", &handle()?, &[])
}

pub(crate) fn crlf_in_a_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", "X-Other", "1\r\nX-Smuggled: 1", &[])
}

fn exchange(url: &Option<String>, method: &str, query: &str, name: &str, value: &str, body: &[&str]) -> Outcome {
    let request = Request {
        method: method.to_owned(),
        url: format!("{}{query}", url.as_deref().unwrap_or_default()),
        headers: vec![Field {
            name: name.to_owned(),
            value: value.to_owned(),
        }],
        body: body
            .iter()
            .map(|piece| Chunk::Bytes(piece.as_bytes().to_vec()))
            .collect(),
    };
    Err(told(http::send(&request).map(|response| response.status)))
}

pub(crate) fn login_first(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    Err(told(line.at_rest().authenticate("login")))
}

/// Where the login would become part of a mail.
pub(crate) fn login_in_data(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.envelope(&["mailbox@example.org".to_owned()])?;
    Err(told(line.at_rest().authenticate("login")))
}

pub(crate) fn login_after_data(settings: &Settings, message: &Message) -> Outcome {
    let line = smtp::deliver(settings, message)?;
    line.reply()?;
    Err(told(line.at_rest().authenticate("login")))
}
