//! One message: by `sendMail` where it is small, as a draft with uploads where it is not.
//!
//! The threat: a message sent twice, or lost and called sent. Only 202 means that Graph took it (`api-reference/user-sendmail` and
//! `message-send` of its documentation); another success, a gateway's answer or silence after a request that sends leaves open
//! what became of it, and is settled by looking, or not at all. Before that request nothing can have been sent.

use relais_sdk::{Failure, Receipt, kind};

use crate::draft::draft;
use crate::files::{self, Composed, with_files};
use crate::graph::{Call, Graph};
use crate::large::by_draft;
use crate::outcome::{Asked, ask, losing, receipt, unknown};
use crate::settings::{Access, Sender};
use crate::settle::by_message_id;
use crate::wire::{Chunk, Letter, World};

/// Bytes of a MIME that goes by `sendMail`. Graph takes 4 MB in a request (“The maximum request length supported is 4MB”), which
/// may be 4,000,000, and base64 makes four bytes of three. In 2021 somebody saw 200 instead of 202 above 2,240 kB: such an
/// answer is not taken for success.
pub const SMALL_BYTES: u64 = 3_000_000;
/// Bytes of a request in JSON.
pub const REQUEST_BYTES: u64 = SMALL_BYTES / 3 * 4;
/// Bytes that each recipient may add to the header when To, Cc and Bcc become the envelope, beside its address.
const RECIPIENT_BYTES: u64 = 8;

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
    let begun = graph.world.now();
    match ask(graph, &call, "sendMail") {
        Asked::Sent(response) => Ok(receipt(&response, "mime")),
        Asked::Refused(failure) | Asked::TurnedAway(failure) => Err(failure),
        Asked::Open(why) => by_message_id(graph, sender, letter, begun).ok_or_else(|| unknown(&why)),
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
        Asked::Refused(failure) | Asked::TurnedAway(failure) => Err(failure),
        Asked::Open(why) => Err(unknown(&why)),
    }
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
