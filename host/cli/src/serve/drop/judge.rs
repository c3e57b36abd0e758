//! What becomes of a dropped file: it is handed to the API, and its answer is a verdict.

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use relais_router::WorkspaceName;
use relais_server::api::problem::Problem;
use relais_server::{Peer, Serves};
use tokio::task::spawn_blocking;
use tower::ServiceExt;

use super::body::Measured;
use super::open::{self, NotOpened, Opened};
use super::scan::Found;
use crate::client::Path as ApiPath;
use crate::dropbox::Envelope;

/// Bytes of an answer that are read.
const PROBLEM_BYTES: usize = 1 << 20;

/// What becomes of a file.
pub enum Verdict {
    /// Its mail is durable.
    Accepted,
    /// It cannot be accepted, for this reason.
    Rejected(String),
    /// Not now.
    Later(String),
    /// Not now, and nor would any other.
    NoneNow(String),
}

/// Hands a file to the API, as its owner would have.
pub async fn judge(app: &axum::Router, ws: &WorkspaceName, file: &Found) -> Verdict {
    let path = file.path.clone();
    let opened = match spawn_blocking(move || open::open(&path)).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(NotOpened::Unfit(reason))) => return Verdict::Rejected(reason.to_owned()),
        Ok(Err(NotOpened::Io(error))) => return Verdict::Later(error.to_string()),
        Err(error) => return Verdict::Later(error.to_string()),
    };
    let uid = opened.uid;
    let Ok(mut request) = request(ws, opened) else {
        return Verdict::Rejected("envelope".to_owned());
    };
    // Its folder's rights say who may send there.
    let serves = Serves::Only(ws.clone());
    request.extensions_mut().insert(Peer::Submit { uid, serves });
    let answer = match app.clone().oneshot(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    };
    let status = answer.status();
    if status.is_success() {
        return Verdict::Accepted;
    }
    let body = Limited::new(answer.into_body(), PROBLEM_BYTES).collect().await;
    let problem = body
        .ok()
        .and_then(|body| serde_json::from_slice::<Problem>(&body.to_bytes()).ok());
    verdict(status, problem)
}

/// The log may hold the names of fields, and never what stands in them.
fn verdict(status: StatusCode, problem: Option<Problem>) -> Verdict {
    let code = problem
        .as_ref()
        .map_or_else(|| status.as_str().to_owned(), |problem| problem.code.clone());
    let fields = problem.into_iter().flat_map(|problem| problem.fields);
    let fields: Vec<String> = fields
        .map(|field| field.field)
        .filter(|field| !field.is_empty())
        .collect();
    let reason = match fields.is_empty() {
        true => code,
        false => format!("{code}: {}", fields.join(", ")),
    };
    match status.as_u16() {
        // What an administrator can put right (no default instance, a service instance that was renamed), what is in progress, and
        // what could not be read this time: the caller was told that the mail is kept.
        401 | 403 | 404 | 408 | 409 | 429 => Verdict::Later(reason),
        // The places for large mails are taken, or the store is not there.
        500.. => Verdict::NoneNow(reason),
        400 if reason.starts_with("request-broken") => Verdict::Later(reason),
        _ => Verdict::Rejected(reason),
    }
}

fn request(ws: &WorkspaceName, opened: Opened) -> http::Result<Request<Body>> {
    let Envelope {
        key,
        sender,
        recipients,
        from_header,
        service_instance,
        ..
    } = opened.envelope;
    let mut path = ApiPath::of(["mails"])
        .with_some("from", sender.as_deref())
        .with_some("service_instance", service_instance.as_deref());
    for recipient in &recipients {
        path = path.with("to", recipient);
    }
    if from_header {
        path = path.with("recipients", "header");
    }
    Request::post(path.uri(ws.as_str()))
        .header(http::header::CONTENT_TYPE, "message/rfc822")
        .header("Idempotency-Key", key)
        .body(Body::new(Measured::new(opened.message, opened.length)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hyper::body::Body as _;

    use super::*;

    #[test]
    fn a_dropped_mail_says_its_length_so_that_a_small_one_needs_no_place_among_the_large() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mail");
        std::fs::write(&path, "{\"version\":1,\"key\":\"a\"}\nSubject: x\n\nbody").unwrap();
        let request = request(&WorkspaceName::default(), open::open(&path).unwrap()).unwrap();
        assert_eq!(request.body().size_hint().exact(), Some(16));
    }

    #[test]
    fn what_may_be_accepted_later_waits_and_what_is_wrong_is_moved_aside() {
        for status in [401, 403, 404, 408, 409, 429] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(verdict(status, None), Verdict::Later(_)), "{status}");
        }
        for status in [500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(verdict(status, None), Verdict::NoneNow(_)), "{status}");
        }
        for status in [400, 413, 422] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(verdict(status, None), Verdict::Rejected(_)), "{status}");
        }
    }
}
