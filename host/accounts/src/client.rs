//! One application's talk with one provider, for one account.

use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, ClientSecret, EndpointNotSet, EndpointSet, ErrorResponse, HttpRequest,
    HttpResponse, RefreshToken, RequestTokenError, Scope, StandardRevocableToken, TokenUrl,
};
use url::form_urlencoded;

use crate::answer::Answer;
use crate::assertion::{self, Signer};
use crate::dialect::Ask;
use crate::provider::Endpoint;
use crate::wire::{self, Exchange};
use crate::{Application, Dialect, Fault, FaultKind, Flow, Grant, Proof, Provider, Secret};

/// The crate's client with our own reading of an answer. Refusals never reach it: see [`wire`].
pub(crate) type Oauth = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What asks a provider for tokens. It keeps nothing of an account, and may be used from several tasks at once.
#[derive(Debug, Clone)]
pub struct Client {
    pub(crate) provider: Provider,
    pub(crate) application: Application,
    flow: Flow,
    signer: Option<Signer>,
    patience: Duration,
    clock: fn() -> SystemTime,
}

impl Client {
    /// How long one exchange may take, from the first step of the connection to the last byte.
    pub const PATIENCE: Duration = Duration::from_secs(30);

    /// A client for an account that comes about by `flow`.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Configuration`]: the application cannot be right ([`Application::check`]), or the provider does not offer
    /// the flow.
    pub fn new(provider: Provider, application: Application, flow: Flow) -> Result<Self, Fault> {
        if !provider.flows.contains(&flow) {
            let detail = format!("{}: {}", provider.id, flow.word());
            return Err(Fault::new(FaultKind::Configuration, "flow-not-offered", &detail));
        }
        let signer = application.signer(provider.dialect)?;
        if flow == Flow::ClientCredentials && matches!(application.proof, Proof::Public) {
            return Err(Fault::new(FaultKind::Configuration, "application-proof", ""));
        }
        Ok(Self {
            provider,
            application,
            flow,
            signer,
            patience: Self::PATIENCE,
            clock: SystemTime::now,
        })
    }

    /// Another patience than [`Client::PATIENCE`].
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Another wall clock than the system's: a seam, so that a test can be wrong by a day. Nothing but the time of an assertion,
    /// and what is said of the clock, hangs on it.
    pub fn with_clock(mut self, clock: fn() -> SystemTime) -> Self {
        self.clock = clock;
        self
    }

    /// A token for the application itself (RFC 6749 §4.4).
    ///
    /// # Errors
    ///
    /// Any [`Fault`] but those of an association.
    pub async fn client_credentials(&self) -> Result<Grant, Fault> {
        let asked = Instant::now();
        let oauth = self.oauth();
        let mut request = oauth.exchange_client_credentials();
        for scope in &self.provider.application_scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        for (name, value) in self.assertion()? {
            request = request.add_extra_param(name, value);
        }
        let http = self.http(&self.provider.token, Ask::Credentials);
        let answer = request.request_async(&http).await.map_err(unread)?;
        self.grant(answer, &self.provider.application_scopes, Ask::Credentials, asked)
    }

    /// A new grant for a refresh token (RFC 6749 §6). Where [`Grant::refresh_token`] is none, the one that was given stays good.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Reconnect`]: the account is lost. Under [`Fault::unanswered`] the token may have been used up, and asking
    /// with it again may tell so, or end the authorisation (RFC 9700 §4.14.2).
    pub async fn refresh(&self, refresh_token: &Secret) -> Result<Grant, Fault> {
        let asked = Instant::now();
        let oauth = self.oauth();
        let token = RefreshToken::new(refresh_token.reveal().to_owned());
        // No scopes: the same rights as before.
        let mut request = oauth.exchange_refresh_token(&token);
        for (name, value) in self.assertion()? {
            request = request.add_extra_param(name, value);
        }
        let http = self.http(&self.provider.token, Ask::Refresh);
        let answer = request.request_async(&http).await.map_err(unread)?;
        self.grant(answer, &self.provider.scopes, Ask::Refresh, asked)
    }

    /// Gives a token back (RFC 7009). Where the provider has no address for it, as Entra, nothing is done.
    ///
    /// # Errors
    ///
    /// The provider did not say that the token is forgotten. It is no longer kept here either way.
    pub async fn revoke(&self, token: &Secret) -> Result<(), Fault> {
        let Some(endpoint) = &self.provider.revocation else {
            return Ok(());
        };
        let request = self.form(
            endpoint,
            &[("token", token.reveal()), ("token_type_hint", "refresh_token")],
        )?;
        self.post(endpoint, Ask::Revoke, request).await.map(drop)
    }

