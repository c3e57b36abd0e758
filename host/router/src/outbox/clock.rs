//! Times as the keys of the store hold them: milliseconds since 1970.

use std::time::Duration;

use jiff::Timestamp;

/// A time before 1970 counts as 1970.
pub fn ms(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

/// The time of a key; what no calendar holds is the end of time.
pub fn time(ms: u64) -> Timestamp {
    i64::try_from(ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}

/// Milliseconds of a duration; more than there are is as many as there are.
pub fn span(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
