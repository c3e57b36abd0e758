//! Where a provider sends a user's browser back to: `GET /oauth/callback` below the public address.
//!
//! No token is asked for, since it is a browser of anybody that comes: the association is found by its `state`, which only the
//! provider and that browser know. The answer is plain text, so that nothing a provider says is ever a page, and it is kept
//! nowhere: the address holds a code.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use relais_manifest::Lang;

use super::accounts::ended;
use crate::api::account::Association;
use crate::app::Shared;
use crate::caller;
use crate::lang;
use crate::texts::oauth as say;

/// The one route.
pub fn routes() -> Router<Shared> {
    Router::new().route("/oauth/callback", get(callback))
}

async fn callback(State(app): State<Shared>, headers: HeaderMap, request: Request) -> Response {
    if let Err(refusal) = caller::stranger_of(&app, &request) {
        return refusal.into_response();
    }
    let lang = lang::of(&headers);
    let query = request.uri().query().unwrap_or_default().to_owned();
    match app.blocking(move |router| router.came_back(&query)).await {
        Ok(states) => page(lang, &ended(states, lang).await),
        Err(_) => text(lang, StatusCode::NOT_FOUND, say::UNKNOWN.get(lang).to_owned()),
    }
}

fn page(lang: Lang, association: &Association) -> Response {
    match association.state.as_str() {
        "done" => text(lang, StatusCode::OK, say::done(lang, association.username.as_deref())),
        "starting" | "pending" | "finishing" => text(lang, StatusCode::ACCEPTED, say::SOON.get(lang).to_owned()),
        "declined" => text(lang, StatusCode::FORBIDDEN, say::DECLINED.get(lang).to_owned()),
        "failed" => {
            let why = association.problem.as_ref().map(|problem| problem.message.as_str());
            text(
                lang,
                StatusCode::BAD_GATEWAY,
                say::failed(lang, why.unwrap_or_default()),
            )
        }
        _ => text(lang, StatusCode::GONE, say::UNKNOWN.get(lang).to_owned()),
    }
}

fn text(lang: Lang, status: StatusCode, text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CONTENT_LANGUAGE, lang::word(lang)),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}
