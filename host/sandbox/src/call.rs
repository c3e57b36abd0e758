//! One call into a guest: what bounds it, and what its end means.

use std::time::{Duration, Instant};

use wasmtime::Trap;
use wasmtime::component::ResourceTableError;

use crate::context::Context;
use crate::failure::clean;
use crate::floor::Floor;
use crate::gate::Held;
use crate::meter::LimitHit;
use crate::{Failure, Kind};

/// Beyond the silence that a connection is allowed, before a call in which nothing moves is ended.
const GRACE: Duration = Duration::from_secs(5);

/// What every call starts with anew.
pub(crate) fn begin(context: &Context) {
    context.meter.begin();
    context.floor.begin();
    context.accounts.begin();
    context.way_out.begin();
    context.busy.begin();
    context.log.begin(context.limits.log_lines);
}

/// How a call ends without an answer of the guest's.
pub(crate) enum CallError {
    Trapped(wasmtime::Error),
    /// Nothing moved for longer than any connection may be silent.
    Silent,
    /// Too little moved for too long.
    Slow,
    /// It went on for longer than any call may.
    Lasting,
    /// The gate said no; the words are the gate's ([`kept`]).
    Kept,
}

impl CallError {
    /// The failure that it is, told to the audit where it is a limit.
    pub(crate) fn explain(&self, context: &Context) -> Failure {
        match self {
            CallError::Silent => {
                let seconds = context.limits.silence.as_secs();
                out_of_time(context, "silence", &format!("nothing moved for {seconds} s"))
            }
            CallError::Slow => {
                let (bytes, seconds) = (context.limits.slow_bytes, context.limits.slow_after.as_secs());
                let found = format!("fewer than {bytes} bytes moved in {seconds} s");
                out_of_time(context, "slow", &found)
            }
            CallError::Lasting => out_of_time(context, "lasting", "the call went on for too long"),
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

/// Runs a call that is about so many bytes of a message; a guest that waits for nothing for ever is ended, and so is one whose
/// message the host keeps.
pub(crate) async fn bounded<T>(
    context: &Context,
    bytes: u64,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, CallError> {
    let _ending = Ending(&context.floor);
    let mut call = context.busy.during(call);
    let patience = context.limits.silence + GRACE;
    let slow_after = context.limits.slow_after;
    let begun = Instant::now();
    let more = Duration::from_secs(bytes / context.limits.lasting_bytes.max(1));
    let lasting = context.limits.lasting.saturating_add(more);
    loop {
        let left = patience
            .saturating_sub(context.meter.silence())
            .min(slow_after.saturating_sub(context.meter.dragging()))
            .min(lasting.saturating_sub(begun.elapsed()));
        let called = tokio::select! {
            biased;
            called = tokio::time::timeout(left, &mut call) => called,
            () = context.doorway.refused() => return Err(CallError::Kept),
        };
        match called {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => return Err(CallError::Trapped(error)),
            Err(_) if begun.elapsed() >= lasting => return Err(CallError::Lasting),
            Err(_) if context.meter.silence() >= patience => return Err(CallError::Silent),
            Err(_) if context.meter.dragging() >= slow_after => return Err(CallError::Slow),
            Err(_) => {}
        }
    }
}

/// A limit of time, and what it found.
fn out_of_time(context: &Context, limit: &'static str, found: &str) -> Failure {
    let text = format!("{}: {found}", context.limited(LimitHit(limit)));
    Failure::new(Kind::Timeout, text).with_detail("limit", limit)
}

/// The gate said no.
pub(crate) fn kept(why: &str) -> Failure {
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
