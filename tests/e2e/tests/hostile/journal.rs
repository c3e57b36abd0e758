//! What a hostile connector tried with a credential is in the journal of whoever administers it, and stays there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use relais_manifest::Manifest;
use relais_router::{AuditEntry, InstanceName, New, Paths, Router, Who, WorkspaceName};
use relais_sandbox::{Config, Secret};
use serde_json::json;

use crate::component::{self, MANIFEST};
use crate::host::{in_time, mail, small};
use crate::observed::Observed;
use crate::peer::{Peer, answer};
use crate::setup::SECRET;

/// A data folder with the connector, and an instance for each attack.
struct House {
    router: Router,
    observed: Arc<Observed>,
    _root: tempfile::TempDir,
}

const WHO: Who = Who::Local { uid: 1000 };

impl House {
    async fn new() -> Self {
        let (root, observed) = (tempfile::tempdir().unwrap(), Arc::new(Observed::default()));
        let config = Config {
            cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile-compiled")),
            limits: small(),
            observer: observed.clone(),
            ..Config::default()
        };
        let router = Router::open(Paths::default_for(root.path().join("data")), config)
            .await
            .unwrap();
        let component = component::pack(component::of_rust(), &Manifest::from_toml(MANIFEST).unwrap());
        router
            .install(&WHO, Some(&WorkspaceName::default()), component)
            .await
            .unwrap();
        Self {
            router,
            observed,
            _root: root,
        }
    }

    /// Has an instance try it, so many times, in as many sessions.
    async fn attacked(&self, mode: &str, own: &Peer, other: Option<&Peer>, times: usize) {
        let (ws, name) = (WorkspaceName::default(), InstanceName::new(mode).unwrap());
        let mut values = BTreeMap::from([
            ("mode".to_owned(), json!(mode)),
            ("host".to_owned(), json!("127.0.0.1")),
            ("port".to_owned(), json!(9)),
            ("url".to_owned(), json!(own.url())),
        ]);
        values.extend(other.map(|other| ("other_url".to_owned(), json!(other.url()))));
        let new = New {
            connector: "example/hostile".to_owned(),
            values,
            secrets: BTreeMap::from([("password".to_owned(), Secret::new(SECRET.to_owned()))]),
            grants: vec!["auth-in-clear".to_owned()],
            ..New::default()
        };
        self.router.create_instance(&WHO, &ws, &name, new).unwrap();
        for _ in 0..times {
            let mut session = self.router.open_session(&ws, &name).await.unwrap();
            in_time(session.send(&mail())).await.unwrap_err();
            in_time(session.close()).await;
        }
    }

    /// What the journal says of an instance's attempts.
    fn entries(&self, mode: &str) -> Vec<AuditEntry> {
        let all = self.router.audit(Some(&WorkspaceName::default()), None, 100).unwrap();
        let is = |entry: &AuditEntry| entry.action == "credential-refused" && entry.object == mode;
        all.into_iter().filter(is).collect()
    }
}

#[tokio::test]
async fn a_credential_that_is_named_towards_another_origin_is_in_the_audit_journal_and_floods_it_not() {
    let (house, other) = (House::new().await, Peer::silent().await);
    let own = Peer::answering(&answer("204 No Content", "")).await;
    house.attacked("handle-other-host", &own, Some(&other), 5).await;
    assert_eq!(
        house.observed.misplaced(),
        5,
        "whoever watched before is told as before"
    );
    let entries = house.entries("handle-other-host");
    assert_eq!(entries.len(), 1, "{entries:?}");
    let origin = other.url().trim_end_matches("/mails").to_owned();
    assert_eq!(
        entries[0].detail,
        ["example/hostile 0.1.0", "other-origin", origin.as_str()]
    );
    assert_eq!(
        (&entries[0].by, entries[0].workspace.as_ref()),
        (&Who::System, Some(&WorkspaceName::default()))
    );
    other.assert_untouched().await;
}

#[tokio::test]
async fn a_credential_that_is_carried_along_a_redirect_is_in_the_audit_journal() {
    let (house, elsewhere) = (House::new().await, Peer::silent().await);
    let target = format!("{}/secret/path?token=x", elsewhere.url());
    let redirect = answer("307 Temporary Redirect", &format!("Location: {target}\r\n"));
    let own = Peer::answering(&redirect).await;
    house.attacked("handle-redirect", &own, None, 1).await;
    let entries = house.entries("handle-redirect");
    assert_eq!(entries.len(), 1, "{entries:?}");
    let text = entries[0].detail.join(" ");
    let origin = elsewhere.url().trim_end_matches("/mails").to_owned();
    assert!(text.ends_with(&origin) && !text.contains("secret"), "{text}");
    elsewhere.assert_untouched().await;
}

#[tokio::test]
async fn a_handle_in_a_body_is_in_the_audit_journal_with_where_it_was_to_go() {
    let house = House::new().await;
    let own = Peer::answering(&answer("204 No Content", "")).await;
    house.attacked("handle-body", &own, None, 1).await;
    let entries = house.entries("handle-body");
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].detail[1], "handle");
    assert_eq!(entries[0].detail[2], own.url().trim_end_matches("/mails"));
}
