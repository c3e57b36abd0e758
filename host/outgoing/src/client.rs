//! The one builder of outgoing HTTP clients: our way out, no redirect, our certificates, no second try behind the caller's back once
//! a byte of the request has left.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderValue, USER_AGENT};
use hyper_util::client::legacy;
use hyper_util::rt::TokioTimer;

use crate::body::Body;
use crate::dial::DialError;
use crate::drive::Drive;
use crate::egress::{Asked, Destination};
use crate::line::{Connector, LineError};
use crate::outgoing::Outgoing;
use crate::proxy::ProxyError;
use crate::refused::Refused;
use crate::tls::causes;

/// Header fields that a request gets on its way: `user-agent`, `accept`, `host`, `content-length`.
const ADDED: usize = 4;
/// How long a connection without a request is kept.
const IDLE: Duration = Duration::from_secs(90);

/// Told of a destination that was refused: for an audit.
pub type OnRefused = Arc<dyn Fn(&Asked, &Refused) + Send + Sync>;

/// A client for one destination. Its connections are shared with nobody but its clones, and go with the last of them: what is
/// still on its way then, an answer's body for one, has 5 seconds to come to its end.
#[derive(Clone)]
pub struct Client {
    http: legacy::Client<Connector, Body>,
    destination: Arc<Destination>,
    /// Behind `http`, so that its connections are given up before their drive is told.
    drive: Arc<Closing>,
}

/// The drive of a client and its clones, closed with the last of them.
struct Closing(Drive);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("destination", &self.destination.asked())
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(crate) fn new(
        outgoing: Outgoing,
        destination: Destination,
        connect: Duration,
        on_refused: OnRefused,
    ) -> Result<Self, String> {
        let tls = Arc::new(outgoing.tls(&destination.egress)?);
        let destination = Arc::new(destination);
        let connector = Connector::new(outgoing, destination.clone(), tls, connect, on_refused);
        let drive = Drive::new();
        let http = legacy::Client::builder(drive.clone())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            // An answer has a hundred header fields at most, hyper's own limit: with any other it allocates 8 KiB for each head.
            .build(connector);
        Ok(Self {
            http,
            destination,
            drive: Arc::new(Closing(drive)),
        })
    }

    /// Sends a request, and waits for the head of its answer without a time limit. The destination of its URL must be the
    /// client's. No redirect is followed.
    pub async fn execute(&self, mut request: http::Request<Body>) -> Result<http::Response<Body>, ClientError> {
        let relais = HeaderValue::from_static(concat!("Relais/", env!("CARGO_PKG_VERSION")));
        let headers = request.headers_mut();
        // Room for what is added here and below this.
        headers.reserve(ADDED);
        headers.entry(USER_AGENT).or_insert(relais);
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let answered = self.drive.0.run(self.http.request(request)).await;
        answered.map(|answer| answer.map(Body::of)).map_err(explain)
    }
}

fn explain(error: legacy::Error) -> ClientError {
    let line = causes(&error).find_map(|cause| cause.downcast_ref::<LineError>());
    let is_timeout = |cause: &(dyn Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>();
        io.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
    };
    let fault = match line {
        Some(LineError::Dial(DialError::Refused(refused))) => ClientFault::Refused(refused.clone()),
        Some(LineError::Dial(DialError::Proxy(error))) => ClientFault::Proxy(error.clone()),
        Some(LineError::Tls(text)) => ClientFault::Tls(text.clone()),
        Some(other) => ClientFault::Unreachable(other.to_string()),
        None if causes(&error).any(is_timeout) => ClientFault::Timeout,
        // The library's own text says less than the innermost cause. TLS that fails after its handshake is here as well: that is
        // no word on a certificate, and the request may have left.
        None => ClientFault::Failed(causes(&error).last().map(ToString::to_string).unwrap_or_default()),
    };
    ClientError {
        connected: error.connect_info().is_some() && !is_unsent(&error),
        fault,
        source: Box::new(error),
    }
}

/// Whether a request came back as it was given to a connection: only then does hyper call it cancelled. Its own word, and not one
/// among the causes, which may be a body's.
fn is_unsent(error: &legacy::Error) -> bool {
    let own = error.source().and_then(|own| own.downcast_ref::<hyper::Error>());
    own.is_some_and(hyper::Error::is_canceled)
}

/// Why there is no answer.
#[derive(Debug)]
pub struct ClientError {
    /// False where no connection took the request, so that nothing of it left.
    pub connected: bool,
    pub fault: ClientFault,
    /// What is behind it: an error of the request's body, for one, is among its causes.
    source: Box<dyn Error + Send + Sync>,
}

/// How an exchange ends without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFault {
    /// The destination may not be dialled.
    Refused(Refused),
    /// No connection, and the proxy is why.
    Proxy(ProxyError),
    /// No connection: why.
    Unreachable(String),
    /// No connection: the other side does not speak TLS, or its certificate is not good.
    Tls(String),
    /// The system gave the connection up for its silence.
    Timeout,
    /// It broke off; the innermost cause.
    Failed(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            ClientFault::Refused(refused) => refused.fmt(f),
            ClientFault::Proxy(error) => error.fmt(f),
            ClientFault::Timeout => f.write_str("no answer in time"),
            ClientFault::Unreachable(text) | ClientFault::Tls(text) | ClientFault::Failed(text) => f.write_str(text),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
