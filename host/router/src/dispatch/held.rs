//! The session that a worker keeps from one delivery to the next, for as long as it is what the configuration says.

use std::sync::Arc;

use relais_message::Message;
use relais_sandbox::{Failure, Gate, Kind, Receipt};
use tokio::time::Instant;

use super::core::Core;
use super::world::{Mark, Session, World};
use crate::names::InstancePath;

/// See the module.
#[derive(Debug)]
pub(super) struct Held<S> {
    session: Option<Open<S>>,
}

#[derive(Debug)]
struct Open<S> {
    session: S,
    /// The configuration under which `mark` was looked up.
    edition: u64,
    mark: Option<Mark>,
    /// Messages that it was given.
    messages: u64,
    used_at: Instant,
}

impl<S: Session> Held<S> {
    pub(super) fn new() -> Self {
        Self { session: None }
    }

    /// A session that can be used now: the one that is kept, or a fresh one.
    pub(super) async fn ready<W: World<Session = S>>(
        &mut self,
        core: &Core<W>,
        path: &InstancePath,
    ) -> Result<(), Failure> {
        self.check(core, path).await;
        if self.session.is_some() {
            return Ok(());
        }
        // Read before: an edit that comes while the session opens makes it another's.
        let edition = core.world.edition();
        let mark = core.world.mark(path);
        match core.world.open(path).await {
            Ok(session) => {
                core.hub.tally.sessions_opened.add(1);
                self.session = Some(Open {
                    session,
                    edition,
                    mark,
                    messages: 0,
                    used_at: Instant::now(),
                });
                Ok(())
            }
            Err(failure) => {
                core.hub.tally.sessions_failed.add(1);
                Err(failure)
            }
        }
    }

    /// Ends the session if the instance, its connector or its enablement changed since it was opened, or if it is worn.
    pub(super) async fn check<W: World<Session = S>>(&mut self, core: &Core<W>, path: &InstancePath) {
        let Some(open) = &mut self.session else { return };
        let edition = core.world.edition();
        let same = open.edition == edition || {
            let mark = core.world.mark(path);
            mark.is_some() && mark == open.mark
        };
        if same && open.session.usable() {
            open.edition = edition;
            return;
        }
        self.close().await;
    }

    pub(super) async fn send(&mut self, message: &Message, gate: Arc<dyn Gate>) -> Result<Receipt, Failure> {
        let Some(open) = &mut self.session else {
            return Err(Failure::new(Kind::Other, "there is no session"));
        };
        open.messages += 1;
        let answer = open.session.send(message, gate).await;
        open.used_at = Instant::now();
        answer
    }

    /// Whether the session had carried a message before its last one.
    pub(super) fn was_used(&self) -> bool {
        self.session.as_ref().is_some_and(|open| open.messages > 1)
    }

    /// When it was used last; none where there is no session.
    pub(super) fn used_at(&self) -> Option<Instant> {
        self.session.as_ref().map(|open| open.used_at)
    }

    /// Throws the session away without a word.
    pub(super) fn drop_session(&mut self) {
        self.session = None;
    }

    pub(super) async fn close(&mut self) {
        if let Some(open) = self.session.take() {
            open.session.close().await;
        }
    }
}
