//! A service instance is not there, or cannot be made, renamed or removed.

use relais_manifest::Lang;

use super::{Class, words};
use crate::names::ServiceInstanceName;

/// A service instance could not be found, created, renamed or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceInstanceError {
    Unknown(ServiceInstanceName),
    Exists(ServiceInstanceName),
    /// These tokens may use nothing else, and would be good for nothing.
    Bound {
        name: ServiceInstanceName,
        tokens: Vec<String>,
    },
    TooMany {
        most: usize,
    },
}

impl ServiceInstanceError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "service-instance-unknown",
            Self::Exists(_) => "service-instance-exists",
            Self::Bound { .. } => "service-instance-has-tokens",
            Self::TooMany { .. } => "service-instances-too-many",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown(_) => Class::NotFound,
            Self::Exists(_) | Self::Bound { .. } => Class::Conflict,
            Self::TooMany { .. } => Class::TooMany,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unknown(name), Lang::Fr) => format!(
                "L'instance de service « {name} » n'existe pas. La commande « relais service-instance list » montre celles qui \
                 existent."
            ),
            (Self::Unknown(name), Lang::En) => {
                format!("There is no service instance `{name}`. `relais service-instance list` shows those there are.")
            }
            (Self::Exists(name), Lang::Fr) => {
                format!("L'instance de service « {name} » existe déjà. Choisissez un autre nom.")
            }
            (Self::Exists(name), Lang::En) => {
                format!("There is already a service instance `{name}`. Choose another name.")
            }
            (Self::Bound { name, tokens }, Lang::Fr) => format!(
                "Des jetons ne servent qu'à l'instance de service « {name} » : {}. Révoquez-les d'abord.",
                words::quoted(lang, tokens)
            ),
            (Self::Bound { name, tokens }, Lang::En) => format!(
                "Tokens are good for service instance `{name}` alone: {}. Revoke them first.",
                words::quoted(lang, tokens)
            ),
            (Self::TooMany { most }, Lang::Fr) => {
                format!("L'espace contient déjà {most} instances de service, et c'est le maximum. Supprimez-en une.")
            }
            (Self::TooMany { most }, Lang::En) => {
                format!("The workspace holds {most} service instances, which is the most. Remove one.")
            }
        }
    }
}
