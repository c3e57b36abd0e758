//! What became of a mail of which nobody heard: it is looked for.
//!
//! The threat: a mail that was sent is not found, and sent again. So not finding one settles nothing. Only a draft that Graph
//! confirms to have deleted will not be sent: it is deleted by the id that ends when the draft is moved to the Sent Items, so that
//! what was sent meanwhile is not deleted in its place.
//!
//! The other threat: another mail is taken for this one, which is never sent then. A Message-ID is what its writer says it is: the
//! same mail may have been handed over before, or have come to this mailbox and be passed on. So only a copy counts that came into
//! the Sent Items since the request began, by Graph's own clock.

use std::time::{Duration, Instant};

use relais_sdk::{Failure, Receipt};
use serde::Deserialize;

use crate::errors::Refused;
use crate::graph::{Call, Graph};
use crate::outcome::{reconciled, unknown};
use crate::settings::Sender;
use crate::time;
use crate::url::query;
use crate::wire::{Letter, Response, World};

/// Seconds before each look at what became of a draft: Exchange moves it once its transport has it, which takes a moment.
const LOOKS: [u64; 4] = [1, 2, 4, 8];
/// How far the clocks of Microsoft's servers may be apart, and what is lost in whole seconds.
const APART: i64 = 5;
/// Copies of one Message-ID that are looked at.
const COPIES: u32 = 50;
/// The code of a message that is not there.
const GONE: &str = "ErrorItemNotFound";

/// A draft with all that belongs to it, ready to be sent.
#[derive(Debug)]
pub struct Prepared {
    /// Its address by the id that ends when it is moved.
    pub place: String,
    /// Its address by the id that it keeps.
    pub lasting: String,
    /// Whether it is kept once it is sent.
    pub keep_copy: bool,
}

/// Whether the draft was sent is not sure: it is looked for. A draft that lies there unsent is deleted, which Graph confirms, so
/// that it is not sent later, and the mail can be tried again.
///
/// # Errors
///
/// `why`, where it was not sent; `unknown-outcome` where that did not come to light.
pub fn settle<W: World>(graph: &mut Graph<W>, draft: &Prepared, why: Failure) -> Result<Receipt, Failure> {
    let mut found = Found::Nothing;
    for seconds in LOOKS {
        graph.world.pause(Duration::from_secs(seconds));
        found = look(graph, draft);
        if matches!(found, Found::Sent) {
            return Ok(reconciled());
        }
    }
    if matches!(found, Found::Unsent) {
        match graph.ask(&Call::new("DELETE", draft.place.clone())) {
            Ok(response) if response.status == 204 => {
                let text = format!(
                    "{}; the draft lay there unsent and was deleted, so the mail was not sent",
                    why.text
                );
                return Err(Failure { text, ..why });
            }
            // It was moved just now.
            Ok(response) if response.status == 404 && matches!(look(graph, draft), Found::Sent) => {
                return Ok(reconciled());
            }
            _ => {}
        }
    }
    Err(unknown(&why.text))
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

fn look<W: World>(graph: &mut Graph<W>, draft: &Prepared) -> Found {
    let call = Call::get(format!("{}?$select=isDraft", draft.lasting)).with_immutable_ids();
    let Ok(response) = graph.ask(&call) else {
        return Found::Nothing;
    };
    match (response.status, serde_json::from_slice::<State>(&response.body)) {
        (200, Ok(State { is_draft: false })) => Found::Sent,
        (200, Ok(State { is_draft: true })) => Found::Unsent,
        // It was to be deleted once it was sent. Another 404 is no word on the draft.
        (404, _) if !draft.keep_copy && Refused::of(&response).code == GONE => Found::Sent,
        _ => Found::Nothing,
    }
}

#[derive(Deserialize)]
struct Listed {
    value: Vec<Copied>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Copied {
    created_date_time: String,
}

/// Looks for the copy of a message that was handed over as MIME since `begun`. Finding it settles that it was sent; not finding it
/// settles nothing.
pub fn by_message_id<W: World, L: Letter<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    sender: &Sender,
    letter: &L,
    begun: Instant,
) -> Option<Receipt> {
    // Without the right to read there is nothing to ask.
    if !sender.may_draft {
        return None;
    }
    let id = letter.id().replace('\'', "''");
    let filter = query(&format!("internetMessageId eq '<{id}>'"));
    let url = format!(
        "{}/mailFolders/sentitems/messages?$filter={filter}&$select=createdDateTime&$top={COPIES}",
        sender.base
    );
    for seconds in LOOKS {
        graph.world.pause(Duration::from_secs(seconds));
        let response = graph.ask(&Call::get(url.clone())).ok()?;
        // Where it was not granted there is nothing to wait for.
        if matches!(response.status, 400..=403) {
            return None;
        }
        let since = graph.world.now().saturating_duration_since(begun);
        if response.status == 200 && has_copy_since(&response, since) {
            return Some(reconciled());
        }
    }
    None
}

/// Whether one of the copies came to be within so long before this answer.
fn has_copy_since(response: &Response, since: Duration) -> bool {
    let listed = serde_json::from_slice::<Listed>(&response.body);
    let (Some(now), Ok(listed)) = (time::of_answer(response), listed) else {
        return false;
    };
    let since = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let first = now.saturating_sub(since).saturating_sub(APART);
    let created = |copy: &Copied| time::timestamp(&copy.created_date_time);
    listed.value.iter().filter_map(created).any(|created| created >= first)
}
