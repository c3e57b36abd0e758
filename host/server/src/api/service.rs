//! Services: what is sent, and which connector instance sends it.

use relais_router::ServiceView;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Words;

/// A service as the workspace has it set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    #[schema(example = "mail")]
    pub name: String,
    pub title: Words,
    /// The connector instance that is used when nothing names one.
    pub default: Option<String>,
    /// The connector instance that every mail of the service uses, whatever names another.
    pub forced: Option<String>,
    /// The connector instances that serve it.
    pub instances: Vec<String>,
}

/// All that this host knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Services {
    pub services: Vec<Service>,
}

impl From<&ServiceView> for Service {
    fn from(view: &ServiceView) -> Self {
        Self {
            name: view.service.name.to_owned(),
            title: Words {
                fr: Some(view.service.fr.to_owned()),
                en: Some(view.service.en.to_owned()),
            },
            default: view.default.as_ref().map(ToString::to_string),
            forced: None,
            instances: view.instances.iter().map(ToString::to_string).collect(),
        }
    }
}

/// The connector instance that a service shall use; `null` for none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    #[schema(max_length = 63, example = "smtp")]
    pub instance: Option<String>,
}

/// What a service uses now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chosen {
    pub service: String,
    /// Where nothing names an instance.
    pub default: Option<String>,
    /// Whatever names another.
    pub forced: Option<String>,
}
