//! What became of a mail of which nobody heard: it is looked for.
//!
//! The threat: a mail that was sent is not found, and sent again. So not finding one settles nothing. Only a draft that Graph
//! confirms to have deleted will not be sent: it is deleted by the id that ends when the draft is moved to the Sent Items, so that
//! what was sent meanwhile is not deleted in its place.

use std::time::Duration;

use relais_sdk::{Failure, Receipt};
use serde::Deserialize;

use crate::graph::{Call, Graph};
use crate::outcome::{reconciled, unknown};
use crate::settings::Sender;
use crate::url::query;
use crate::wire::{Letter, World};

/// Seconds before each look at what became of a draft: Exchange moves it once its transport has it, which takes a moment.
const LOOKS: [u64; 4] = [1, 2, 4, 8];

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
        // It was to be deleted once it was sent.
        (404, _) if !draft.keep_copy => Found::Sent,
        _ => Found::Nothing,
    }
}

#[derive(Deserialize)]
struct Listed {
    value: Vec<State>,
}

/// Looks for the copy of a message that was handed over as MIME. Finding it settles that it was sent; not finding it settles
/// nothing.
pub fn by_message_id<W: World, L: Letter<Stream = W::Stream>>(
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
