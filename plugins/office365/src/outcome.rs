//! What became of a request that sends.
//!
//! Only 202 is success. An answer that is Graph's own word on the request is a refusal; a gateway's, a fault in the middle of it
//! or silence is neither, and leaves open what became of the mail.

use relais_sdk::{Failure, Receipt, kind};

use crate::errors::{Refused, header};
use crate::graph::{Call, Graph, Unanswered};
use crate::wire::{Response, World};

/// What became of a request that may have sent the message.
pub enum Asked {
    Sent(Response),
    /// It was not sent, by Graph's own word.
    Refused(Failure),
    /// It was not sent, says something before Graph that is overloaded: 503 means that the request was not handled (RFC 9110 section
    /// 15.6.4). Where that can be looked into, it is.
    TurnedAway(Failure),
    /// Nobody knows yet.
    Open(String),
}

/// A request that sends.
pub fn ask<W: World>(graph: &mut Graph<W>, call: &Call<'_, W::Stream>, doing: &str) -> Asked {
    match graph.ask(call) {
        Err(Unanswered::NotAsked(failure)) => Asked::Refused(failure),
        Err(Unanswered::Unheard(why)) => Asked::Open(why),
        // Even with `Retry-After` beside it: what was accepted is not sent again.
        Ok(response) if response.status == 202 => Asked::Sent(response),
        Ok(response) => {
            let refused = Refused::of(&response);
            if refused.is_turned_away() {
                return Asked::TurnedAway(refused.failure(doing));
            }
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

pub fn unknown(why: &str) -> Failure {
    let text = format!("{why}: the mail may have been accepted; find out whether it arrived before it is sent again");
    Failure::new(kind::UNKNOWN_OUTCOME, text)
}

pub fn receipt(response: &Response, how: &str) -> Receipt {
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

/// There was no answer that settles it, and it was found among what was sent.
pub fn reconciled() -> Receipt {
    Receipt {
        id: None,
        text: "no sure answer, and found among what was sent".to_owned(),
        refused: Vec::new(),
        details: vec![("reconciled".to_owned(), "true".to_owned())],
    }
}

pub fn losing(mut receipt: Receipt, lost: Vec<String>) -> Receipt {
    if !lost.is_empty() {
        receipt
            .details
            .push(("header-fields-left-out".to_owned(), lost.join(", ")));
    }
    receipt
}
