//! One large attachment, in ranges, taken up where it broke off (`concepts/outlook-large-attachments` of Graph's documentation).
//!
//! The address of an upload is authorised by itself: the account's token never goes there, and the address is a secret that no
//! text of this connector holds.

use std::time::Duration;

use relais_sdk::{Failure, kind};
use serde::Deserialize;

use crate::errors::Refused;
use crate::files;
use crate::graph::{Call, Graph, Unanswered, unanswered, unreadable};
use crate::url::origin;
use crate::wire::{Chunk, File, Request, Response, Stream, World};

/// Files below it are attached by one POST; an upload of less is refused (`ErrorAttachmentSizeShouldNotBeLessThanMinimumSize`). Whether
/// Microsoft's 3 MB are these or [`MEBIBYTES`], no page says: in between, the other way is tried when one is refused.
pub const LEAST_BYTES: u64 = 3_000_000;
/// The larger reading of 3 MB.
pub const MEBIBYTES: u64 = 3 << 20;
/// The largest file that Graph takes: 150 MB.
pub const MOST_BYTES: u64 = 150_000_000;
/// Bytes of one range: a multiple of 320 KiB, below the 4 MB that a request may have.
pub const RANGE_BYTES: u64 = 12 * (320 << 10);

/// How often an upload may break off without a byte more having arrived.
const TRIES: u32 = 5;
/// How often it may break off or fall back in all.
const SETBACKS: u32 = 20;
/// The longest pause that is waited out, in seconds; after a longer one the whole mail is tried again.
pub const PATIENCE: u32 = 60;

/// The code of a file that is too small for an upload.
const TOO_SMALL: &str = "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize";

/// Where Graph takes the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    upload_url: String,
}

/// How far it is.
#[derive(Deserialize)]
struct Progress {
    // Outlook has spelled it with a capital too.
    #[serde(rename = "nextExpectedRanges", alias = "NextExpectedRanges")]
    next: Vec<String>,
}

/// What came of a range.
enum Range {
    /// The remote wants this byte next.
    Next(u64),
    Whole,
    /// It may be asked how far it is, after so many seconds.
    Broken {
        why: Failure,
        wait: u32,
    },
}

/// Attaches the file to the draft at this address.
///
/// # Errors
///
/// It is not attached, and the mail cannot be sent.
pub fn attach<W: World, F: File<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    draft: &str,
    file: &F,
) -> Result<(), Failure> {
    let size = file.size();
    if size < LEAST_BYTES {
        return post(graph, draft, file);
    }
    if size > MOST_BYTES {
        let text = format!("an attachment has {size} bytes, and Microsoft takes {MOST_BYTES} at most");
        return Err(Failure::new(kind::TOO_LARGE, text));
    }
    match open(graph, draft, file)? {
        Some(url) => upload(graph, &url, file, size),
        None => post(graph, draft, file),
    }
}

fn post<W: World, F: File<Stream = W::Stream>>(graph: &mut Graph<W>, draft: &str, file: &F) -> Result<(), Failure> {
    let body = || {
        let mut out = files::Composed::default();
        files::write(file, &mut out);
        Ok(out.done())
    };
    let call = Call::post(format!("{draft}/attachments"), "application/json", &body);
    graph.expect(&call, 201, "an attachment")?;
    Ok(())
}

/// Where the file goes; none where it is too small for an upload after all.
fn open<W: World, F: File<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    draft: &str,
    file: &F,
) -> Result<Option<String>, Failure> {
    let doing = "createUploadSession";
    let item = files::upload(file).to_string().into_bytes();
    let body = || Ok(vec![Chunk::Bytes(item.clone())]);
    let call = Call::post(
        format!("{draft}/attachments/createUploadSession"),
        "application/json",
        &body,
    );
    let response = graph.ask(&call).map_err(|unanswered| unanswered.failure(doing))?;
    match response.status {
        // Documented is 201; either has an address or not.
        200 | 201 => {
            let opened: Opened = serde_json::from_slice(&response.body)
                .map_err(|_| Failure::new(kind::TEMPORARY, "Graph opened an upload and gave no address for it"))?;
            Ok(Some(opened.upload_url))
        }
        _ => {
            let refused = Refused::of(&response);
            if refused.code.eq_ignore_ascii_case(TOO_SMALL) && file.size() < MEBIBYTES {
                return Ok(None);
            }
            Err(refused.failure(doing))
        }
    }
}

