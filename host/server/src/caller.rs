//! Who calls, and what they may do.
//!
//! The threat: anything on this machine reaches a loopback port, and anything in its network one that is opened wider. So over
//! TCP only a token lets in. Over a Unix socket the system's own permissions count: whoever may open the administrators' socket
//! and is the daemon's user or root administers all; whoever may open a senders' socket sends, in the workspaces that it serves.
//!
//! What a caller may not see does not exist for it: another workspace is answered as an unknown one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use http::request::Parts;
use relais_router::{Origin, Role, Route, Router, Token, Who, WorkspaceName};
use relais_sandbox::Secret;

use crate::app::Shared;
use crate::rate::Key;
use crate::refusal::{Refusal, Request as Wrong};

/// The workspaces that a socket for senders serves; another one does not exist for who comes by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// All but these, which have their own.
    AllBut(Arc<[WorkspaceName]>),
    Only(WorkspaceName),
}

impl Serves {
    /// Every workspace.
    pub fn all() -> Self {
        Self::AllBut(Arc::default())
    }

    fn includes(&self, ws: &WorkspaceName) -> bool {
        match self {
            Self::AllBut(others) => !others.contains(ws),
            Self::Only(only) => only == ws,
        }
    }
}

/// Where a connection comes from. Whoever accepted it says so, in the extensions of each of its requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A TCP connection: only a token lets in.
    Tcp(SocketAddr),
    /// The administrators' socket, and the user at its other end (`SO_PEERCRED`).
    Admin { uid: u32 },
    /// A senders' socket, the user at its other end, and the workspaces for which it is there.
    Submit { uid: u32, serves: Serves },
    /// A TCP connection to the listener for figures, on which there is nothing else.
    Figures(SocketAddr),
    /// This very process, on behalf of this user.
    Process { uid: u32 },
}

/// What a caller may do.
#[derive(Debug, Clone)]
pub enum Scope {
    /// All, in every workspace.
    Local,
    /// Send, in these workspaces.
    Submit(Serves),
    /// What its token says, in its workspace.
    Token(Box<Token>),
}

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// For the audit journal.
    pub who: Who,
    pub scope: Scope,
    /// What it presented, where it was a token.
    presented: Option<Arc<Secret>>,
}

impl Caller {
    fn user(uid: u32, scope: Scope) -> Self {
        Self {
            who: Who::Local { uid },
            scope,
            presented: None,
        }
    }

    /// Which way a mail of this caller comes in.
    pub fn origin(&self) -> Origin {
        match self.scope {
            Scope::Local => Origin::Cli,
            Scope::Submit(_) => Origin::Sendmail,
            Scope::Token(_) => Origin::Api,
        }
    }

    /// What separates one caller's idempotency keys from another's.
    pub fn idempotency_scope(&self, ws: &WorkspaceName) -> String {
        match (&self.scope, &self.who) {
            (Scope::Token(token), _) => format!("{ws}/token/{}", token.id),
            (_, who) => format!("{ws}/{who}"),
        }
    }

    /// The workspace, as far as the caller may know of it.
    fn enters(&self, ws: &WorkspaceName) -> Result<(), Refusal> {
        match &self.scope {
            Scope::Local => Ok(()),
            Scope::Submit(serves) if serves.includes(ws) => Ok(()),
            Scope::Token(token) if token.workspace == *ws => Ok(()),
            Scope::Submit(_) | Scope::Token(_) => Err(Wrong::NoWorkspace(ws.to_string()).into()),
        }
    }
}

