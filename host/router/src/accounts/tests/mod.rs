//! Accounts of a whole router, with a provider that does as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod applications;
mod associating;
mod cuts;
mod ending;
mod fake;
mod flights;
mod hindered;
mod losing;
mod renewing;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_manifest::{Flow, Lang};
use relais_sandbox::{Account, AccountFault, Config, Secret};
use tempfile::TempDir;

use super::*;
use crate::error::Error;
use crate::instances::{Edit, New};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::{Paths, Router};
use crate::store::AccountRow;
use crate::tests::admin::install;
use crate::who::Who;
use fake::{Do, Fake};

pub const GRAPH: &str = r#"
manifest-version = 1
id = "relais/graph"
version = "1.0.0"
name = { en = "Graph" }

[services.mail]

[[parameters]]
id = "tenant"
type = "text"
label = { en = "Tenant" }
required = true

[[parameters]]
id = "mail"
type = "account"
label = { en = "Account" }
providers = ["microsoft", "google"]
required = true

[[parameters]]
id = "sender"
type = "email"
label = { en = "Sender" }
role = "sender"

[[egress]]
to = "https://graph.example.org"

[[credentials]]
name = "bearer"
kind = "bearer"
slot = "http-header"
account = "mail"

[[providers]]
id = "microsoft"
name = { fr = "Microsoft 365", en = "Microsoft 365" }
authorization = "https://login.example.org/{tenant}/authorize"
token = "https://login.example.org/{tenant}/token"
device = "https://login.example.org/{tenant}/devicecode"
revocation = "https://login.example.org/{tenant}/revoke"
flows = ["device-code", "authorization-code", "client-credentials"]
scopes = ["Mail.Send", "Mail.ReadWrite"]
optional-scopes = ["Mail.ReadWrite"]
application-scopes = ["Mail.Send.All"]
registration = { fr = "Inscrivez {redirect}.", en = "Register {redirect}." }

[[providers]]
id = "google"
name = { fr = "Google", en = "Google" }
authorization = "https://accounts.example.net/authorize"
token = "https://accounts.example.net/token"
flows = ["authorization-code"]
scopes = ["Mail.Send"]
"#;

/// A router with one instance, `graph`, of that connector, and a public application at its provider.
pub struct House {
    pub root: TempDir,
    pub router: Arc<Router>,
    pub fake: Fake,
}

pub fn ws() -> WorkspaceName {
    WorkspaceName::default()
}

pub fn who() -> Who {
    Who::Local { uid: 1000 }
}

pub fn graph() -> InstanceName {
    InstanceName::new("graph").unwrap()
}

pub fn path() -> AccountPath {
    AccountPath {
        instance: InstancePath {
            workspace: ws(),
            name: graph(),
        },
        parameter: "mail".to_owned(),
    }
}

/// A row of [`path`].
pub fn row() -> AccountRow {
    let now = Timestamp::UNIX_EPOCH;
    AccountRow {
        provider: "microsoft".to_owned(),
        flow: "device-code".to_owned(),
        client_id: "app".to_owned(),
        own: None,
        username: None,
        tenant: None,
        roles: Vec::new(),
        asked: Vec::new(),
        scopes: Vec::new(),
        binding: BTreeMap::new(),
        associated_at: now,
        associated_by: who(),
        resumed_at: None,
        renewed_at: now,
        expires_at: now,
        last_used_at: None,
        renewing: None,
        lost: None,
        told_of: None,
    }
}

pub fn new_graph() -> New {
    New {
        connector: "relais/graph".to_owned(),
        values: BTreeMap::from([
            ("tenant".to_owned(), "mairie".into()),
            ("sender".to_owned(), "ged@mairie.example".into()),
        ]),
        ..New::default()
    }
}

pub fn public(client_id: &str) -> NewApplication {
    NewApplication {
        client_id: client_id.to_owned(),
        proof: NewProof::Public,
        origins: None,
    }
}