    /// The crate's client. It checks no address: ours are checked where they are made.
    pub(crate) fn oauth(&self) -> Oauth {
        let oauth: Oauth = oauth2::Client::new(ClientId::new(self.application.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(self.provider.token.url.clone()));
        match self.secret() {
            Some(secret) => oauth
                .set_client_secret(ClientSecret::new(secret.to_owned()))
                .set_auth_type(match self.in_body() {
                    true => AuthType::RequestBody,
                    false => AuthType::BasicAuth,
                }),
            None => oauth.set_auth_type(AuthType::RequestBody),
        }
    }

    /// RFC 6749 §2.3.1 prefers the header; Microsoft documents the body alone.
    fn in_body(&self) -> bool {
        self.provider.dialect == Dialect::Entra
    }

    /// Entra knows the device flow for public clients alone (AADSTS700025 otherwise); others, as Google, want the secret.
    fn public(&self) -> bool {
        self.flow == Flow::DeviceCode && self.provider.dialect == Dialect::Entra
    }

    fn secret(&self) -> Option<&str> {
        match &self.application.proof {
            Proof::Secret(secret) if !self.public() => Some(secret.reveal()),
            _ => None,
        }
    }

    /// The parameters of an assertion, where the application has a certificate.
    pub(crate) fn assertion(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        let Some(signer) = self.signer.as_ref().filter(|_| !self.public()) else {
            return Ok(Vec::new());
        };
        let audience = self.provider.token.url.as_str();
        let signed = signer.sign(&self.application.client_id, audience, (self.clock)())?;
        Ok(vec![
            ("client_assertion_type", assertion::KIND.to_owned()),
            ("client_assertion", signed),
        ])
    }

    /// A request that the crate does not make: of one poll, and of a revocation to an address in clear where that is granted.
    pub(crate) fn form(&self, endpoint: &Endpoint, parameters: &[(&str, &str)]) -> Result<HttpRequest, Fault> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(parameters);
        form.extend_pairs(self.assertion()?);
        let mut request = http::Request::post(endpoint.url.as_str())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        match self.secret() {
            Some(secret) if !self.in_body() => {
                let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&self.application.client_id), encoded(secret));
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) => {
                form.append_pair("client_id", &self.application.client_id);
                form.append_pair("client_secret", secret);
            }
            None => {
                form.append_pair("client_id", &self.application.client_id);
            }
        }
        request
            .body(form.finish().into_bytes())
            .map_err(|_| malformed("request"))
    }

    /// What the crate's client asks through.
    pub(crate) fn http<'a>(&'a self, endpoint: &'a Endpoint, ask: Ask) -> Http<'a> {
        Http {
            client: self,
            endpoint,
            ask,
        }
    }

    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        ask: Ask,
        request: HttpRequest,
    ) -> Result<HttpResponse, Fault> {
        let exchange = Exchange {
            endpoint,
            dialect: self.provider.dialect,
            ask,
            patience: self.patience,
            now: self.clock,
            secret: self.secret(),
        };
        wire::post(exchange, request).await
    }

    pub(crate) fn grant(&self, answer: Answer, wanted: &[String], ask: Ask, asked: Instant) -> Result<Grant, Fault> {
        Grant::read(answer, wanted, self.provider.dialect, ask, asked)
    }
}

/// One endpoint, asked one thing. A type and no closure, so that a flow can be carried on by another thread.
pub(crate) struct Http<'a> {
    client: &'a Client,
    endpoint: &'a Endpoint,
    ask: Ask,
}

impl<'c> AsyncHttpClient<'c> for Http<'_> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Fault>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.client.post(self.endpoint, self.ask, request))
    }
}

/// Why the crate could not read an answer. Its own words may hold a piece of the answer, so that only the place is told.
pub(crate) fn unread<T: ErrorResponse + 'static>(error: RequestTokenError<Fault, T>) -> Fault {
    match error {
        RequestTokenError::Request(fault) => fault,
        RequestTokenError::Parse(error, _) => unreadable(&error.path().to_string()),
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => unreadable(""),
    }
}

/// An answer that is not what the protocol says; whatever was asked may be done.
pub(crate) fn unreadable(place: &str) -> Fault {
    let mut fault = malformed(place);
    fault.unanswered = true;
    fault
}

pub(crate) fn malformed(place: &str) -> Fault {
    Fault::new(FaultKind::Unavailable, "malformed", place)
}
