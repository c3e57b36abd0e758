//! A town hall whose only way out is a proxy: the token service, Graph and the host of its uploads have names that only the proxy
//! resolves, and certificates of an authority of the site's own.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_e2e::graph::Directory;
use relais_e2e::oauth::Setup;
use relais_e2e::{Identity, Tinyproxy};
use serde_json::json;

use crate::site::{CONVOCATIONS, Site, mail};

const LOGIN: &str = "login.partenaire.example";
const GRAPH: &str = "graph.partenaire.example";
const UPLOADS: &str = "depot.partenaire.example";

/// Host and port of an address.
fn place(url: &str) -> &str {
    url.trim_start_matches("https://")
}

/// Behind a proxy, or without one.
async fn site(proxy: Option<&Tinyproxy>) -> Option<Site> {
    let identity = Identity::signed(&[LOGIN, GRAPH, UPLOADS]);
    let setup = Setup {
        identity: Some(identity.clone()),
        host: LOGIN,
        ..Setup::graph()
    };
    let named = |directory| Directory {
        identity: Some(identity.clone()),
        names: Some([GRAPH, UPLOADS]),
        ..directory
    };
    Site::of(setup, named, |relais| {
        let ca = relais.path("ca.pem");
        fs::write(&ca, &identity.trusted_pem).unwrap();
        let relais = relais.with(&["--ca-file", &ca.display().to_string()]);
        match proxy {
            Some(proxy) => relais.with(&["--proxy", &proxy.url()]),
            None => relais,
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn association_mail_uploads_and_renewals_pass_through_the_proxy_and_nothing_goes_past_it() {
    let Some(proxy) = Tinyproxy::start(&[LOGIN, GRAPH, UPLOADS]) else {
        return;
    };
    let Some(site) = site(Some(&proxy)).await else { return };
    site.associate();
    let id = site.send(Some(CONVOCATIONS), "petit");
    site.becomes(&id, "sent").await;
    let mut large = mail("grand");
    large["service_instance"] = json!(CONVOCATIONS);
    large["attachments"] = json!([{ "name": "plan.pdf", "content": STANDARD.encode(vec![7; 4_000_000]) }]);
    let id = site.post(&site.token, &large);
    site.becomes(&id, "sent").await;
    site.oauth.distrust();
    let id = site.send(Some(CONVOCATIONS), "renouvelé");
    site.becomes(&id, "sent").await;
    assert_eq!(site.oauth.requests("refresh"), 1);
    assert_eq!(site.by_graph(), ["grand", "petit", "renouvelé"]);
    // Every connection that came is one that the proxy made.
    let (asked, counts) = (proxy.asked(), site.graph.counts());
    let to = |url: &str| asked.iter().filter(|asked| *asked == place(url)).count();
    let (login, graph) = (to(&site.oauth.origin()), to(&site.graph.url()));
    let uploads = to(&site.graph.upload_url());
    assert!(login > 0 && graph > 0 && uploads > 0, "{asked:?}");
    assert_eq!(
        (graph, uploads),
        (counts.connections, counts.upload_connections),
        "{asked:?}"
    );
    assert_eq!(login + graph + uploads, asked.len(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_proxy_the_names_lead_nowhere_and_the_association_says_so() {
    let Some(site) = site(None).await else { return };
    let said = site.relais.run(&["account", "associate", "office"]);
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && text.contains(LOGIN), "{text}");
    assert!(site.oauth.seen().is_empty());
}
