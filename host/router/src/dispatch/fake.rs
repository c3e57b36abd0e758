//! A world for tests: the real book on a disk, a clock that can be moved, and sessions that do as they are told.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use relais_message::{Draft, Limits, Message};
use relais_sandbox::{AccountFault, Failure, Gate, Kind, ProxyError, ProxyFault, Receipt, Refusal};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::hub::lock;
use super::notice::Notice;
use super::world::{Mark, Session, World};
use crate::error::Error;
use crate::instances::InstanceLimits;
use crate::names::{InstancePath, WorkspaceName};
use crate::outbox::{
    Body, Book, Change, Delivery, DeliveryId, Hands, NewDelivery, Now, Origin, Outcome, Owed, Recipient,
    RecipientState, Retentions, Timer, UncertainPolicy,
};
use crate::store::{Store, StoreError};

pub(crate) fn path(text: &str) -> InstancePath {
    let (workspace, name) = text.split_once('/').unwrap();
    InstancePath {
        workspace: workspace.parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

/// A delivery for `default/smtp`, of now.
pub(crate) fn delivery(number: u64, recipients: &[&str]) -> (Delivery, Message) {
    delivery_for(&path("default/smtp"), number, recipients)
}

pub(crate) fn delivery_for(path: &InstancePath, number: u64, recipients: &[&str]) -> (Delivery, Message) {
    let draft = Draft {
        from: Some("ged@example.org".to_owned()),
        to: recipients.iter().map(|&to| to.to_owned()).collect(),
        subject: format!("Courrier {number}"),
        ..Draft::default()
    };
    let message = draft.accept(&Limits::default()).unwrap();
    let now = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    let recipient = |address: &&str| Recipient {
        address: (*address).to_owned(),
        state: RecipientState::Queued,
        words: None,
    };
    let made_ms = u64::try_from(now.as_millisecond()).unwrap();
    let delivery = Delivery {
        id: DeliveryId::from_u128((u128::from(made_ms) << 80) | u128::from(number)),
        workspace: path.workspace.clone(),
        instance: path.name.clone(),
        service_instance: None,
        origin: Origin::Api,
        message_id: message.id().to_owned(),
        sender: Some("ged@example.org".to_owned()),
        recipients: recipients.iter().map(recipient).collect(),
        size: message.size(),
        body: Body::Inline,
        accepted_at: now,
        due_at: Some(now),
        give_up_at: now + SignedDuration::from_hours(120),
        ended_at: None,
        tried: 0,
        attempts: Vec::new(),
        all_or_none: false,
        uncertain: UncertainPolicy::Hold,
        notices_through: Some("notices".parse().unwrap()),
    };
    (delivery, message)
}

/// What a session does with a message.
#[derive(Debug, Clone)]
pub(crate) enum Do {
    Send,
    /// Sends, and takes so long.
    Slow(Duration),
    Fail(Kind),
    /// Fails after the gate was opened.
    FailLate(Kind),
    /// The remote refuses these recipients, with these codes.
    Refuse(Vec<(&'static str, &'static str)>),
    /// Never comes back.
    Hang,
    HangLate,
    /// Waits for [`Fake::go`], then sends.
    Await,
    /// Its code meets what it holds impossible.
    Panic,
    PanicLate,
    /// The session cannot be opened.
    Closed(Kind),
    /// The same, because an account has to be associated first.
    Unassociated,
    /// An account is lost while the session is used.
    LoseAccount,
    /// The same once [`Fake::go`] is told.
    AwaitLoss,
    /// The host's own proxy answers this status.
    Proxy(u16),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    Opened(String),
    Closed(String),
    /// A session was given a message.
    Given(String, String),
    /// The gate was opened for it.
    Left(String, String),
}

pub(crate) struct Fake {
    pub book: Book,
    /// By instance: what comes next; the last stays.
    script: Mutex<HashMap<String, VecDeque<Do>>>,
    pub events: Mutex<Vec<Event>>,
    pub go: Notify,
    hands: Mutex<Hands>,
    /// By how much the wall clock is wrong.
    moved_ms: AtomicI64,
    /// How much time was made to pass.
    passed_ms: AtomicU64,
    /// So many messages are read with a panic.
    pub traps: AtomicUsize,
    /// Notices and alerts are refused.
    pub mute: AtomicBool,
    /// The time cannot be noted.
    pub forgetful: AtomicBool,
    /// How often it was.
    pub noted: AtomicUsize,
    pub edition: AtomicU64,
    pub revision: AtomicU64,
    pub limits: Mutex<InstanceLimits>,
    pub reprieve: Mutex<Option<Timestamp>>,
    /// Sessions open now, and at most so far.
    pub open: Mutex<HashMap<String, (usize, usize)>>,
    pub notices: Mutex<Vec<(DeliveryId, Vec<usize>)>>,
    pub alerts: Mutex<Vec<(String, Vec<DeliveryId>)>>,
    _folder: TempDir,
}

impl Fake {
    pub(crate) async fn new() -> Arc<Self> {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("data")).await.unwrap());
        Arc::new(Self {
            book: Book::open(store, Retentions::default()).unwrap(),
            script: Mutex::default(),
            events: Mutex::default(),
            go: Notify::new(),
            hands: Mutex::new(Hands::resumed(None, Timestamp::now(), Instant::now())),
            moved_ms: AtomicI64::new(0),
            passed_ms: AtomicU64::new(0),
            traps: AtomicUsize::new(0),
            mute: AtomicBool::new(false),
            forgetful: AtomicBool::new(false),
            noted: AtomicUsize::new(0),
            edition: AtomicU64::new(0),
            revision: AtomicU64::new(1),
            limits: Mutex::default(),
            reprieve: Mutex::default(),
            open: Mutex::default(),
            notices: Mutex::default(),
            alerts: Mutex::default(),
            _folder: folder,
        })
    }

    /// What sessions of an instance do, one message after another; the last goes on for ever.
    pub(crate) fn script(&self, path: &str, what: &[Do]) {
        lock(&self.script).insert(path.to_owned(), what.iter().cloned().collect());
    }

    /// Lets time pass, by both clocks.
    pub(crate) fn pass(&self, span: SignedDuration) {
        let span = u64::try_from(span.as_millis()).unwrap();
        self.passed_ms.fetch_add(span, Ordering::SeqCst);
    }

    /// The moment as the tests have it.
    pub(crate) fn now(&self) -> Now {
        let mut hands = lock(&self.hands);
        let passed = Duration::from_millis(self.passed_ms.load(Ordering::SeqCst));
        let wall = Timestamp::now() + passed + SignedDuration::from_millis(self.moved_ms.load(Ordering::SeqCst));
        hands.look(wall, Instant::now() + passed)
    }

    /// Moves the wall clock, and no time passes.
    pub(crate) fn move_clock(&self, by: SignedDuration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.moved_ms.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) async fn accept(&self, delivery: &Delivery, message: &Message) {
        let new = NewDelivery {
            delivery: delivery.clone(),
            message: message.clone(),
            idempotency: None,
        };
        self.book.accept(new).await.unwrap();
    }

    pub(crate) fn count(&self, which: impl Fn(&Event) -> bool) -> usize {
        lock(&self.events).iter().filter(|event| which(event)).count()
    }

    fn note(&self, event: Event) {
        lock(&self.events).push(event);
    }

    fn next(&self, path: &str, opening: bool) -> Do {
        let mut script = lock(&self.script);
        let Some(queue) = script.get_mut(path) else {
            return Do::Send;
        };
        let closed = matches!(queue.front(), Some(Do::Closed(_) | Do::Unassociated));
        if opening && !closed {
            return Do::Send;
        }
        match queue.len() {
            0 => Do::Send,
            1 => queue.front().cloned().unwrap(),
            _ => queue.pop_front().unwrap(),
        }
    }
}

