//! The intake of a running Relais: the router, which has a mail on the disk before it is acknowledged.

use std::sync::Arc;

use relais_message::MimeDraft;
use relais_router::{
    Class, Content, Error, Mail, Origin, Route, Router, SendError, ServiceInstanceName, StoreError, Token, Upload,
    UploadError, Who, WorkspaceName,
};

use crate::sessions::{Open, Sessions};
use crate::{Envelope, Intake, Login, Refusal, Sink};

/// Says whether somebody may hand in one more mail now.
type Pace = dyn Fn(&Who) -> bool + Send + Sync;

/// Takes mail for the workspaces of a router: with a token for the token's own, without one only for the workspace that
/// the listener is open to.
pub struct RouterIntake {
    router: Arc<Router>,
    open: Option<Principal>,
    pace: Option<Arc<Pace>>,
    sessions: Arc<Sessions>,
}

impl RouterIntake {
    /// Every client needs a token.
    pub fn new(router: Arc<Router>) -> Self {
        Self {
            router,
            open: None,
            pace: None,
            sessions: Arc::default(),
        }
    }

    /// Asks before each mail whether its sender may hand in one more now.
    pub fn paced(mut self, pace: impl Fn(&Who) -> bool + Send + Sync + 'static) -> Self {
        self.pace = Some(Arc::new(pace));
        self
    }

    /// Takes mail from this machine without a token, too, for this workspace, through its service instance if one is
    /// named.
    pub fn open_to_this_machine(mut self, workspace: WorkspaceName, service: Option<ServiceInstanceName>) -> Self {
        self.open = Some(Principal {
            workspace,
            route: route(service),
            who: Who::Loopback,
            secret: None,
            session: None,
        });
        self
    }

    /// Whom the token is good for, as it is now.
    fn principal(&self, secret: Arc<str>) -> Option<Principal> {
        let token = self.router.authenticate(&secret)?;
        let who = token.who();
        let Token {
            workspace,
            service_instance,
            ..
        } = token;
        Some(Principal {
            workspace,
            route: route(service_instance),
            who,
            secret: Some(secret),
            session: None,
        })
    }
}

/// Somebody who may hand in mail for a workspace.
#[derive(Clone)]
pub struct Principal {
    workspace: WorkspaceName,
    route: Route,
    who: Who,
    /// The token that was presented: a session may outlive it.
    secret: Option<Arc<str>>,
    /// Held for as long as the session lasts.
    session: Option<Arc<Open>>,
}

fn route(service: Option<ServiceInstanceName>) -> Route {
    service.map_or(Route::Default, Route::Service)
}

impl Intake for RouterIntake {
    type Principal = Principal;
    type Sink = RouterSink;

    async fn authenticate(&self, login: Login) -> Result<Option<Principal>, Refusal> {
        let Some(mut principal) = self.principal(login.secret.reveal().into()) else {
            return Ok(None);
        };
        if let Who::Token { id, .. } = &principal.who {
            let session = self.sessions.open(&principal.workspace, id);
            let session = session
                .ok_or_else(|| Refusal::new(454, "4.7.0", "Too many sessions of this token, or of its workspace"))?;
            principal.session = Some(Arc::new(session));
        }
        Ok(Some(principal))
    }

    fn local(&self) -> Option<Principal> {
        self.open.clone()
    }

    async fn begin(&self, principal: &Principal, envelope: Envelope) -> Result<RouterSink, Refusal> {
        let principal = match &principal.secret {
            Some(secret) => self
                .principal(Arc::clone(secret))
                .ok_or_else(|| Refusal::new(535, "5.7.8", "The token was revoked or has expired"))?,
            None => principal.clone(),
        };
        if self.pace.as_ref().is_some_and(|pace| !pace(&principal.who)) {
            return Err(Refusal::new(451, "4.7.1", "Too many mails at once, try again later"));
        }
        // A workspace that has nothing to send with is told before it sends the content.
        self.router
            .resolve(&principal.workspace, &principal.route)
            .map_err(|error| refusal(&error))?;
        Ok(RouterSink {
            // The session holds the limit that it announced.
            upload: self.router.book().spool().upload(u64::MAX),
            router: Arc::clone(&self.router),
            principal,
            envelope,
        })
    }
}

/// A mail on its way into the router: in memory while it is small, then in a file of the spool.
pub struct RouterSink {
    router: Arc<Router>,
    principal: Principal,
    envelope: Envelope,
    upload: Upload,
}

impl Sink for RouterSink {
    async fn write(&mut self, block: &[u8]) -> Result<(), Refusal> {
        self.upload.write(block).await.map_err(not_received)
    }

    async fn finish(self) -> Result<String, Refusal> {
        let Envelope {
            sender,
            recipients,
            trace,
        } = self.envelope;
        let draft = MimeDraft {
            source: self.upload.finish().await.map_err(not_received)?,
            sender: Some(sender.unwrap_or_else(|| "<>".to_owned())),
            recipients,
            recipients_from_header: false,
            default_from: None,
            trace: Some(trace),
        };
        let mail = Mail {
            content: Content::Mime(draft),
            route: self.principal.route,
            origin: Origin::Submission,
            idempotency: None,
        };
        let accepted = self
            .router
            .accept(&self.principal.workspace, mail, &self.principal.who)
            .await;
        match accepted {
            Ok(accepted) => Ok(accepted.delivery.id.to_string()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

fn not_received(error: UploadError) -> Refusal {
    match error {
        UploadError::TooLarge { .. } => crate::content::too_large(),
        UploadError::Store(error) => refusal(&Error::Store(error)),
    }
}

/// The reply to what the router refuses. What is wrong with the mail or with the settings is told to the client; what is
/// wrong with this machine is told to its log.
fn refusal(error: &Error) -> Refusal {
    match (error, error.class()) {
        (Error::Send(SendError::Message(fields)), _) => {
            if fields.iter().all(|field| field.field.starts_with("recipients")) {
                Refusal::new(553, "5.1.3", error)
            } else {
                Refusal::new(554, "5.6.0", error)
            }
        }
        (Error::Store(StoreError::Full { .. }), _) => {
            tracing::error!(%error, "a submitted mail was not stored");
            Refusal::new(452, "4.3.1", "The disk of the mail router is full, try again later")
        }
        (_, Class::BadInput | Class::NotFound | Class::Conflict) => Refusal::new(451, "4.3.5", error),
        (_, Class::Forbidden) => Refusal::new(550, "5.7.1", error),
        (_, Class::TooMany) => Refusal::new(451, "4.3.2", error),
        (_, Class::Unavailable | Class::Failed) => {
            tracing::error!(%error, "a submitted mail was not accepted");
            Refusal::new(451, "4.3.0", "The mail could not be stored, try again later")
        }
    }
}
