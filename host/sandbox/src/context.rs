//! What a session's capabilities share.

use std::sync::Arc;

use relais_manifest::Manifest;

use crate::audit::Audit;
use crate::busy::Busy;
use crate::capability::log::LogBook;
use crate::egress::Resolve;
use crate::handles::Handles;
use crate::meter::{LimitHit, Meter};
use crate::observer::Event;
use crate::{Instance, Limits};

/// One session's constants and its counters. What runs on the session's behalf outside its store (a request body on its way)
/// holds a share.
pub(crate) struct Context {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) instance: Arc<Instance>,
    pub(crate) limits: Limits,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) audit: Audit,
    pub(crate) handles: Handles,
    pub(crate) meter: Meter,
    pub(crate) busy: Busy,
    pub(crate) log: LogBook,
}

impl Context {
    /// A limit that the guest is told of in words, and that the audit hears of too.
    pub(crate) fn limited(&self, hit: LimitHit) -> String {
        self.audit.tell(Event::Limit { name: hit.0.to_owned() });
        hit.to_string()
    }
}
