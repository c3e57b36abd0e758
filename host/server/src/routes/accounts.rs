//! Accounts of connector instances, and how they come about.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use http::HeaderMap;
use relais_manifest::{Flow, Lang};
use relais_router::{Associate as Asked, InstanceName};
use tokio::sync::watch::Receiver;
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::applications::proof;
use super::deliveries::ended as revoked;
use crate::api::account::{Account, Accounts, Associate, Association, Dissociated, Redirected};
use crate::app::Shared;
use crate::caller::Admin;
use crate::extract::{AccountAt, Json, Named, Query};
use crate::lang;
use crate::rate::Key;
use crate::refusal::{Refusal, Request as Wrong};

/// Seconds that a stream of events lasts where nothing is said, and at most: as long as an association.
const EVENTS: u64 = 900;

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, dissociate))
        .routes(routes!(associate))
        .routes(routes!(association, give_up))
        .routes(routes!(events))
        .routes(routes!(redirected))
        .routes(routes!(renew))
}

/// Every account of a connector instance.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}/accounts", tag = "accounts", operation_id = "accounts",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63)),
    responses((status = 200, description = "All of them", body = Accounts)))]
async fn list(
    State(app): State<Shared>,
    admin: Admin,
    Named(name): Named<InstanceName>,
    headers: HeaderMap,
) -> Result<Json<Accounts>, Refusal> {
    let lang = lang::of(&headers);
    let views = app.blocking(move |router| router.accounts(&admin.ws, &name)).await?;
    Ok(Json(Accounts {
        accounts: views.iter().map(|view| Account::new(view, lang)).collect(),
    }))
}

/// One account of a connector instance.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}", tag = "accounts", operation_id = "account",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    responses((status = 200, description = "The account", body = Account)))]
async fn show(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
) -> Result<Json<Account>, Refusal> {
    let view = app
        .blocking(move |router| router.account(&admin.ws, &at.instance, &at.parameter))
        .await?;
    Ok(Json(Account::new(&view, lang::of(&headers))))
}

/// Begins to associate an account, and answers when there is a code or an address to show, or when it has ended. What went on for
/// this account is given up; the account that there was stays until the new one is there. Without an application the answer is a
/// problem that tells how to register one.
#[utoipa::path(post, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/associate", tag = "accounts",
    operation_id = "associate_account",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    request_body = Associate,
    responses((status = 200, description = "As it stands", body = Association)))]
async fn associate(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
    Json(asked): Json<Associate>,
) -> Result<Json<Association>, Refusal> {
    let lang = lang::of(&headers);
    let flow = asked
        .flow
        .map(|word| Flow::from_word(&word).ok_or_else(no_flow))
        .transpose()?;
    let application = asked.application.map(|own| {
        let proof = proof(own.secret, own.certificate, own.key)?;
        Ok::<_, Refusal>((own.client_id, proof))
    });
    let asked = Asked {
        flow,
        provider: asked.provider,
        application: application.transpose()?,
        lang,
    };
    let begun = app
        .router
        .associate(&admin.who, &admin.ws, &at.instance, &at.parameter, asked);
    Ok(Json(Association::new(&begun.await?, lang)))
}

/// No flow of that name.
pub fn no_flow() -> Refusal {
    Wrong::Invalid {
        field: "flow",
        code: "field-invalid",
        fr: "indiquez device-code, authorization-code ou client-credentials.",
        en: "give device-code, authorization-code or client-credentials.",
    }
    .into()
}

/// The latest association of an account, for half an hour.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/association", tag = "accounts",
    operation_id = "association",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    responses((status = 200, description = "As it stands", body = Association)))]
async fn association(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
) -> Result<Json<Association>, Refusal> {
    let states = states(&app, &admin, at).await?;
    let stands = Association::new(&states.borrow(), lang::of(&headers));
    Ok(Json(stands))
}

async fn states(app: &Shared, admin: &Admin, at: AccountAt) -> Result<Receiver<relais_router::Association>, Refusal> {
    let ws = admin.ws.clone();
    app.blocking(move |router| router.association(&ws, &at.instance, &at.parameter))
        .await
}

/// Gives up the association that goes on.
#[utoipa::path(delete, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/association", tag = "accounts",
    operation_id = "give_up_association",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    responses((status = 200, description = "As it ended", body = Association)))]
async fn give_up(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
) -> Result<Json<Association>, Refusal> {
    let (ws, asked) = (admin.ws.clone(), at.clone());
    app.blocking(move |router| router.give_up_association(&ws, &asked.instance, &asked.parameter))
        .await?;
    let states = states(&app, &admin, at).await?;
    let ended = Association::new(&states.borrow(), lang::of(&headers));
    Ok(Json(ended))
}

