//! One attempt: a delivery's message through a session, and what it came to.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use relais_message::Message;
use relais_sandbox::{AccountFault, Failure, Kind, Receipt};
use tokio::sync::watch;
use tokio::time::Instant;

use super::core::{Core, Phase, reached};
use super::gate::{BookGate, Stage};
use super::held::Held;
use super::outcome::{Times, outcome, overdue, put_back};
use super::verdict::{self, Report, Verdict};
use super::words;
use super::world::World;
use crate::names::InstancePath;
use crate::outbox::{Change, Delivery, DeliveryId, Outcome, Words};
use crate::store::StoreError;

/// A delivery to attempt, with its message for the recipients that are pending.
#[derive(Debug)]
pub(super) struct Job {
    pub delivery: Delivery,
    /// As it was accepted.
    pub whole: Message,
    message: Message,
}

/// What stands in the way of an attempt.
#[derive(Debug)]
pub(super) enum Found {
    Job(Box<Job>),
    /// Nothing is to be done now: it ended, it is not due, or it is not there.
    Nothing,
    /// Its message cannot be read.
    Unreadable(Box<Delivery>, StoreError),
    /// The store cannot be read.
    Broken(StoreError),
}

/// What an attempt came to.
#[derive(Debug)]
pub(super) struct Attempted {
    /// None where the book still says the truth.
    pub outcome: Option<Outcome>,
    pub report: Report,
}

/// When an attempt begins to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Only if it is due.
    Due,
    /// At once: somebody asked for it.
    Now,
}

/// Finds what is to be attempted: in memory where it was just accepted, else in the store.
pub(super) async fn find<W: World>(core: &Core<W>, id: DeliveryId, when: When) -> Found {
    let waits = |delivery: &Delivery| delivery.pending().next().is_some() && (when == When::Now || due(delivery, core));
    let (delivery, whole) = match core.hub.recall(id) {
        Some(found) => found,
        None => {
            let delivery = match core.world.row(id) {
                Ok(Some(delivery)) if waits(&delivery) => delivery,
                Ok(_) => return Found::Nothing,
                Err(error) if error.of_one_record() => {
                    core.set_aside(id, &error);
                    return Found::Nothing;
                }
                Err(error) => return Found::Broken(error),
            };
            match core.world.message(&delivery).await {
                Ok(Some(message)) => (delivery, message),
                Ok(None) => return Found::Nothing,
                Err(error) if of_one_message(&error) => return Found::Unreadable(Box::new(delivery), error),
                Err(error) => return Found::Broken(error),
            }
        }
    };
    let pending = delivery.pending().count();
    let message = match pending == delivery.recipients.len() {
        true => whole.clone(),
        false => {
            let addresses = delivery.pending().map(|(_, recipient)| recipient.address.clone());
            whole.with_recipients(addresses.collect())
        }
    };
    Found::Job(Box::new(Job {
        delivery,
        whole,
        message,
    }))
}

/// Whether it is this message that cannot be read, and not the store.
fn of_one_message(error: &StoreError) -> bool {
    matches!(error, StoreError::Body { .. }) || error.of_one_record()
}

/// The store counts in milliseconds. What is due absurdly late was put off by a wrong clock.
fn due<W: World>(delivery: &Delivery, core: &Core<W>) -> bool {
    let now = core.world.now().calendar.as_millisecond();
    let far = i64::try_from(core.config.far.as_millis()).unwrap_or(i64::MAX);
    delivery.due_at.is_some_and(|due_at| {
        let ahead = due_at.as_millisecond().saturating_sub(now);
        ahead <= 0 || ahead > far
    })
}

/// How the session's part of an attempt ended.
enum End {
    Answered(Result<Receipt, Failure>, Stage),
    /// No session could be opened.
    NotOpened(Failure),
    /// Relais is being stopped.
    Cut(Stage),
    /// The code of the session, or of the host beside it, met what it holds impossible.
    BrokeOff(Stage),
}

/// Attempts a delivery once.
pub(super) async fn make<W: World>(
    core: &Core<W>,
    path: &InstancePath,
    held: &mut Held<W::Session>,
    job: &Job,
    phase: &mut watch::Receiver<Phase>,
) -> Attempted {
    let began = Instant::now();
    let began_at = core.world.now().wall;
    core.hub.tally.attempts.add(1);
    let mut end = run(core, path, held, job, began_at, phase).await;
    // A kept session whose connection died while nobody used it tells nothing of the remote: once, a fresh one is tried.
    if let End::Answered(Err(failure), stage) = &end
        && held.was_used()
        && *stage == Stage::Shut
        && matches!(failure.kind, Kind::Unreachable | Kind::Timeout)
    {
        tracing::debug!(target: "relais::dispatch", delivery = %job.delivery.id, instance = %path, kind = failure.kind.word(), "the kept session was dead");
        held.drop_session();
        end = run(core, path, held, job, began_at, phase).await;
    }
    if let Some(failure) = awaited(&end) {
        if failure.is_shut_in() && core.shut.note(path, core.world.now().calendar) {
            tracing::error!(target: "relais::dispatch", instance = %path, why = %failure.text, "the outgoing proxy lets nothing of the instance out; its deliveries wait");
        }
        note(core, &job.delivery, failure).await;
        return Attempted {
            outcome: None,
            report: Report::Waits,
        };
    }
    core.hub.tally.attempting.note(began.elapsed());
    conclude(core, job, began_at, end)
}

