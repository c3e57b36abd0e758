//! Empties the drop folders: each file is handed to the API as its owner would have handed it to the socket, so that both ways
//! have the same checks and the same key, and a mail that came both ways is accepted once. A file goes when its mail is durable.
//!
//! The threat: whoever is in the group writes anything there, and may change it at any moment. So a file is opened once, without
//! following links, and judged by what is open; its owner is who the system says; nobody's files take more than their share of a
//! round; what cannot be accepted is moved aside and said in the log.

mod scan;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Limited};
use relais_router::{Router, WorkspaceName};
use relais_server::Peer;
use relais_server::api::problem::Problem;
use tokio::fs::File;
use tokio::time::sleep;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::spool::Spool;
use crate::client::Path as ApiPath;
use crate::dropbox::{Envelope, REJECTED};

use scan::{Found, Opened};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
const PROBLEM_BYTES: usize = 1 << 20;

/// Looks into every drop folder until the daemon ends.
pub async fn pick_up(router: Arc<Router>, app: axum::Router, spool: Spool, stop: CancellationToken) {
    loop {
        if let Err(error) = round(&router, &app, &spool, &stop).await {
            tracing::error!(error, "the drop folders could not be read");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(EVERY) => {}
        }
    }
}

async fn round(
    router: &Arc<Router>,
    app: &axum::Router,
    spool: &Spool,
    stop: &CancellationToken,
) -> Result<(), String> {
    let (asked, folders) = (Arc::clone(router), spool.clone());
    let found = tokio::task::spawn_blocking(move || {
        let workspaces = asked.workspaces().map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        for ws in workspaces.into_iter().map(|view| view.name) {
            let folder = folders.workspace(&ws).map_err(|error| format!("{ws}: {error}"))?;
            let files = scan::files(&folder).map_err(|error| format!("{ws}: {error}"))?;
            found.extend(files.into_iter().map(|file| (ws.clone(), file)));
        }
        Ok::<_, String>(found)
    });
    for (ws, file) in found.await.map_err(|error| error.to_string())?? {
        if stop.is_cancelled() {
            return Ok(());
        }
        take(app, &ws, &file).await;
    }
    Ok(())
}

/// What becomes of a file.
enum Verdict {
    /// Its mail is durable.
    Accepted,
    /// It cannot be accepted, for this reason.
    Rejected(String),
    /// Not now.
    Later(String),
}

async fn take(app: &axum::Router, ws: &WorkspaceName, file: &Found) {
    let name = file.name();
    match judge(app, ws, file).await {
        Verdict::Accepted => {
            if let Err(error) = file.remove() {
                // It is found again, and its key says that it was accepted.
                tracing::error!(workspace = %ws, file = name, %error, "an accepted file could not be removed");
            }
        }
        Verdict::Rejected(reason) => {
            tracing::warn!(workspace = %ws, file = name, uid = file.uid, reason, "a file of the drop folder is rejected");
            if let Err(error) = file.reject() {
                tracing::error!(workspace = %ws, file = name, %error, folder = REJECTED, "it could not be moved");
            }
        }
        Verdict::Later(reason) => {
            tracing::warn!(workspace = %ws, file = name, uid = file.uid, reason, "a file of the drop folder has to wait");
        }
    }
}

async fn judge(app: &axum::Router, ws: &WorkspaceName, file: &Found) -> Verdict {
    let path = file.path.clone();
    let opened = match tokio::task::spawn_blocking(move || scan::open(&path)).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(scan::NotOpened::Unfit(reason))) => return Verdict::Rejected(reason.to_owned()),
        Ok(Err(scan::NotOpened::Io(error))) => return Verdict::Later(error.to_string()),
        Err(error) => return Verdict::Later(error.to_string()),
    };
    let uid = opened.uid;
    let Ok(mut request) = request(ws, opened) else {
        return Verdict::Rejected("envelope".to_owned());
    };
    request.extensions_mut().insert(Peer::Submit { uid });
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
        401 | 403 | 404 | 408 | 409 | 429 | 500.. => Verdict::Later(reason),
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
        .body(Body::from_stream(ReaderStream::with_capacity(
            File::from_std(opened.message),
            64 << 10,
        )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_may_be_accepted_later_waits_and_what_is_wrong_is_moved_aside() {
        for status in [401, 403, 404, 408, 409, 429, 500, 503] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(verdict(status, None), Verdict::Later(_)), "{status}");
        }
        for status in [400, 413, 422] {
            let status = StatusCode::from_u16(status).unwrap();
            assert!(matches!(verdict(status, None), Verdict::Rejected(_)), "{status}");
        }
    }
}