pub fn by(flow: Flow) -> Associate {
    Associate {
        flow: Some(flow),
        provider: Some("microsoft".to_owned()),
        ..Associate::default()
    }
}

pub async fn open(root: &TempDir, fake: &Fake) -> Arc<Router> {
    let sandbox = Config {
        sessions: 1,
        ..Config::default()
    };
    let paths = Paths::default_for(root.path().join("data"));
    let router = Router::open_through(paths, sandbox, Arc::new(fake.clone())).await;
    Arc::new(router.unwrap())
}

impl House {
    pub async fn new() -> Self {
        let (root, fake) = (tempfile::tempdir().unwrap(), Fake::default());
        let router = open(&root, &fake).await;
        let house = Self { root, router, fake };
        house.install(GRAPH);
        house.router.enable_connector(&who(), &ws(), "relais/graph").unwrap();
        house
            .router
            .create_instance(&who(), &ws(), &graph(), new_graph())
            .unwrap();
        house
            .router
            .set_application(&who(), &ws(), "microsoft", public("app"))
            .unwrap();
        house
    }

    /// With the account associated.
    pub async fn associated() -> Self {
        let house = Self::new().await;
        house.associate(by(Flow::DeviceCode)).await;
        house
    }

    pub fn install(&self, toml: &str) {
        install(&self.router.store, toml);
    }

    /// Closes the data folder and opens it again, as another process would.
    pub async fn reopened(self) -> Self {
        let Self { root, router, fake } = self;
        drop(router);
        let router = open(&root, &fake).await;
        Self { root, router, fake }
    }

    pub async fn begin(&self, asked: Associate) -> Result<Association, Error> {
        self.router.associate(&who(), &ws(), &graph(), "mail", asked).await
    }

    /// To its end.
    pub async fn associate(&self, asked: Associate) -> Stage {
        self.begin(asked).await.unwrap();
        self.ended().await
    }

    pub async fn ended(&self) -> Stage {
        let mut states = self.router.association(&ws(), &graph(), "mail").unwrap();
        let over = states.wait_for(|association| association.stage.is_over());
        let over = tokio::time::timeout(Duration::from_secs(20), over)
            .await
            .unwrap()
            .unwrap();
        over.stage.clone()
    }

    pub fn view(&self) -> AccountView {
        self.router.account(&ws(), &graph(), "mail").unwrap()
    }

    pub fn row(&self) -> AccountRow {
        self.router
            .store
            .read(|tables| tables.account(&path()))
            .unwrap()
            .unwrap()
    }

    /// What a session of the instance holds.
    pub fn account(&self) -> Arc<dyn Account> {
        let context = self.router.store.read(|tables| plan::context(tables, &path().instance));
        let context = context.unwrap();
        let accounts =
            self.router
                .accounts
                .of_instance(&path().instance, &context.manifest, &context.effective.binding);
        accounts["mail"].clone()
    }

    pub async fn token(&self) -> Result<String, AccountFault> {
        token(&*self.account()).await
    }

    /// The words of the audit journal, the newest first.
    pub fn audited(&self) -> Vec<String> {
        let entries = self.router.audit(None, None, 100).unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    }

    /// As if the access token had ended.
    pub fn expire(&self) {
        self.change_row(|row| {
            row.renewed_at = Timestamp::now() - Duration::from_secs(7200);
            row.expires_at = Timestamp::now() - Duration::from_secs(3600);
        });
    }

    /// Changes the row behind everybody's back, as if by another process before this one.
    pub fn change_row(&self, change: impl FnOnce(&mut AccountRow)) {
        let mut row = self.row();
        change(&mut row);
        let put = self.router.store.write(|tables| tables.put_account(&path(), &row));
        put.unwrap();
        self.router.accounts.forget_instance(&path().instance);
    }
}

pub async fn token(account: &dyn Account) -> Result<String, AccountFault> {
    let token = tokio::time::timeout(Duration::from_secs(20), account.token())
        .await
        .unwrap()?;
    Ok(token.reveal().to_owned())
}

pub fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}
