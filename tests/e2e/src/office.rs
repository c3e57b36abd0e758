//! An instance of the bundled Office365 connector in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relais_sandbox::{Account, Connector, Grants, Instance, Session};
use serde_json::Value;

use crate::account::DealtAccount;
use crate::graph::FakeGraph;
use crate::host::{PATIENCE, sandbox};

/// The user of the tests, and a token of hers.
pub const USER: &str = "ged@mairie.example";
pub const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJub25jZSI6Kestrel-4471-never-to-be-seen";

/// The bundled Office365 connector.
pub async fn office365() -> &'static Connector {
    static OFFICE365: tokio::sync::OnceCell<Connector> = tokio::sync::OnceCell::const_new();
    OFFICE365
        .get_or_init(|| async {
            sandbox()
                .load(relais_bundle::OFFICE365)
                .await
                .expect("the Office365 connector loads")
        })
        .await
}

/// What an administrator fills in, towards a Graph on loopback.
#[derive(Debug, Clone)]
pub struct Office {
    given: BTreeMap<String, Value>,
    account: Arc<dyn Account>,
}

impl Office {
    /// [`USER`] by the device code, with all that she consented to.
    pub fn at(graph: &FakeGraph) -> Self {
        Self::towards(&graph.url(), &graph.upload_url())
    }

    /// The same for a Graph and uploads at these addresses.
    pub fn towards(graph: &str, upload: &str) -> Self {
        let scopes = "Mail.Send Mail.ReadWrite Mail.Send.Shared Mail.ReadWrite.Shared";
        let account = DealtAccount::described(
            &[TOKEN],
            &[
                ("flow", "device-code"),
                ("username", USER),
                ("scopes", scopes),
                ("tenant", "72f988bf"),
            ],
        );
        Self {
            given: BTreeMap::new(),
            account,
        }
        .set("cloud", "custom")
        .set("authority", graph)
        .set("graph", graph)
        .set("upload", upload)
    }

    /// Sets a parameter.
    pub fn set(mut self, parameter: &str, value: impl Into<Value>) -> Self {
        self.given.insert(parameter.to_owned(), value.into());
        self
    }

    /// Another account.
    pub fn account(mut self, account: Arc<dyn Account>) -> Self {
        self.account = account;
        self
    }

    /// The instance. Graph is reached in clear, which an administrator has to grant.
    pub async fn instance(self) -> Arc<Instance> {
        let manifest = office365().await.manifest();
        let held = BTreeSet::from(["account".to_owned()]);
        let settings = manifest.settings(&self.given, &held).expect("the parameters are good");
        Arc::new(Instance {
            label: "default/office".to_owned(),
            egress: manifest
                .egress(&settings)
                .expect("the egress follows from the parameters"),
            settings,
            secrets: BTreeMap::new(),
            accounts: BTreeMap::from([("account".to_owned(), self.account)]),
            grants: Grants {
                auth_in_clear: true,
                ..Grants::default()
            },
        })
    }

    /// A session of the instance.
    pub async fn open(self) -> Session {
        let instance = self.instance().await;
        let opened = tokio::time::timeout(PATIENCE, office365().await.open(instance));
        let opened = opened.await.expect("the session opens in time");
        opened.expect("the session opens")
    }
}
