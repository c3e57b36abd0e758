//! An application that sends without a user, and proves itself by a certificate.

use std::fs;

use relais_e2e::oauth::{self, CERTIFICATE, Setup};
use serde_json::json;

use crate::site::{Site, USER, mail};

/// A site whose application is registered with a certificate, and whose Graph knows applications and no user.
async fn site() -> Option<Site> {
    let (key, certificate) = oauth::rsa()?;
    let setup = Setup {
        certificate: Some(certificate.clone()),
        ..Setup::graph()
    };
    let without_user = |directory| relais_e2e::graph::Directory {
        user: None,
        ..directory
    };
    let site = Site::of(setup, without_user, |relais| relais).await?;
    let file = |name: &str, text: &str| {
        let path = site.relais.path(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (key, certificate) = (file("app.key", &key), file("app.pem", &certificate));
    let set = site.relais.does(&[
        "application",
        "set",
        "microsoft",
        "--client-id",
        CERTIFICATE,
        "--certificate",
        &certificate,
        "--certificate-key",
        &key,
        "--origin",
        &site.oauth.origin(),
    ]);
    assert_eq!(
        (set["proof"].as_str(), set.get("key")),
        (Some("certificate"), None),
        "{set}"
    );
    Some(site)
}

fn by(instance: &str, subject: &str) -> serde_json::Value {
    let mut mail = mail(subject);
    mail["instance"] = json!(instance);
    mail
}

const BY_ITSELF: [&str; 2] = ["--flow", "client-credentials"];

#[tokio::test(flavor = "multi_thread")]
async fn an_application_proves_itself_by_its_certificate_and_sends_from_the_mailbox_that_is_set() {
    let Some(site) = site().await else { return };
    let mailbox = format!("mailbox={USER}");
    site.add_office("guichet", &site.oauth.origin(), &site.graph, &["--set", &mailbox]);
    let account = site
        .relais
        .does(&[&["account", "associate", "guichet"], &BY_ITSELF[..]].concat());
    assert_eq!(
        (account["state"].as_str(), account["roles"][0].as_str()),
        (Some("associated"), Some("Mail.Send")),
        "{account}"
    );
    let id = site.post(&site.token, &by("guichet", "avant"));
    site.becomes(&id, "sent").await;
    // A new token needs no refresh token, and another assertion.
    site.oauth.distrust();
    let id = site.post(&site.token, &by("guichet", "après"));
    site.becomes(&id, "sent").await;
    assert_eq!(site.by_graph(), ["après", "avant"]);
    let counts = site.graph.counts();
    let expected = format!("POST /v1.0/users/{USER}/sendMail");
    assert!(
        counts.requests.iter().all(|line| *line == expected),
        "{:?}",
        counts.requests
    );
    let asked = site.oauth.seen();
    assert!(!asked.is_empty());
    for seen in &asked {
        let header = seen.assertion.as_ref().unwrap();
        assert_eq!((seen.kind.as_str(), seen.proof.as_str()), ("credentials", "assertion"));
        assert!(header["alg"] == "PS256" && header["x5t#S256"].is_string(), "{header}");
    }
    let assertions = site
        .oauth
        .secrets()
        .into_iter()
        .filter(|(kind, _)| kind == "client_assertion");
    assert_eq!(assertions.count(), asked.len(), "an assertion was used twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_without_a_mailbox_is_told_to_set_one_and_nothing_is_asked_of_graph() {
    let Some(site) = site().await else { return };
    site.relais
        .does(&[&["account", "associate", "office"], &BY_ITSELF[..]].concat());
    let id = site.post(&site.token, &by("office", "sans boîte"));
    let told = |site: &Site| site.delivery(&id)["recipients"][0]["answer"]["kind"].is_string();
    site.until("told", told).await;
    let delivery = site.delivery(&id);
    let answer = &delivery["recipients"][0]["answer"];
    assert_eq!(answer["kind"], "configuration", "{delivery}");
    assert!(answer["text"].as_str().unwrap().contains("`mailbox`"), "{answer}");
    assert_eq!(site.graph.counts().requests, [""; 0]);
    let verified = site.relais.run(&["instance", "verify", "office"]);
    let said = [&verified.stdout[..], &verified.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!verified.status.success() && said.contains("mailbox"), "{said}");
    // What waited leaves once it is set.
    site.relais
        .does(&["instance", "edit", "office", "--set", &format!("mailbox={USER}")]);
    site.becomes(&id, "sent").await;
}
