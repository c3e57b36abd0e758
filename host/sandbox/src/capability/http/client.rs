//! The one builder of outgoing HTTP clients: no environment's proxy, no redirect, our resolver, our certificates, no second
//! try behind the connector's back. A site's proxy will come in here.

use std::net::SocketAddr;
use std::sync::Arc;

use relais_manifest::{Egress, Scheme};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Rule;
use crate::context::Context;
use crate::egress::{Asked, decide};
use crate::tls::Tls;

/// A client for one grant of one session. Its connections are shared with nobody.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) http: reqwest::Client,
    pub(super) tls: Arc<Tls>,
}

pub(super) fn build(context: &Arc<Context>, egress: &Egress) -> Result<Client, String> {
    let tls = Arc::new(Tls::new(egress)?);
    let mut config = rustls::ClientConfig::clone(tls.config());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .tls_backend_preconfigured(config)
        .dns_resolver(Arc::new(Judge {
            context: context.clone(),
            scheme: egress.scheme,
            port: egress.port,
        }))
        .connect_timeout(egress.connect_timeout.unwrap_or(context.limits.connect))
        .http1_max_headers(128)
        .user_agent(concat!("Relais/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| format!("the HTTP client cannot be built: {e}"))?;
    Ok(Client { http, tls })
}

/// Resolves a name and lets through only the addresses that may be dialled.
struct Judge {
    context: Arc<Context>,
    scheme: Scheme,
    port: u16,
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let context = self.context.clone();
        let asked = Asked::new(self.scheme, name.as_str(), self.port);
        Box::pin(async move {
            let resolved = context.resolver.resolve(asked.host.clone()).await?;
            let allowed = judge(&context, &asked, &resolved)?;
            let addresses: Vec<SocketAddr> = allowed.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Judges what a name resolved to; a refusal is audited.
pub(super) fn judge(
    context: &Context,
    asked: &Asked,
    resolved: &[std::net::IpAddr],
) -> Result<Vec<std::net::IpAddr>, Rule> {
    decide(&context.instance.egress, &context.instance.grants, asked, resolved).inspect_err(|rule| {
        context.audit.refuse(asked, rule.clone());
    })
}
