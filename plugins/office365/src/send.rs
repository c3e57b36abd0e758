//! One message: by `sendMail` where it is small, as a draft with uploads where it is not.
//!
//! The threat: a message sent twice, or lost and called sent. Only 202 means that Graph took it (`api-reference/user-sendmail` and
//! `message-send` of its documentation); another success, a gateway's answer or silence after a request that sends leaves open
//! what became of it, and is settled by looking, or not at all. Before that request nothing can have been sent.

use std::time::Duration;

use relais_sdk::{Failure, Receipt, kind};
use serde::Deserialize;

use crate::draft::draft;
use crate::errors::{Refused, header};
use crate::files::{self, Composed, with_files};
use crate::graph::{Call, Graph, Unanswered};
use crate::settings::{Access, Sender};
use crate::upload::{self, PATIENCE};
use crate::url::{query, segment};
use crate::wire::{Chunk, Letter, Response, StreamError, World};

/// Bytes of a MIME that goes by `sendMail`. Graph takes 4 MB in a request (“The maximum request length supported is 4MB”), which
/// may be 4,000,000, and base64 makes four bytes of three. In 2021 somebody saw 200 instead of 202 above 2,240 kB: such an
/// answer is not taken for success.
pub const SMALL_BYTES: u64 = 3_000_000;
/// Bytes of a request in JSON.
const REQUEST_BYTES: u64 = SMALL_BYTES / 3 * 4;
/// Bytes that each recipient may add to the header when To, Cc and Bcc become the envelope, beside its address.
const RECIPIENT_BYTES: u64 = 8;

/// Seconds before each look at what became of a draft: Exchange moves it once its transport has it, which takes a moment.
const LOOKS: [u64; 4] = [1, 2, 4, 8];
/// How often a throttled `send` of a draft is tried, uploads being dear.
const SENDS: u32 = 3;

/// What became of a request that may have sent the message.
enum Asked {
    Sent(Response),
    /// It was not sent.
    Refused(Failure),
    /// Nobody knows yet.
    Open(String),
}

/// Sends one message from a mailbox, with a copy in its Sent Items or without.
///
/// # Errors
///
/// Nobody received it, or nobody knows: `unknown-outcome`.
pub fn send<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    keep_copy: bool,
    letter: &L,
) -> Result<Receipt, Failure> {
    let sent = if mime_bytes(letter) > SMALL_BYTES {
        by_draft(graph, sender, keep_copy, letter)
    } else if keep_copy {
        by_mime(graph, sender, letter)
    } else {
        by_json(graph, sender, letter)
    };
    sent.map_err(|failure| explained(failure, sender, letter))
}

/// Bytes of the MIME with the envelope in its header, or a few more.
fn mime_bytes(letter: &impl Letter) -> u64 {
    let recipients = letter.recipients();
    let header: u64 = recipients
        .iter()
        .map(|email| email.len() as u64 + RECIPIENT_BYTES)
        .sum();
    letter.size().saturating_add(header)
}

/// As it is, so that what was written is what leaves. Graph always keeps a copy of MIME.
fn by_mime<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    letter: &L,
) -> Result<Receipt, Failure> {
    let body = || Ok(vec![Chunk::Stream(letter.mime()?)]);
    let call = Call::post(format!("{}/sendMail", sender.base), "text/plain", &body);
    match ask(graph, &call, "sendMail") {
        Asked::Sent(response) => Ok(receipt(&response, "mime")),
        Asked::Refused(failure) => Err(failure),
        Asked::Open(why) => by_message_id(graph, sender, letter).ok_or_else(|| unknown(&why)),
    }
}

/// Field by field: `sendMail` has a switch for the copy there. Files that do not fit into one request need a draft.
fn by_json<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    letter: &L,
) -> Result<Receipt, Failure> {
    let files = letter.files();
    let described = draft(letter, true);
    let head = serde_json::Value::Object(described.message.clone()).to_string().len() as u64 + 100;
    if files.iter().map(files::written_size).fold(head, u64::saturating_add) > REQUEST_BYTES {
        return by_draft(graph, sender, false, letter);
    }
    let all: Vec<&L::File> = files.iter().collect();
    let body = || {
        let mut out = Composed::default();
        out.text("{\"message\":");
        with_files(&described.message, &all, &mut out);
        out.text(",\"saveToSentItems\":false}");
        Ok(out.done())
    };
    let call = Call::post(format!("{}/sendMail", sender.base), "application/json", &body);
    match ask(graph, &call, "sendMail") {
        Asked::Sent(response) => Ok(losing(receipt(&response, "json"), described.lost)),
        Asked::Refused(failure) => Err(failure),
        Asked::Open(why) => Err(unknown(&why)),
    }
}