fn unassociated() -> Failure {
    let text = "the account has to be associated again";
    Failure {
        account: Some(Box::new(AccountFault::Reconnect(text.to_owned()))),
        ..Failure::new(Kind::Authentication, text)
    }
}

fn by_proxy(status: u16) -> Failure {
    let fault = ProxyError {
        proxy: "http://proxy.example:3128".to_owned(),
        asked: "tcp://smtp.example:587".to_owned(),
        fault: ProxyFault::Said {
            status,
            reason: "No".to_owned(),
        },
    };
    let kind = match fault.fault.refuses() {
        true => Kind::Configuration,
        false => Kind::Unreachable,
    };
    Failure {
        code: Some(format!("proxy {status}")),
        way_out: Some(Box::new(fault.clone())),
        ..Failure::new(kind, fault.to_string())
    }
}

pub(crate) struct FakeSession {
    world: Arc<Fake>,
    path: String,
    usable: bool,
}

impl Drop for FakeSession {
    fn drop(&mut self) {
        if let Some((now, _)) = lock(&self.world.open).get_mut(&self.path) {
            *now -= 1;
        }
        self.world.note(Event::Closed(self.path.clone()));
    }
}

impl FakeSession {
    async fn leave(&mut self, gate: &Arc<dyn Gate>, id: &str) -> Result<(), Failure> {
        if let Err(why) = gate.open().await {
            self.usable = false;
            return Err(Failure::new(
                Kind::Temporary,
                format!("the message has not left: {why}"),
            ));
        }
        self.world.note(Event::Left(self.path.clone(), id.to_owned()));
        Ok(())
    }
}

