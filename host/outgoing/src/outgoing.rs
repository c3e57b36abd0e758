//! The way out, as the whole process shares it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relais_manifest::Egress;

use crate::client::{Client, OnRefused};
use crate::dial::{self, DialError, Dialled};
use crate::egress::{Destination, Resolve, SystemResolver};
use crate::tls::Tls;

/// How connections leave this process: one value for connectors, accounts and all else. Cheap to clone.
#[derive(Clone)]
pub struct Outgoing {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl Outgoing {
    /// A way out with names resolved by `resolver`.
    pub fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            shared: Arc::new(Shared { resolver }),
        }
    }

    /// Connects to a destination, within `limit` where more than one address has to be tried. The caller bounds the whole.
    pub async fn dial(&self, destination: &Destination, limit: Duration) -> Result<Dialled, DialError> {
        dial::dial(&self.shared, destination, limit).await
    }

    /// TLS towards a destination. Its tickets are shared with nobody but its clones.
    ///
    /// # Errors
    ///
    /// The destination's certificate or name cannot be read; the text says which.
    pub fn tls(&self, egress: &Egress) -> Result<Tls, String> {
        Tls::new(egress)
    }

    /// An HTTP client for one destination, with connections of its own, made within `connect`. A destination that is refused is
    /// told to `on_refused` as well.
    ///
    /// # Errors
    ///
    /// Those of [`tls`](Self::tls).
    pub fn client(&self, destination: Destination, connect: Duration, on_refused: OnRefused) -> Result<Client, String> {
        Client::new(self.shared.clone(), destination, connect, on_refused)
    }
}

impl Default for Outgoing {
    /// The system's resolver.
    fn default() -> Self {
        Self::with_resolver(Arc::new(SystemResolver))
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").finish_non_exhaustive()
    }
}