/// A draft, its attachments, and then `send`. Until then nothing was sent, and what was prepared is deleted where it fails.
fn by_draft<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    keep_copy: bool,
    letter: &L,
) -> Result<Receipt, Failure> {
    let files = letter.files();
    let described = draft(letter, keep_copy);
    let head = serde_json::Value::Object(described.message.clone()).to_string().len() as u64;
    if head > REQUEST_BYTES {
        let text = format!("the text alone has {head} bytes, and Graph takes {REQUEST_BYTES} in a request");
        return Err(Failure::new(kind::TOO_LARGE, text));
    }
    let (inside, beside) = packed(&files, head);
    let body = || {
        let mut out = Composed::default();
        with_files(&described.message, &inside, &mut out);
        Ok(out.done())
    };
    let call = Call::post(format!("{}/messages", sender.base), "application/json", &body);
    let response = graph.expect(&call, 201, "a draft")?;
    let id =
        id_of(&response).ok_or_else(|| Failure::new(kind::TEMPORARY, "Graph made a draft and gave no id for it"))?;
    let place = format!("{}/messages/{}", sender.base, segment(&id));
    let prepared = attach_all(graph, sender, &place, &beside);
    let sent = prepared.and_then(|lasting| send_draft(graph, &place, &lasting, keep_copy));
    match sent {
        Ok(receipt) => Ok(losing(receipt, described.lost)),
        Err(failure) => {
            // What may have been sent stays, for whoever looks into it.
            if failure.kind != kind::UNKNOWN_OUTCOME {
                let _ = graph.ask(&Call::new("DELETE", place));
            }
            Err(failure)
        }
    }
}

/// The files that fit into the draft's own request, and those that need one each.
fn packed<F: crate::wire::File>(files: &[F], head: u64) -> (Vec<&F>, Vec<&F>) {
    let (mut room, mut inside, mut beside) = (REQUEST_BYTES.saturating_sub(head), Vec::new(), Vec::new());
    for file in files {
        let size = files::written_size(file);
        if size <= room {
            room -= size;
            inside.push(file);
        } else {
            beside.push(file);
        }
    }
    (inside, beside)
}

/// Attaches what is left, and answers the draft's address by the id that it keeps when it is moved to the Sent Items.
fn attach_all<W: World, F: crate::wire::File<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    place: &str,
    files: &[&F],
) -> Result<String, Failure> {
    for file in files {
        upload::attach(graph, place, *file)?;
    }
    let call = Call::get(format!("{place}?$select=id")).with_immutable_ids();
    let response = graph.expect(&call, 200, "the draft's id")?;
    let id = id_of(&response).ok_or_else(|| Failure::new(kind::TEMPORARY, "Graph gave no lasting id for a draft"))?;
    Ok(format!("{}/messages/{}", sender.base, segment(&id)))
}

/// Sends the draft at this address, whose id ends when it is moved; `lasting` is it by the one that does not.
fn send_draft<W: World>(graph: &mut Graph<W>, place: &str, lasting: &str, keep_copy: bool) -> Result<Receipt, Failure> {
    let call = Call::new("POST", format!("{place}/send"));
    let mut sends = 1;
    loop {
        let why = match ask(graph, &call, "send") {
            Asked::Sent(response) => return Ok(receipt(&response, "draft")),
            Asked::Open(why) => why,
            Asked::Refused(failure) => {
                let wait = failure.retry_after.unwrap_or(PATIENCE);
                if failure.kind != kind::THROTTLED || sends == SENDS || wait > PATIENCE {
                    return Err(failure);
                }
                graph.world.pause(Duration::from_secs(u64::from(wait)));
                sends += 1;
                continue;
            }
        };
        return settle(graph, place, lasting, keep_copy, &why);
    }
}

/// Nobody heard whether the draft was sent: it is looked for. A draft that lies there unsent is deleted, which Graph confirms, so
/// that it is not sent later, and the mail can be tried again.
fn settle<W: World>(
    graph: &mut Graph<W>,
    place: &str,
    lasting: &str,
    keep_copy: bool,
    why: &str,
) -> Result<Receipt, Failure> {
    let mut found = Found::Nothing;
    for seconds in LOOKS {
        graph.world.pause(Duration::from_secs(seconds));
        found = look(graph, lasting, keep_copy);
        if matches!(found, Found::Sent) {
            return Ok(reconciled());
        }
    }
    if matches!(found, Found::Unsent) {
        match graph.ask(&Call::new("DELETE", place.to_owned())) {
            Ok(response) if response.status == 204 => {
                let text = format!("{why}; the draft lay there unsent and was deleted, so the mail was not sent");
                return Err(Failure::new(kind::TEMPORARY, text));
            }
            // It was moved just now.
            Ok(response) if response.status == 404 && matches!(look(graph, lasting, keep_copy), Found::Sent) => {
                return Ok(reconciled());
            }
            _ => {}
        }
    }
    Err(unknown(why))
}