impl Session for FakeSession {
    async fn send(&mut self, message: &Message, gate: Arc<dyn Gate>) -> Result<Receipt, Failure> {
        let id = message.id().to_owned();
        self.world.note(Event::Given(self.path.clone(), id.clone()));
        let what = self.world.next(&self.path, false);
        let mut refused = Vec::new();
        match what {
            Do::Send | Do::Closed(_) | Do::Unassociated => {}
            Do::LoseAccount => return Err(unassociated()),
            Do::Proxy(status) => return Err(by_proxy(status)),
            Do::AwaitLoss => {
                self.world.go.notified().await;
                return Err(unassociated());
            }
            Do::Slow(span) => tokio::time::sleep(span).await,
            Do::Fail(kind) => return Err(Failure::new(kind, "it failed")),
            Do::FailLate(kind) => {
                self.leave(&gate, &id).await?;
                return Err(Failure::new(kind, "it failed late"));
            }
            Do::Hang => std::future::pending().await,
            Do::HangLate => {
                self.leave(&gate, &id).await?;
                std::future::pending().await
            }
            Do::Panic => panic!("as it was told"),
            Do::PanicLate => {
                self.leave(&gate, &id).await?;
                panic!("as it was told")
            }
            Do::Await => self.world.go.notified().await,
            Do::Refuse(list) => {
                let refusal = |(recipient, code): (&str, &str)| Refusal {
                    recipient: recipient.to_owned(),
                    code: Some(code.to_owned()),
                    text: "refused".to_owned(),
                };
                refused = list.into_iter().map(refusal).collect();
            }
        }
        self.leave(&gate, &id).await?;
        Ok(Receipt {
            id: None,
            text: "250 ok".to_owned(),
            refused,
            details: Vec::new(),
        })
    }

    fn usable(&self) -> bool {
        self.usable
    }

    async fn close(self) {}
}

/// The world that a core holds: the sessions hold the same.
pub(crate) struct FakeWorld(pub Arc<Fake>);

impl World for FakeWorld {
    type Session = FakeSession;

    fn now(&self) -> Now {
        self.0.now()
    }

    fn jumped(&self) -> Option<SignedDuration> {
        self.0.now();
        lock(&self.0.hands).jumped()
    }