/// Every state of the association, from the present one on, as server-sent events of type `association`. The stream ends with it,
/// and when the token that opened it is revoked.
#[utoipa::path(get, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/association/events", tag = "accounts",
    operation_id = "association_events",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64),
        ("seconds" = Option<u64>, Query, minimum = 1, maximum = 900, description = "How long it lasts at most, 900 where nothing is said")),
    responses((status = 200, description = "Events whose data is an Association", body = Association, content_type = "text/event-stream")))]
async fn events(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
    mut query: Query,
) -> Result<Response, Refusal> {
    let seconds = query.number("seconds", 1..=EVENTS, EVENTS)?;
    query.none()?;
    let lang = lang::of(&headers);
    let mut states = states(&app, &admin, at).await?;
    // The present one is told first.
    states.mark_changed();
    let place = app.watchers.try_take(&admin.ws, &Key::of(&admin.who));
    let place = place.ok_or(Wrong::TooMany { retry_after_s: 5 })?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let stopping = app.options.stopping.clone();
    let told = stream::unfold(Some((states, place)), move |going_on| {
        let (app, admin, stopping) = (app.clone(), admin.clone(), stopping.clone());
        async move {
            let (mut states, place) = going_on?;
            tokio::select! {
                changed = states.changed() => changed.ok()?,
                () = tokio::time::sleep_until(until) => return None,
                () = stopping.cancelled() => return None,
                () = revoked(&app.router, &admin.pass) => return None,
            }
            // What happens after a revocation is not told, however soon it happens.
            if !admin.pass.holds(&app.router) {
                return None;
            }
            let association = Association::new(&states.borrow_and_update(), lang);
            let event = event(&association);
            let next = (!association.is_over()).then_some((states, place));
            Some((Ok::<_, Infallible>(event), next))
        }
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(told).keep_alive(alive).into_response())
}

fn event(association: &Association) -> Event {
    let data = serde_json::to_string(association).unwrap_or_default();
    Event::default().event("association").data(data)
}

/// Takes the whole address that a browser showed in the end, where nobody listens at the redirect.
#[utoipa::path(post, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/association/redirected", tag = "accounts",
    operation_id = "association_redirected",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    request_body = Redirected,
    responses((status = 200, description = "As it ended, or stands", body = Association)))]
async fn redirected(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
    Json(redirected): Json<Redirected>,
) -> Result<Json<Association>, Refusal> {
    let states = app
        .blocking(move |router| router.redirected(&admin.ws, &at.instance, &at.parameter, &redirected.address))
        .await?;
    Ok(Json(ended(states, lang::of(&headers)).await))
}

/// The association when it has ended, or after as long as a provider may take.
pub async fn ended(mut states: Receiver<relais_router::Association>, lang: Lang) -> Association {
    const PATIENCE: Duration = Duration::from_secs(40);
    let over = states.wait_for(|association| association.stage.is_over());
    drop(tokio::time::timeout(PATIENCE, over).await);
    let stands = states.borrow();
    Association::new(&stands, lang)
}

/// Asks the provider for new tokens now, also for an account that gives none: what stopped it may have been put right.
#[utoipa::path(post, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}/renew", tag = "accounts",
    operation_id = "renew_account",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    responses((status = 200, description = "As it is now", body = Account)))]
async fn renew(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
) -> Result<Json<Account>, Refusal> {
    let renewed = app
        .router
        .renew_account(&admin.who, &admin.ws, &at.instance, &at.parameter);
    Ok(Json(Account::new(&renewed.await?, lang::of(&headers))))
}

/// Forgets an account with its tokens, and has the provider take them back where it can. Deliveries of the instance wait.
#[utoipa::path(delete, path = "/api/v1/{workspace}/instances/{instance}/accounts/{parameter}", tag = "accounts",
    operation_id = "dissociate_account",
    params(("workspace" = String, Path, max_length = 63), ("instance" = String, Path, max_length = 63),
        ("parameter" = String, Path, max_length = 64)),
    responses((status = 200, description = "What became of it", body = Dissociated)))]
async fn dissociate(
    State(app): State<Shared>,
    admin: Admin,
    Named(at): Named<AccountAt>,
    headers: HeaderMap,
) -> Result<Json<Dissociated>, Refusal> {
    let gone = app
        .router
        .dissociate(&admin.who, &admin.ws, &at.instance, &at.parameter);
    Ok(Json(Dissociated::new(&at.parameter, &gone.await?, lang::of(&headers))))
}
