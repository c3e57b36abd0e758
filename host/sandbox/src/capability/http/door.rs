//! The door that every HTTP request of a guest passes: destination, credentials, then the exchange.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{HeaderName, HeaderValue};
use relais_manifest::{CredentialKind, Egress, Scheme};
use zeroize::Zeroizing;

use super::client::{self, Client, judge};
use crate::capability::credentials::Parts;
use crate::context::Context;
use crate::egress::{Asked, entitled};
use crate::handles::Watch;
use crate::meter::LimitHit;
use crate::observer::Event;
use crate::tls::{Fault, rustls_error};
use crate::{Place, Rule};

/// Header fields that belong to the connection (RFC 9110 section 7.6.1) or to the host.
const HOST_OWNED: [HeaderName; 6] = [
    http::header::CONNECTION,
    http::header::HOST,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    http::header::TE,
    http::header::PROXY_AUTHORIZATION,
];

/// How an exchange ends badly.
#[derive(Debug)]
pub(crate) enum DoorError {
    Refused(String),
    Unreachable(String),
    Timeout,
    Tls(String),
    Limit(String),
    Failed(String),
}

/// A request that may leave, and how.
pub(crate) struct Admitted {
    client: Client,
    asked: Asked,
}

/// One session's door: a client for each grant, made when it is first needed.
pub(crate) struct Door {
    context: Arc<Context>,
    clients: Mutex<HashMap<usize, Client>>,
}

