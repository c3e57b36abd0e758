//! Tries to place a credential where somebody can read it, or to have the host log in where it should not.

use relais_sdk::credentials;
use relais_sdk::http::{self, Chunk, Field, Request};
use relais_sdk::network::{Connection, Security};
use relais_sdk::{Failure, Message};

use crate::fetch::Upload;
use crate::smtp::{self, Line};
use crate::{Outcome, Settings, told};

/// The handle of the credential for HTTP that the test chose: the key, or an account's token.
fn handle(settings: &Settings) -> Result<String, Failure> {
    credentials::handle(name(settings)).map_err(told)
}

fn name(settings: &Settings) -> &str {
    settings.credential.as_deref().unwrap_or("key")
}

/// The header that the manifest names for it.
fn own_header(settings: &Settings) -> &'static str {
    match name(settings) {
        "token" => "Authorization",
        _ => "X-Api-Key",
    }
}

/// The credential for a login.
fn login(settings: &Settings) -> &'static str {
    match name(settings) {
        "token" => "mail",
        _ => "login",
    }
}

pub(crate) fn in_greeting(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    Err(told(line.command(&format!("EHLO {}", handle(settings)?))))
}

pub(crate) fn in_mail(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    Err(told(
        line.command(&format!("MAIL FROM:<{}@example.org>", handle(settings)?)),
    ))
}

pub(crate) fn in_rcpt(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.command("EHLO hostile.example")?;
    line.command("MAIL FROM:<hostile@example.org>")?;
    Err(told(
        line.command(&format!("RCPT TO:<{}@example.org>", handle(settings)?)),
    ))
}

pub(crate) fn in_data(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.envelope(&["mailbox@example.org".to_owned()])?;
    Err(told(line.command(&format!("Subject: {}\r\n\r\n.", handle(settings)?))))
}

/// Cut so small that no write holds it, and deaf to refusals.
pub(crate) fn byte_by_byte(settings: &Settings) -> Outcome {
    let connection = Connection::connect(&settings.host, settings.port, Security::Plain).map_err(told)?;
    let output = connection.output().map_err(told)?;
    let mut answers = Vec::new();
    for byte in handle(settings)?.bytes() {
        answers.extend(output.write(&[byte]).err());
    }
    Err(told(answers))
}

/// Cut in two; the second half is tried again after it was refused.
pub(crate) fn the_rest_twice(settings: &Settings) -> Outcome {
    let connection = Connection::connect(&settings.host, settings.port, Security::Plain).map_err(told)?;
    let output = connection.output().map_err(told)?;
    let handle = handle(settings)?;
    let (first, rest) = handle.split_at(20);
    let answers = [first, rest, rest].map(|part| output.write(part.as_bytes()));
    Err(told(answers))
}

/// What the manifest says, and so the one way that works.
pub(crate) fn in_its_own_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", own_header(settings), &handle(settings)?, &[])
}

pub(crate) fn in_another_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", "X-Other", &handle(settings)?, &[])
}

pub(crate) fn in_a_part_of_a_header(settings: &Settings) -> Outcome {
    exchange(
        &settings.url,
        "POST",
        "",
        own_header(settings),
        &format!("key {}", handle(settings)?),
        &[],
    )
}

pub(crate) fn as_a_header_name(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", &handle(settings)?, "1", &[])
}

pub(crate) fn as_a_method(settings: &Settings) -> Outcome {
    exchange(&settings.url, &handle(settings)?, "", "X-Other", "1", &[])
}

/// Its own header, by a method whose answer is the request.
pub(crate) fn by_trace(settings: &Settings) -> Outcome {
    exchange(
        &settings.url,
        "TRACE",
        "",
        own_header(settings),
        &handle(settings)?,
        &[],
    )
}

pub(crate) fn in_a_url(settings: &Settings) -> Outcome {
    exchange(
        &settings.url,
        "POST",
        &format!("?key={}", handle(settings)?),
        "X-Other",
        "1",
        &[],
    )
}

pub(crate) fn in_a_body(settings: &Settings) -> Outcome {
    let body = format!("{{\"key\":\"{}\"}}", handle(settings)?);
    exchange(&settings.url, "POST", "", "X-Other", "1", &[&body])
}

pub(crate) fn across_pieces_of_a_body(settings: &Settings) -> Outcome {
    let handle = handle(settings)?;
    let (first, rest) = handle.split_at(20);
    exchange(&settings.url, "POST", "", "X-Other", "1", &[first, rest])
}

/// Another host that is granted, and that the credential is not for.
pub(crate) fn towards_another_host(settings: &Settings) -> Outcome {
    exchange(
        &settings.other_url,
        "POST",
        "",
        own_header(settings),
        &handle(settings)?,
        &[],
    )
}

pub(crate) fn crlf_in_a_header(settings: &Settings) -> Outcome {
    exchange(&settings.url, "POST", "", "X-Other", "1\r\nX-Smuggled: 1", &[])
}

/// Its own header, as `fetch` sets one.
pub(crate) fn by_fetch(settings: &Settings) -> Outcome {
    let url = settings.url.as_deref().unwrap_or_default();
    let header = (own_header(settings), handle(settings)?);
    Err(told(Upload::begin(url, Some(header)).and_then(Upload::finish)))
}

/// What a library that follows redirects does.
pub(crate) fn along_a_redirect(settings: &Settings) -> Outcome {
    let own = Field {
        name: own_header(settings).to_owned(),
        value: handle(settings)?,
    };
    let get = |url: &str| Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![own.clone()],
        body: Vec::new(),
    };
    let answer = http::send(&get(settings.url.as_deref().unwrap_or_default())).map_err(told)?;
    let location = answer.headers.iter().find(|field| field.name == "location");
    let location = location.ok_or_else(|| told("no redirect"))?;
    Err(told(http::send(&get(&location.value)).map(|response| response.status)))
}

/// In its own header, and once more after a refusal.
pub(crate) fn again_after_a_refusal(settings: &Settings) -> Outcome {
    let answers = [(); 2].map(|()| in_its_own_header(settings).map_err(|failure| failure.text));
    Err(told(answers))
}

/// What the host tells of it.
pub(crate) fn described(settings: &Settings) -> Outcome {
    Err(told(credentials::describe(name(settings))))
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
    Err(told(line.at_rest().authenticate(login(settings))))
}

/// Where the login would become part of a mail.
pub(crate) fn login_in_data(settings: &Settings) -> Outcome {
    let line = Line::open(settings)?;
    line.envelope(&["mailbox@example.org".to_owned()])?;
    Err(told(line.at_rest().authenticate(login(settings))))
}

pub(crate) fn login_after_data(settings: &Settings, message: &Message) -> Outcome {
    let line = smtp::deliver(settings, message)?;
    line.reply()?;
    Err(told(line.at_rest().authenticate(login(settings))))
}
