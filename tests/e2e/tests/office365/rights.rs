//! A tenant that grants an application no more than sending.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relais_e2e::oauth::{MAIL_SEND, Setup};
use serde_json::json;

use crate::site::{CONVOCATIONS, Site, mail};

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_grants_sending_alone_is_asked_for_nothing_else_where_the_instance_is_set_so() {
    let setup = Setup {
        scopes: vec![MAIL_SEND.to_owned()],
        ..Setup::graph()
    };
    let of_tenant = |mut directory: relais_e2e::graph::Directory| {
        directory.may_read = false;
        directory
    };
    let Some(site) = Site::of(setup, of_tenant, |relais| relais).await else {
        return;
    };
    let asked = || {
        let seen = site.oauth.seen().into_iter().rev();
        let scope = seen.filter(|seen| seen.kind == "device").find_map(|seen| seen.scope);
        scope.unwrap()
    };
    // A tenant refuses this at consent; here it is given up.
    site.relais.does(&["account", "associate", "office", "--no-wait"]);
    assert!(asked().contains("Mail.ReadWrite.Shared"), "{}", asked());
    site.relais
        .does(&["instance", "edit", "office", "--set", "rights=send"]);
    site.associate();
    let asked = asked();
    assert!(
        asked.contains("Mail.Send") && !asked.contains("ReadWrite") && !asked.contains("Shared"),
        "{asked}"
    );
    let account = site.account();
    assert_eq!(account["missing"], json!([]), "{account}");

    let id = site.send(Some(CONVOCATIONS), "petit");
    site.becomes(&id, "sent").await;
    let mut large = mail("grand");
    large["service_instance"] = json!(CONVOCATIONS);
    large["attachments"] = json!([{ "name": "plan.pdf", "content": STANDARD.encode(vec![7; 4_000_000]) }]);
    let id = site.post(&site.token, &large);
    let delivery = site.becomes(&id, "failed").await;
    let text = delivery["recipients"][0]["answer"]["text"].as_str().unwrap_or_default();
    assert!(text.contains("set `rights` to `full`"), "{delivery:#}");
    assert_eq!(delivery["tried"], 1, "{delivery:#}");
    assert_eq!(site.by_graph(), ["petit"]);
    // Nothing but what was allowed was ever asked of Graph.
    assert_eq!(site.graph.counts().requests.len(), 1, "{:?}", site.graph.counts());
}
