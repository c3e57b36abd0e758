//! What every attempt needs, with or without lanes around it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_message::Message;
use relais_sandbox::{Failure, Kind};
use tokio::sync::watch;

use super::DispatchConfig;
use super::hub::{Claim, Hub};
use super::notice::Notice;
use super::outcome::{Times, outcome};
use super::shut::Shut;
use super::verdict;
use super::words;
use super::world::World;
use crate::outbox::{Delivery, DeliveryId, Now, Outcome, PATIENCE, RecipientResult, RecipientState, Summary, time};
use crate::store::StoreError;

/// How long an outcome waits that the store did not take.
const AGAIN_FIRST: Duration = Duration::from_millis(200);
const AGAIN_MOST: Duration = Duration::from_secs(30);

/// How far the dispatcher is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Running,
    /// No new work; what is in flight goes on.
    Stopping,
    /// What is in flight is dropped.
    Cut,
    /// Outcomes that could not be stored are left to the next start.
    Ended,
}

/// See the module.
pub(super) struct Core<W> {
    pub world: Arc<W>,
    pub hub: Arc<Hub>,
    pub config: DispatchConfig,
    pub phase: watch::Sender<Phase>,
    pub shut: Shut,
    /// When it began, by the calendar.
    pub began_at: Timestamp,
}

impl<W: World> Core<W> {
    pub(super) fn new(world: Arc<W>, hub: Arc<Hub>, config: DispatchConfig) -> Arc<Self> {
        Arc::new(Self {
            began_at: world.now().calendar,
            shut: Shut::default(),
            world,
            hub,
            config,
            phase: watch::Sender::new(Phase::Running),
        })
    }

    /// Until when a delivery is not given up although its time has come: what it waits for is none of its own doing.
    pub(super) fn reprieve(&self, delivery: &Delivery, now: Now) -> Option<Timestamp> {
        let path = delivery.path();
        let shut = self.shut.reprieve(&path, now.calendar);
        shut.max(self.world.reprieve(delivery, now))
    }

    pub(super) fn running(&self) -> bool {
        *self.phase.borrow() == Phase::Running
    }

    /// Stores what an attempt came to, for as long as it takes, and tells whoever is concerned. The delivery stays in hand
    /// until then, so that no second attempt begins before the first one's end is durable.
    pub(super) async fn settle(&self, claim: Claim, outcome: Outcome, message: Option<Message>) -> Option<Delivery> {
        let id = claim.id();
        let mut phase = self.phase.subscribe();
        let mut wait = AGAIN_FIRST;
        let row = loop {
            match self.world.settle(id, outcome.clone()).await {
                Ok(row) => break row?,
                Err(error) if error.of_one_record() => {
                    self.set_aside(id, &error);
                    return None;
                }
                Err(error) => {
                    self.hub.tally.store_faults.add(1);
                    tracing::error!(target: "relais::dispatch", delivery = %id, code = error.code(), again_in = ?wait, "the outcome could not be stored");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reached(&mut phase, Phase::Ended) => return None,
            }
            wait = (wait * 2).min(AGAIN_MOST);
        };
        drop(claim);
        self.told(&row, &outcome);
        let failed = |result: &RecipientResult| result.state == RecipientState::Failed;
        if outcome.results.iter().any(failed) {
            self.notify(&row, message).await;
        }
        Some(row)
    }

    /// Counts and logs the end of an attempt, and wakes who waits for it.
    fn told(&self, row: &Delivery, outcome: &Outcome) {
        let tally = &self.hub.tally;
        for result in &outcome.results {
            tally.recipient(result.state);
        }
        let summary = row.summary();
        if summary == Summary::Sent {
            let took = outcome.attempt.ended_at.duration_since(row.accepted_at);
            tally.delivering.note(Duration::try_from(took).unwrap_or_default());
        }
        let attempt = &outcome.attempt;
        let worst = attempt
            .words
            .as_ref()
            .or_else(|| attempt.results.first()?.words.as_ref());
        let took = attempt.ended_at.duration_since(attempt.began_at);
        // No words of the remote: they may hold an address.
        tracing::info!(
            target: "relais::dispatch",
            delivery = %row.id,
            instance = %format_args!("{}/{}", row.workspace, row.instance),
            state = summary.word(),
            tried = row.tried,
            took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX),
            kind = worst.map(|words| words.kind.as_str()),
            code = worst.and_then(|words| words.code.as_deref()).map(short),
            domains = %domains(row),
            "attempted"
        );
        self.hub.changed(row);
    }