impl Door {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            context,
            clients: Mutex::default(),
        }
    }

    /// Judges a request's head, and puts credentials in the place of their handles.
    pub(crate) fn admit(&self, head: &mut http::request::Parts) -> Result<Admitted, DoorError> {
        let asked = self.destination(&head.uri)?;
        let (index, egress) =
            entitled(&self.context.instance.egress, &asked).map_err(|rule| self.refuse(&asked, rule))?;
        if let Some(ip) = asked.literal() {
            judge(&self.context, &asked, &[ip]).map_err(|rule| DoorError::Refused(rule.to_string()))?;
        }
        if self.context.handles.within(head.uri.to_string().as_bytes()) {
            return Err(self.refuse(&asked, Rule::Handle(Place::Url)));
        }
        let words = head
            .headers
            .keys()
            .map(HeaderName::as_str)
            .chain([head.method.as_str()]);
        for word in words {
            if self.context.handles.within(word.as_bytes()) {
                return Err(self.refuse(&asked, Rule::Handle(Place::MethodOrHeaderName)));
            }
        }
        for name in HOST_OWNED {
            head.headers.remove(name);
        }
        let names: Vec<HeaderName> = head.headers.keys().cloned().collect();
        for name in names {
            let http::header::Entry::Occupied(mut entry) = head.headers.entry(name) else {
                continue;
            };
            let name = entry.key().clone();
            for value in entry.iter_mut() {
                if let Some(written) = self.written(&asked, egress, &name, value)? {
                    *value = written;
                }
            }
        }
        Ok(Admitted {
            client: self.client(index, egress)?,
            asked,
        })
    }

    /// Judges the pieces that a guest composed for a body, a handle cut across them included.
    pub(crate) fn admit_body<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<(), DoorError> {
        let mut watch = Watch::default();
        for piece in pieces {
            if watch.sees(&self.context.handles, piece) {
                return Err(self.refuse("a request's body", Rule::Handle(Place::Body)));
            }
        }
        Ok(())
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// Sends what was admitted, and waits for the head of the answer.
    pub(crate) async fn exchange(
        &self,
        admitted: Admitted,
        request: http::Request<reqwest::Body>,
    ) -> Result<http::Response<reqwest::Body>, DoorError> {
        let Admitted { client, asked } = admitted;
        let method = request.method().to_string();
        let head_bytes = 128 + request.uri().to_string().len();
        let request = reqwest::Request::try_from(request).map_err(|e| DoorError::Failed(e.to_string()))?;
        let answered = client.http.execute(request).await;
        let reached = !matches!(&answered, Err(error) if error.is_connect());
        if reached {
            // Whatever came of it, bytes left.
            self.context
                .meter
                .out(head_bytes)
                .map_err(|limit| DoorError::Limit(self.context.limited(limit)))?;
        }
        self.context.audit.tell(Event::Requested {
            method,
            destination: asked.to_string(),
            status: answered.as_ref().ok().map(|response| response.status().as_u16()),
        });
        let response = answered.map_err(|error| self.explain(&client, &error))?;
        self.context
            .meter
            .arrived(head_bytes)
            .map_err(|limit| DoorError::Limit(self.context.limited(limit)))?;
        self.context.meter.heard(response.status().as_str().as_bytes());
        self.context.meter.heard(b"\n");
        Ok(response.into())
    }

    fn destination(&self, uri: &http::Uri) -> Result<Asked, DoorError> {
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") => Scheme::Http,
            _ => return Err(DoorError::Failed("a URL begins with https:// or http://".to_owned())),
        };
        let authority = uri
            .authority()
            .ok_or_else(|| DoorError::Failed("the URL has no host".to_owned()))?;
        if authority.as_str().contains('@') {
            return Err(self.refuse("a URL", Rule::UserInUrl));
        }
        let port = authority
            .port_u16()
            .unwrap_or(if scheme == Scheme::Https { 443 } else { 80 });
        Ok(Asked::new(scheme, authority.host(), port))
    }

    /// What to write in place of a header's value, if it is a handle.
    fn written(
        &self,
        asked: &Asked,
        egress: &Egress,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> Result<Option<HeaderValue>, DoorError> {
        if !self.context.handles.within(value.as_bytes()) {
            return Ok(None);
        }
        let whole = value
            .to_str()
            .ok()
            .and_then(|handle| self.context.handles.credential(handle));
        let Some(credential) = whole else {
            return Err(self.refuse(asked, Rule::Handle(Place::PartOfHeader)));
        };
        let missing = |what: String| DoorError::Failed(format!("the credential `{credential}` is not ready: {what}"));
        let parts = Parts::of(&self.context.manifest, &self.context.instance, &credential).map_err(|e| missing(e.0))?;
        let own_header = parts.credential.header_name().unwrap_or_default();
        if !name.as_str().eq_ignore_ascii_case(own_header) {
            let (credential, header) = (credential.clone(), own_header.to_owned());
            let rule = Rule::OtherHeader { credential, header };
            return Err(self.refuse(asked, rule));
        }
        let origins = self
            .context
            .manifest
            .destinations(parts.credential, &self.context.instance.settings);
        let origins = origins.unwrap_or_default();
        let is_own = |e: &Egress| e.scheme == egress.scheme && e.host == egress.host && e.port == egress.port;
        if !origins.iter().any(is_own) {
            let credential = credential.clone();
            return Err(self.refuse(asked, Rule::OtherOrigin { credential }));
        }
        if asked.scheme == Scheme::Http && !self.context.instance.grants.auth_in_clear {
            return Err(self.refuse(asked, Rule::InClear));
        }
        compose(&parts)
            .map(Some)
            .ok_or_else(|| missing("its secret cannot stand in a header".to_owned()))
    }

    fn client(&self, index: usize, egress: &Egress) -> Result<Client, DoorError> {
        let mut clients = self.clients.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(client) = clients.get(&index) {
            return Ok(client.clone());
        }
        let client = client::build(&self.context, egress).map_err(DoorError::Failed)?;
        clients.insert(index, client.clone());
        Ok(client)
    }

    fn refuse(&self, asked: impl ToString, rule: Rule) -> DoorError {
        DoorError::Refused(self.context.audit.refuse(asked, rule))
    }

    fn explain(&self, client: &Client, error: &reqwest::Error) -> DoorError {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(rule) = error.downcast_ref::<Rule>() {
                return DoorError::Refused(rule.to_string());
            }
            if let Some(limit) = error.downcast_ref::<LimitHit>() {
                return DoorError::Limit(self.context.limited(*limit));
            }
            next = error.source();
        }
        if rustls_error(error).is_some() {
            return match client.tls.explain(error) {
                Fault::NotTls => {
                    DoorError::Tls("the server answers in clear on a port that should speak TLS".to_owned())
                }
                Fault::Tls(text) => DoorError::Tls(text),
            };
        }
        // The library's text names the URL; what matters is the innermost cause.
        let mut cause: &(dyn std::error::Error + 'static) = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        match (error.is_timeout(), error.is_connect()) {
            (true, false) => DoorError::Timeout,
            (_, true) => DoorError::Unreachable(cause.to_string()),
            _ => DoorError::Failed(cause.to_string()),
        }
    }
}

/// The header's value, made of the secret.
fn compose(parts: &Parts<'_>) -> Option<HeaderValue> {
    let secret = parts.secret.reveal();
    let text = Zeroizing::new(match parts.credential.kind {
        CredentialKind::Basic => {
            let identity = Zeroizing::new(format!("{}:{secret}", parts.username));
            format!("Basic {}", BASE64.encode(identity.as_bytes()))
        }
        CredentialKind::Bearer => format!("Bearer {secret}"),
        CredentialKind::Header => secret.to_owned(),
        CredentialKind::Plain | CredentialKind::Login => return None,
    });
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
