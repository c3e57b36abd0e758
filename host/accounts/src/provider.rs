//! Who gives tokens, and where it is asked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use relais_manifest::{Dialect, Egress, FilledProvider, Flow, Scheme};
use relais_outgoing::{Destination, OnRefused, Outgoing};
use url::Url;

use crate::{Fault, FaultKind};

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// A provider of one instance, with the clients that may reach it.
#[derive(Debug, Clone)]
pub struct Provider {
    pub(crate) id: String,
    pub(crate) dialect: Dialect,
    pub(crate) flows: Vec<Flow>,
    pub(crate) authorization: Option<Url>,
    pub(crate) token: Endpoint,
    pub(crate) device: Option<Endpoint>,
    pub(crate) revocation: Option<Endpoint>,
    pub(crate) scopes: Vec<String>,
    pub(crate) application_scopes: Vec<String>,
    pub(crate) authorize_parameters: Vec<(String, String)>,
}

/// What an administrator permits beyond what follows from the parameters: the instance's grants.
#[derive(Debug, Clone, Default)]
pub struct Permits {
    /// `auth-in-clear`: secrets may go to an endpoint without TLS.
    pub in_clear: bool,
    /// `private:NAME`: these names may be private or loopback although the manifest fixes them.
    pub private: BTreeSet<String>,
}

/// An address that is posted to, and the client that may reach it and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: Url,
    pub(crate) http: relais_outgoing::Client,
}

impl Provider {
    /// Makes the clients for a provider's endpoints; endpoints of one origin share theirs. A destination that is refused is told
    /// to `on_refused` as well.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Configuration`]: an endpoint in clear that is not permitted, or a certificate that cannot be read.
    pub fn new(
        filled: &FilledProvider,
        permits: &Permits,
        outgoing: &Outgoing,
        on_refused: &OnRefused,
    ) -> Result<Self, Fault> {
        let mut made: Vec<(Egress, relais_outgoing::Client)> = Vec::new();
        let mut endpoint = |endpoint: &relais_manifest::Endpoint| {
            let url = address(endpoint, permits)?;
            let egress = Egress {
                scheme: endpoint.scheme,
                host: endpoint.host.clone(),
                port: endpoint.port,
                typed: endpoint.typed,
                tls_name: None,
                certificate_pem: filled.certificate_pem.clone(),
                connect_timeout: None,
            };
            if let Some((_, http)) = made.iter().find(|(known, _)| *known == egress) {
                let http = http.clone();
                return Ok(Endpoint { url, http });
            }
            let destination = Destination {
                private: permits.private.contains(&egress.host),
                egress: egress.clone(),
            };
            let http = outgoing.client(destination, CONNECT, Arc::clone(on_refused));
            let http = http.map_err(|text| wrong("provider-certificate", &text))?;
            made.push((egress, http.clone()));
            Ok(Endpoint { url, http })
        };
        Ok(Self {
            id: filled.id.clone(),
            dialect: filled.dialect,
            flows: filled.flows.clone(),
            authorization: filled
                .authorization
                .as_ref()
                .map(|to| address(to, permits))
                .transpose()?,
            token: endpoint(&filled.token)?,
            device: filled.device.as_ref().map(&mut endpoint).transpose()?,
            revocation: filled.revocation.as_ref().map(&mut endpoint).transpose()?,
            scopes: filled.scopes.clone(),
            application_scopes: filled.application_scopes.clone(),
            authorize_parameters: filled.authorize_parameters.clone().into_iter().collect(),
        })
    }
}

fn address(endpoint: &relais_manifest::Endpoint, permits: &Permits) -> Result<Url, Fault> {
    if endpoint.scheme != Scheme::Https && !permits.in_clear {
        return Err(wrong("provider-clear", &endpoint.url));
    }
    Url::parse(&endpoint.url).map_err(|_| wrong("provider-address", &endpoint.url))
}

fn wrong(code: &str, detail: &str) -> Fault {
    Fault::new(FaultKind::Configuration, code, detail)
}
