//! A workspace is not there, or cannot be made or removed.

use relais_manifest::Lang;

use super::{Class, words};
use crate::names::{InstanceName, WorkspaceName};

/// A workspace could not be found, created or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkspaceError {
    Unknown(WorkspaceName),
    Exists(WorkspaceName),
    /// Deliveries of a removed workspace of that name are still in the journal, and would show in the new one.
    Remembered(WorkspaceName),
    TooMany {
        most: usize,
    },
    /// `default` is always there.
    Default,
    /// Connector instances live in it.
    Holds {
        name: WorkspaceName,
        instances: Vec<InstanceName>,
    },
    /// Deliveries in it wait to be sent, or for somebody to decide on them.
    Undecided(WorkspaceName),
}

impl WorkspaceError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown(_) => "workspace-unknown",
            Self::Exists(_) => "workspace-exists",
            Self::Remembered(_) => "workspace-remembered",
            Self::TooMany { .. } => "workspaces-too-many",
            Self::Default => "workspace-default",
            Self::Holds { .. } => "workspace-holds-instances",
            Self::Undecided(_) => "workspace-holds-deliveries",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown(_) => Class::NotFound,
            Self::Exists(_) | Self::Remembered(_) | Self::Default | Self::Holds { .. } | Self::Undecided(_) => {
                Class::Conflict
            }
            Self::TooMany { .. } => Class::TooMany,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unknown(name), Lang::Fr) => format!(
                "L'espace « {name} » n'existe pas. La commande « relais workspace list » montre ceux qui existent."
            ),
            (Self::Unknown(name), Lang::En) => {
                format!("There is no workspace `{name}`. `relais workspace list` shows those there are.")
            }
            (Self::Exists(name), Lang::Fr) => format!("L'espace « {name} » existe déjà. Choisissez un autre nom."),
            (Self::Exists(name), Lang::En) => format!("There is already a workspace `{name}`. Choose another name."),
            (Self::Remembered(name), Lang::Fr) => format!(
                "Le journal garde encore des envois d'un ancien espace « {name} », qui apparaîtraient dans le nouveau. \
                 Choisissez un autre nom, ou attendez que le journal les ait oubliés."
            ),
            (Self::Remembered(name), Lang::En) => format!(
                "The journal still holds deliveries of a former workspace `{name}`, which would show in the new one. Choose \
                 another name, or wait until the journal has forgotten them."
            ),
            (Self::TooMany { most }, Lang::Fr) => {
                format!("Il y a déjà {most} espaces, et c'est le maximum. Supprimez-en un.")
            }
            (Self::TooMany { most }, Lang::En) => {
                format!("There are {most} workspaces, which is the most. Remove one.")
            }
            (Self::Default, Lang::Fr) => "L'espace « default » ne peut pas être supprimé.".to_owned(),
            (Self::Default, Lang::En) => "The workspace `default` cannot be removed.".to_owned(),
            (Self::Holds { name, instances }, Lang::Fr) => format!(
                "L'espace « {name} » contient des instances : {}. Supprimez-les d'abord.",
                words::quoted(lang, instances)
            ),
            (Self::Holds { name, instances }, Lang::En) => format!(
                "Workspace `{name}` holds instances: {}. Remove them first.",
                words::quoted(lang, instances)
            ),
            (Self::Undecided(name), Lang::Fr) => format!(
                "L'espace « {name} » contient des envois en attente ou incertains. Terminez-les d'abord : « relais delivery \
                 list »."
            ),
            (Self::Undecided(name), Lang::En) => format!(
                "Workspace `{name}` holds deliveries that are pending or uncertain. Settle them first: `relais delivery list`."
            ),
        }
    }
}
