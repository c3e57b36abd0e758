//! The rules over a real store and a real key, without a sandbox: a connector is a row here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) mod admin;
mod audit;
pub mod backup;
mod binding;
mod edits;
mod recovery;
mod secrets;
mod service_instances;
mod services;
mod tokens;
mod versions;
mod workspaces;

use std::collections::BTreeMap;
use std::path::PathBuf;

use relais_manifest::Manifest;
use relais_sandbox::{Inspection, Secret};
use serde_json::Value;
use tempfile::TempDir;

use crate::connectors;
use crate::error::{Error, InstanceError};
use crate::instances::{self, Edit, New};
use crate::key::{KeyFile, KeySource};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::store::Store;
use crate::uses;
use crate::vault::Vault;
use crate::view::{InstanceView, view};
use crate::workspaces as rules;

pub const SMTP: &str = r#"
manifest-version = 1
id = "relais/smtp"
version = "1.0.0"
name = { en = "SMTP server" }

[services.mail]

[[parameters]]
id = "host"
type = "host"
label = { en = "Host" }
required = true

[[parameters]]
id = "port"
type = "port"
label = { en = "Port" }
default = 587

[[parameters]]
id = "username"
type = "text"
label = { en = "User" }

[[parameters]]
id = "password"
type = "secret"
label = { en = "Password" }

[[parameters]]
id = "token"
type = "secret"
label = { en = "Token" }

[[parameters]]
id = "sender"
type = "email"
label = { en = "Sender" }
role = "sender"

[[egress]]
to = "tcp://{host}:{port}"

[[credentials]]
name = "plain"
kind = "plain"
slot = "smtp-auth"
username = "username"
secret = "password"
"#;

struct Bench {
    root: TempDir,
    store: Store,
    vault: Vault,
    ws: WorkspaceName,
}

impl Bench {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bench = Self::open(root).await;
        bench.install(SMTP);
        bench
    }

    async fn open(root: TempDir) -> Self {
        let store = Store::open(&root.path().join("data")).await.unwrap();
        store.write(rules::found).unwrap();
        let vault = Vault::new(KeyFile::find(&KeySource::Found, store.folder()).unwrap());
        Self {
            root,
            store,
            vault,
            ws: WorkspaceName::default(),
        }
    }

    /// Closes the store and opens it again, as another process would.
    async fn reopened(self) -> Self {
        let Self { root, store, vault, .. } = self;
        drop((store, vault));
        Self::open(root).await
    }

    fn key_file(&self) -> PathBuf {
        self.root.path().join("data.key")
    }

    fn install(&self, toml: &str) {
        admin::install(&self.store, toml);
        let id = Manifest::from_toml(toml).unwrap().id;
        let enabled = self
            .store
            .write(|tables| tables.enable(&self.ws, &id, jiff::Timestamp::now()));
        enabled.unwrap();
    }

    fn create(&self, name: &str, new: New) -> Result<InstanceView, Error> {
        let name = instance(name);
        self.store
            .write(|tables| instances::create(tables, &self.vault, &self.ws, &name, new))?;
        Ok(self.view(name.as_str()))
    }

    fn edit(&self, name: &str, edit: Edit) -> Result<InstanceView, Error> {
        let name = instance(name);
        self.store
            .write(|tables| instances::edit(tables, &self.vault, &self.ws, &name, edit))?;
        Ok(self.view(name.as_str()))
    }

    fn view(&self, name: &str) -> InstanceView {
        let name = instance(name);
        self.store
            .read(|tables| {
                view(
                    tables,
                    &self.vault,
                    &self.ws,
                    &name,
                    instances::find(tables, &self.ws, &name)?,
                )
            })
            .unwrap()
    }

    /// What a session of the instance would be given.
    fn session(&self, name: &str) -> Result<relais_sandbox::Instance, Error> {
        let path = InstancePath {
            workspace: self.ws.clone(),
            name: instance(name),
        };
        self.store.read(|tables| {
            let row = instances::find(tables, &path.workspace, &path.name)?;
            let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
            instances::open(tables, &self.vault, &path, &row, &manifest).map(|(instance, _)| instance)
        })
    }

    fn password(&self, name: &str) -> String {
        self.session(name).unwrap().secrets["password"].reveal().to_owned()
    }
}

fn instance(name: &str) -> InstanceName {
    InstanceName::new(name).unwrap()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, Value> {
    pairs
        .iter()
        .map(|(id, value)| ((*id).to_owned(), Value::from(*value)))
        .collect()
}

fn secrets(pairs: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    pairs
        .iter()
        .map(|(id, value)| ((*id).to_owned(), Secret::new((*value).to_owned())))
        .collect()
}

/// An instance with a password saved.
pub fn with_password() -> New {
    New {
        connector: "relais/smtp".to_owned(),
        values: values(&[("host", "smtp.example.org"), ("username", "ged")]),
        secrets: secrets(&[("password", "correct horse")]),
        ..New::default()
    }
}

/// Whether any file below that folder holds the text.
pub fn holds_below(folder: &std::path::Path, text: &str) -> bool {
    secrets::holds(&secrets::bytes_below(folder), text)
}

/// The fields that have to be given again, and why.
fn needed(error: Error) -> (Vec<String>, Vec<String>) {
    match error {
        Error::Instance(InstanceError::SecretsNeeded { fields, because, .. }) => (fields, because),
        other => panic!("{other:?}"),
    }
}
