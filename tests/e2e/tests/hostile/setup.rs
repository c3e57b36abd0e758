//! An instance of a hostile connector in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use relais_manifest::Manifest;
use relais_sandbox::{Account, Grants, Instance, Secret};
use serde_json::Value;

use crate::component::{self, MANIFEST};

/// What no server and no log may ever see.
pub const SECRET: &str = "hunter2-never-to-be-seen";

/// The component, its manifest, and what an administrator typed.
pub struct Setup {
    component: Vec<u8>,
    manifest: String,
    given: BTreeMap<String, Value>,
    accounts: BTreeMap<String, Arc<dyn Account>>,
    grants: Grants,
}

impl Setup {
    /// The connector of Rust, with its attack. It may reach a port of this machine where nobody listens.
    pub fn attack(mode: &str) -> Self {
        Self::of(component::of_rust().to_vec()).set("mode", mode)
    }

    /// The connector written by hand.
    pub fn by_hand() -> Self {
        Self::of(component::by_hand()).set("mode", "by-hand")
    }

    /// The one whose core module never comes to the end of its start.
    pub fn that_never_starts() -> Self {
        Self::of(component::that_never_starts()).set("mode", "by-hand")
    }

    fn of(component: Vec<u8>) -> Self {
        let setup = Self {
            component,
            manifest: MANIFEST.to_owned(),
            given: BTreeMap::new(),
            accounts: BTreeMap::new(),
            grants: Grants::default(),
        };
        setup.granted("127.0.0.1", 9)
    }

    /// The host and port that it may reach.
    pub fn granted(self, host: &str, port: u16) -> Self {
        self.set("host", host).set("port", port)
    }

    /// Where it tries to get, granted or not.
    pub fn aimed(self, host: &str, port: u16) -> Self {
        self.set("aim_host", host).set("aim_port", port)
    }

    pub fn set(mut self, parameter: &str, value: impl Into<Value>) -> Self {
        self.given.insert(parameter.to_owned(), value.into());
        self
    }

    /// Has the attack aim at the account's credentials.
    pub fn account(mut self, account: Arc<dyn Account>) -> Self {
        self.accounts.insert("compte".to_owned(), account);
        self.set("credential", "token")
    }

    pub fn grant(mut self, grant: &str) -> Self {
        self.grants.add(grant).unwrap();
        self
    }

    /// Puts a destination of the manifest's own in the place of the typed one.
    pub fn fixed(self, egress: &str) -> Self {
        self.rewritten("\"tcp://{host}:{port}\"", &format!("\"{egress}\""))
    }

    /// Has the manifest say that the connector takes all recipients or none.
    pub fn all_or_none(self) -> Self {
        self.rewritten("recipients = \"each\"", "recipients = \"all-or-none\"")
    }

    fn rewritten(mut self, from: &str, to: &str) -> Self {
        assert!(self.manifest.contains(from));
        self.manifest = self.manifest.replace(from, to);
        self
    }

    /// The packed component and the instance.
    pub fn build(self) -> (Vec<u8>, Arc<Instance>) {
        let manifest = Manifest::from_toml(&self.manifest).unwrap();
        let secrets = BTreeMap::from([("password".to_owned(), Secret::new(SECRET.to_owned()))]);
        let ids: BTreeSet<String> = secrets.keys().chain(self.accounts.keys()).cloned().collect();
        let settings = manifest.settings(&self.given, &ids).unwrap();
        let instance = Instance {
            label: "default/hostile".to_owned(),
            egress: manifest.egress(&settings).unwrap(),
            settings,
            secrets,
            accounts: self.accounts,
            grants: self.grants,
        };
        (component::pack(&self.component, &manifest), Arc::new(instance))
    }
}
