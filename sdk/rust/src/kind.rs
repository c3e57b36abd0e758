//! The words of the contract's registry for `failure.kind`. A word that the host does not know reads as `other`.

/// A parameter is missing or wrong.
pub const CONFIGURATION: &str = "configuration";
/// The remote refused the credentials.
pub const AUTHENTICATION: &str = "authentication";
/// The remote could not be reached.
pub const UNREACHABLE: &str = "unreachable";
/// A time limit passed before the message was handed over.
pub const TIMEOUT: &str = "timeout";
/// The remote asks to slow down; say how long with [`Failure::retry_in`](crate::Failure::retry_in).
pub const THROTTLED: &str = "throttled";
/// Try again later.
pub const TEMPORARY: &str = "temporary";
/// Never try again.
pub const REJECTED: &str = "rejected";
/// The message is larger than the remote accepts.
pub const TOO_LARGE: &str = "too-large";
/// The message may have been accepted; never resent blindly.
pub const UNKNOWN_OUTCOME: &str = "unknown-outcome";
/// Anything else: the text says what.
pub const OTHER: &str = "other";
