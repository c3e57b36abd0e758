//! The one builder of outgoing HTTP clients: no environment's proxy, no redirect, our resolver, our certificates, no second
//! try behind the caller's back.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::egress::{Asked, Destination, decide};
use crate::outgoing::Shared;
use crate::refused::Refused;
use crate::tls::{Fault, Tls, causes, rustls_error};

pub use reqwest::Body;

/// Told of a destination that was refused once its name was resolved: for an audit.
pub type OnRefused = Arc<dyn Fn(&Asked, &Refused) + Send + Sync>;

/// A client for one destination. Its connections are shared with nobody but its clones.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    tls: Arc<Tls>,
    destination: Arc<Destination>,
    on_refused: OnRefused,
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
        shared: Arc<Shared>,
        destination: Destination,
        connect: Duration,
        on_refused: OnRefused,
    ) -> Result<Self, String> {
        let destination = Arc::new(destination);
        let tls = Arc::new(Tls::new(&destination.egress)?);
        let mut config = rustls::ClientConfig::clone(tls.config());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_backend_preconfigured(config)
            .dns_resolver(Arc::new(Judge {
                shared,
                destination: destination.clone(),
                on_refused: on_refused.clone(),
            }))
            .connect_timeout(connect)
            .http1_max_headers(128)
            .user_agent(concat!("Relais/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| format!("the HTTP client cannot be built: {e}"))?;
        Ok(Self {
            http,
            tls,
            destination,
            on_refused,
        })
    }

    /// Sends a request, and waits for the head of its answer without a time limit. The destination of its URL must be the
    /// client's. No redirect is followed.
    pub async fn execute(&self, request: http::Request<Body>) -> Result<http::Response<Body>, ClientError> {
        // An address is not resolved, so that it would pass by the judge.
        let asked = Asked::of(request.uri()).ok_or_else(|| ClientError::failed("the URL has no host".to_owned()))?;
        let addresses: Vec<IpAddr> = asked.literal().into_iter().collect();
        if let Err(refused) = decide(&self.destination, &asked, &addresses) {
            (self.on_refused)(&asked, &refused);
            return Err(ClientError::refused(refused));
        }
        let request = reqwest::Request::try_from(request).map_err(|e| ClientError::failed(e.to_string()))?;
        let response = self.http.execute(request).await;
        response.map(Into::into).map_err(|error| self.explain(error))
    }

    fn explain(&self, error: reqwest::Error) -> ClientError {
        let refused = causes(&error).find_map(|cause| cause.downcast_ref::<Refused>());
        // The library's own text names the URL; what matters is the innermost cause.
        let cause = || causes(&error).last().map(ToString::to_string).unwrap_or_default();
        let fault = match (refused, error.is_timeout(), error.is_connect()) {
            (Some(refused), ..) => ClientFault::Refused(refused.clone()),
            _ if rustls_error(&error).is_some() => match self.tls.explain(&error) {
                Fault::NotTls => {
                    ClientFault::Tls("the server answers in clear on a port that should speak TLS".to_owned())
                }
                Fault::Tls(text) => ClientFault::Tls(text),
            },
            (_, true, false) => ClientFault::Timeout,
            (_, _, true) => ClientFault::Unreachable(cause()),
            _ => ClientFault::Failed(cause()),
        };
        ClientError {
            connected: !error.is_connect(),
            fault,
            source: Some(Box::new(error)),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct ClientError {
    /// False where no connection was made, so that nothing of the request left.
    pub connected: bool,
    pub fault: ClientFault,
    /// What is behind it: an error of the request's body, for one, is among its causes.
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// How an exchange ends without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFault {
    /// The destination may not be dialled.
    Refused(Refused),
    /// No connection; the innermost cause.
    Unreachable(String),
    /// The other side does not speak TLS, or its certificate is not good.
    Tls(String),
    Timeout,
    /// It broke off; the innermost cause.
    Failed(String),
}

impl ClientError {
    fn failed(text: String) -> Self {
        Self {
            connected: false,
            fault: ClientFault::Failed(text),
            source: None,
        }
    }

    fn refused(refused: Refused) -> Self {
        Self {
            connected: false,
            fault: ClientFault::Refused(refused),
            source: None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            ClientFault::Refused(refused) => refused.fmt(f),
            ClientFault::Timeout => f.write_str("no answer in time"),
            ClientFault::Unreachable(text) | ClientFault::Tls(text) | ClientFault::Failed(text) => f.write_str(text),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// Resolves a name and lets through only the addresses that may be dialled.
struct Judge {
    shared: Arc<Shared>,
    destination: Arc<Destination>,
    on_refused: OnRefused,
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let (shared, destination) = (self.shared.clone(), self.destination.clone());
        let on_refused = self.on_refused.clone();
        let asked = Asked::new(destination.egress.scheme, name.as_str(), destination.egress.port);
        Box::pin(async move {
            let resolved = shared.resolver.resolve(asked.host.clone()).await?;
            let allowed = decide(&destination, &asked, &resolved).inspect_err(|refused| on_refused(&asked, refused))?;
            let addresses: Vec<SocketAddr> = allowed.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
