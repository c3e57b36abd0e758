//! What handlers take from a request, refused in the API's own words.

use std::str::FromStr;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use relais_router::{DeliveryId, InstanceName, ServiceInstanceName, WorkspaceName};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::Shared;
use crate::body;
use crate::refusal::{Refusal, Request as Wrong};
use crate::texts::shown;

/// A body of JSON that stands in memory; and an answer in JSON.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Shared) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Wrong::MediaType("application/json").into());
        }
        let bytes = body::whole(request.into_body()).await?;
        read_json(&bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// `application/json`, with whatever parameters.
pub fn is_json(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|kind| kind == "application/json")
}

/// The media type of a body, in lower case and without its parameters.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = value.split(';').next().unwrap_or_default();
    Some(kind.trim().to_ascii_lowercase())
}

/// Reads JSON: what is no JSON cannot be read, and what is other JSON than asked for has a field that is wrong.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    match axum::Json::from_bytes(bytes) {
        Ok(axum::Json(value)) => Ok(value),
        Err(rejection) => Err(json_fault(&rejection).into()),
    }
}

fn json_fault(rejection: &JsonRejection) -> Wrong {
    let cause = std::error::Error::source(rejection)
        .map(|cause| std::error::Error::source(cause).unwrap_or(cause).to_string())
        .unwrap_or_else(|| rejection.to_string());
    match rejection {
        // The cause is `attachments[0].name: invalid type: …`; at the top, the path is a dot or nothing.
        JsonRejection::JsonDataError(_) => {
            let (path, reason) = cause.split_once(": ").unwrap_or(("", &cause));
            let known = !path.contains(' ') && path != ".";
            let (path, reason) = if known {
                (path, reason)
            } else {
                ("", cause.trim_start_matches(".: "))
            };
            Wrong::Field {
                field: shown(path),
                reason: reason.to_owned(),
            }
        }
        _ => Wrong::Syntax(cause),
    }
}

/// A part of the path that names something. A name that nothing can have is answered as one that nothing has.
#[derive(Debug, Clone)]
pub struct Named<T>(pub T);

/// What can be named in a path.
pub trait InPath: Sized {
    /// Reads it from the segments.
    fn read<'a>(segment: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal>;
}

impl<T: InPath> FromRequestParts<Shared> for Named<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|error| Wrong::Syntax(error.to_string()))?;
        let find = |wanted: &str| params.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value);
        T::read(find).map(Self)
    }
}

fn segment<'a>(segment: impl Fn(&str) -> Option<&'a str>, key: &str) -> &'a str {
    segment(key).unwrap_or_default()
}

impl InPath for InstanceName {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        Self::new(segment(find, "instance")).map_err(|error| Refusal::Unknown(error.into()))
    }
}

impl InPath for ServiceInstanceName {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        Self::new(segment(find, "service_instance")).map_err(|error| Refusal::Unknown(error.into()))
    }
}

impl InPath for WorkspaceName {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let name = segment(find, "workspace");
        Self::new(name).map_err(|_| Wrong::NoWorkspace(name.to_owned()).into())
    }
}

/// An account of an instance.
#[derive(Debug, Clone)]
pub struct AccountAt {
    pub instance: InstanceName,
    /// The id of its parameter, not known to be one.
    pub parameter: String,
}

impl InPath for AccountAt {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let parameter = segment(&find, "parameter").to_owned();
        let instance = InstanceName::read(find)?;
        Ok(Self { instance, parameter })
    }
}

/// The id of a provider.
#[derive(Debug, Clone)]
pub struct ProviderWord(pub String);

impl InPath for ProviderWord {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        Ok(Self(segment(find, "provider").to_owned()))
    }
}

/// `publisher/name`.
#[derive(Debug, Clone)]
pub struct ConnectorId(pub String);

impl InPath for ConnectorId {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let (publisher, name) = (segment(&find, "publisher"), segment(&find, "connector"));
        Ok(Self(format!("{publisher}/{name}")))
    }
}

/// The word of a service.
#[derive(Debug, Clone)]
pub struct ServiceWord(pub String);

impl InPath for ServiceWord {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        Ok(Self(segment(find, "service").to_owned()))
    }
}

/// The id of a token.
#[derive(Debug, Clone)]
pub struct TokenId(pub String);

impl InPath for TokenId {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        Ok(Self(segment(find, "token").to_owned()))
    }
}

impl InPath for DeliveryId {
    fn read<'a>(find: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Refusal> {
        let text = segment(find, "delivery");
        Self::from_str(text).map_err(|_| Wrong::NoDelivery(text.to_owned()).into())
    }
}

/// The query, as pairs in their order. Each key that is not taken is refused at the end.
#[derive(Debug)]
pub struct Query(Vec<(String, String)>);

impl FromRequestParts<Shared> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let pairs = axum::extract::Query::from_request_parts(parts, app).await;
        match pairs {
            Ok(axum::extract::Query(pairs)) => Ok(Self(pairs)),
            Err(error) => Err(Wrong::Syntax(error.to_string()).into()),
        }
    }
}

impl Query {
    /// Every value of a key.
    pub fn many(&mut self, key: &str) -> Vec<String> {
        let (taken, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(name, _)| name == key);
        self.0 = left;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// The value of a key that may be given once.
    pub fn one(&mut self, key: &'static str) -> Result<Option<String>, Refusal> {
        let mut values = self.many(key);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(Wrong::Invalid {
                field: key,
                code: "given-twice",
                fr: "ce paramètre n'est donné qu'une fois.",
                en: "this parameter is given once only.",
            }
            .into()),
        }
    }

    /// The same, read as what it should be.
    pub fn read<T: FromStr>(&mut self, key: &'static str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.one(key)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            Wrong::Invalid {
                field: key,
                code: "field-invalid",
                fr: "cette valeur n'est pas de la forme attendue.",
                en: "this value is not of the form that is expected.",
            }
            .into()
        })
    }

    /// A number of a range, with the value that holds where none is given.
    pub fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> Result<u64, Refusal> {
        match self.read(key)? {
            None => Ok(default),
            Some(number) if range.contains(&number) => Ok(number),
            Some(_) => Err(Wrong::Field {
                field: key.to_owned(),
                reason: format!("{} … {}", range.start(), range.end()),
            }
            .into()),
        }
    }

    /// Refuses what nobody took: a misspelt filter must not show all.
    pub fn none(&self) -> Result<(), Refusal> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(Wrong::Parameter(shown(key)).into()),
        }
    }
}

/// 201, where the new object is, and the object.
pub fn created<T: Serialize>(location: &str, object: T) -> Response {
    // Made of names that were checked: nothing in it needs an escape.
    let location = [(http::header::LOCATION, location)];
    (StatusCode::CREATED, location, Json(object)).into_response()
}
