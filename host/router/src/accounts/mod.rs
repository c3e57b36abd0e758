//! The OAuth 2 accounts of connector instances: how they are associated, kept, renewed and lost.
//!
//! The way of an account through the modules: `associate` (with what `choose` finds, by one of the `flows`, in `associations`
//! while it goes on) → `finish` (a row, its tokens sealed beside it) → `kept` (what sessions ask for a token, one for each account)
//! → `renew` (asks the provider, one at a time) → `written`. The `keeper` holds them all, and renews ahead of time; `doors` is the
//! way to a provider, and `plan` says what it is asked with.
//!
//! The threat is threefold. Whoever edits an instance or installs a connector must not have a saved refresh token or the secret
//! of an application sent to a place of his choice: both are sealed for the very endpoints that they were given for. A provider
//! that replaces refresh tokens must not be asked in such a way that a crash loses the account without a word: that it is being
//! asked is on the disk before, and the new token before anybody has it. And a resource that refuses every token must not turn
//! Relais into a client that asks its provider without end (AADSTS50196).

mod alert;
mod applications;
mod associate;
mod associations;
mod choose;
mod doors;
mod durable;
mod ends;
mod finish;
mod fit;
mod flows;
mod governance;
mod keeper;
mod kept;
mod missing;
mod origins;
mod own;
mod plan;
mod problem;
mod renew;
mod revoke;
mod standing;
mod timing;
mod untold;
mod view;
mod written;

use std::fmt;

use relais_manifest::{Manifest, Parameter, ParameterType};

use crate::names::InstancePath;

pub use applications::{ApplicationView, NewApplication, NewProof};
pub use associations::{Association, Stage};
pub use choose::Associate;
pub(crate) use doors::{Doors, RealDoors};
pub use ends::{Dissociated, Revocation};
pub use governance::Governance;
pub(crate) use keeper::Keeper;
pub(crate) use missing::missing;
pub use problem::Problem;
pub use view::{AccountState, AccountView, ProviderView};
pub(crate) use view::{is_provider, views};

/// Where an account is: an instance and the id of one of its parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountPath {
    pub instance: InstancePath,
    pub parameter: String,
}

/// `workspace/instance/parameter`.
impl fmt::Display for AccountPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.parameter)
    }
}

/// The parameters of a manifest that are accounts, in the order of the form.
pub(crate) fn declared(manifest: &Manifest) -> impl Iterator<Item = &Parameter> {
    manifest
        .parameters
        .iter()
        .filter(|parameter| parameter.kind == ParameterType::Account)
}

#[cfg(test)]
mod tests;
