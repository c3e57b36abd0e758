//! What travels over the API, in both directions: the server writes these types, the command line reads them.
//!
//! Rules that hold for all of them: keys are snake case; a time is RFC 3339 in UTC; a size is in bytes, a length of time in
//! seconds; what may be missing is `null` in an answer; a request that has a key which is not known is refused.

pub mod account;
pub mod application;
pub mod audit;
pub mod backup;
pub mod connector;
pub mod connector_form;
pub mod delivery;
pub mod instance;
pub mod mail;
pub mod problem;
pub mod service;
pub mod service_instance;
pub mod token;
pub mod workspace;

use relais_manifest::Text;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A text in the languages that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Words {
    pub fr: Option<String>,
    pub en: Option<String>,
}

impl From<&Text> for Words {
    fn from(text: &Text) -> Self {
        Self {
            fr: text.fr.clone(),
            en: text.en.clone(),
        }
    }
}

/// One fact with its name, as a connector told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Named {
    #[schema(example = "server")]
    pub name: String,
    pub value: String,
}

impl From<&(String, String)> for Named {
    fn from((name, value): &(String, String)) -> Self {
        Self {
            name: name.clone(),
            value: value.clone(),
        }
    }
}

/// All of them.
pub(crate) fn named(pairs: &[(String, String)]) -> Vec<Named> {
    pairs.iter().map(Named::from).collect()
}

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Removed {
    /// Its name or id.
    pub removed: String,
}

/// A key that is there with `null` is something else than a key that is not there: the one clears, the other leaves.
pub(crate) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