    /// Tells its sender at once of what has failed. What cannot be told now is told by the calendar.
    pub(super) async fn notify(&self, row: &Delivery, message: Option<Message>) {
        if !row.tells_its_sender() {
            return;
        }
        if let Err(error) = self.tell(row.id, message).await {
            self.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", delivery = %row.id, code = error.code(), "its sender could not be told of the failure yet");
        }
    }

    /// Tells the sender of a delivery all that it was not told yet; false where that remains to be done. The message is read
    /// where it is not in memory: what failed is kept for a while.
    pub(super) async fn tell(&self, id: DeliveryId, message: Option<Message>) -> Result<bool, StoreError> {
        let Some((about, owed)) = self.world.owed(id)? else {
            return Ok(true);
        };
        let message = match message {
            Some(message) => Some(message),
            None => self.world.message(&about).await.ok().flatten(),
        };
        for one in owed {
            let notice = Notice {
                about: about.clone(),
                failed: one.recipients,
                number: one.number,
                message: message.clone(),
            };
            match self.world.notify(notice).await {
                Ok(()) => self.hub.tally.notices.add(1),
                Err(error) => {
                    let now = self.world.now().calendar;
                    let over = now.duration_since(time(one.since_ms)).unsigned_abs() > PATIENCE;
                    tracing::warn!(target: "relais::dispatch", delivery = %id, code = error.code(), over, "its sender could not be told of the failure");
                    if !over {
                        return Ok(false);
                    }
                }
            }
            self.world.told(id, one.number).await?;
        }
        Ok(true)
    }

    /// The record of a delivery cannot be read: whoever administers is told, and everything else goes on.
    pub(super) fn set_aside(&self, id: DeliveryId, error: &StoreError) {
        if self.world.set_aside(id) {
            tracing::error!(target: "relais::dispatch", delivery = %id, code = error.code(), %error, "the record of a delivery cannot be read; it is set aside until the next start");
        }
    }

    /// The outcome for a message that was accepted and cannot be read any more.
    pub(super) fn lost(&self, delivery: &Delivery, error: &StoreError) -> Outcome {
        tracing::error!(target: "relais::dispatch", delivery = %delivery.id, code = error.code(), "{}", words::UNREADABLE);
        let failure = Failure::new(Kind::Rejected, format!("{} ({})", words::UNREADABLE, error.code()));
        let verdict = verdict::of_failure(delivery, &failure, false);
        let now = self.world.now();
        outcome(
            &self.config,
            delivery,
            Times {
                began_at: now.wall,
                ended: now,
                spared: false,
            },
            verdict,
        )
    }
}

/// Waits until the dispatcher has come so far.
pub(super) async fn reached(phase: &mut watch::Receiver<Phase>, far: Phase) {
    // Its sender is the core's, which outlives every task; were it not so, nobody would say that it is over.
    if phase.wait_for(|phase| *phase >= far).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// A code is at most this long in a log: a remote may write anything there.
fn short(code: &str) -> String {
    let plain = code
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ' ' | '-'));
    plain.take(16).collect()
}

/// The domains of the recipients, the first few.
fn domains(row: &Delivery) -> String {
    const SHOWN: usize = 5;
    let mut domains: Vec<&str> = Vec::new();
    for recipient in &row.recipients {
        let domain = recipient.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        if domains.len() < SHOWN && !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    domains.join(" ")
}
