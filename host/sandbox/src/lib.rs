//! Loads, checks, compiles and runs connectors, each in a sandbox with the capabilities it was granted.
//!
//! The way through: [`inspect`] reads a component without running it → [`Sandbox::load`] compiles it once →
//! [`Connector::open`] makes a [`Session`] for one [`Instance`] → [`Session::send`] hands it a message. What the guest asks of
//! the host meanwhile goes through one module a capability; what it may reach is judged by one function,
//! [`relais_outgoing::decide`].
//!
//! The threat: a connector is a stranger's code. It may loop, grow, flood, lie about what it sent, look for other machines,
//! and try to read the secrets that are used on its behalf. No type of the WebAssembly engine leaves this crate.

mod account;
mod accounts;
mod audit;
mod bindings;
mod busy;
mod cache;
mod call;
mod capability;
mod context;
mod engine;
mod error;
mod failure;
mod floor;
mod gate;
mod handles;
mod inspect;
mod instance;
mod limits;
mod meter;
mod observer;
mod rule;
mod sandbox;
mod session;
mod state;
mod verdict;
mod way_out;

pub use account::{Account, AccountFault, Token, TokenFuture};
pub use error::{LoadError, SandboxError};
pub use failure::{Failure, Kind, Receipt, Refusal};
pub use gate::Gate;
pub use inspect::{Inspection, inspect};
pub use instance::{Grant, GrantError, Grants, Instance};
pub use limits::Limits;
pub use meter::Stats;
pub use observer::{Event, Level, Observer, Tracing};
pub use relais_outgoing::{Outgoing, ProxyError, ProxyFault, Reach, Refused, Resolve, Secret, SystemResolver};
pub use rule::{Place, Rule};
pub use sandbox::{Config, Connector, Sandbox};
pub use session::Session;
pub use way_out::is_code as is_way_out_code;
