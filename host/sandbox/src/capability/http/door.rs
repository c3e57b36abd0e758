//! The door that every HTTP request of a guest passes: destination, credentials, then the exchange.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery};
use relais_manifest::{CredentialKind, Egress, Scheme};
use relais_outgoing::{Asked, Client, Destination, decide, entitled};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::head;
use super::underway::Underway;
use crate::capability::credentials::{Parts, Value};
use crate::context::Context;
use crate::floor::Turn;
use crate::handles::Watch;
use crate::meter::LimitHit;
use crate::{Place, Rule};

/// Header fields that belong to the connection (RFC 9110 section 7.6.1) or to the host.
const HOST_OWNED: [HeaderName; 9] = [
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    http::header::TRAILER,
    http::header::CONNECTION,
    http::header::HOST,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
    http::header::TE,
    http::header::PROXY_AUTHORIZATION,
];

/// Methods that hand a request's head, with its credential, to whoever answers (RFC 9110 sections 9.3.6 and 9.3.8).
const METHODS_REFUSED: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// How an exchange ends badly.
#[derive(Debug)]
pub(crate) enum DoorError {
    Refused(String),
    /// What a credential is made of is missing: nothing left.
    Credential(String),
    Unreachable(String),
    Timeout,
    Tls(String),
    Limit(String),
    Failed(String),
}

/// A request whose head may leave, and how. Handles still stand in it where credentials go.
pub(crate) struct Admitted {
    pub(super) client: Client,
    pub(super) asked: Asked,
}

/// One session's door: a client for each grant, made when it is first needed.
pub(crate) struct Door {
    context: Arc<Context>,
    clients: Mutex<HashMap<usize, Client>>,
    /// Where each grant leads, in the order of the instance's; found out once.
    destinations: OnceLock<Vec<Destination>>,
    /// How many exchanges may be open at once.
    places: Arc<Semaphore>,
}

