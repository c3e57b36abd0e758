//! Relais: the bundled SMTP connector in its sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use relais_message::Limits;
use relais_sandbox::{Config, Connector, Grants, Instance, Sandbox, Session};
use serde_json::json;

use crate::Fault;
use crate::load::{Kind, Load};

/// A connector, and the instance of it that reaches the sink.
pub struct Relais {
    pub connector: Connector,
    pub instance: Arc<Instance>,
}

impl Relais {
    pub async fn new(address: SocketAddr) -> Result<Self, Fault> {
        let sandbox = Sandbox::new(Config::default())?;
        let connector = sandbox.load(relais_bundle::SMTP).await?;
        let instance = Arc::new(instance(&connector, address)?);
        Ok(Self { connector, instance })
    }

    pub async fn connect(&self) -> Result<Session, Fault> {
        Ok(self.connector.open(self.instance.clone()).await?)
    }
}

/// Sends one message, its MIME built anew, as for lettre.
pub async fn send(session: &mut Session, load: &Load, kind: Kind) -> Result<(), Fault> {
    let message = load
        .draft(kind)
        .accept(&Limits::default())
        .map_err(|e| format!("{e:?}"))?;
    session.send(&message).await?;
    Ok(())
}

/// An instance of a connector whose `host` and `port` are the sink's.
pub fn instance(connector: &Connector, address: SocketAddr) -> Result<Instance, Fault> {
    let mut given = BTreeMap::new();
    given.insert("host".to_owned(), json!(address.ip().to_string()));
    given.insert("port".to_owned(), json!(address.port()));
    if connector.manifest().parameter("starttls").is_some() {
        given.insert("starttls".to_owned(), json!(false));
    }
    let manifest = connector.manifest();
    let settings = manifest
        .settings(&given, &BTreeSet::new())
        .map_err(|e| format!("{e:?}"))?;
    let egress = manifest.egress(&settings).map_err(|e| format!("{e:?}"))?;
    Ok(Instance {
        label: "bench".to_owned(),
        settings,
        egress,
        secrets: BTreeMap::new(),
        accounts: BTreeMap::new(),
        grants: Grants::default(),
    })
}
