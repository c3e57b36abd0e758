//! The manifest of a connector: what it is, what an administrator sets, what it asks for.
//!
//! A manifest is data. It is written by a partner as `connector.toml`, travels as JSON in a custom section of the
//! component, and is read without running a line of the connector's code. Everything here is pure: no network, no
//! clock, no store.
//!
//! The way through: [`Manifest::from_toml`] → [`embed::pack`] → [`embed::read`] → [`Manifest::settings`], what an
//! administrator gave made into checked values → [`Manifest::egress`], the grants that follow from them, and
//! [`Manifest::provider`], who gives the accounts.
//!
//! The threat: a manifest comes from a stranger and is shown to an administrator, who grants what it asks for. So it is
//! bounded in every direction, it cannot carry characters that redraw the text around it, and what it asks for is
//! judged from the checked values only.

mod bound;
mod certificate;
mod conditions;
mod credential;
pub mod embed;
mod endpoint;
mod filled_provider;
mod grants;
mod host;
mod locate;
mod manifest;
mod manifest_error;
mod manifest_error_kind;
mod nearest;
mod parameter;
mod provider;
mod provider_problem;
mod read;
mod reason;
mod schema;
mod service;
mod settings;
mod template;
mod text;
mod validate;
mod validate_grants;
mod validate_parameters;
mod validate_providers;
mod value_types;
mod values;

pub use bound::BoundParameters;
pub use credential::{Credential, CredentialKind, Slot};
pub use embed::EmbedError;
pub use endpoint::Endpoint;
pub use filled_provider::FilledProvider;
pub use grants::{Egress, Scheme};
pub use manifest::{EgressRequest, MANIFEST_VERSION, Manifest};
pub use manifest_error::{InvalidManifest, ManifestError};
pub use manifest_error_kind::ManifestErrorKind;
pub use parameter::{Choice, Parameter, ParameterType, Role};
pub use provider::{Dialect, Flow, Provider};
pub use provider_problem::ProviderProblem;
pub use reason::{FieldError, Reason};
pub use schema::schema;
pub use service::{Recipients, Service};
pub use settings::Settings;
pub use template::TemplateProblem;
pub use text::{Lang, Text};
pub use values::{Given, given_values};
