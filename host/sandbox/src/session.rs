//! One session: a connector's sandbox, from `open` to `close`.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use relais_message::Message;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;

use crate::accounts::Accounts;
use crate::audit::Audit;
use crate::bindings::MailConnector;
use crate::bindings::relais::connector::failures::Failure as GuestFailure;
use crate::busy::Busy;
use crate::call::{CallError, begin, bounded, kept};
use crate::capability::log::LogBook;
use crate::context::Context;
use crate::floor::Floor;
use crate::gate::{Doorway, Gate};
use crate::handles::Handles;
use crate::meter::{Meter, Stats};
use crate::observer::Event;
use crate::sandbox::Connector;
use crate::state::{State, tick};
use crate::verdict;
use crate::way_out::WayOut;
use crate::{Failure, Instance, Kind, Receipt};

/// How long `close` may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// A connector's sandbox. Calls follow one another; after a trap or a limit it is of no more use.
pub struct Session {
    store: Store<State>,
    guest: MailConnector,
    context: Arc<Context>,
    usable: bool,
    /// Half of the handles are taken: a guest whose runtime gives them back late, if ever, is replaced between two calls
    /// rather than ended by the limit within one. Or a request's body was still on its way when its call ended: it goes no
    /// further, and its connection goes with the session. Or a connection had died between two calls and the mail failed of it.
    worn: bool,
    instantiated_in: Duration,
    /// When its last call ended.
    idle_since: Instant,
    _permit: OwnedSemaphorePermit,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let label = &self.context.instance.label;
        f.debug_struct("Session")
            .field("instance", label)
            .field("usable", &self.usable)
            .finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) async fn open(connector: &Connector, instance: Arc<Instance>) -> Result<Self, Failure> {
        let shared = &connector.shared;
        let permit = shared.sessions.clone().acquire_owned().await;
        let permit = permit.map_err(|e| Failure::new(Kind::Other, e.to_string()))?;
        let audit = Audit::new(shared.observer.clone(), &instance.label);
        let context = Arc::new(Context {
            manifest: connector.manifest.clone(),
            limits: shared.limits.clone(),
            outgoing: shared.outgoing.clone(),
            log: LogBook::new(audit.clone()),
            origins: OnceLock::new(),
            audit,
            handles: Handles::default(),
            accounts: Accounts::default(),
            way_out: WayOut::default(),
            meter: Meter::new(&shared.limits),
            busy: Busy::default(),
            floor: Floor::default(),
            doorway: Doorway::default(),
            instance,
        });
        let begun = Instant::now();
        let mut store = Store::new(&shared.engine, State::new(context.clone()));
        store.limiter(|state| &mut state.bounds);
        store.set_hostcall_fuel(context.limits.host_call);
        store.set_max_component_handles(context.limits.resources);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| tick(store.data()));
        begin(&context);
        // A component's start function is a stranger's code too.
        let made = bounded(&context, 0, connector.pre.instantiate_async(&mut store)).await;
        let guest = made.map_err(|error| error.explain(&context))?;
        let mut session = Self {
            store,
            guest,
            context,
            usable: true,
            worn: false,
            instantiated_in: begun.elapsed(),
            idle_since: begun,
            _permit: permit,
        };
        session.opened().await?;
        Ok(session)
    }

    async fn opened(&mut self) -> Result<(), Failure> {
        self.begin();
        let call = self.guest.relais_connector_session().call_open(&mut self.store);
        let called = bounded(&self.context, 0, call).await;
        self.judge(called)
    }

    /// Asks the connector whether parameters, credentials and remote are right; answers what it found, as pairs.
    pub async fn verify(&mut self) -> Result<Vec<(String, String)>, Failure> {
        self.check_usable()?;
        self.begin();
        let call = self.guest.relais_connector_session().call_verify(&mut self.store);
        let called = bounded(&self.context, 0, call).await;
        let found = self.judge(called)?;
        Ok(verdict::pairs(found))
    }

    /// Hands one message to the connector. An error whose kind is [`Kind::UnknownOutcome`] may have been delivered, and is
    /// never to be sent again blindly.
    pub async fn send(&mut self, message: &Message) -> Result<Receipt, Failure> {
        self.hand_over(message, None).await
    }

    /// The same, through a gate: as long as it was not opened the message has certainly not left, and where it says no, the
    /// call ends with [`Kind::Temporary`] and the session with it. Once this returns the gate is not asked any more; whoever
    /// drops it midway knows neither whether the gate was asked nor whether the message left.
    pub async fn send_through(&mut self, message: &Message, gate: Arc<dyn Gate>) -> Result<Receipt, Failure> {
        self.hand_over(message, Some(gate)).await
    }

    async fn hand_over(&mut self, message: &Message, gate: Option<Arc<dyn Gate>>) -> Result<Receipt, Failure> {
        self.check_usable()?;
        self.begin();
        let context = self.context.clone();
        context.doorway.begin(context.floor.turn(), gate);
        let begun = Instant::now();
        let sent_before = context.meter.bytes_out();
        let lent = self.store.data_mut().lend(message.clone());
        let lent = lent.map_err(|error| CallError::Trapped(error).explain(&context))?;
        let call = self.guest.relais_mail_sender().call_send(&mut self.store, lent);
        let called = bounded(&context, message.size(), call).await;
        self.store.data_mut().take_back();
        let sent = match context.doorway.end().await {
            None => verdict::of_send(self.judge(called), message.envelope(), &context),
            Some(why) => Err(kept(&why)),
        };
        let taken = self.store.data_mut().table.iter_mut().count();
        let lost = sent.is_err() && context.meter.lost_idle();
        self.worn =
            lost || taken > context.limits.resources / 2 || context.floor.has_bodies() || context.meter.many_heads();
        context.audit.tell(Event::Sent {
            took: begun.elapsed(),
            bytes: context.meter.bytes_out() - sent_before,
        });
        sent
    }

    /// Lets the connector say goodbye, for a few seconds at most, and throws the sandbox away.
    pub async fn close(mut self) {
        if !self.usable {
            return;
        }
        self.begin();
        let call = self.guest.relais_connector_session().call_close(&mut self.store);
        if let Ok(Err(error)) = tokio::time::timeout(FAREWELL, bounded(&self.context, 0, call)).await {
            error.explain(&self.context);
        }
    }

    /// Whether another call should be made: not after a trap, a limit or a gate that said no, nor once half of its handles are
    /// taken or half of its heads sent, nor where a call left a request on its way or failed of a connection that had died before it.
    pub fn usable(&self) -> bool {
        self.usable && !self.worn
    }

    /// When its last call ended.
    pub fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// How long a fresh sandbox took, without `open`.
    pub fn instantiated_in(&self) -> Duration {
        self.instantiated_in
    }

    /// Ends the session by a trap, and answers the guest's linear memories as they were: for a test that looks for what must
    /// not be there. Empty without [`Config::keep_dumps`](crate::Config::keep_dumps).
    pub async fn into_memories(mut self) -> Vec<Vec<u8>> {
        self.store.epoch_deadline_trap();
        self.store.set_epoch_deadline(0);
        let call = self.guest.relais_connector_session().call_verify(&mut self.store).await;
        let Err(trap) = call else { return Vec::new() };
        let Some(dump) = trap.downcast_ref::<wasmtime::WasmCoreDump>() else {
            return Vec::new();
        };
        dump.memories()
            .iter()
            .map(|memory| memory.data(&self.store).to_vec())
            .collect()
    }

    pub fn stats(&self) -> Stats {
        Stats {
            memory: self.store.data().bounds.memory,
            ..self.context.meter.stats()
        }
    }

    fn check_usable(&self) -> Result<(), Failure> {
        match self.usable {
            true => Ok(()),
            false => Err(Failure::new(
                Kind::Temporary,
                "the session has ended after an earlier fault; open another",
            )),
        }
    }

    /// A call that is dropped midway leaves a guest that cannot be entered again: the session is of use only once the call has
    /// come back ([`judge`](Self::judge)).
    fn begin(&mut self) {
        self.usable = false;
        begin(&self.context);
        self.store.set_epoch_deadline(1);
    }

    /// A trap, a limit or a silence ends the session; a failure that the guest reports does not. An account that failed the
    /// call is the host's to tell.
    fn judge<T>(&mut self, called: Result<Result<T, GuestFailure>, CallError>) -> Result<T, Failure> {
        self.idle_since = Instant::now();
        let answered = called.map_err(|error| error.explain(&self.context))?;
        self.usable = true;
        answered.map_err(|failure| verdict::explained(verdict::read(failure), &self.context))
    }
}