/// Sends range after range. The stream is read once; where it was cut, a new one leaves out what the remote has.
fn upload<W: World, F: File<Stream = W::Stream>>(
    graph: &mut Graph<W>,
    url: &str,
    file: &F,
    size: u64,
) -> Result<(), Failure> {
    let world = &mut graph.world;
    let (mut at, mut content) = (0, file.content());
    // In a row without a byte more, and in all.
    let (mut tries, mut setbacks) = (0, 0);
    while at < size {
        let len = RANGE_BYTES.min(size - at);
        let range = content.take(len).map_err(|error| unreadable(&error))?;
        let next = match put(world, url, range, at, len, size)? {
            Range::Whole => return Ok(()),
            Range::Next(next) if next == at + len => {
                (at, tries) = (next, 0);
                continue;
            }
            Range::Next(next) => next,
            Range::Broken { why, wait } => {
                if tries == TRIES || wait > PATIENCE {
                    return Err(why);
                }
                // The first time at once: most often it was the connection.
                world.pause(Duration::from_secs(u64::from(wait.max(tries))));
                match progress(world, url) {
                    Some(Some(next)) => next,
                    // Nothing more is wanted.
                    Some(None) => return Ok(()),
                    // It does not say: the same range again.
                    None => at,
                }
            }
        };
        tries = if next > at { 0 } else { tries + 1 };
        setbacks += 1;
        if next > size || tries > TRIES || setbacks > SETBACKS {
            return Err(Failure::new(kind::TEMPORARY, "an upload did not come forward"));
        }
        at = next;
        content = file.content();
        content.skip(at).map_err(|error| unreadable(&error))?;
    }
    // Every byte is there, and the remote asked for another range.
    Err(Failure::new(
        kind::TEMPORARY,
        "Graph has the whole attachment and does not say that it is attached",
    ))
}

fn put<W: World>(world: &mut W, url: &str, range: W::Stream, at: u64, len: u64, size: u64) -> Result<Range, Failure> {
    let request = Request {
        method: "PUT",
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/octet-stream".to_owned()),
            ("content-range", format!("bytes {at}-{}/{size}", at + len - 1)),
        ],
        body: vec![Chunk::Stream(range)],
    };
    let response = match world.send(request) {
        Ok(response) => response,
        Err(error) => {
            return match unanswered(error, url) {
                Unanswered::NotAsked(failure) if failure.kind != kind::UNREACHABLE => Err(not_granted(failure, url)),
                unanswered => Ok(Range::Broken {
                    why: unanswered.failure("an upload"),
                    wait: 0,
                }),
            };
        }
    };
    Ok(match response.status {
        201 => Range::Whole,
        200 | 202 => match next(&response) {
            Some(Some(next)) => Range::Next(next),
            Some(None) => Range::Whole,
            None => Range::Next(at + len),
        },
        status => {
            let refused = Refused::of(&response);
            let why = refused.failure("an upload");
            let again = matches!(status, 408 | 409 | 416 | 429 | 500..=599);
            if !again {
                return Err(why);
            }
            let usual = if matches!(status, 429 | 503) { 10 } else { 0 };
            Range::Broken {
                why,
                wait: refused.retry_after.unwrap_or(usual),
            }
        }
    })
}

/// Asks how far the upload is: the byte that is wanted next, none where nothing is. Nothing at all where it does not say.
fn progress<W: World>(world: &mut W, url: &str) -> Option<Option<u64>> {
    let request = Request {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept", "application/json".to_owned())],
        body: Vec::new(),
    };
    let response = world.send(request).ok()?;
    (response.status == 200).then(|| next(&response)).flatten()
}

/// `["2097152"]`, or `["2097152-"]`, or with the end of what is missing; empty where nothing is.
fn next(response: &Response) -> Option<Option<u64>> {
    let progress: Progress = serde_json::from_slice(&response.body).ok()?;
    let Some(first) = progress.next.first() else {
        return Some(None);
    };
    let start = first.split('-').next().unwrap_or(first);
    start.trim().parse().ok().map(Some)
}

/// The host reaches only what the manifest names; Microsoft may have moved its uploads elsewhere.
fn not_granted(failure: Failure, url: &str) -> Failure {
    if failure.kind != kind::CONFIGURATION {
        return failure;
    }
    let place = origin(url);
    Failure::new(
        kind::CONFIGURATION,
        format!(
            "{} (Graph wants the attachment at {place}, which is not one of the addresses of this connector: update it, or set \
             `cloud` to `custom` and `upload` to {place})",
            failure.text
        ),
    )
}
