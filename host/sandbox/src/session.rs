//! One session: a connector's sandbox, from `open` to `close`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_message::Message;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::ResourceTableError;
use wasmtime::{Store, Trap};

use crate::audit::Audit;
use crate::bindings::MailConnector;
use crate::bindings::relais::connector::failures::Failure as GuestFailure;
use crate::busy::Busy;
use crate::capability::log::LogBook;
use crate::context::Context;
use crate::failure::clean;
use crate::floor::Floor;
use crate::gate::{Doorway, Gate, Held};
use crate::handles::Handles;
use crate::meter::{LimitHit, Meter, Stats};
use crate::observer::Event;
use crate::sandbox::Connector;
use crate::state::{State, tick};
use crate::verdict;
use crate::{Failure, Instance, Kind, Receipt};

/// Beyond the silence that a connection is allowed, before a call in which nothing moves is ended.
const GRACE: Duration = Duration::from_secs(5);
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
    /// further, and its connection goes with the session.
    worn: bool,
    instantiated_in: Duration,
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
            resolver: shared.resolver.clone(),
            log: LogBook::new(audit.clone()),
            audit,
            handles: Handles::default(),
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
        let made = bounded(&context, connector.pre.instantiate_async(&mut store)).await;
        let guest = made.map_err(|error| error.explain(&context))?;
        let mut session = Self {
            store,
            guest,
            context,
            usable: true,
            worn: false,
            instantiated_in: begun.elapsed(),
            _permit: permit,
        };
        session.opened().await?;
        Ok(session)
    }

    async fn opened(&mut self) -> Result<(), Failure> {
        self.begin();
        let call = self.guest.relais_connector_session().call_open(&mut self.store);
        let called = bounded(&self.context, call).await;
        self.judge(called)
    }

    /// Asks the connector whether parameters, credentials and remote are right; answers what it found, as pairs.
    pub async fn verify(&mut self) -> Result<Vec<(String, String)>, Failure> {
        self.check_usable()?;
        self.begin();
        let call = self.guest.relais_connector_session().call_verify(&mut self.store);
        let called = bounded(&self.context, call).await;
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
        let called = bounded(&context, call).await;
        self.store.data_mut().take_back();
        let sent = match context.doorway.end().await {
            None => verdict::of_send(self.judge(called), message.envelope(), &context),
            Some(why) => Err(kept(&why)),
        };
        let taken = self.store.data_mut().table.iter_mut().count();
        self.worn = taken > context.limits.resources / 2 || context.floor.has_bodies();
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
        if let Ok(Err(error)) = tokio::time::timeout(FAREWELL, bounded(&self.context, call)).await {
            error.explain(&self.context);
        }
    }

    /// Whether another call should be made: not after a trap, a limit or a gate that said no, nor once half of its handles are
    /// taken, nor where a call left a request on its way.
    pub fn usable(&self) -> bool {
        self.usable && !self.worn
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

    /// A trap, a limit or a silence ends the session; a failure that the guest reports does not.
    fn judge<T>(&mut self, called: Result<Result<T, GuestFailure>, CallError>) -> Result<T, Failure> {
        let answered = called.map_err(|error| error.explain(&self.context))?;
        self.usable = true;
        answered.map_err(verdict::read)
    }
}

/// What every call starts with anew.
fn begin(context: &Context) {
    context.meter.moved();
    context.floor.begin();
    context.busy.begin();
    context.log.begin(context.limits.log_lines);
}

/// How a call ends without an answer of the guest's.
enum CallError {
    Trapped(wasmtime::Error),
    /// Nothing moved for longer than any connection may be silent.
    Silent,
    /// The gate said no; the words are the gate's ([`kept`]).
    Kept,
}

impl CallError {
    fn explain(&self, context: &Context) -> Failure {
        match self {
            CallError::Silent => silent(context),
            CallError::Kept => kept(&Held::Refused.to_string()),
            CallError::Trapped(error) => explain(context, error),
        }
    }
}

/// The end of a call, however it came about: nothing leaves in its name any more.
struct Ending<'a>(&'a Floor);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Runs a call; a guest that waits for nothing for ever is ended, and so is one whose message the host keeps.
async fn bounded<T>(context: &Context, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T, CallError> {
    let _ending = Ending(&context.floor);
    let mut call = context.busy.during(call);
    let patience = context.limits.silence + GRACE;
    loop {
        let left = patience.saturating_sub(context.meter.silence());
        let called = tokio::select! {
            biased;
            called = tokio::time::timeout(left, &mut call) => called,
            () = context.doorway.refused() => return Err(CallError::Kept),
        };
        match called {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => return Err(CallError::Trapped(error)),
            Err(_) if context.meter.silence() >= patience => return Err(CallError::Silent),
            Err(_) => {}
        }
    }
}

fn silent(context: &Context) -> Failure {
    let hit = LimitHit("silence");
    let seconds = context.limits.silence.as_secs();
    let text = format!("{}: nothing moved for {seconds} s", context.limited(hit));
    Failure::new(Kind::Timeout, text).with_detail("limit", hit.0)
}

/// The gate said no.
fn kept(why: &str) -> Failure {
    Failure::new(Kind::Temporary, format!("the message has not left: {why}"))
}

/// A trap in words: the limit that it was, or the guest's own last words.
fn explain(context: &Context, error: &wasmtime::Error) -> Failure {
    let limit = limit_of(error);
    if let Some(name) = limit {
        return Failure::new(Kind::Other, context.limited(LimitHit(name))).with_detail("limit", name);
    }
    let words = context.log.last_words();
    let trap = error
        .downcast_ref::<Trap>()
        .map_or_else(|| error.root_cause().to_string(), ToString::to_string);
    let text = match words.is_empty() {
        true => format!("the connector crashed: {trap}"),
        false => format!("the connector crashed: {words}"),
    };
    Failure::new(Kind::Other, clean(&text, Failure::TEXT_BYTES)).with_detail("trap", clean(&trap, 500))
}

/// The limit that an error is, by its name.
fn limit_of(error: &wasmtime::Error) -> Option<&'static str> {
    if let Some(limit) = error.downcast_ref::<LimitHit>() {
        return Some(limit.0);
    }
    if matches!(
        error.downcast_ref::<ResourceTableError>(),
        Some(ResourceTableError::Full)
    ) {
        return Some("resources");
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => return Some("stack"),
        Some(Trap::Interrupt) => return Some("cpu"),
        _ => {}
    }
    // The engine has no types for these two.
    let text = format!("{error:#}");
    match () {
        () if text.contains("allocated for hostcalls has been exhausted") => Some("host-call"),
        () if text.contains("store handle limit exceeded") => Some("resources"),
        () => None,
    }
}