    async fn note_time(&self) -> Result<(), StoreError> {
        if self.0.forgetful.load(Ordering::SeqCst) {
            return Err(StoreError::Full { path: "data".into() });
        }
        self.0.noted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn edition(&self) -> u64 {
        self.0.edition.load(Ordering::SeqCst)
    }

    fn mark(&self, _: &InstancePath) -> Option<Mark> {
        Some(Mark {
            sha256: String::new(),
            revision: self.0.revision.load(Ordering::SeqCst),
            created_at: Timestamp::UNIX_EPOCH,
            accounts: true,
        })
    }

    fn limits(&self, _: &InstancePath) -> InstanceLimits {
        *lock(&self.0.limits)
    }

    async fn open(&self, path: &InstancePath) -> Result<FakeSession, Failure> {
        let path = path.to_string();
        match self.0.next(&path, true) {
            Do::Closed(kind) => return Err(Failure::new(kind, "no session")),
            Do::Unassociated => return Err(unassociated()),
            _ => {}
        }
        let mut open = lock(&self.0.open);
        let (now, most) = open.entry(path.clone()).or_default();
        *now += 1;
        *most = (*most).max(*now);
        drop(open);
        self.0.note(Event::Opened(path.clone()));
        Ok(FakeSession {
            world: self.0.clone(),
            path,
            usable: true,
        })
    }

    async fn message(&self, delivery: &Delivery) -> Result<Option<Message>, StoreError> {
        let traps = self.0.traps.load(Ordering::SeqCst);
        if traps > 0 {
            self.0.traps.store(traps - 1, Ordering::SeqCst);
            panic!("as it was told");
        }
        self.0.book.message(delivery.id)
    }

    fn row(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.0.book.get(id)
    }

    async fn transmitting(&self, id: DeliveryId, began_at: Timestamp) -> Result<bool, StoreError> {
        self.0.book.transmitting(id, began_at).await
    }

    async fn settle(&self, id: DeliveryId, outcome: Outcome) -> Result<Option<Delivery>, StoreError> {
        self.0.book.settle(id, outcome).await
    }

    async fn change(&self, id: DeliveryId, change: Change) -> Result<Option<Delivery>, StoreError> {
        self.0.book.change(id, change).await
    }

    fn due(
        &self,
        path: &InstancePath,
        until: Timestamp,
        after: Option<(Timestamp, DeliveryId)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, DeliveryId)>, StoreError> {
        self.0.book.due(path, until, after, limit)
    }

    fn sending(&self) -> Result<Vec<DeliveryId>, StoreError> {
        self.0.book.interrupted()
    }

    fn instances_with_work(&self) -> Result<Vec<InstancePath>, StoreError> {
        self.0.book.instances_with_work()
    }

    fn timers(&self, until: Timestamp, after: Option<Timer>, limit: usize) -> Result<Vec<Timer>, StoreError> {
        self.0.book.timers(until, after, limit)
    }

    fn set_aside(&self, id: DeliveryId) -> bool {
        self.0.book.set_aside(id)
    }

    fn reprieve(&self, _: &Delivery, _: Now) -> Option<Timestamp> {
        *lock(&self.0.reprieve)
    }

    async fn fire(&self, timer: Timer) -> Result<(), StoreError> {
        self.0.book.fire(timer).await
    }

    fn owed(&self, id: DeliveryId) -> Result<Option<(Delivery, Vec<Owed>)>, StoreError> {
        self.0.book.owed(id)
    }

    async fn told(&self, id: DeliveryId, number: u32) -> Result<(), StoreError> {
        self.0.book.told(id, number).await
    }

    async fn again(&self, timer: Timer, now: Now) -> Result<(), StoreError> {
        self.0.book.again(timer, now).await
    }

    async fn notify(&self, notice: Notice) -> Result<(), Error> {
        if self.0.mute.load(Ordering::SeqCst) {
            return Err(Error::Stopped);
        }
        lock(&self.0.notices).push((notice.about.id, notice.failed));
        Ok(())
    }

    async fn alert(&self, ws: &WorkspaceName, ids: &[DeliveryId]) -> Result<bool, Error> {
        if self.0.mute.load(Ordering::SeqCst) {
            return Ok(false);
        }
        lock(&self.0.alerts).push((ws.to_string(), ids.to_vec()));
        Ok(true)
    }
}