/// Lets in who may come in, as often as they may; everything under `/api/` is behind it.
pub async fn enter(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    match identify(&app, &request) {
        Ok(caller) => {
            request.extensions_mut().insert(Arc::new(caller));
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

fn identify(app: &Shared, request: &Request) -> Result<Caller, Refusal> {
    let peer = request.extensions().get::<Peer>();
    let daemon = rustix::process::getuid().as_raw();
    let caller = match (presented(request), peer) {
        (Some(presented), _) => {
            let presented = presented.unwrap_or_default();
            let Some(token) = app.router.authenticate(presented) else {
                stranger(app, peer)?;
                return Err(Wrong::BadToken.into());
            };
            Caller {
                who: token.who(),
                scope: Scope::Token(Box::new(token)),
                presented: Some(Arc::new(Secret::new(presented.to_owned()))),
            }
        }
        (None, Some(Peer::Process { uid })) => return Ok(Caller::user(*uid, Scope::Local)),
        (None, Some(Peer::Admin { uid })) if *uid == daemon || *uid == 0 => {
            return Ok(Caller::user(*uid, Scope::Local));
        }
        (None, Some(Peer::Submit { uid, serves })) => Caller::user(*uid, Scope::Submit(serves.clone())),
        (None, _) => {
            stranger(app, peer)?;
            return Err(Wrong::NoToken.into());
        }
    };
    take(app, &Key::of(&caller.who))?;
    Ok(caller)
}

/// Whose figures a caller may see: those of its workspace, or all.
pub fn watches(app: &Shared, request: &Request) -> Result<Option<WorkspaceName>, Refusal> {
    match identify(app, request)?.scope {
        Scope::Local => Ok(None),
        Scope::Submit(_) => Err(Wrong::SendOnly.into()),
        Scope::Token(token) if token.role == Role::Admin => Ok(Some(token.workspace)),
        Scope::Token(_) => Err(Wrong::AdminOnly.into()),
    }
}

/// The token that a request brings; `Some(None)` is a header that holds none. The scheme is of any case (RFC 9110 section 11.1).
fn presented(request: &Request) -> Option<Option<&str>> {
    let header = request.headers().get(AUTHORIZATION)?;
    let token = header.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    Some(token)
}

/// Lets somebody in who needs no token, as often as a stranger may come.
pub fn stranger_of(app: &Shared, request: &Request) -> Result<(), Refusal> {
    stranger(app, request.extensions().get::<Peer>())
}

fn stranger(app: &Shared, peer: Option<&Peer>) -> Result<(), Refusal> {
    let address = match peer {
        Some(Peer::Tcp(address) | Peer::Figures(address)) => Some(address.ip()),
        _ => None,
    };
    take(app, &Key::Stranger(address))
}

fn take(app: &Shared, key: &Key) -> Result<(), Refusal> {
    let taken = app.limiter.take(key, Instant::now());
    taken.map_err(|retry_after_s| Wrong::TooMany { retry_after_s }.into())
}

/// The workspace in the path.
async fn workspace(parts: &mut Parts, app: &Shared) -> Result<WorkspaceName, Refusal> {
    let params = RawPathParams::from_request_parts(parts, app).await;
    let params = params.map_err(|error| Wrong::Syntax(error.to_string()))?;
    let name = params
        .iter()
        .find(|(key, _)| *key == "workspace")
        .map(|(_, value)| value);
    let name = name.unwrap_or_default();
    WorkspaceName::new(name).map_err(|_| Wrong::NoWorkspace(name.to_owned()).into())
}

fn caller(parts: &Parts) -> Result<Arc<Caller>, Refusal> {
    let caller = parts.extensions.get::<Arc<Caller>>().cloned();
    caller.ok_or_else(|| Wrong::NoToken.into())
}

/// What shows, while an answer lasts, that its caller may still have it.
#[derive(Debug, Clone)]
pub struct Pass {
    ws: WorkspaceName,
    /// None where the system's permissions let in: a user who is open to the socket stays so.
    presented: Option<Arc<Secret>>,
}

impl Pass {
    /// Whether its caller administers the workspace now. Asks memory alone.
    pub fn holds(&self, router: &Router) -> bool {
        let Some(presented) = &self.presented else { return true };
        let token = router.authenticate(presented.reveal());
        token.is_some_and(|token| token.workspace == self.ws && token.role == Role::Admin)
    }
}

/// A caller that administers the workspace in the path.
#[derive(Debug, Clone)]
pub struct Admin {
    pub ws: WorkspaceName,
    pub who: Who,
    pub pass: Pass,
}

impl FromRequestParts<Shared> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let ws = workspace(parts, app).await?;
        let caller = caller(parts)?;
        caller.enters(&ws)?;
        match &caller.scope {
            Scope::Local => {}
            Scope::Submit(_) => return Err(Wrong::SendOnly.into()),
            Scope::Token(token) if token.role == Role::Admin => {}
            Scope::Token(_) => return Err(Wrong::AdminOnly.into()),
        }
        Ok(Self {
            pass: Pass {
                ws: ws.clone(),
                presented: caller.presented.clone(),
            },
            ws,
            who: caller.who.clone(),
        })
    }
}

/// A caller that sends in the workspace in the path.
#[derive(Debug, Clone)]
pub struct Sender {
    pub ws: WorkspaceName,
    pub caller: Arc<Caller>,
}

impl FromRequestParts<Shared> for Sender {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let ws = workspace(parts, app).await?;
        let caller = caller(parts)?;
        caller.enters(&ws)?;
        Ok(Self { ws, caller })
    }
}

impl Sender {
    /// The way that a mail of this caller takes, where it asks for this one.
    pub fn route(&self, asked: Route) -> Result<Route, Refusal> {
        match &self.caller.scope {
            Scope::Local => Ok(asked),
            Scope::Token(token) if token.role == Role::Admin || !matches!(asked, Route::Connector(_)) => {
                token.route(asked).map_err(|error| Refusal::Router(error.into()))
            }
            Scope::Submit(_) if !matches!(asked, Route::Connector(_)) => Ok(asked),
            Scope::Submit(_) | Scope::Token(_) => Err(Wrong::ConnectorChoice.into()),
        }
    }

    /// Whether the caller may follow what was sent: who comes by the senders' socket is told the id, and no more.
    pub fn follows(&self) -> Result<(), Refusal> {
        match self.caller.scope {
            Scope::Submit(_) => Err(Wrong::SendOnly.into()),
            _ => Ok(()),
        }
    }
}

/// A caller on this very machine that administers all of it.
#[derive(Debug, Clone)]
pub struct Host {
    pub who: Who,
}

impl FromRequestParts<Shared> for Host {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Refusal> {
        let caller = caller(parts)?;
        match caller.scope {
            Scope::Local => Ok(Self {
                who: caller.who.clone(),
            }),
            Scope::Submit(_) => Err(Wrong::SendOnly.into()),
            Scope::Token(_) => Err(Wrong::LocalOnly.into()),
        }
    }
}
