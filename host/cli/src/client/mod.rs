//! The command line as a client of the HTTP API: through the daemon's socket where one runs on the data folder, else through the
//! very same API in this process, over the store that it opens itself. The commands do not know which.

mod path;

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use relais_manifest::Lang;
use relais_router::{Router, Who};
use relais_server::api::problem::Problem;
use relais_server::{Options, Peer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::exit::Status;
use crate::fault::{Fault, Field};
use crate::site::Site;
use crate::socket::{self, NoAnswer};
use crate::texts::client as say;

pub use path::Path;

/// The administrators' socket within the data folder.
pub const SOCKET: &str = "relais.sock";
/// Bytes of an answer at most, but for those that are streamed.
const ANSWER_BYTES: usize = 64 << 20;
const JSON: &str = "application/json";

/// Whoever answers.
pub struct Client {
    lang: Lang,
    workspace: String,
    line: Line,
}

enum Line {
    /// A daemon.
    Socket(PathBuf),
    /// Nobody but this process. The peer is the user that runs it.
    Process { app: axum::Router, peer: Peer },
}

impl Client {
    /// Finds the daemon, or opens the store.
    pub async fn open(site: &Site) -> Result<Self, Fault> {
        let line = match site.data().map(|data| data.join(SOCKET)) {
            Some(path) if socket::answers(&path).await => Line::Socket(path),
            path => match site.router().await {
                Ok(router) => process(Arc::new(router)),
                // A daemon was just starting.
                Err(fault) if fault.code == "data-busy" => match path {
                    Some(path) if socket::answers(&path).await => Line::Socket(path),
                    _ => return Err(fault),
                },
                Err(fault) => return Err(fault),
            },
        };
        Ok(Self {
            lang: site.lang,
            workspace: site.workspace.to_string(),
            line,
        })
    }

    /// Whether a daemon answers, which sends in the background.
    pub fn is_daemon(&self) -> bool {
        matches!(self.line, Line::Socket(_))
    }

    /// What is below `path`, as every type of the API.
    pub async fn get<T: DeserializeOwned>(&self, path: &Path) -> Result<T, Fault> {
        self.call(Method::GET, path, Body::empty(), JSON).await
    }

    /// A request with a body of JSON.
    pub async fn give<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &Path,
        body: &impl Serialize,
    ) -> Result<T, Fault> {
        let body = serde_json::to_vec(body).map_err(|error| self.unreadable(&error.to_string()))?;
        self.call(method, path, Body::from(body), JSON).await
    }

    /// A request that does something without being told more.
    pub async fn act<T: DeserializeOwned>(&self, method: Method, path: &Path) -> Result<T, Fault> {
        self.call(method, path, Body::empty(), JSON).await
    }

    /// A request with a body of any type.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &Path,
        body: Body,
        content_type: &str,
    ) -> Result<T, Fault> {
        let answer = self.ask(method, path, body, content_type, JSON).await?;
        let bytes = self.whole(answer).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.unreadable(&error.to_string()))
    }

    /// A request whose answer is read as it comes. A problem ends it here.
    pub async fn ask(
        &self,
        method: Method,
        path: &Path,
        body: Body,
        content_type: &str,
        accept: &str,
    ) -> Result<Response<Body>, Fault> {
        let mut request = Request::builder()
            .method(method)
            .uri(path.uri(&self.workspace))
            .header(http::header::HOST, "relais")
            // Without it, a server does not send what comes behind a body (RFC 9110 section 10.1.4).
            .header(http::header::TE, "trailers")
            .header(ACCEPT_LANGUAGE, language(self.lang))
            .header(ACCEPT, format!("{accept}, application/problem+json;q=0.5"));
        if !content_type.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request
            .body(body)
            .map_err(|error| self.unreadable(&error.to_string()))?;
        let answer = match &self.line {
            Line::Socket(path) => socket::exchange(path, request)
                .await
                .map_err(|error| self.lost(&error))?,
            Line::Process { app, peer } => {
                let mut request = request;
                request.extensions_mut().insert(peer.clone());
                match app.clone().oneshot(request).await {
                    Ok(answer) => answer,
                    Err(never) => match never {},
                }
            }
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let bytes = self.whole(answer).await?;
        match serde_json::from_slice(&bytes) {
            Ok(problem) => Err(fault(problem)),
            Err(_) => Err(self.unreadable(status.as_str())),
        }
    }

    async fn whole(&self, answer: Response<Body>) -> Result<Bytes, Fault> {
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| self.unreadable(&error.to_string()))
    }

    fn unreadable(&self, error: &str) -> Fault {
        Fault::new(Status::Failed, "answer-unreadable", say::unreadable(self.lang, error))
    }

    fn lost(&self, error: &NoAnswer) -> Fault {
        match error {
            NoAnswer::NotReached(error) => Fault::new(
                Status::TryAgain,
                "daemon-unreachable",
                say::not_reached(self.lang, &error.to_string()),
            ),
            NoAnswer::Lost(error) => {
                Fault::new(Status::Failed, "daemon-lost", say::lost(self.lang, &error.to_string()))
            }
        }
    }
}

fn process(router: Arc<Router>) -> Line {
    let options = Options {
        dispatching: false,
        ..Options::default()
    };
    Line::Process {
        app: relais_server::app(router, options),
        peer: this_process(),
    }
}

fn this_process() -> Peer {
    match Who::this_process() {
        Who::Local { uid } => Peer::Process { uid },
        // It is always the above.
        _ => Peer::Process { uid: u32::MAX },
    }
}

/// The tag of a language (RFC 5646).
pub fn language(lang: Lang) -> &'static str {
    match lang {
        Lang::Fr => "fr",
        Lang::En => "en",
    }
}

/// The same facts, as the command line tells them.
fn fault(problem: Problem) -> Fault {
    let status = match StatusCode::from_u16(problem.status) {
        Ok(StatusCode::CONFLICT | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::FAILED_DEPENDENCY) => {
            Status::Failed
        }
        // Nothing was done, and the same may be done later.
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) => Status::TryAgain,
        Ok(status) if status.is_client_error() => Status::BadInput,
        _ => Status::Failed,
    };
    Fault {
        status,
        code: problem.code.into(),
        message: problem.detail,
        fields: problem.fields.into_iter().map(Field::from).collect(),
        more: problem
            .facts
            .into_iter()
            .map(|(name, value)| (Cow::Owned(name), value))
            .collect(),
    }
}
