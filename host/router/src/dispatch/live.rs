//! The dispatcher's [`World`] as it is: the router's book, its sandbox, its clock.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use relais_message::{Message, Source};
use relais_sandbox::{AccountFault, Failure, Gate, Kind, Receipt};

use super::notice::{self, Ends, Notice};
use super::world::{Mark, Session, World};
use crate::accept::{Content, Mail};
use crate::accounts;
use crate::alerts::Alerts;
use crate::connectors;
use crate::error::{AccountError, Error, SendError};
use crate::instances::{self, InstanceLimits};
use crate::names::{InstancePath, WorkspaceName};
use crate::outbox::{Body, Change, Delivery, DeliveryId, Idempotency, Now, Origin, Outcome, Owed, Timer};
use crate::resolve::Route;
use crate::router::Router;
use crate::services::MAIL;
use crate::store::StoreError;
use crate::who::Who;
use relais_message::MimeDraft;

/// Whose idempotency keys those of reports are: no caller's scope is one word.
const REPORTS: &str = "reports";
/// How long one is remembered: longer than a sender is tried to be told.
const KEY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// See the module.
pub(super) struct Live {
    router: Arc<Router>,
    /// The name of this host, for the reports that it writes.
    host: String,
}

impl Live {
    pub(super) fn new(router: Arc<Router>) -> Self {
        Self { router, host: host() }
    }
}

/// The name that the system has, or what RFC 3464 section 2.2.2 allows where it has none.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    match !name.is_empty() && name.chars().all(plain) {
        true => name.to_owned(),
        false => "localhost".to_owned(),
    }
}

impl Session for relais_sandbox::Session {
    async fn send(&mut self, message: &Message, gate: Arc<dyn Gate>) -> Result<Receipt, Failure> {
        self.send_through(message, gate).await
    }

    fn usable(&self) -> bool {
        relais_sandbox::Session::usable(self)
    }

    async fn close(self) {
        relais_sandbox::Session::close(self).await;
    }
}

impl World for Live {
    type Session = relais_sandbox::Session;

    fn now(&self) -> Now {
        self.router.book.now()
    }

    fn jumped(&self) -> Option<SignedDuration> {
        self.router.book.calendar().jumped()
    }

    async fn note_time(&self) -> Result<(), StoreError> {
        self.router.book.note_time().await
    }

    fn edition(&self) -> u64 {
        self.router.hub.edition()
    }

    fn mark(&self, path: &InstancePath) -> Option<Mark> {
        let (ws, name) = (&path.workspace, &path.name);
        let mark = self.router.read(|tables| {
            let row = instances::find(tables, ws, name)?;
            let connector = connectors::of(tables, &row)?;
            let enabled = tables.enabled(ws, &row.connector)?;
            Ok(enabled.then_some(Mark {
                sha256: connector.sha256,
                revision: row.revision,
                created_at: row.created_at,
                // What cannot be read is found out where it is used.
                accounts: accounts::missing(tables, path).is_ok_and(|missing| missing.is_none()),
            }))
        });
        mark.ok().flatten()
    }

    fn limits(&self, path: &InstancePath) -> InstanceLimits {
        let limits = self.router.read(|tables| {
            let row = instances::find(tables, &path.workspace, &path.name)?;
            let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
            Ok(row.limits.or(manifest.service(MAIL.name)))
        });
        limits.unwrap_or_default()
    }

    async fn open(&self, path: &InstancePath) -> Result<relais_sandbox::Session, Failure> {
        let opened = self.router.open_session(&path.workspace, &path.name).await;
        opened.map_err(|error| match error {
            Error::Send(SendError::Open { failure, .. }) => *failure,
            error @ Error::Account(AccountError::Lost(_)) => {
                let text = error.to_string();
                Failure {
                    account: Some(Box::new(AccountFault::Reconnect(text.clone()))),
                    ..Failure::new(Kind::Authentication, text)
                }
            }
            error @ (Error::Store(_) | Error::Stopped) => Failure::new(Kind::Other, error.to_string()),
            // The instance, its connector or its secrets are not as they should be.
            error => Failure::new(Kind::Configuration, error.to_string()),
        })
    }

    async fn message(&self, delivery: &Delivery) -> Result<Option<Message>, StoreError> {
        let (book, id) = (self.router.book.clone(), delivery.id);
        match delivery.body {
            Body::Gone => Ok(None),
            Body::Inline => book.message(id),
            // Reads the whole of a large file, to verify it.
            Body::Spool => tokio::task::spawn_blocking(move || book.message(id))
                .await
                .unwrap_or(Err(StoreError::Stopped)),
        }
    }

