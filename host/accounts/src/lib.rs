//! OAuth 2 towards one provider, for one account: how it is associated, refreshed and revoked, and what each answer means.
//!
//! The way through: a [`Provider`] and an [`Application`] make a [`Client`] → a flow of it ends in a [`Grant`] → the grant's
//! refresh token makes the next grant, until a [`Fault`] says that the account is lost. Nothing is stored here, and nothing
//! repeats by itself: who keeps the account decides when to ask again.
//!
//! The threat: a provider's answer is a stranger's text. It may be a proxy's page, endless, a redirect to somewhere else, a
//! token that would break out of a header, a life of a thousand years, or our own secret echoed into an error. All of it is
//! bounded, checked and cut here; see `wire` and `grant`.

mod answer;
mod application;
mod assertion;
mod claims;
mod client;
mod code;
mod device;
mod dialect;
mod fault;
mod grant;
mod provider;
mod scopes;
mod text;
mod texts;
mod wire;

pub use application::{Application, Proof};
pub use client::Client;
pub use code::CodePending;
pub use device::{DevicePending, Poll};
pub use fault::{Fault, FaultKind};
pub use grant::Grant;
pub use provider::{Permits, Provider};
pub use relais_manifest::{Dialect, FilledProvider, Flow};
pub use relais_outgoing::Secret;
pub use scopes::missing as missing_scopes;
