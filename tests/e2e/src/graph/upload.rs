//! The host of uploads: ranges in their order, kept as far as they came (`concepts/outlook-large-attachments` of Graph's
//! documentation).

use serde_json::{Value, json};

use super::Shared;
use super::answer::{Answer, error, value};
use super::serve::Asked;

/// The smallest file (3 MB, read as what a mail system would take them for), and the largest.
const LEAST_BYTES: usize = 3 << 20;
const MOST_BYTES: usize = 150 << 20;
/// Every range but the last is a multiple of it.
const STEP: usize = 320 << 10;

/// A file on its way.
#[derive(Debug)]
pub(super) struct Session {
    mailbox: String,
    draft: String,
    name: String,
    size: usize,
    bytes: Vec<u8>,
}

pub(super) fn open(shared: &Shared, asked: &Asked, mailbox: &str, id: &str) -> Answer {
    let json: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let item = &json["AttachmentItem"];
    let (Some(name), Some(size)) = (item["name"].as_str(), item["size"].as_u64()) else {
        return error(400, "BadRequest");
    };
    if item["attachmentType"] != "file" {
        return error(400, "BadRequest");
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut state = shared.state();
    if state.find_draft(mailbox, id).is_none() {
        return error(404, "ErrorItemNotFound");
    }
    if size < LEAST_BYTES {
        return error(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize");
    }
    if size > MOST_BYTES || !state.fits(mailbox, id, size) {
        return error(400, "ErrorMessageSizeExceeded");
    }
    let number = state.number();
    let session = Session {
        mailbox: mailbox.to_owned(),
        draft: id.to_owned(),
        name: name.to_owned(),
        size,
        bytes: Vec::new(),
    };
    state.sessions.insert(number, session);
    let url = format!(
        "{}/api/gv1.0/users('u')/messages('m')/AttachmentSessions('{number}')?authtoken=eyJ{number}",
        shared.uploads
    );
    value(
        201,
        &json!({ "uploadUrl": url, "expirationDateTime": "2026-11-29T10:00:00Z", "nextExpectedRanges": ["0-"] }),
    )
}

pub(super) fn answer(shared: &Shared, asked: &Asked) -> Answer {
    let Some(number) = number_of(asked) else {
        return error(404, "ErrorItemNotFound");
    };
    let mut state = shared.state();
    let Some(session) = state.sessions.get_mut(&number) else {
        return error(404, "ErrorItemNotFound");
    };
    if asked.method == "GET" {
        return progress(session);
    }
    if asked.method != "PUT" {
        return error(405, "BadRequest");
    }
    let Some((from, to, size)) = range_of(asked) else {
        return error(400, "BadRequest");
    };
    let last = to + 1 == size;
    let fits =
        size == session.size && asked.body.len() == to + 1 - from && (last || asked.body.len().is_multiple_of(STEP));
    if !fits {
        return error(400, "BadRequest");
    }
    if from != session.bytes.len() {
        return error(416, "ErrorInvalidRange");
    }
    session.bytes.extend_from_slice(&asked.body);
    if session.bytes.len() < session.size {
        return progress(session);
    }
    let Some(session) = state.sessions.remove(&number) else {
        return error(404, "ErrorItemNotFound");
    };
    match state.attach(&session.mailbox, &session.draft, (session.name, session.bytes)) {
        true => value(201, &json!({})),
        false => error(400, "ErrorMessageSizeExceeded"),
    }
}

/// Keeps what came of a range before its connection was cut.
pub(super) fn keep(shared: &Shared, asked: &Asked) {
    let (Some(number), Some((from, ..))) = (number_of(asked), range_of(asked)) else {
        return;
    };
    let mut state = shared.state();
    if let Some(session) = state.sessions.get_mut(&number)
        && from == session.bytes.len()
    {
        let whole = asked.body.len() - asked.body.len() % STEP;
        session.bytes.extend_from_slice(&asked.body[..whole]);
    }
}

fn progress(session: &Session) -> Answer {
    let next = format!("{}-", session.bytes.len());
    value(
        200,
        &json!({ "expirationDateTime": "2026-11-29T10:00:00Z", "nextExpectedRanges": [next] }),
    )
}

/// The session that the address names, where its token is the one that was given with it.
fn number_of(asked: &Asked) -> Option<u64> {
    let (_, after) = asked.path.split_once("AttachmentSessions('")?;
    let number: u64 = after.strip_suffix("')")?.parse().ok()?;
    (asked.query == format!("authtoken=eyJ{number}")).then_some(number)
}

/// `bytes 0-9/10`: from, to and size.
fn range_of(asked: &Asked) -> Option<(usize, usize, usize)> {
    let range = asked.content_range.as_deref()?.strip_prefix("bytes ")?;
    let (range, size) = range.split_once('/')?;
    let (from, to) = range.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?, size.parse().ok()?))
}
