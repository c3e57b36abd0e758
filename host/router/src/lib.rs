//! Workspaces, connectors, connector instances, services and their defaults, and the store that keeps them.
//!
//! The way through: [`Router::open`] → [`Router::install`] a connector → [`Router::create_instance`] of it →
//! [`Router::set_default`] for a service → [`Router::send`]. The router knows neither the command line nor the HTTP API above it,
//! and of the sandbox below it only that it loads components and opens sessions.
//!
//! The threat: whoever edits an instance, installs a connector, or copies the data folder must not come by a secret that
//! somebody else saved. Secrets are sealed (`vault`), their key is kept apart (`key`), and they can be opened only for what
//! they were given for (`binding`).

mod binding;
mod connectors;
mod error;
mod instances;
mod key;
mod names;
mod outbox;
mod router;
mod send;
mod services;
mod store;
mod vault;
mod view;
mod who;

pub use connectors::ConnectorRecord;
pub use error::{ConnectorError, Error, InstanceError, KeyError, SecretError, SecretProblem, SendError, ServiceError};
pub use instances::{Edit, New, SECRET_BYTES};
pub use key::{KEY_BYTES, KeySource};
pub use names::{InstanceName, InstancePath, NAME_BYTES, NameError, ServiceInstanceName, WorkspaceName};
pub use outbox::{
    Acceptance, Attempt, Body, Book, Change, Counts, Delivery, DeliveryId, Filter, IdError, Idempotency, NewDelivery,
    Origin, Outcome, Page, Recipient, RecipientResult, RecipientState, Retention, Spool, Summary, Timer, TimerKind,
    UncertainPolicy, Upload, UploadError, Words, Written,
};
pub use router::{Paths, Router};
pub use send::Sent;
pub use services::{MAIL, SERVICES, Service, ServiceView, service};
pub use store::{StoreError, What};
pub use view::{CredentialView, InstanceView};
pub use who::Who;

#[cfg(test)]
mod tests;
