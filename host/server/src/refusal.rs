//! A request that is not done. Handlers and extractors only say why; the sentences are made last, in one place, in the
//! language of the request.

use axum::body::Body;
use axum::extract;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use relais_manifest::Lang;
use relais_router::{Class, Error, InstanceError, SendError};
use serde_json::Map;

use crate::api::problem::{PROBLEM_JSON, Problem, ProblemField, TYPE_PREFIX};
use crate::lang;
use crate::texts::{failure, field_lines, fields, request};

/// Why a request is not done.
#[derive(Debug)]
pub enum Refusal {
    /// The request itself is wrong, or not permitted.
    Request(Request),
    /// The router refused, or failed.
    Router(Error),
    /// The address names something by what can be no name: there is no such thing.
    Unknown(Error),
}

/// What is wrong with a request, before any object is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    NoToken,
    BadToken,
    AdminOnly,
    LocalOnly,
    /// The socket that is open to a group.
    SendOnly,
    ConnectorChoice,
    /// One that does not exist, or that the caller may not know of.
    NoWorkspace(String),
    /// One that cannot be, in the path.
    NoDelivery(String),
    NoRoute,
    Method,
    /// What would be answered.
    NotAcceptable(&'static str),
    TooSlow,
    /// The connection ended within the body.
    Broken,
    TooLarge {
        limit: u64,
    },
    /// What is accepted.
    MediaType(&'static str),
    /// It cannot be parsed.
    Syntax(String),
    /// It can be parsed, and a value is not what it should be.
    Field {
        field: String,
        reason: String,
    },
    /// The same, with a reason of the server's own.
    Invalid {
        field: &'static str,
        code: &'static str,
        fr: &'static str,
        en: &'static str,
    },
    /// A file that is no base64.
    NotBase64 {
        field: String,
    },
    /// A mail in JSON that holds more values than any mail can use.
    TooManyValues {
        most: usize,
    },
    /// A parameter of the query that is not known.
    Parameter(String),
    IdempotencyKey,
    TooMany {
        retry_after_s: u64,
    },
    Busy,
}

impl Request {
    /// The status and the word that never changes.
    fn facts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "token-missing"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "token-invalid"),
            Self::AdminOnly => (StatusCode::FORBIDDEN, "admin-only"),
            Self::LocalOnly => (StatusCode::FORBIDDEN, "local-only"),
            Self::SendOnly => (StatusCode::FORBIDDEN, "send-only"),
            Self::ConnectorChoice => (StatusCode::FORBIDDEN, "connector-choice"),
            Self::NoWorkspace(_) => (StatusCode::NOT_FOUND, "workspace-unknown"),
            Self::NoDelivery(_) => (StatusCode::NOT_FOUND, "delivery-unknown"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "route-unknown"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed"),
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request-too-slow"),
            Self::Broken => (StatusCode::BAD_REQUEST, "request-broken"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "request-too-large"),
            Self::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type"),
            Self::Syntax(_) => (StatusCode::BAD_REQUEST, "request-unreadable"),
            Self::Field { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "field-invalid"),
            Self::Invalid { code, .. } => (StatusCode::UNPROCESSABLE_ENTITY, code),
            Self::NotBase64 { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "not-base64"),
            Self::TooManyValues { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "too-many-values"),
            Self::Parameter(_) => (StatusCode::UNPROCESSABLE_ENTITY, "parameter-unknown"),
            Self::IdempotencyKey => (StatusCode::BAD_REQUEST, "idempotency-key-invalid"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        }
    }

    /// The field that it is about.
    fn field(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } | Self::NotBase64 { field } => Some(field),
            Self::Invalid { field, .. } => Some(field),
            Self::ConnectorChoice => Some("instance"),
            Self::NoWorkspace(_) => Some("workspace"),
            Self::NoDelivery(_) => Some("delivery"),
            Self::Parameter(name) => Some(name),
            _ => None,
        }
    }
}

impl From<Request> for Refusal {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Router(error)
    }
}