    fn row(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.router.book.get(id)
    }

    async fn transmitting(&self, id: DeliveryId, began_at: Timestamp) -> Result<bool, StoreError> {
        self.router.book.transmitting(id, began_at).await
    }

    async fn settle(&self, id: DeliveryId, outcome: Outcome) -> Result<Option<Delivery>, StoreError> {
        self.router.book.settle(id, outcome).await
    }

    async fn change(&self, id: DeliveryId, change: Change) -> Result<Option<Delivery>, StoreError> {
        self.router.book.change(id, change).await
    }

    fn due(
        &self,
        path: &InstancePath,
        until: Timestamp,
        after: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryId)>, StoreError> {
        self.router.book.due(path, until, after, limit)
    }

    fn sending(&self) -> Result<Vec<DeliveryId>, StoreError> {
        self.router.book.interrupted()
    }

    fn instances_with_work(&self) -> Result<Vec<InstancePath>, StoreError> {
        self.router.book.instances_with_work()
    }

    fn timers(&self, until: Timestamp, after: Option<Timer>, limit: usize) -> Result<Vec<Timer>, StoreError> {
        self.router.book.timers(until, after, limit)
    }

    fn set_aside(&self, id: DeliveryId) -> bool {
        self.router.book.set_aside(id)
    }

    fn reprieve(&self, delivery: &Delivery, now: Now) -> Option<Timestamp> {
        self.router.reprieve(delivery, now)
    }

    async fn fire(&self, timer: Timer) -> Result<(), StoreError> {
        self.router.book.fire(timer).await
    }

    fn owed(&self, id: DeliveryId) -> Result<Option<(Delivery, Vec<Owed>)>, StoreError> {
        self.router.book.owed(id)
    }

    async fn told(&self, id: DeliveryId, number: u32) -> Result<(), StoreError> {
        self.router.book.told(id, number).await
    }

    async fn again(&self, timer: Timer, now: Now) -> Result<(), StoreError> {
        self.router.book.again(timer, now).await
    }

    async fn notify(&self, notice: Notice) -> Result<(), Error> {
        let (Some(to), Some(through)) = (&notice.about.sender, &notice.about.notices_through) else {
            return Ok(());
        };
        let ws = notice.about.workspace.clone();
        let route = Route::Notices(through.clone());
        let resolved = self.router.resolve(&ws, &route)?;
        let from = resolved.sender.as_deref().unwrap_or(to);
        let ends = Ends {
            from,
            to,
            host: &self.host,
        };
        let draft = MimeDraft {
            source: Source::Bytes(notice::report(&notice, ends).await.into()),
            sender: Some("<>".to_owned()),
            recipients: vec![to.clone()],
            recipients_from_header: false,
            default_from: None,
            trace: None,
        };
        // Written again after a crash it is the same report.
        let id = notice.about.id;
        let now = Timestamp::now();
        let idempotency = Idempotency {
            scope: REPORTS.to_owned(),
            key: format!("{id}/{}", notice.number),
            fingerprint: [0; 32],
            expires_at: now.saturating_add(KEY).unwrap_or(now),
        };
        self.write(&ws, Content::Mime(draft), route, Some(idempotency)).await
    }

    async fn alert(&self, ws: &WorkspaceName, ids: &[DeliveryId]) -> Result<bool, Error> {
        let view = self.router.workspace_view(ws)?;
        let (Some(contact), Alerts::Through(through)) = (view.contact, view.alerts) else {
            tracing::warn!(target: "relais::dispatch", workspace = %ws, uncertain = ids.len(), "deliveries are uncertain, and the workspace has no contact, or no instance that an alert could go through");
            return Ok(false);
        };
        let route = Route::Notices(through);
        let from = self.router.resolve(ws, &route)?.sender.clone();
        let from = from.or_else(|| Some(contact.clone()));
        let draft = notice::alert(from, contact, ws.as_str(), ids);
        self.write(ws, Content::Draft(draft), route, None).await?;
        Ok(true)
    }
}

impl Live {
    /// Accepts a mail of Relais's own. Boxed: accepting wakes the dispatcher, which writes mails of its own.
    async fn write(
        &self,
        ws: &WorkspaceName,
        content: Content,
        route: Route,
        idempotency: Option<Idempotency>,
    ) -> Result<(), Error> {
        let mail = Mail {
            content,
            route,
            origin: Origin::Notice,
            idempotency,
        };
        let accepted = self.router.accept(ws, mail, &Who::System).await?;
        tracing::info!(target: "relais::dispatch", delivery = %accepted.delivery.id, "a notice was written");
        Ok(())
    }
}
