//! Workspaces, connectors, connector instances, services and their defaults, and the store that keeps them.
//!
//! The way through: [`Router::open`] → [`Router::install`] a connector → [`Router::create_instance`] of it →
//! [`Router::set_default`] for a service → [`Router::accept`] a mail, which is a delivery on the disk then →
//! [`Router::dispatch`], which sends what is due. The router knows neither the command line nor the HTTP API above it, and of
//! the sandbox below it only that it loads components and opens sessions.
//!
//! The threat: whoever edits an instance, installs a connector, or copies the data folder must not come by a secret that
//! somebody else saved. Secrets are sealed (`vault`), their key is kept apart (`key`), and they can be opened only for what
//! they were given for (`binding`).

mod accept;
mod accounts;
mod alerts;
mod attempts;
mod audit;
mod backup;
mod binding;
mod catalog;
mod checks;
mod connectors;
mod deliveries;
mod dispatch;
mod enablement;
mod error;
mod instances;
mod intake;
mod key;
mod keyring;
mod limits;
mod names;
mod outbox;
mod pack;
mod resolve;
mod restore;
mod router;
mod service_instances;
mod services;
mod sessions;
mod store;
mod tokens;
mod unpack;
mod uses;
mod vault;
mod verifying;
mod view;
mod who;
mod workspaces;

pub use accept::{Accepted, Content, Mail};
pub use accounts::{
    AccountPath, AccountState, AccountView, ApplicationView, Associate, Association, Dissociated, Governance,
    NewApplication, NewProof, Problem, ProviderView, Revocation, Stage,
};
pub use alerts::Alerts;
pub use audit::{AUDIT_PAGE, Action, AuditEntry};
pub use backup::BackupReport;
pub use checks::TITLE_CHARS;
pub use connectors::ConnectorRecord;
pub use dispatch::{BUCKETS, Changed, DispatchConfig, Dispatcher, Histogram, LaneMeasure, Measures};
pub use error::{
    AccountError, BackupError, Class, ConnectorError, DeliveryError, Error, InstanceError, InstanceUse, KeyError,
    Registration, SecretError, SecretProblem, SendError, ServiceError, ServiceInstanceError, SettingError,
    SettingProblem, TokenError, WorkspaceError,
};
pub use instances::{Edit, New, SECRET_BYTES};
pub use key::{KEY_BYTES, KeySource};
pub use limits::{InstanceLimits, PER_MINUTE, SESSIONS};
pub use names::{InstanceName, InstancePath, NAME_BYTES, NameError, ServiceInstanceName, TokenName, WorkspaceName};
pub use outbox::{
    Acceptance, Attempt, Body, Book, Change, Counts, Delivery, DeliveryId, Filter, IdError, Idempotency, NewDelivery,
    Origin, Outcome, Page, Recipient, RecipientResult, RecipientState, Retention, Spool, Summary, Timer, TimerKind,
    UncertainPolicy, Unreadable, Upload, UploadError, Words, Written,
};
pub use resolve::{Resolved, Route};
pub use restore::{Pending, RestoreReport, Tokens, restore};
pub use router::{Paths, Router};
pub use service_instances::{GIVE_UP, SERVICE_INSTANCES, ServiceInstanceEdit, ServiceInstanceView};
pub use services::{MAIL, SERVICES, Service, ServiceView, service};
pub use store::{StoreError, What};
pub use tokens::{NewToken, Role, TOKENS, Token, TokenView};
pub use view::{CredentialView, InstanceView};
pub use who::Who;
pub use workspaces::{WORKSPACES, WorkspaceEdit, WorkspaceView};

#[cfg(test)]
mod tests;
