//! Deliveries: what became of mails, and what an administrator does with them.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use relais_message::{Addressing, Framing, Message};
use relais_router::{
    Changed, DeliveryId, Error, Filter, InstanceName, Router, ServiceInstanceName, Summary, WorkspaceName,
};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::delivery::{Close, Deliveries, Delivery, DeliveryEvent, DeliveryLine, Unreadable};
use crate::app::Shared;
use crate::caller::{Admin, Pass, Scope, Sender};
use crate::extract::{Json, Named, Query};
use crate::rate::Key;
use crate::refusal::{Refusal, Request as Wrong};

/// Deliveries of a page where nothing is said, and at most.
const PAGE: u64 = 100;
const MOST: u64 = 1_000;
/// Pages of the store that one page is made of at most: a filter may admit few of the rows that are looked at.
const LOOKS: usize = 16;
/// Seconds that a stream of events lasts where nothing is said, and at most. Whoever listens connects again.
const EVENTS: u64 = 300;
const EVENTS_MOST: u64 = 3_600;
/// How often a stream looks whether its caller may still listen.
const LOOK: Duration = Duration::from_secs(1);

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(events))
        .routes(routes!(show))
        .routes(routes!(message))
        .routes(routes!(resend))
        .routes(routes!(close))
        .routes(routes!(cancel))
}

/// Deliveries of the workspace, the newest first.
#[utoipa::path(get, path = "/api/v1/{workspace}/deliveries", tag = "deliveries", operation_id = "deliveries",
    params(("workspace" = String, Path, max_length = 63),
        ("state" = Option<String>, Query, pattern = "^(queued|sending|sent|deferred|failed|uncertain|cancelled)$"),
        ("instance" = Option<String>, Query, max_length = 63, description = "Of one connector instance"),
        ("service_instance" = Option<String>, Query, max_length = 63, description = "Of one service instance"),
        ("before" = Option<String>, Query, description = "`next` of the page before"),
        ("limit" = Option<u64>, Query, minimum = 1, maximum = 1000, description = "Deliveries of the page, 100 where nothing is said")),
    responses((status = 200, description = "One page", body = Deliveries)))]
async fn list(State(app): State<Shared>, admin: Admin, mut query: Query) -> Result<Json<Deliveries>, Refusal> {
    let state = query.one("state")?.map(|word| state(&word)).transpose()?;
    let instance = query.one("instance")?.map(|name| InstanceName::new(&name)).transpose();
    let service_instance = query
        .one("service_instance")?
        .map(|name| ServiceInstanceName::new(&name));
    let filter = Filter {
        state,
        instance: instance.map_err(Error::from)?,
        service_instance: service_instance.transpose().map_err(Error::from)?,
        before: query.read("before")?,
        limit: 0,
    };
    let limit = query.number("limit", 1..=MOST, PAGE)?;
    query.none()?;
    let limit = usize::try_from(limit).unwrap_or_default();
    Ok(Json(
        app.blocking(move |router| page(router, &admin.ws, filter, limit))
            .await?,
    ))
}

/// Pages of the store until there are enough.
fn page(router: &Router, ws: &WorkspaceName, mut filter: Filter, limit: usize) -> Result<Deliveries, Error> {
    let (mut lines, mut unreadable) = (Vec::<DeliveryLine>::new(), Vec::new());
    for _ in 0..LOOKS {
        filter.limit = limit.saturating_sub(lines.len() + unreadable.len());
        let page = router.deliveries(ws, &filter)?;
        lines.extend(page.deliveries.iter().map(DeliveryLine::from));
        unreadable.extend(page.unreadable.iter().map(Unreadable::from));
        filter.before = page.next;
        if page.next.is_none() || lines.len() + unreadable.len() >= limit {
            break;
        }
    }
    Ok(Deliveries {
        deliveries: lines,
        next: filter.before.map(|id| id.to_string()),
        unreadable,
    })
}

