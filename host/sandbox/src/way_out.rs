//! The host's own way out, as the call in progress found it: a proxy that lets nothing through is no fault of the destination, of the
//! settings of the instance, or of the message.
//!
//! A guest hears of it in words, and tells of it in words of its own, or not at all. So the host remembers the last thing that happened
//! on the way out itself: whoever holds deliveries back must not depend on a stranger's word.

use std::sync::Mutex;

use relais_outgoing::ProxyError;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct WayOut {
    failed: Mutex<Option<ProxyError>>,
}

impl WayOut {
    /// A call begins.
    pub(crate) fn begin(&self) {
        self.note(None);
    }

    /// A connection was made or an answer came (none), or the proxy is why not.
    pub(crate) fn note(&self, fault: Option<&ProxyError>) {
        *self.failed.lock().unwrap_or_else(|e| e.into_inner()) = fault.cloned();
    }

    /// Why the last thing that was tried did not get out, where the proxy is why.
    pub(crate) fn failed(&self) -> Option<ProxyError> {
        self.failed.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

/// What a failure has for a code where the host's own way out is what failed. No guest may give it.
pub(crate) const CODE: &str = "proxy";

/// Whether a code says that the host's own way out is what failed: `proxy 407`, or `proxy` alone.
pub fn is_code(code: &str) -> bool {
    code.split_whitespace().next() == Some(CODE)
}

/// The code of a proxy's fault: `proxy 407`, or `proxy` where it did not answer.
pub(crate) fn code(fault: &ProxyError) -> String {
    match fault.fault.status() {
        Some(status) => format!("{CODE} {status}"),
        None => CODE.to_owned(),
    }
}
