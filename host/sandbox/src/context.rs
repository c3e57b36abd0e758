//! What a session's capabilities share, and the one way out for what they send.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use relais_manifest::{Credential, Egress, Manifest, Service};
use relais_outgoing::{Destination, Outgoing};

use crate::accounts::Accounts;
use crate::audit::Audit;
use crate::busy::Busy;
use crate::capability::log::LogBook;
use crate::floor::{Floor, Turn};
use crate::gate::{Doorway, Held};
use crate::handles::Handles;
use crate::meter::{LimitHit, Meter};
use crate::observer::Event;
use crate::way_out::WayOut;
use crate::{Instance, Limits};

/// One session's constants and its counters. What runs on the session's behalf outside its store (a request body on its way)
/// holds a share.
pub(crate) struct Context {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) instance: Arc<Instance>,
    pub(crate) limits: Limits,
    pub(crate) outgoing: Outgoing,
    pub(crate) audit: Audit,
    pub(crate) handles: Handles,
    pub(crate) accounts: Accounts,
    pub(crate) way_out: WayOut,
    pub(crate) meter: Meter,
    pub(crate) busy: Busy,
    pub(crate) floor: Floor,
    pub(crate) doorway: Doorway,
    pub(crate) log: LogBook,
    /// Of each credential, by its name; see [`Self::origins`].
    pub(crate) origins: OnceLock<HashMap<String, Vec<Egress>>>,
}

impl Context {
    /// A grant of the instance, with what an administrator excepts for it.
    pub(crate) fn destination(&self, egress: &Egress) -> Destination {
        Destination {
            private: self.instance.grants.private.contains(&egress.host),
            egress: egress.clone(),
        }
    }

    /// Where a credential may go. Found out once: each request asks, and what a session is made of does not change.
    pub(crate) fn origins(&self, credential: &str) -> &[Egress] {
        let all = self.origins.get_or_init(|| {
            let credentials = self.manifest.credentials.iter();
            let of = |credential: &Credential| self.manifest.destinations(credential, &self.instance.settings);
            credentials
                .map(|credential| (credential.name.clone(), of(credential).unwrap_or_default()))
                .collect()
        });
        all.get(credential).map(Vec::as_slice).unwrap_or_default()
    }

    /// A limit that the guest is told of in words, and that the audit hears of too.
    pub(crate) fn limited(&self, hit: LimitHit) -> String {
        self.audit.tell(Event::Limit { name: hit.0.to_owned() });
        hit.to_string()
    }

    /// The same for whatever keeps bytes from leaving.
    pub(crate) fn held(&self, held: Held) -> String {
        match held {
            Held::Limit(hit) => self.limited(hit),
            Held::Refused | Held::Over => held.to_string(),
        }
    }

    /// How the connector behaves for the service that it is called for.
    pub(crate) fn service(&self) -> &Service {
        self.manifest.service("mail")
    }

    /// Called before any bytes leave: counts them, and waits for the gate where they can be the message.
    pub(crate) async fn leave(&self, turn: Turn, bytes: usize) -> Result<(), Held> {
        self.floor.allows(turn)?;
        if self.floor.is_exposed() && !turn.prepares() {
            self.before_leaving(turn).await?;
        }
        self.meter.out(bytes).map_err(Held::Limit)
    }

    /// Called before the message may leave whole: waits for the gate, once a send. The one place that decides it. What only
    /// prepares a message passes: it cannot send it.
    pub(crate) async fn before_leaving(&self, turn: Turn) -> Result<(), Held> {
        if turn.prepares() || self.floor.may_have_left() {
            return self.floor.allows(turn);
        }
        let passed = {
            let _waits = self.meter.wait_for_host();
            self.doorway.pass(turn).await
        };
        let passed = passed.inspect_err(|_| self.floor.refuse(turn))?;
        self.floor.left_whole(turn, passed)
    }
}
