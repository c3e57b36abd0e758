//! Access tokens that end, are refused, and are renewed or not.

use std::time::Duration;

use relais_e2e::oauth::Setup;
use serde_json::{Value, json};

use crate::site::{CONVOCATIONS, Site};

/// Longer than a test takes.
const LONG: u32 = 3600;

/// The host takes no life of a token for shorter than this, in seconds; and when it uses one no more.
const SHORT: u32 = 60;
const SPENT: u32 = 55;

/// A site whose account is associated, and whose tokens last so many seconds.
async fn site(access: u32) -> Option<Site> {
    let setup = Setup {
        access,
        ..Setup::graph()
    };
    let site = Site::start(setup).await?;
    site.associate();
    Some(site)
}

async fn seconds(count: u32) {
    tokio::time::sleep(Duration::from_secs(count.into())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_used_is_renewed_before_its_token_ends_and_nobody_has_to_ask() {
    let Some(site) = site(SHORT).await else { return };
    let id = site.send(Some(CONVOCATIONS), "avant");
    site.becomes(&id, "sent").await;
    assert_eq!(site.oauth.requests("refresh"), 0);
    site.until("renewed", |site| site.oauth.requests("refresh") == 1).await;
    site.until("stored", |site| {
        let account = site.account();
        account["state"] == "associated" && account["renewed_at"].as_str() > account["associated_at"].as_str()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_graph_refuses_is_replaced_and_the_mail_leaves_once() {
    let Some(site) = site(LONG).await else { return };
    let id = site.send(Some(CONVOCATIONS), "avant");
    site.becomes(&id, "sent").await;
    site.oauth.distrust();
    let id = site.send(Some(CONVOCATIONS), "après");
    let delivery = site.becomes(&id, "sent").await;
    assert_eq!(delivery["tried"], 1, "{delivery}");
    assert_eq!(site.by_graph(), ["après", "avant"]);
    // The refused one is asked again, with another token.
    assert_eq!(site.graph.counts().of("POST", "/sendMail"), 3);
    assert_eq!(site.oauth.requests("refresh"), 1);
}

/// Fifty mails at the same moment, each in a session of its own.
async fn burst(site: &Site) {
    const MAILS: usize = 50;
    let sessions = MAILS.to_string();
    site.relais
        .does(&["instance", "edit", "office", "--sessions", &sessions]);
    site.oauth.hold("refresh", "before");
    let subject = |number| format!("mail {number:02}");
    let ids: Vec<String> = (0..MAILS)
        .map(|number| site.send(Some(CONVOCATIONS), &subject(number)))
        .collect();
    site.oauth.wait_for_held();
    site.oauth.release();
    for id in &ids {
        site.becomes(id, "sent").await;
    }
    assert_eq!(site.by_graph(), (0..MAILS).map(subject).collect::<Vec<_>>());
    assert_eq!(site.oauth.requests("refresh"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_mails_find_the_token_spent_the_provider_is_asked_once() {
    let Some(site) = site(SHORT).await else { return };
    site.oauth.change(json!({ "access": LONG }));
    seconds(SPENT).await;
    burst(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_mails_find_the_token_refused_the_provider_is_asked_once() {
    let Some(site) = site(LONG).await else { return };
    site.oauth.distrust();
    burst(&site).await;
}

/// Waits, and no attempt counts but one that Graph answered 401.
fn waits(delivery: &Value) -> bool {
    let state = delivery["state"].as_str().unwrap();
    matches!(state, "queued" | "deferred") && delivery["tried"].as_u64() <= Some(1)
}

fn tried(site: &Site, ids: &[String]) -> u64 {
    ids.iter().map(|id| site.delivery(id)["tried"].as_u64().unwrap()).sum()
}

/// The user's authorisation is void, which is found out before the next mail, or `meanwhile`.
async fn lost_in(site: &Site, meanwhile: bool) {
    let id = site.send(Some(CONVOCATIONS), "avant");
    site.becomes(&id, "sent").await;
    site.oauth.revoke(50173);
    if meanwhile {
        site.oauth.distrust();
    } else {
        let renewed = site.relais.run(&["account", "renew", "office"]);
        let said = String::from_utf8_lossy(&renewed.stderr).into_owned();
        assert!(!renewed.status.success() && said.contains("AADSTS50173"), "{said}");
    }
    let ids: Vec<String> = (0..5)
        .map(|number| site.send(Some(CONVOCATIONS), &format!("pendant {number}")))
        .collect();
    site.until("lost", |site| site.account()["state"] == "reconnect").await;
    let account = site.account();
    assert_eq!(account["problem"]["code"], "AADSTS50173", "{account}");
    site.until("told", |site| site.alerts() == 1).await;
    let alert = site.smtp.mails().pop().unwrap();
    let alert = String::from_utf8_lossy(&alert.data).into_owned();
    assert!(
        alert.contains("AADSTS50173") && alert.contains("relais account associate office"),
        "{alert}"
    );
    // Nothing goes on asking, and nothing is given up.
    seconds(4).await;
    for id in &ids {
        let delivery = site.delivery(id);
        assert!(
            waits(&delivery),
            "{delivery:#}\n{}\n{:?}\n{:?}",
            site.relais.log(),
            site.graph.counts(),
            site.oauth.seen()
        );
    }
    let attempts = tried(site, &ids);
    let refused = site.graph.counts().of("POST", "/sendMail") as u64 - 1;
    assert!(attempts <= refused, "{attempts} of {refused}");
    let told = ids.iter().filter(|id| {
        let answer = &site.delivery(id)["recipients"][0]["answer"];
        answer["kind"] == "authentication" && answer["text"].as_str().unwrap_or_default().contains("AADSTS50173")
    });
    assert!(told.count() > 0, "no delivery says why it waits");
    assert_eq!((site.alerts(), site.oauth.requests("refresh")), (1, 1));
    let status = site.relais.run(&["account", "status", "office"]);
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(
        status.contains("to be reconnected") && status.contains("AADSTS50173"),
        "{status}"
    );
    site.associate();
    for id in &ids {
        site.becomes(id, "sent").await;
    }
    assert_eq!(tried(site, &ids), attempts + ids.len() as u64);
    let pending = (0..5).map(|number| format!("pendant {number}"));
    assert_eq!(
        site.by_graph(),
        ["avant".to_owned()].into_iter().chain(pending).collect::<Vec<_>>()
    );
    assert_eq!(site.alerts(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_renewal_lets_mail_wait_and_tells_the_contact_until_the_account_is_associated_again() {
    let Some(site) = site(LONG).await else { return };
    lost_in(&site, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_is_being_sent_when_its_account_is_lost_waits_like_the_others() {
    let Some(site) = site(LONG).await else { return };
    lost_in(&site, true).await;
}
