//! What the server says of itself to whoever watches it.
//!
//! The threat: anything on this machine, and anything behind a proxy, reaches these addresses. So health and readiness, which want
//! no token, are one word each. The figures name workspaces and instances and count their mails: a token of role `admin` sees
//! those of its workspace, the administrators' socket all of them, and so does whoever reaches the listener that an
//! administrator opened for them ([`crate::Listening::figures`]), on which there is nothing else.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use relais_manifest::Lang;
use serde_json::json;

use crate::app::Shared;
use crate::caller::{self, Peer};
use crate::extract::Json;
use crate::metrics;
use crate::refusal::{Refusal, Request as Wrong};

const HEALTH: &str = "/health";
const READY: &str = "/ready";
const METRICS: &str = "/metrics";
const WATCHED: [&str; 3] = [HEALTH, READY, METRICS];
/// OpenMetrics 1.0.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Health, readiness and figures.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route(HEALTH, get(health))
        .route(READY, get(ready))
        .route(METRICS, get(figures))
}

/// The process answers.
async fn health() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}

/// Mails can be accepted: the store is read, and the server is not about to stop.
async fn ready(State(app): State<Shared>) -> Response {
    if app.options.stopping.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" }))).into_response();
    }
    match app.blocking(|router| router.workspaces()).await {
        Ok(_) => Json(json!({ "status": "ready" })).into_response(),
        Err(refusal) => {
            // Why is for the log: whoever asks may be anybody.
            tracing::error!(error = %refusal.problem(Lang::En).detail, "mails cannot be accepted");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                Json(json!({ "status": "unavailable" })),
            )
                .into_response()
        }
    }
}

async fn figures(State(app): State<Shared>, request: Request) -> Result<Response, Refusal> {
    let of = match request.extensions().get() {
        Some(Peer::Figures(_)) => None,
        _ => caller::watches(&app, &request)?,
    };
    match metrics::text(&app.router, of.as_ref()) {
        Ok(text) => Ok(([(CONTENT_TYPE, OPENMETRICS)], text).into_response()),
        // Writing into a String does not fail.
        Err(_) => Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
    }
}

/// On the listener for figures there is nothing else: it has neither tokens nor TLS.
pub async fn only(request: Request, next: Next) -> Response {
    let for_figures = matches!(request.extensions().get(), Some(Peer::Figures(_)));
    if for_figures && !WATCHED.contains(&request.uri().path()) {
        return Refusal::from(Wrong::NoRoute).into_response();
    }
    next.run(request).await
}
