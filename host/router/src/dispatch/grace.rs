//! How long a delivery has yet that waited for something which its sender cannot mend: an account, or the way out.

use jiff::{SignedDuration, Timestamp};

/// A day, in which whoever sent it can be told, or another way be found.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Until when it is not given up, counted from when it was last seen to wait, or from when what it waited for was there.
pub(crate) fn grace(at: Timestamp) -> Timestamp {
    at.checked_add(GRACE).unwrap_or(Timestamp::MAX)
}