enum Found {
    Sent,
    Unsent,
    Nothing,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    is_draft: bool,
}

fn look<W: World>(graph: &mut Graph<W>, lasting: &str, keep_copy: bool) -> Found {
    let call = Call::get(format!("{lasting}?$select=isDraft")).with_immutable_ids();
    let Ok(response) = graph.ask(&call) else {
        return Found::Nothing;
    };
    match (response.status, serde_json::from_slice::<State>(&response.body)) {
        (200, Ok(State { is_draft: false })) => Found::Sent,
        (200, Ok(State { is_draft: true })) => Found::Unsent,
        // It was to be deleted once it was sent.
        (404, _) if !keep_copy => Found::Sent,
        _ => Found::Nothing,
    }
}

#[derive(Deserialize)]
struct Listed {
    value: Vec<State>,
}

/// Looks for the copy of a message that was handed over as MIME. Finding it settles that it was sent; not finding it settles
/// nothing.
fn by_message_id<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    letter: &L,
) -> Option<Receipt> {
    let id = letter.id().replace('\'', "''");
    let filter = query(&format!("internetMessageId eq '<{id}>'"));
    let url = format!("{}/messages?$filter={filter}&$select=isDraft", sender.base);
    for seconds in LOOKS {
        graph.world.pause(Duration::from_secs(seconds));
        let response = graph.ask(&Call::get(url.clone())).ok()?;
        // Without the right to read there is nothing to wait for.
        if matches!(response.status, 400..=403) {
            return None;
        }
        let listed = serde_json::from_slice::<Listed>(&response.body);
        if response.status == 200 && listed.is_ok_and(|listed| listed.value.iter().any(|state| !state.is_draft)) {
            return Some(reconciled());
        }
    }
    None
}

/// A request that sends.
fn ask<W: World>(graph: &mut Graph<W>, call: &Call<'_, W::Stream>, doing: &str) -> Asked {
    match graph.ask(call) {
        Err(Unanswered::NotAsked(failure)) => Asked::Refused(failure),
        Err(Unanswered::Unheard(why)) => Asked::Open(why),
        // Even with `Retry-After` beside it: what was accepted is not sent again.
        Ok(response) if response.status == 202 => Asked::Sent(response),
        Ok(response) => {
            let refused = Refused::of(&response);
            if refused.is_final() {
                return Asked::Refused(refused.failure(doing));
            }
            let code = format!("{} {}", refused.status, refused.code);
            let asked_for = if (200..300).contains(&response.status) {
                ", and not 202"
            } else {
                ""
            };
            Asked::Open(format!("Microsoft answered {}{asked_for} to {doing}", code.trim_end()))
        }
    }
}

fn unknown(why: &str) -> Failure {
    let text = format!("{why}: the mail may have been accepted");
    Failure::new(kind::UNKNOWN_OUTCOME, text)
}

fn receipt(response: &Response, how: &str) -> Receipt {
    let mut details = vec![("sent-by".to_owned(), how.to_owned())];
    if let Some(id) = header(response, "request-id") {
        details.push(("request-id".to_owned(), id.to_owned()));
    }
    Receipt {
        id: None,
        text: format!("{} Accepted", response.status),
        refused: Vec::new(),
        details,
    }
}

/// It was found among what was sent.
fn reconciled() -> Receipt {
    Receipt {
        id: None,
        text: "no answer, and found among what was sent".to_owned(),
        refused: Vec::new(),
        details: vec![("reconciled".to_owned(), "true".to_owned())],
    }
}

fn losing(mut receipt: Receipt, lost: Vec<String>) -> Receipt {
    if !lost.is_empty() {
        receipt
            .details
            .push(("header-fields-left-out".to_owned(), lost.join(", ")));
    }
    receipt
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

fn id_of(response: &Response) -> Option<String> {
    let identified: Identified = serde_json::from_slice(&response.body).ok()?;
    Some(identified.id).filter(|id| !id.is_empty())
}

/// Who is to act depends on whose address it is that the account may not use: the mailbox of the instance concerns every mail, any
/// other only this one.
fn explained(failure: Failure, sender: &Sender, letter: &impl Letter) -> Failure {
    let denied = failure
        .code
        .as_deref()
        .is_some_and(|code| code.ends_with("ErrorSendAsDenied"));
    let own = sender
        .mailbox
        .as_deref()
        .is_some_and(|own| own.eq_ignore_ascii_case(&letter.from().email));
    if denied && own && sender.access != Access::Own {
        return Failure {
            kind: kind::CONFIGURATION.to_owned(),
            ..failure
        };
    }
    failure
}

/// What `sendMail` needs of a stream that cannot be read.
impl From<StreamError> for Unanswered {
    fn from(error: StreamError) -> Self {
        Self::NotAsked(crate::graph::unreadable(&error))
    }
}
