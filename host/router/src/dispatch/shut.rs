//! The instances whose mail the host's own proxy does not let out. Their deliveries wait, for days if it must be: nothing that anybody
//! does to the message, the instance or its account would help, and giving up would punish the sender for the site's network.

use std::collections::HashMap;
use std::sync::Mutex;

use jiff::Timestamp;

use super::grace::grace;
use super::hub::lock;
use crate::names::InstancePath;

/// When the proxy last refused, by the calendar. It is not stored: after a start the first attempt finds out anew, and what was not
/// attempted since a start is not given up before it was.
#[derive(Debug, Default)]
pub(super) struct Shut(Mutex<HashMap<InstancePath, Timestamp>>);

impl Shut {
    /// The proxy refuses what an instance asks for; true where that is news.
    pub(super) fn note(&self, path: &InstancePath, now: Timestamp) -> bool {
        let mut all = lock(&self.0);
        all.retain(|_, at| grace(*at) > now);
        all.insert(path.clone(), now).is_none()
    }

    /// Until when nothing of an instance is given up, where its way out is shut or was until a while ago.
    pub(super) fn reprieve(&self, path: &InstancePath, now: Timestamp) -> Option<Timestamp> {
        // Counted from the last time that the proxy refused.
        let until = grace(*lock(&self.0).get(path)?);
        (until > now).then_some(until)
    }
}
