//! A whole router, with connectors that are rows: nothing here runs one.

use std::time::Duration;

use jiff::Timestamp;
use relais_message::{Draft, DraftAttachment, Limits, Source};
use relais_sandbox::Config;

use super::*;
use crate::names::{ServiceInstanceName, TokenName};
use crate::outbox::{Body, Delivery, DeliveryId, NewDelivery, Origin, Recipient, RecipientState, UncertainPolicy};
use crate::router::{Paths, Router};
use crate::tokens::{NewToken, Role};
use crate::who::Who;

pub struct House {
    pub root: TempDir,
    pub router: Router,
}

impl House {
    /// With the connector `relais/smtp` installed, and enabled in the workspace `default`.
    pub async fn new() -> Self {
        let house = Self::open(tempfile::tempdir().unwrap()).await;
        house.install(SMTP);
        house.router.enable_connector(&who(), &ws(), "relais/smtp").unwrap();
        house
    }

    pub async fn open(root: TempDir) -> Self {
        let router = router(&root.path().join("data")).await;
        Self { root, router }
    }

    /// Closes the data folder and opens it again, as another process would.
    pub async fn reopened(self) -> Self {
        let Self { root, router } = self;
        drop(router);
        Self::open(root).await
    }

    pub fn install(&self, toml: &str) {
        install(&self.router.store, toml);
    }

    pub fn create(&self, name: &str) {
        let name = instance(name);
        self.router
            .create_instance(&who(), &ws(), &name, with_password())
            .unwrap();
    }

    pub fn token(&self, name: &str, role: Role, bound: Option<&str>) -> Result<(String, String), Error> {
        let new = NewToken {
            name: TokenName::new(name).unwrap(),
            role,
            service_instance: bound.map(service_instance),
            expires_at: None,
        };
        let (view, secret) = self.router.create_token(&who(), &ws(), new)?;
        Ok((view.id, secret.reveal().to_owned()))
    }

    /// Accepts a message with an attachment of so many bytes for the instance.
    pub async fn accept(&self, ws: &WorkspaceName, instance: &str, attached: usize) -> DeliveryId {
        let draft = Draft {
            from: Some("ged@example.org".into()),
            to: vec!["a@example.org".into()],
            attachments: vec![DraftAttachment {
                name: Some("acte.pdf".into()),
                content_type: None,
                content_id: None,
                source: Source::Bytes(vec![b'x'; attached].into()),
            }],
            ..Draft::default()
        };
        let message = draft.accept(&Limits::default()).unwrap();
        let now = Timestamp::now();
        let id = DeliveryId::new(now.as_millisecond().try_into().unwrap()).unwrap();
        let delivery = Delivery {
            id,
            workspace: ws.clone(),
            instance: instance.parse().unwrap(),
            service_instance: None,
            origin: Origin::Api,
            message_id: message.id().to_owned(),
            sender: Some("ged@example.org".to_owned()),
            recipients: vec![Recipient {
                address: "a@example.org".to_owned(),
                state: RecipientState::Queued,
                words: None,
            }],
            size: 0,
            body: Body::Inline,
            accepted_at: now,
            due_at: Some(now),
            give_up_at: now + Duration::from_secs(86_400),
            ended_at: None,
            tried: 0,
            attempts: Vec::new(),
            all_or_none: false,
            uncertain: UncertainPolicy::Hold,
            notices_through: None,
        };
        let new = NewDelivery {
            delivery,
            message,
            idempotency: None,
        };
        self.router.book().accept(new).await.unwrap();
        id
    }

    /// The words of the audit journal, the newest first.
    pub fn audited(&self) -> Vec<String> {
        let entries = self.router.audit(None, None, 100).unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    }
}

pub async fn router(data: &std::path::Path) -> Router {
    let sandbox = Config {
        sessions: 1,
        ..Config::default()
    };
    Router::open(Paths::default_for(data), sandbox).await.unwrap()
}

pub fn install(store: &Store, toml: &str) {
    let manifest = Manifest::from_toml(toml).unwrap();
    let inspection = Inspection {
        services: manifest.services.keys().cloned().collect(),
        exports: Vec::new(),
        imports: Vec::new(),
        capabilities: Vec::new(),
        sha256: store.files().write(toml.as_bytes()).unwrap(),
        size: toml.len() as u64,
        manifest,
    };
    let mut row = connectors::row(&inspection, connectors::kept(&inspection.manifest).unwrap());
    store.write(|tables| connectors::install(tables, &mut row)).unwrap();
}

pub fn who() -> Who {
    Who::Local { uid: 1000 }
}

pub fn ws() -> WorkspaceName {
    WorkspaceName::default()
}

pub fn workspace(name: &str) -> WorkspaceName {
    WorkspaceName::new(name).unwrap()
}

pub fn service_instance(name: &str) -> ServiceInstanceName {
    ServiceInstanceName::new(name).unwrap()
}
