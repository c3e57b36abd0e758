//! A mail that no request holds: a draft, its attachments, and a request that sends it.
//!
//! The threat: a draft that is sent, and is deleted or sent again because an answer said otherwise. So a refusal is believed where
//! nothing before it can have sent the draft; after that it is looked for ([`settle`](crate::settle)). And wherever a draft is
//! deleted, that is by the id with which it was made, which ends when the message is moved to the Sent Items: what was sent is not
//! found by it. The id that lasts only looks.

use std::time::Duration;

use relais_sdk::{Failure, Receipt, kind};
use serde::Deserialize;

use crate::draft::draft;
use crate::files::{self, Composed, with_files};
use crate::graph::{Call, Graph};
use crate::outcome::{Asked, ask, losing, receipt};
use crate::send::{REQUEST_BYTES, SMALL_BYTES};
use crate::settings::Sender;
use crate::settle::{Prepared, settle};
use crate::upload::{self, PATIENCE};
use crate::url::segment;
use crate::wire::{File, Letter, Response, World};

/// How often a throttled `send` of a draft is tried, uploads being dear.
const SENDS: u32 = 3;

/// A draft, its attachments, and then `send`. Until then nothing was sent, and what was prepared is deleted where it fails.
pub fn by_draft<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    keep_copy: bool,
    letter: &L,
) -> Result<Receipt, Failure> {
    if !sender.may_draft {
        let text = format!(
            "the mail ({} bytes) takes a draft, since Graph takes {SMALL_BYTES} bytes in one request, and the account was asked for the right to send alone: send less at once, or set `rights` to `full` and associate the account again",
            letter.size()
        );
        return Err(Failure::new(kind::TOO_LARGE, text));
    }
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
    let prepared = match attach_all(graph, sender, &place, &beside) {
        Ok(lasting) => Prepared {
            place,
            lasting,
            keep_copy,
        },
        Err(failure) => {
            discard(graph, &place);
            return Err(failure);
        }
    };
    let receipt = send_draft(graph, &prepared)?;
    Ok(losing(receipt, described.lost))
}

/// Deletes a draft that was certainly not sent. Where that fails it lies there, and does no harm.
fn discard<W: World>(graph: &mut Graph<W>, place: &str) {
    let _ = graph.ask(&Call::new("DELETE", place.to_owned()));
}

/// The files that fit into the draft's own request, and those that need one each.
fn packed<F: File>(files: &[F], head: u64) -> (Vec<&F>, Vec<&F>) {
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
fn attach_all<W: World, F: File<Stream = W::Stream>>(
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

/// Sends the draft. A draft that was refused is deleted; one that may have been sent stays, for whoever looks into it.
fn send_draft<W: World>(graph: &mut Graph<W>, draft: &Prepared) -> Result<Receipt, Failure> {
    let call = Call::new("POST", format!("{}/send", draft.place));
    let mut sends = 1;
    loop {
        let failure = match ask(graph, &call, "send") {
            Asked::Sent(response) => return Ok(receipt(&response, "draft")),
            Asked::Open(why) => return settle(graph, draft, Failure::new(kind::TEMPORARY, why)),
            // It is cheaper to look than to upload again, and it is certain.
            Asked::TurnedAway(failure) => return settle(graph, draft, failure),
            Asked::Refused(failure) => failure,
        };
        let is_throttled = failure.kind == kind::THROTTLED;
        if sends > 1 && !is_throttled {
            // Not there any more, most often: the try before it may have been taken after all.
            return settle(graph, draft, failure);
        }
        let wait = failure.retry_after.unwrap_or(PATIENCE);
        if !is_throttled || sends == SENDS || wait > PATIENCE {
            discard(graph, &draft.place);
            return Err(failure);
        }
        graph.world.pause(Duration::from_secs(u64::from(wait)));
        sends += 1;
    }
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

fn id_of(response: &Response) -> Option<String> {
    let identified: Identified = serde_json::from_slice(&response.body).ok()?;
    Some(identified.id).filter(|id| !id.is_empty())
}