fn state(word: &str) -> Result<Summary, Refusal> {
    let known = Summary::ALL.into_iter().find(|state| state.word() == word);
    known.ok_or_else(|| {
        Wrong::Invalid {
            field: "state",
            code: "field-invalid",
            fr: "indiquez queued, sending, sent, deferred, failed, uncertain ou cancelled.",
            en: "give queued, sending, sent, deferred, failed, uncertain or cancelled.",
        }
        .into()
    })
}

/// A delivery and its journal. A token that may send follows the deliveries of its workspace; one that is bound to a service
/// instance, those of that one.
#[utoipa::path(get, path = "/api/v1/{workspace}/deliveries/{delivery}", tag = "deliveries", operation_id = "delivery",
    params(("workspace" = String, Path, max_length = 63), ("delivery" = String, Path, min_length = 26, max_length = 26)),
    responses((status = 200, description = "The delivery", body = Delivery)))]
async fn show(
    State(app): State<Shared>,
    sender: Sender,
    Named(id): Named<DeliveryId>,
) -> Result<Json<Delivery>, Refusal> {
    sender.follows()?;
    let ws = sender.ws.clone();
    let delivery = app.blocking(move |router| router.delivery(&ws, id)).await?;
    if let Scope::Token(token) = &sender.caller.scope
        && token.service_instance.is_some()
        && token.service_instance != delivery.service_instance
    {
        return Err(Wrong::NoDelivery(id.to_string()).into());
    }
    Ok(Json((&delivery).into()))
}

/// Sends again to the recipients that failed, are uncertain or were cancelled; a deferred delivery is tried at once.
#[utoipa::path(post, path = "/api/v1/{workspace}/deliveries/{delivery}/resend", tag = "deliveries", operation_id = "resend_delivery",
    params(("workspace" = String, Path, max_length = 63), ("delivery" = String, Path, min_length = 26, max_length = 26)),
    responses((status = 200, description = "As it is now", body = Delivery)))]
async fn resend(
    State(app): State<Shared>,
    admin: Admin,
    Named(id): Named<DeliveryId>,
) -> Result<Json<Delivery>, Refusal> {
    let delivery = app.router.resend_delivery(&admin.ws, id, &admin.who).await?;
    Ok(Json((&delivery).into()))
}

/// Settles what is uncertain, by somebody who knows whether it left.
#[utoipa::path(post, path = "/api/v1/{workspace}/deliveries/{delivery}/close", tag = "deliveries", operation_id = "close_delivery",
    params(("workspace" = String, Path, max_length = 63), ("delivery" = String, Path, min_length = 26, max_length = 26)),
    request_body = Close,
    responses((status = 200, description = "As it is now", body = Delivery)))]
async fn close(
    State(app): State<Shared>,
    admin: Admin,
    Named(id): Named<DeliveryId>,
    Json(close): Json<Close>,
) -> Result<Json<Delivery>, Refusal> {
    let delivery = app.router.close_delivery(&admin.ws, id, close.sent, &admin.who).await?;
    Ok(Json((&delivery).into()))
}

/// Stops what is queued or deferred. What is being sent goes on.
#[utoipa::path(post, path = "/api/v1/{workspace}/deliveries/{delivery}/cancel", tag = "deliveries", operation_id = "cancel_delivery",
    params(("workspace" = String, Path, max_length = 63), ("delivery" = String, Path, min_length = 26, max_length = 26)),
    responses((status = 200, description = "As it is now", body = Delivery)))]
async fn cancel(
    State(app): State<Shared>,
    admin: Admin,
    Named(id): Named<DeliveryId>,
) -> Result<Json<Delivery>, Refusal> {
    let delivery = app.router.cancel_delivery(&admin.ws, id, &admin.who).await?;
    Ok(Json((&delivery).into()))
}

