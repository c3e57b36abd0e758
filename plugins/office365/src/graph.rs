//! Requests to Graph: with the account's token, and once more where it is refused.

use relais_sdk::{Failure, kind};

use crate::errors::Refused;
use crate::url::origin;
use crate::wire::{Chunk, CredentialError, HttpError, Request, Response, StreamError, World};

/// Graph, through the world.
#[derive(Debug)]
pub struct Graph<W> {
    pub world: W,
}

/// A request for Graph.
pub struct Call<'a, S> {
    pub method: &'static str,
    pub url: String,
    pub content_type: Option<&'static str>,
    /// Ids in the answer are those that stay when a message is moved (`concepts/outlook-immutable-id` of Graph's documentation).
    pub immutable_ids: bool,
    /// Makes the body, for each try anew.
    #[allow(clippy::type_complexity)]
    pub body: &'a dyn Fn() -> Result<Vec<Chunk<S>>, StreamError>,
}

impl<'a, S> Call<'a, S> {
    pub fn new(method: &'static str, url: String) -> Self {
        Self {
            method,
            url,
            content_type: None,
            immutable_ids: false,
            body: &|| Ok(Vec::new()),
        }
    }

    pub fn get(url: String) -> Self {
        Self::new("GET", url)
    }

    pub fn post(
        url: String,
        content_type: &'static str,
        body: &'a dyn Fn() -> Result<Vec<Chunk<S>>, StreamError>,
    ) -> Self {
        Self {
            content_type: Some(content_type),
            body,
            ..Self::new("POST", url)
        }
    }

    pub fn with_immutable_ids(self) -> Self {
        Self {
            immutable_ids: true,
            ..self
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The request did not leave, or not whole: whatever it asks for was not done.
    NotAsked(Failure),
    /// It left, and nobody knows what became of it.
    Unheard(String),
}

impl Unanswered {
    /// The failure of a request that sends nothing: it may be tried again.
    pub fn failure(self, doing: &str) -> Failure {
        match self {
            Self::NotAsked(failure) => failure,
            Self::Unheard(why) => Failure::new(kind::TEMPORARY, format!("{why} ({doing})")),
        }
    }
}

impl<W: World> Graph<W> {
    /// An answer of Graph's, whatever its status.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn ask(&mut self, call: &Call<'_, W::Stream>) -> Result<Response, Unanswered> {
        let response = self.exchange(call)?;
        if response.status != 401 {
            return Ok(response);
        }
        // The host knows that the token is worth nothing, and takes another for the same handle.
        self.exchange(call)
    }

    /// The answer, where its status is the one that means success.
    ///
    /// # Errors
    ///
    /// Any other answer, or none. The request is one that sends nothing.
    pub fn expect(&mut self, call: &Call<'_, W::Stream>, status: u16, doing: &str) -> Result<Response, Failure> {
        let response = self.ask(call).map_err(|unanswered| unanswered.failure(doing))?;
        match response.status {
            found if found == status => Ok(response),
            // Graph has been seen to say 200 and do nothing.
            200..=299 => Err(Failure::new(
                kind::TEMPORARY,
                format!(
                    "Graph answered {} where it says {status} for success ({doing})",
                    response.status
                ),
            )),
            _ => Err(Refused::of(&response).failure(doing)),
        }
    }

    fn exchange(&mut self, call: &Call<'_, W::Stream>) -> Result<Response, Unanswered> {
        let handle = self
            .world
            .handle()
            .map_err(|error| Unanswered::NotAsked(no_account(error)))?;
        let mut headers = vec![("authorization", handle), ("accept", "application/json".to_owned())];
        headers.extend(
            call.content_type
                .map(|content_type| ("content-type", content_type.to_owned())),
        );
        if call.immutable_ids {
            headers.push(("prefer", "IdType=\"ImmutableId\"".to_owned()));
        }
        let body = (call.body)().map_err(|error| Unanswered::NotAsked(unreadable(&error)))?;
        let request = Request {
            method: call.method,
            url: call.url.clone(),
            headers,
            body,
        };
        self.world.send(request).map_err(|error| unanswered(error, &call.url))
    }
}

/// What the host says where there is no answer. Refusals (of an account without a token too), certificates and limits are told of
/// before a request has left whole; whatever happens after that is a time limit, or a failure.
pub fn unanswered(error: HttpError, url: &str) -> Unanswered {
    let place = origin(url);
    let not_asked = |kind, text| Unanswered::NotAsked(Failure::new(kind, text));
    match error {
        HttpError::Refused(text) => not_asked(kind::CONFIGURATION, format!("{place}: {text}")),
        HttpError::Unreachable(text) => not_asked(kind::UNREACHABLE, format!("{place}: {text}")),
        HttpError::Tls(text) => not_asked(kind::CONFIGURATION, format!("{place}: {text}")),
        HttpError::Limit(text) => not_asked(kind::OTHER, text),
        HttpError::Timeout => Unanswered::Unheard(format!("{place} did not answer within the time limit")),
        HttpError::Failed(text) => Unanswered::Unheard(format!("{place}: {text}")),
    }
}

/// The account cannot be used. The host knows why, and says it itself.
pub fn no_account(error: CredentialError) -> Failure {
    match error {
        CredentialError::NotReady(text) => Failure::new(kind::CONFIGURATION, text),
        CredentialError::Unknown | CredentialError::WrongSlot => Failure::new(
            kind::OTHER,
            "the host does not know the credential `graph`: the manifest and the connector do not fit together",
        ),
    }
}

/// A part of the message cannot be read.
pub fn unreadable(error: &StreamError) -> Failure {
    let text = match error {
        StreamError::Refused(text) | StreamError::Failed(text) => text.clone(),
        StreamError::Closed | StreamError::Timeout => error.to_string(),
    };
    Failure::new(kind::OTHER, text)
}
