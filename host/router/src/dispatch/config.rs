//! The dispatcher's numbers.

use std::time::Duration;

use crate::limits::SESSIONS_UNSET;

/// How the dispatcher paces itself. The defaults are for production; a test shortens them.
#[derive(Debug, Clone, PartialEq)]
pub struct DispatchConfig {
    /// Sessions open at once, over all connector instances; a workspace has three quarters of them at most.
    pub sessions: usize,
    /// Sessions of one connector instance that sets no limit of its own.
    pub sessions_per_instance: u32,
    /// Due deliveries of one connector instance that are held in memory; the rest waits in the store.
    pub heads: usize,
    /// How long a session without work stays open.
    pub idle: Duration,
    /// How long the last session of an instance stays open without work.
    pub idle_last: Duration,
    /// How long a session may be kept from another instance that waits for one.
    pub turn: Duration,
    /// The first pause of an instance that does not work, and the longest. Each is twice the one before.
    pub pause_first: Duration,
    pub pause_most: Duration,
    /// The wait after a delivery's first attempt, and the longest. Each is twice the one before.
    pub retry_first: Duration,
    pub retry_most: Duration,
    /// The longest wait that a remote can ask for.
    pub retry_after_most: Duration,
    /// How much a wait is drawn out or shortened at random, so that what failed together does not come back together.
    pub jitter: f64,
    /// How often the calendar is gone through.
    pub tick: Duration,
    /// A delivery that is due later than this was put off by a clock that was wrong, and is due.
    pub far: Duration,
}

impl Default for DispatchConfig {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        const HOUR: Duration = Duration::from_secs(3600);
        Self {
            sessions: 64,
            sessions_per_instance: SESSIONS_UNSET,
            heads: 64,
            idle: MINUTE,
            idle_last: 5 * MINUTE,
            turn: Duration::from_secs(1),
            pause_first: Duration::from_secs(5),
            pause_most: 10 * MINUTE,
            retry_first: Duration::from_secs(30),
            retry_most: HOUR,
            retry_after_most: 24 * HOUR,
            jitter: 0.2,
            tick: Duration::from_secs(10),
            far: 25 * HOUR,
        }
    }
}
