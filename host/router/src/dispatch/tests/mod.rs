//! The dispatcher as a whole, over the real book, with sessions that do as they are told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod accounts;
mod calendar;
mod lanes;
mod outcomes;
mod owed;
mod shut;
mod unreadable;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::core::Core;
use super::fake::{self, Event, Fake, FakeWorld};
use super::{DispatchConfig, Hub, Running};
use crate::outbox::{Delivery, DeliveryId, Summary};

const A: &str = "default/smtp";
const B: &str = "mairie/smtp";
const SECOND: Duration = Duration::from_secs(1);

/// Everything in milliseconds.
fn quick() -> DispatchConfig {
    DispatchConfig {
        pause_first: Duration::from_millis(60),
        pause_most: Duration::from_millis(200),
        retry_first: Duration::from_millis(60),
        retry_most: Duration::from_millis(200),
        tick: Duration::from_millis(20),
        turn: Duration::from_millis(20),
        ..DispatchConfig::default()
    }
}

struct House {
    fake: Arc<Fake>,
    core: Arc<Core<FakeWorld>>,
    running: Option<Running<FakeWorld>>,
    number: u64,
}

impl House {
    async fn new(config: DispatchConfig) -> Self {
        let fake = Fake::new().await;
        let core = Core::new(Arc::new(FakeWorld(fake.clone())), Arc::new(Hub::default()), config);
        Self {
            fake,
            core,
            running: None,
            number: 0,
        }
    }

    fn start(&mut self) {
        self.running = Some(Running::start(self.core.clone()).unwrap());
    }

    /// Another process over the same book.
    fn restart(&mut self) {
        let world = Arc::new(FakeWorld(self.fake.clone()));
        self.core = Core::new(world, Arc::new(Hub::default()), self.core.config.clone());
        self.start();
    }

    async fn running(config: DispatchConfig) -> Self {
        let mut house = Self::new(config).await;
        house.start();
        house
    }

    async fn stop(&mut self, grace: Duration) {
        self.running.take().unwrap().stop(grace).await;
    }

    /// Accepts one mail, as the router does.
    async fn accept_as(&mut self, path: &str, to: &[&str], set: impl FnOnce(&mut Delivery)) -> DeliveryId {
        self.number += 1;
        let path = fake::path(path);
        let (mut delivery, message) = fake::delivery_for(&path, self.number, to);
        set(&mut delivery);
        let id = delivery.id;
        self.core.hub.remember(delivery.clone(), message.clone(), 0);
        self.fake.accept(&delivery, &message).await;
        self.core.hub.wake(&path, id);
        id
    }

    async fn accept(&mut self, path: &str) -> DeliveryId {
        self.accept_as(path, &["a@example.org"], |_| {}).await
    }

    fn row(&self, id: DeliveryId) -> Delivery {
        self.fake.book.get(id).unwrap().unwrap()
    }

    async fn until(&self, what: &str, done: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !done(self) {
            assert!(start.elapsed() < Duration::from_secs(30), "{what}: not within 30 s");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Waits until one of these deliveries says what it waits for, which no attempt is needed for.
    async fn one_is_noted(&self, ids: &[DeliveryId]) {
        let noted = |house: &Self| ids.iter().any(|id| house.is_noted(*id));
        self.until("it is said what is waited for", noted).await;
    }

    fn is_noted(&self, id: DeliveryId) -> bool {
        self.row(id).recipients[0].words.is_some()
    }

    async fn becomes(&self, id: DeliveryId, summary: Summary) -> Delivery {
        self.until(summary.word(), |house| house.row(id).summary() == summary)
            .await;
        self.row(id)
    }

    /// How often a message left.
    fn left(&self, id: DeliveryId) -> usize {
        let message = self.row(id).message_id;
        self.fake
            .count(|event| matches!(event, Event::Left(_, left) if *left == message))
    }

    fn given(&self, path: &str) -> usize {
        self.fake
            .count(|event| matches!(event, Event::Given(at, _) if at == path))
    }

    fn opened(&self, path: &str) -> usize {
        self.fake
            .count(|event| matches!(event, Event::Opened(at) if at == path))
    }
}
