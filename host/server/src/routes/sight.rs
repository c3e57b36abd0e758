//! What the server says of itself to whoever watches it. No token is asked for: there is nothing of any mail in it, and it is for
//! this machine only, unless the listener was opened wider.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::json;

use crate::app::Shared;
use crate::extract::Json;
use crate::metrics;

/// OpenMetrics 1.0.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Health, readiness and figures.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(figures))
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
        Err(refusal) => refusal.into_response(),
    }
}

async fn figures(State(app): State<Shared>) -> Response {
    match metrics::text(&app.router) {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        // Writing into a String does not fail.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