impl Refusal {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Request(request) => request.facts().0,
            Self::Router(error) => router_status(error),
            Self::Unknown(_) => StatusCode::NOT_FOUND,
        }
    }

    /// The whole, in one language.
    pub fn problem(&self, lang: Lang) -> Problem {
        let status = self.status().as_u16();
        let (code, detail, fields, facts) = match self {
            Self::Request(wrong) => {
                let text = request::text(lang, wrong);
                let field = wrong.field().map(|field| ProblemField {
                    field: field.to_owned(),
                    message: text.clone(),
                });
                (wrong.facts().1, text, field.into_iter().collect::<Vec<_>>(), Map::new())
            }
            Self::Router(error) | Self::Unknown(error) => {
                let (text, facts) = match error {
                    Error::Send(error) => (failure::text(lang, error), failure::facts(lang, error)),
                    _ => (None, Vec::new()),
                };
                let facts = facts.into_iter().map(|(name, value)| (name.to_owned(), value));
                (
                    error.code(),
                    text.unwrap_or_else(|| error.text(lang)),
                    fields::fields(lang, error),
                    facts.collect(),
                )
            }
        };
        let named = |field: &ProblemField| !field.field.is_empty();
        let detail = match self {
            Self::Request(
                Request::Field { .. } | Request::Invalid { .. } | Request::NotBase64 { .. } | Request::Parameter(_),
            ) if fields.iter().any(named) => field_lines(
                lang,
                fields
                    .iter()
                    .map(|field| (field.field.as_str(), field.message.as_str())),
            ),
            _ => detail,
        };
        Problem {
            kind: format!("{TYPE_PREFIX}{code}"),
            title: request::title(lang, status).to_owned(),
            status,
            detail,
            code: code.to_owned(),
            fields,
            facts,
        }
    }
}

/// A connector that fails is neither the caller's fault nor the server's: 424, so that a 5xx is always Relais itself.
fn router_status(error: &Error) -> StatusCode {
    match (error, error.class()) {
        (Error::Send(SendError::Open { .. } | SendError::Verify { .. } | SendError::Failed { .. }), _) => {
            StatusCode::FAILED_DEPENDENCY
        }
        (_, Class::BadInput) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, Class::NotFound) => StatusCode::NOT_FOUND,
        (_, Class::Conflict) => StatusCode::CONFLICT,
        (_, Class::Forbidden) => StatusCode::FORBIDDEN,
        (_, Class::TooMany) => StatusCode::TOO_MANY_REQUESTS,
        (_, Class::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        (_, Class::Failed) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Refusal {
    /// The sentences are added by [`render`].
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        let headers = response.headers_mut();
        match &self {
            Self::Request(Request::NoToken) => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"relais\""));
            }
            Self::Request(Request::BadToken) => {
                let value = "Bearer realm=\"relais\", error=\"invalid_token\"";
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(value));
            }
            Self::Request(Request::TooMany { retry_after_s }) => {
                headers.insert(RETRY_AFTER, (*retry_after_s).into());
            }
            Self::Router(Error::Account(error)) => {
                if let Some(wait) = error.retry_after() {
                    headers.insert(RETRY_AFTER, wait.as_secs().max(1).into());
                }
            }
            Self::Router(Error::Instance(InstanceError::VerifyBusy { .. })) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
            }
            Self::Request(Request::Busy) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response.extensions_mut().insert(Told(std::sync::Arc::new(self)));
        response
    }
}

/// Extensions are cloned by whoever likes.
#[derive(Clone)]
struct Told(std::sync::Arc<Refusal>);

/// The middleware that writes the sentences, around all else.
pub async fn render(request: extract::Request, next: Next) -> Response {
    let lang = lang::of(request.headers());
    let mut response = next.run(request).await;
    let Some(Told(refusal)) = response.extensions_mut().remove::<Told>() else {
        return response;
    };
    if refusal.status().is_server_error() {
        // For the administrator, in the language of the logs.
        tracing::error!(error = %refusal.problem(Lang::En).detail, "a request failed");
    }
    write(&refusal, lang, response)
}

fn write(refusal: &Refusal, lang: Lang, mut response: Response) -> Response {
    // A problem is made of texts and numbers: it cannot fail to be JSON.
    let body = serde_json::to_vec(&refusal.problem(lang)).unwrap_or_default();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.remove(http::header::CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(lang::word(lang)));
    headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
    *response.body_mut() = Body::from(body);
    response
}

/// What has no route.
pub async fn no_route() -> Refusal {
    Request::NoRoute.into()
}

/// What has a route, and not with this method. The header Allow is added by the router of axum.
pub async fn no_method() -> Refusal {
    Request::Method.into()
}
