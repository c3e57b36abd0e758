//! The way to a provider. A trait, so that the rules are tried without a network; [`Real`] is `relais-accounts` over the way out
//! that all of Relais has.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::{Application, Client, CodePending, DevicePending, Fault, Grant, Permits, Poll, Provider};
use relais_manifest::{FilledProvider, Flow, Lang};
use relais_outgoing::{OnRefused, Outgoing};
use relais_sandbox::{Grants, Secret};
use url::Url;

/// An answer that is waited for.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// See the module.
pub(crate) trait Doors: Send + Sync + 'static {
    /// The way to one provider in the name of one application, for an account that comes, or came, by that flow.
    fn door(&self, to: &Towards, application: Application, flow: Flow) -> Result<Arc<dyn Door>, Fault>;
}

/// The endpoints of a provider, as one instance fills them, and what that instance is granted.
#[derive(Debug, Clone)]
pub(crate) struct Towards {
    pub provider: FilledProvider,
    pub grants: Grants,
}

/// One provider, asked in the name of one application. Each answer comes within 30 seconds.
pub(crate) trait Door: Send + Sync {
    fn begin_device(&self, lang: Lang) -> Answer<'_, Box<dyn Device>>;
    fn begin_code(&self, redirect: &Url) -> Result<Box<dyn Code>, Fault>;
    fn client_credentials(&self) -> Answer<'_, Grant>;
    fn refresh<'a>(&'a self, refresh_token: &'a Secret) -> Answer<'a, Grant>;
    fn revoke<'a>(&'a self, token: &'a Secret) -> Answer<'a, ()>;
}

/// A code that waits for its user.
pub(crate) trait Device: Send {
    fn shown(&self) -> DeviceCode;
    /// How long to wait before it is asked again.
    fn interval(&self) -> Duration;
    fn poll(&mut self) -> Answer<'_, Polled>;
}

/// What a user is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeviceCode {
    pub user_code: String,
    pub verification_uri: String,
    pub verification_uri_complete: Option<String>,
    /// The provider's own words, in the user's language where it speaks it.
    pub message: Option<String>,
    pub expires_at: Timestamp,
}

/// What a provider says of a code.
#[derive(Debug)]
pub(crate) enum Polled {
    Pending,
    SlowDown,
    /// It could not be asked. That is no answer (RFC 8628 section 3.5).
    Unanswered(Fault),
    Done(Box<Grant>),
}

/// A page that waits for its user.
pub(crate) trait Code: Send {
    /// By which the redirected address is recognised.
    fn state(&self) -> &str;
    /// The address to open.
    fn address(&self) -> &str;
    fn finish(self: Box<Self>, redirected: Url) -> Answer<'static, Grant>;
}

/// The way by the network: through the one way out that all of Relais has.
pub(crate) struct RealDoors {
    outgoing: Outgoing,
}

impl RealDoors {
    pub(crate) fn new(outgoing: Outgoing) -> Self {
        Self { outgoing }
    }
}

impl Doors for RealDoors {
    fn door(&self, to: &Towards, application: Application, flow: Flow) -> Result<Arc<dyn Door>, Fault> {
        let permits = Permits {
            in_clear: to.grants.auth_in_clear,
            private: to.grants.private.clone(),
        };
        let provider = to.provider.id.clone();
        let on_refused: OnRefused = Arc::new(move |asked, refused| {
            tracing::warn!(target: "relais::audit", provider, destination = %asked, "a provider's endpoint was refused: {refused}");
        });
        let provider = Provider::new(&to.provider, &permits, &self.outgoing, &on_refused)?;
        let client = Client::new(provider, application, flow)?;
        Ok(Arc::new(RealDoor(Arc::new(client))))
    }
}

struct RealDoor(Arc<Client>);

impl Door for RealDoor {
    fn begin_device(&self, lang: Lang) -> Answer<'_, Box<dyn Device>> {
        Box::pin(async move {
            let pending = self.0.begin_device(lang).await?;
            let client = self.0.clone();
            Ok(Box::new(RealDevice { client, pending }) as Box<dyn Device>)
        })
    }

    fn begin_code(&self, redirect: &Url) -> Result<Box<dyn Code>, Fault> {
        let pending = self.0.begin_code(redirect)?;
        Ok(Box::new(RealCode {
            client: self.0.clone(),
            pending,
        }))
    }

    fn client_credentials(&self) -> Answer<'_, Grant> {
        Box::pin(self.0.client_credentials())
    }

    fn refresh<'a>(&'a self, refresh_token: &'a Secret) -> Answer<'a, Grant> {
        Box::pin(self.0.refresh(refresh_token))
    }

    fn revoke<'a>(&'a self, token: &'a Secret) -> Answer<'a, ()> {
        Box::pin(self.0.revoke(token))
    }
}

struct RealDevice {
    client: Arc<Client>,
    pending: DevicePending,
}

impl Device for RealDevice {
    fn shown(&self) -> DeviceCode {
        let pending = &self.pending;
        DeviceCode {
            user_code: pending.user_code.clone(),
            verification_uri: pending.verification_uri.to_string(),
            verification_uri_complete: pending.verification_uri_complete.as_ref().map(Url::to_string),
            message: pending.message.clone(),
            expires_at: super::timing::after(Timestamp::now(), pending.remaining()),
        }
    }

    fn interval(&self) -> Duration {
        self.pending.interval()
    }

    fn poll(&mut self) -> Answer<'_, Polled> {
        Box::pin(async {
            Ok(match self.client.poll_device(&mut self.pending).await? {
                Poll::Pending => Polled::Pending,
                Poll::SlowDown => Polled::SlowDown,
                Poll::Unanswered(fault) => Polled::Unanswered(fault),
                Poll::Done(grant) => Polled::Done(grant),
            })
        })
    }
}

struct RealCode {
    client: Arc<Client>,
    pending: CodePending,
}

impl Code for RealCode {
    fn state(&self) -> &str {
        self.pending.state().reveal()
    }

    fn address(&self) -> &str {
        self.pending.address.as_str()
    }

    fn finish(self: Box<Self>, redirected: Url) -> Answer<'static, Grant> {
        Box::pin(async move { self.client.finish_code(&self.pending, &redirected).await })
    }
}
