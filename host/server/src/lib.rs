//! The HTTP API of Relais: sending, deliveries, every object that is administered, and what it says of itself.
//!
//! The way of a request: [`refusal`] (writes the sentences of whatever is refused) → [`accept`] → [`caller`] (who is it, how often
//! may it) → [`body`] (how large, how slow) → a handler of [`routes`], which reads types of [`api`] and asks the router.
//!
//! The threat: whoever reaches a port. Nothing behind `/api/` is reached without a token or the system's own permissions, another
//! workspace does not exist for a caller, every request is bounded in bytes, time and rate, and no input makes a status of 500:
//! that is kept for what is wrong with Relais or its machine.

mod accept;
pub mod api;
mod app;
mod body;
mod caller;
mod document;
mod extract;
mod lang;
mod mails;
mod metrics;
mod options;
mod places;
mod rate;
mod refusal;
mod routes;
mod serve;
pub mod texts;

pub use app::app;
pub use caller::{Peer, Serves};
pub use options::{LARGE_BYTES, Options};
pub use places::Shares;
pub use rate::Limiter;
pub use serve::Listening;
pub use tokio_rustls::rustls::ServerConfig;
