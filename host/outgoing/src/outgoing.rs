//! The way out, as the whole process shares it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relais_manifest::Egress;

use crate::client::{Client, OnRefused};
use crate::dial::{self, DialError, Dialled};
use crate::egress::{Destination, Resolve};
use crate::proxy::{Proxy, Way};
use crate::roots::Roots;
use crate::settings::Settings;
use crate::tls::Tls;

/// How connections leave this process: one value for connectors, accounts and all else. Cheap to clone.
#[derive(Clone, Default)]
pub struct Outgoing {
    settings: Arc<Settings>,
}

impl Outgoing {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }

    /// A direct way out with names resolved by `resolver`.
    pub fn with_resolver(resolver: Arc<dyn Resolve>) -> Self {
        Self::new(Settings {
            resolver,
            ..Settings::default()
        })
    }

    /// The proxy, where there is one. Not every destination goes through it.
    pub fn proxy(&self) -> Option<&Proxy> {
        self.settings.proxy.as_ref()
    }

    /// The authorities that are trusted.
    pub fn roots(&self) -> &Roots {
        &self.settings.roots
    }

    /// The proxy that a destination is reached through, if it is.
    pub(crate) fn through(&self, destination: &Destination) -> Option<&Proxy> {
        self.proxy().filter(|proxy| proxy.way(destination) == Way::Proxy)
    }

    pub(crate) fn resolver(&self) -> &dyn Resolve {
        &*self.settings.resolver
    }

    /// Connects to a destination, within `limit`.
    ///
    /// # Errors
    ///
    /// It is refused, or no connection comes about in time.
    pub async fn dial(&self, destination: &Destination, limit: Duration) -> Result<Dialled, DialError> {
        dial::dial(self, destination, limit).await
    }

    /// TLS towards a destination, whichever way leads there. Its tickets are shared with nobody but its clones.
    ///
    /// # Errors
    ///
    /// The destination's certificate or name cannot be read; the text says which.
    pub fn tls(&self, egress: &Egress) -> Result<Tls, String> {
        Tls::new(egress, &self.settings.roots)
    }

    /// An HTTP client for one destination, with connections of its own, 32 at most at once, each made within `connect`. A
    /// destination that is refused is told to `on_refused` as well.
    ///
    /// # Errors
    ///
    /// Those of [`tls`](Self::tls).
    pub fn client(&self, destination: Destination, connect: Duration, on_refused: OnRefused) -> Result<Client, String> {
        Client::new(self.clone(), destination, connect, on_refused)
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("proxy", &self.settings.proxy)
            .field("extra_roots", &self.settings.roots.extra())
            .finish_non_exhaustive()
    }
}
