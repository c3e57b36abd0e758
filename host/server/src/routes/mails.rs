//! Sending: a mail that is answered with 202 is on the disk.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use jiff::{SignedDuration, Timestamp};
use relais_router::{Accepted, Delivery, Idempotency, Mail, Summary};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::delivery;
use crate::api::mail::{Mail as Fields, MailForm};
use crate::app::{App, Shared};
use crate::caller::Sender;
use crate::extract::{Json, Query, media_type};
use crate::mails;
use crate::options::LARGE_BYTES;
use crate::places::Place;
use crate::rate::Key;
use crate::refusal::{Refusal, Request as Wrong};

/// Seconds that a caller may wait for the outcome.
const WAIT: u64 = 120;
/// How long an idempotency key is remembered.
const KEY_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Characters of an idempotency key.
const KEY_CHARACTERS: usize = 255;
/// What a mail may come as.
const TYPES: &str = "application/json, multipart/form-data, message/rfc822";

/// All of them.
pub fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(send))
}

/// Sends a mail. With 202 it is stored durably and leaves in its time; with `wait`, the answer is 200 with the outcome, or 202
/// where there is none yet. As `message/rfc822`, the query says the envelope; the recipients are those of `to`, or with
/// `recipients=header` those of the header.
#[utoipa::path(post, path = "/api/v1/{workspace}/mails", tag = "mails", operation_id = "send_mail",
    params(("workspace" = String, Path, max_length = 63),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255,
            description = "The same mail under the same key is sent once; kept 7 days. Another mail under it is refused (422); one \
                           that is still being received is in conflict (409)"),
        ("wait" = Option<u64>, Query, minimum = 0, maximum = 120, description = "Seconds to wait for the outcome"),
        ("from" = Option<String>, Query, description = "MIME only: the reverse-path; `<>` is none"),
        ("to" = Option<Vec<String>>, Query, description = "MIME only: a recipient each"),
        ("recipients" = Option<String>, Query, pattern = "^header$", description = "MIME only: take To, Cc and Bcc of the header"),
        ("service_instance" = Option<String>, Query, max_length = 63, description = "MIME only: the service instance that sends it"),
        ("instance" = Option<String>, Query, max_length = 63, description = "MIME only: the connector instance that sends it")),
    request_body(content((Fields = "application/json"), (MailForm = "multipart/form-data"), (Vec<u8> = "message/rfc822"))),
    responses(
        (status = 200, description = "The outcome", body = delivery::Delivery),
        (status = 202, description = "Stored, and on its way", body = delivery::Delivery,
            headers(("Location" = String, description = "The delivery"),
                ("Idempotency-Replayed" = Option<String>, description = "`true`: it was accepted before, under this key")))))]
async fn send(
    State(app): State<Shared>,
    sender: Sender,
    mut query: Query,
    request: Request,
) -> Result<Response, Refusal> {
    let wait = query.read::<u64>("wait")?;
    if wait.is_some_and(|seconds| seconds > WAIT) {
        return Err(Wrong::Field {
            field: "wait".to_owned(),
            reason: format!("0 … {WAIT}"),
        }
        .into());
    }
    let key = key(request.headers())?;
    let announced = request.body().size_hint().upper();
    let large = large(&app, &sender, announced).await?;
    let received = match media_type(request.headers()).as_deref() {
        Some("application/json") => {
            query.none()?;
            mails::json(&app, request.into_body(), key.is_some()).await?
        }
        Some("multipart/form-data") => {
            query.none()?;
            mails::form(&app, request, key.is_some()).await?
        }
        Some("message/rfc822") => {
            let received = mails::raw(&app, request.into_body(), &mut query, key.is_some()).await?;
            query.none()?;
            received
        }
        _ => return Err(Wrong::MediaType(TYPES).into()),
    };
    let route = sender.route(received.route.clone())?;
    let idempotency = key.map(|key| Idempotency {
        scope: sender.caller.idempotency_scope(&sender.ws),
        key,
        fingerprint: received.fingerprint(&route),
        expires_at: Timestamp::now().checked_add(KEY_KEPT).unwrap_or(Timestamp::MAX),
    });
    let mail = Mail {
        content: received.content,
        route,
        origin: sender.caller.origin(),
        idempotency,
    };
    let accepted = app.router.accept(&sender.ws, mail, &sender.caller.who).await?;
    drop(large);
    let Accepted { delivery, replayed } = accepted;
    let (status, delivery) = match wait {
        None => (StatusCode::ACCEPTED, delivery),
        Some(seconds) => outcome(&app, &sender, delivery, Duration::from_secs(seconds)).await?,
    };
    Ok(answer(&sender, status, &delivery, replayed))
}

/// What became of a mail within that time.
async fn outcome(
    app: &App,
    sender: &Sender,
    delivery: Delivery,
    wait: Duration,
) -> Result<(StatusCode, Delivery), Refusal> {
    let id = delivery.id;
    let delivery = if app.options.dispatching {
        tokio::select! {
            waited = app.router.wait(&sender.ws, id, wait) => waited?,
            () = app.options.stopping.cancelled() => app.router.delivery(&sender.ws, id)?,
        }
    } else if delivery.summary() == Summary::Queued {
        app.router.try_once(id).await?
    } else {
        delivery
    };
    let open = matches!(delivery.summary(), Summary::Queued | Summary::Sending);
    let status = if open { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok((status, delivery))
}

fn answer(sender: &Sender, status: StatusCode, delivery: &Delivery, replayed: bool) -> Response {
    let mut response = (status, Json(delivery::Delivery::from(delivery))).into_response();
    let location = format!("/api/v1/{}/deliveries/{}", sender.ws, delivery.id);
    // Names and ids of ASCII: always a header's value.
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    if replayed {
        let name = http::HeaderName::from_static("idempotency-replayed");
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}

/// The idempotency key: visible ASCII (RFC 5234 appendix B.1, VCHAR).
fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let text = key.to_str().ok().filter(|text| {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        visible && (1..=KEY_CHARACTERS).contains(&text.len())
    });
    match (text, keys.next()) {
        (Some(text), None) => Ok(Some(text.to_owned())),
        _ => Err(Wrong::IdempotencyKey.into()),
    }
}

/// A place among those that bring much at the same time; none is needed for what is small.
async fn large(app: &App, sender: &Sender, announced: Option<u64>) -> Result<Option<Place>, Refusal> {
    if announced.is_some_and(|bytes| bytes <= LARGE_BYTES) {
        return Ok(None);
    }
    let caller = Key::of(&sender.caller.who);
    let place = app.large.take(&sender.ws, &caller, app.options.silence).await;
    place.map(Some).ok_or_else(|| Wrong::Busy.into())
}
