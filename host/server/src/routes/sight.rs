//! What the server says of itself to whoever watches it.

use axum::Router;
use axum::routing::get;

use crate::app::Shared;

/// Health.
pub fn routes() -> Router<Shared> {
    Router::new().route("/health", get(async || "ok\n"))
}