impl Door {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(context.limits.connections)),
            context,
            clients: Mutex::default(),
            destinations: OnceLock::new(),
        }
    }

    /// Judges a request's head. Handles that stand where they may are left to [`write`](Self::write).
    pub(crate) fn admit(&self, head: &mut http::request::Parts) -> Result<Admitted, DoorError> {
        let asked = self.destination(&head.uri)?;
        // A guest that followed a redirect with a credential's handle tried more than to get somewhere.
        let refuse = |rule: Rule| {
            let text = self.context.audit.refuse_with(&asked, rule, self.names_a_handle(head));
            DoorError::Refused(text)
        };
        let (index, egress) =
            entitled(&self.context.instance.egress, &asked).map_err(|refused| refuse(refused.into()))?;
        if let Some(ip) = asked.literal() {
            let destination = self.granted(index);
            let destination = destination.ok_or_else(|| DoorError::Failed("no such grant".to_owned()))?;
            decide(destination, &asked, &[ip]).map_err(|refused| refuse(refused.into()))?;
        }
        let method = head.method.as_str();
        if METHODS_REFUSED
            .iter()
            .any(|refused| method.eq_ignore_ascii_case(refused))
        {
            return Err(refuse(Rule::Method));
        }
        if self.in_url(&head.uri) {
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
        for (name, value) in &head.headers {
            self.judge_header(&asked, egress, name, value)?;
        }
        if let Some(excess) = head::excess(head) {
            return Err(DoorError::Failed(excess));
        }
        Ok(Admitted {
            client: self.client(index, egress)?,
            asked,
        })
    }

    /// Judges the pieces that a guest composed for a body, a handle cut across them included.
    pub(crate) fn admit_body<'a>(
        &self,
        asked: &Asked,
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), DoorError> {
        let mut watch = Watch::default();
        for piece in pieces {
            if watch.sees(&self.context.handles, piece) {
                return Err(self.refuse(asked, Rule::Handle(Place::Body)));
            }
        }
        Ok(())
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// What a request leaves in the name of: the call in progress, and as the connector's manifest says of it.
    pub(crate) fn turn(&self, method: &http::Method, uri: &http::Uri) -> Turn {
        let turn = self.context.floor.turn();
        match self.context.service().prepares(method.as_str(), uri.path()) {
            true => turn.preparing(),
            false => turn,
        }
    }

    /// A place among the connections of the session, for a request that may leave.
    pub(super) fn place(&self) -> Result<Arc<Underway>, DoorError> {
        let place = self.places.clone().try_acquire_owned();
        let none = |_| DoorError::Limit(self.context.limited(LimitHit("connections")));
        place.map(Underway::new).map_err(none)
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
        let port = authority
            .port_u16()
            .unwrap_or(if scheme == Scheme::Https { 443 } else { 80 });
        let asked = Asked::new(scheme, authority.host(), port);
        if authority.as_str().contains('@') {
            let handle = self.context.handles.within(authority.as_str().as_bytes());
            let text = self.context.audit.refuse_with(&asked, Rule::UserInUrl, handle);
            return Err(DoorError::Refused(text));
        }
        Ok(asked)
    }

    /// A header's value is no handle, or one where it may stand.
    fn judge_header(
        &self,
        asked: &Asked,
        egress: &Egress,
        name: &HeaderName,
        value: &HeaderValue,
    ) -> Result<(), DoorError> {
        if !self.context.handles.within(value.as_bytes()) {
            return Ok(());
        }
        let Some(credential) = self.credential(value) else {
            return Err(self.refuse(asked, Rule::Handle(Place::PartOfHeader)));
        };
        let parts = self.parts(&credential)?;
        let own_header = parts.credential.header_name().unwrap_or_default();
        if !name.as_str().eq_ignore_ascii_case(own_header) {
            let (credential, header) = (credential.clone(), own_header.to_owned());
            let rule = Rule::OtherHeader { credential, header };
            return Err(self.refuse(asked, rule));
        }
        let is_own = |e: &Egress| e.scheme == egress.scheme && e.host == egress.host && e.port == egress.port;
        if !self.context.origins(&credential).iter().any(is_own) {
            let credential = credential.clone();
            return Err(self.refuse(asked, Rule::OtherOrigin { credential }));
        }
        if asked.scheme == Scheme::Http && !self.context.instance.grants.auth_in_clear {
            return Err(self.refuse(asked, Rule::InClear));
        }
        Ok(())
    }

    /// Puts credentials in the place of their handles, in a head that was admitted, and answers what was written. Asks for
    /// tokens last, so that nothing that is refused costs one.
    pub(super) async fn write<'a>(&'a self, headers: &mut http::HeaderMap) -> Result<Vec<Value<'a>>, DoorError> {
        let mut written = Vec::new();
        for header in headers.values_mut() {
            let Some(credential) = self.credential(header) else {
                continue;
            };
            let parts = self.parts(&credential)?;
            let value = parts
                .value(&self.context)
                .await
                .map_err(|fault| not_ready(&credential, fault.text()))?;
            *header = compose(&parts, &value).ok_or_else(|| not_ready(&credential, "it cannot stand in a header"))?;
            written.push(value);
        }
        Ok(written)
    }

    /// The credential whose handle is the whole of a header's value.
    fn credential(&self, value: &HeaderValue) -> Option<String> {
        self.context.handles.credential(value.to_str().ok()?)
    }

    fn parts(&self, credential: &str) -> Result<Parts<'_>, DoorError> {
        Parts::of(&self.context.manifest, &self.context.instance, credential)
            .map_err(|missing| not_ready(credential, &missing.0))
    }

    /// Whether a handle stands in a URL. What parts its authority from its path is no character of a handle.
    fn in_url(&self, uri: &http::Uri) -> bool {
        let authority = uri.authority().map_or("", Authority::as_str);
        let path = uri.path_and_query().map_or("", PathAndQuery::as_str);
        [authority, path]
            .into_iter()
            .any(|part| self.context.handles.within(part.as_bytes()))
    }

    fn granted(&self, index: usize) -> Option<&Destination> {
        let all = self.destinations.get_or_init(|| {
            let egress = self.context.instance.egress.iter();
            egress.map(|egress| self.context.destination(egress)).collect()
        });
        all.get(index)
    }

    fn client(&self, index: usize, egress: &Egress) -> Result<Client, DoorError> {
        let mut clients = self.clients.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(client) = clients.get(&index) {
            return Ok(client.clone());
        }
        let connect = egress.connect_timeout.unwrap_or(self.context.limits.connect);
        let audit = self.context.audit.clone();
        let client = self.context.outgoing.client(
            self.context.destination(egress),
            connect,
            Arc::new(move |asked, refused| {
                audit.refuse(asked, refused.clone().into());
            }),
        );
        let client = client.map_err(DoorError::Failed)?;
        clients.insert(index, client.clone());
        Ok(client)
    }

    /// Whether a handle stands anywhere in a request's head.
    fn names_a_handle(&self, head: &http::request::Parts) -> bool {
        let handles = &self.context.handles;
        let in_field = |(name, value): (&HeaderName, &HeaderValue)| {
            handles.within(name.as_ref()) || handles.within(value.as_bytes())
        };
        self.in_url(&head.uri) || handles.within(head.method.as_str().as_bytes()) || head.headers.iter().any(in_field)
    }

    fn refuse(&self, asked: impl ToString, rule: Rule) -> DoorError {
        DoorError::Refused(self.context.audit.refuse(asked, rule))
    }
}

fn not_ready(credential: &str, why: &str) -> DoorError {
    DoorError::Credential(format!("the credential `{credential}` is not ready: {why}"))
}

/// The header's value, made of the secret or the token.
fn compose(parts: &Parts<'_>, value: &Value<'_>) -> Option<HeaderValue> {
    let secret = value.reveal();
    let text = Zeroizing::new(match parts.credential.kind {
        CredentialKind::Basic => {
            let identity = Zeroizing::new(format!("{}:{secret}", parts.username));
            format!("Basic {}", BASE64.encode(identity.as_bytes()))
        }
        CredentialKind::Bearer => format!("Bearer {secret}"),
        CredentialKind::Header => secret.to_owned(),
        CredentialKind::Plain | CredentialKind::Login | CredentialKind::Xoauth2 => return None,
    });
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