/// The failure of an attempt that was none, since nothing has left: an account of the instance has to be associated first, or the
/// host's own proxy lets nothing out.
fn awaited(end: &End) -> Option<&Failure> {
    match end {
        End::NotOpened(failure) | End::Answered(Err(failure), Stage::Shut) => match failure.account.as_deref() {
            _ if failure.is_shut_in() => Some(failure),
            Some(AccountFault::NotAssociated(_) | AccountFault::Reconnect(_)) => Some(failure),
            Some(AccountFault::Unavailable { .. } | AccountFault::WayOut(_)) | None => None,
        },
        _ => None,
    }
}

/// Says at a delivery what it waits for.
async fn note<W: World>(core: &Core<W>, delivery: &Delivery, failure: &Failure) {
    let words = Words::from(failure);
    let noted = |words: &Words| {
        delivery
            .pending()
            .all(|(_, recipient)| recipient.words.as_ref() == Some(words))
    };
    if noted(&words) {
        return;
    }
    match core.world.change(delivery.id, Change::Note { words }).await {
        Ok(Some(row)) => core.hub.changed(&row),
        Ok(None) => {}
        Err(error) => {
            core.hub.tally.store_faults.add(1);
            tracing::error!(target: "relais::dispatch", delivery = %delivery.id, code = error.code(), "what it waits for could not be stored");
        }
    }
}

async fn run<W: World>(
    core: &Core<W>,
    path: &InstancePath,
    held: &mut Held<W::Session>,
    job: &Job,
    began_at: Timestamp,
    phase: &mut watch::Receiver<Phase>,
) -> End {
    let gate = BookGate::new(core.world.clone(), job.delivery.id, began_at);
    // A panic ends this attempt: neither the worker, whose lane would stay closed, nor what is known of the message.
    let ended = AssertUnwindSafe(pass(core, path, held, job, &gate, phase)).catch_unwind();
    match ended.await {
        Ok(end) => end,
        Err(_) => {
            held.drop_session();
            End::BrokeOff(gate.stage())
        }
    }
}

/// Passes the message through the gate.
async fn pass<W: World>(
    core: &Core<W>,
    path: &InstancePath,
    held: &mut Held<W::Session>,
    job: &Job,
    gate: &Arc<BookGate<W>>,
    phase: &mut watch::Receiver<Phase>,
) -> End {
    let opened = tokio::select! {
        opened = held.ready(core, path) => opened,
        () = reached(phase, Phase::Cut) => return End::Cut(Stage::Shut),
    };
    if let Err(failure) = opened {
        return End::NotOpened(failure);
    }
    let answer = tokio::select! {
        answer = held.send(&job.message, gate.clone()) => Some(answer),
        () = reached(phase, Phase::Cut) => None,
    };
    match answer {
        Some(answer) => End::Answered(answer, gate.stage()),
        None => {
            // A call that was dropped midway leaves a session that is of no more use.
            held.drop_session();
            End::Cut(gate.stage())
        }
    }
}

fn conclude<W: World>(core: &Core<W>, job: &Job, began_at: Timestamp, end: End) -> Attempted {
    let delivery = &job.delivery;
    let end = match end {
        // A provider that gives no token now, or a proxy that is down, says nothing of the message, whatever the connector makes of it.
        End::Answered(Err(failure), Stage::Shut) if failure.account.is_some() || failure.way_out.is_some() => {
            End::NotOpened(failure)
        }
        end => end,
    };
    let verdict = match end {
        End::NotOpened(failure) => {
            let verdict = verdict::of_failure(delivery, &failure, false);
            // Whatever kept the session from opening, it was not this message.
            let account = failure.account.as_deref().and_then(AccountFault::retry_after);
            let report = Report::Ails {
                asked: account.or(failure.retry_after),
            };
            verdict::waits(Verdict { report, ..verdict })
        }
        End::Answered(Ok(receipt), _) => verdict::of_receipt(delivery, &receipt),
        End::Answered(Err(_), Stage::Withdrawn) | End::Cut(Stage::Withdrawn | Stage::Shut) => {
            return Attempted {
                outcome: None,
                report: Report::Nothing,
            };
        }
        End::Answered(Err(_), stage @ (Stage::Broken | Stage::Asked))
        | End::Cut(stage @ (Stage::Broken | Stage::Asked)) => {
            let report = match stage {
                Stage::Broken => Report::Ails { asked: None },
                _ => Report::Nothing,
            };
            return Attempted {
                outcome: Some(put_back(delivery, began_at, core.world.now())),
                report,
            };
        }
        End::Answered(Err(failure), stage) => verdict::of_failure(delivery, &failure, stage == Stage::Open),
        End::Cut(Stage::Open) => verdict::of_interruption(delivery, words::STOPPED),
        End::BrokeOff(Stage::Withdrawn) => {
            return Attempted {
                outcome: None,
                report: Report::Ails { asked: None },
            };
        }
        End::BrokeOff(Stage::Open) => Verdict {
            report: Report::Ails { asked: None },
            ..verdict::of_interruption(delivery, words::BROKE_OFF)
        },
        // Not put back at once: it may be this message that does it.
        End::BrokeOff(_) => verdict::of_failure(delivery, &Failure::new(Kind::Other, words::BROKE_OFF), false),
    };
    let report = verdict.report;
    let ended = core.world.now();
    let times = Times {
        began_at,
        ended,
        spared: overdue(delivery, ended) && core.reprieve(delivery, ended).is_some(),
    };
    Attempted {
        outcome: Some(outcome(&core.config, delivery, times, verdict)),
        report,
    }
}
