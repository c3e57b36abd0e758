//! Hands a message to the daemon's socket for senders.

use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use relais_manifest::Lang;
use relais_router::WorkspaceName;
use relais_server::api::problem::Problem;
use serde::Deserialize;
use tokio::time::timeout;

use super::input::Input;
use super::sysexits::Exit;
use crate::client::{Path as ApiPath, language};
use crate::dropbox::Envelope;
use crate::socket;
use crate::streamed::Streamed;
use crate::texts::sendmail as say;

/// How long the daemon may take in all: it reads from this machine and writes to its disk.
const PATIENCE: Duration = Duration::from_secs(60);
const ANSWER_BYTES: usize = 1 << 20;
/// Bytes of an address at most: the server reads a head of 64 KiB, and `http` no longer address.
const ADDRESS_BYTES: usize = 60_000;

/// What came of it.
#[derive(Debug)]
pub enum Handed {
    /// Safe.
    Accepted { id: String },
    /// The caller is to be told, and nothing to be tried further.
    Refused { exit: Exit, text: String },
    /// Nobody answered, or the daemon cannot take it now and said so: the drop folder may.
    Later { told: Option<String> },
}

#[derive(Deserialize)]
struct Accepted {
    id: String,
}

/// Hands the message over. A lost answer is no loss and no duplicate: the key is the same in the drop folder.
pub async fn over(lang: Lang, socket: &Path, ws: &WorkspaceName, envelope: &Envelope, input: &Input) -> Handed {
    let later = Handed::Later { told: None };
    let Ok(request) = request(lang, ws, envelope, input) else {
        return later;
    };
    let exchange = async {
        let answer = socket::exchange(socket, request).await.ok()?;
        told(answer).await
    };
    let Ok(Some((status, body))) = timeout(PATIENCE, exchange).await else {
        return later;
    };
    if status.is_success() {
        return match serde_json::from_slice::<Accepted>(&body) {
            Ok(Accepted { id }) => Handed::Accepted { id },
            Err(_) => later,
        };
    }
    let problem = serde_json::from_slice::<Problem>(&body).ok();
    let text = problem.map_or_else(|| say::status(lang, status.as_u16()), |problem| problem.detail);
    match exit(status) {
        Exit::TryAgain => Handed::Later { told: Some(text) },
        exit => Handed::Refused { exit, text },
    }
}

/// Whether the envelope fits into the address of a request, by which it goes over the socket and out of the drop folder.
pub fn fits(ws: &WorkspaceName, envelope: &Envelope) -> bool {
    path(envelope).uri(ws.as_str()).len() <= ADDRESS_BYTES
}

fn path(envelope: &Envelope) -> ApiPath {
    let mut path = ApiPath::of(["mails"])
        .with_some("from", envelope.sender.as_deref())
        .with_some("service_instance", envelope.service_instance.as_deref());
    for recipient in &envelope.recipients {
        path = path.with("to", recipient);
    }
    if envelope.from_header {
        path = path.with("recipients", "header");
    }
    path
}

fn request(lang: Lang, ws: &WorkspaceName, envelope: &Envelope, input: &Input) -> http::Result<Request<Body>> {
    Request::post(path(envelope).uri(ws.as_str()))
        .header(http::header::HOST, "relais")
        .header(http::header::CONTENT_TYPE, "message/rfc822")
        .header(http::header::ACCEPT_LANGUAGE, language(lang))
        .header("Idempotency-Key", &envelope.key)
        .body(Body::new(Streamed::new(input.reader(), input.len())))
}

async fn told(answer: Response<Body>) -> Option<(StatusCode, Bytes)> {
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await.ok()?;
    Some((status, body.to_bytes()))
}

fn exit(status: StatusCode) -> Exit {
    match status.as_u16() {
        401 | 403 => Exit::NotPermitted,
        404 => Exit::Usage,
        // Too slow, in progress, too many, and all that is the daemon's own trouble.
        408 | 409 | 429 | 500.. => Exit::TryAgain,
        400..=499 => Exit::Data,
        _ => Exit::Software,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_the_exit_that_a_script_expects() {
        for (status, number) in [
            (400, 65),
            (413, 65),
            (422, 65),
            (401, 77),
            (403, 77),
            (404, 64),
            (429, 75),
            (503, 75),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            assert_eq!(exit(status).number(), number, "{status}");
        }
    }
}