/// The message of a delivery as it was accepted, as long as its content is kept.
#[utoipa::path(get, path = "/api/v1/{workspace}/deliveries/{delivery}/message", tag = "deliveries", operation_id = "delivery_message",
    params(("workspace" = String, Path, max_length = 63), ("delivery" = String, Path, min_length = 26, max_length = 26)),
    responses((status = 200, description = "The message (RFC 5322)", body = String, content_type = "message/rfc822")))]
async fn message(State(app): State<Shared>, admin: Admin, Named(id): Named<DeliveryId>) -> Result<Response, Refusal> {
    let message = app
        .blocking(move |router| router.delivery_message(&admin.ws, id))
        .await?;
    let headers = [
        (CONTENT_TYPE, "message/rfc822".to_owned()),
        (CONTENT_LENGTH, message.size().to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.eml\"")),
    ];
    Ok((headers, Body::from_stream(mime(&message))).into_response())
}

/// The bytes of a message, read as they are taken.
fn mime(message: &Message) -> impl Stream<Item = std::io::Result<Bytes>> + Send + use<> {
    let body = message.mime(Addressing::Written, Framing::Raw);
    stream::try_unfold(body, |mut body| async move {
        let piece = body.next().await?;
        Ok(piece.map(|piece| (piece, body)))
    })
}

/// Every change of a delivery in the workspace, as server-sent events of type `delivery`. The event `missed` says that some were
/// not told. The stream ends by itself, and when the token that opened it is revoked; whoever listens connects again.
#[utoipa::path(get, path = "/api/v1/{workspace}/deliveries/events", tag = "deliveries", operation_id = "delivery_events",
    params(("workspace" = String, Path, max_length = 63),
        ("seconds" = Option<u64>, Query, minimum = 1, maximum = 3600, description = "How long it lasts, 300 where nothing is said")),
    responses((status = 200, description = "Events whose data is a DeliveryEvent", body = DeliveryEvent, content_type = "text/event-stream")))]
async fn events(State(app): State<Shared>, admin: Admin, mut query: Query) -> Result<Response, Refusal> {
    let seconds = query.number("seconds", 1..=EVENTS_MOST, EVENTS)?;
    query.none()?;
    let ws = admin.ws.clone();
    // An unknown workspace has no events rather than silent ones.
    app.blocking(move |router| router.enabled_connectors(&ws)).await?;
    let place = app.watchers.try_take(&admin.ws, &Key::of(&admin.who));
    let place = place.ok_or(Wrong::TooMany { retry_after_s: 5 })?;
    let until = Instant::now() + Duration::from_secs(seconds);
    let stopping = app.options.stopping.clone();
    let heard = stream::unfold((app.router.watch(), place), move |(mut changes, place)| {
        let (app, admin, stopping) = (app.clone(), admin.clone(), stopping.clone());
        async move {
            let event = tokio::select! {
                event = next(&mut changes, &admin.ws) => event?,
                () = tokio::time::sleep_until(until) => return None,
                () = stopping.cancelled() => return None,
                () = ended(&app.router, &admin.pass) => return None,
            };
            // What happens after a revocation is not told, however soon it happens.
            let heard = admin.pass.holds(&app.router).then_some(event)?;
            Some((Ok::<_, Infallible>(heard), (changes, place)))
        }
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(heard).keep_alive(alive).into_response())
}

/// Returns when the caller may not listen any more.
pub async fn ended(router: &Router, pass: &Pass) {
    while pass.holds(router) {
        tokio::time::sleep(LOOK).await;
    }
}

/// The next change in the workspace; none when there will be no more.
async fn next(changes: &mut Receiver<Changed>, ws: &WorkspaceName) -> Option<Event> {
    loop {
        match changes.recv().await {
            Ok(changed) if changed.workspace == *ws => {
                let event = DeliveryEvent {
                    id: changed.id.to_string(),
                    state: changed.summary.word().to_owned(),
                };
                let data = serde_json::to_string(&event).unwrap_or_default();
                return Some(Event::default().event("delivery").data(data));
            }
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                return Some(Event::default().event("missed").data(missed.to_string()));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
