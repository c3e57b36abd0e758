//! A connector is not there, not usable, or in use.

use relais_manifest::Lang;
use relais_sandbox::LoadError;

use super::{Class, load, words};
use crate::names::{InstancePath, WorkspaceName};

/// A connector could not be installed, found or removed.
#[derive(Debug)]
pub enum ConnectorError {
    Unknown {
        id: String,
    },
    /// Instances use it.
    InUse {
        id: String,
        instances: Vec<InstancePath>,
    },
    /// The workspace may not use it.
    NotEnabled {
        id: String,
        workspace: WorkspaceName,
    },
    /// Not a component that this host can run.
    Load(Box<LoadError>),
    /// The manifest that is kept cannot be read.
    Manifest {
        id: String,
        reason: String,
    },
}

impl ConnectorError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "connector-unknown",
            Self::InUse { .. } => "connector-in-use",
            Self::NotEnabled { .. } => "connector-not-enabled",
            Self::Load(error) => error.code(),
            Self::Manifest { .. } => "manifest-damaged",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } => Class::NotFound,
            Self::Load(_) => Class::BadInput,
            Self::InUse { .. } | Self::NotEnabled { .. } => Class::Conflict,
            Self::Manifest { .. } => Class::Failed,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unknown { id }, Lang::Fr) => format!(
                "Le connecteur « {} » n'est pas installé. La commande « relais connector list » montre ceux qui le sont.",
                words::shown(id)
            ),
            (Self::Unknown { id }, Lang::En) => format!(
                "Connector `{}` is not installed. `relais connector list` shows those that are.",
                words::shown(id)
            ),
            (Self::InUse { id, instances }, Lang::Fr) => format!(
                "Le connecteur « {id} » est utilisé par {}. Supprimez d'abord ces instances.",
                words::quoted(lang, instances)
            ),
            (Self::InUse { id, instances }, Lang::En) => format!(
                "Connector `{id}` is used by {}. Remove these instances first.",
                words::quoted(lang, instances)
            ),
            (Self::NotEnabled { id, workspace }, Lang::Fr) => format!(
                "Le connecteur « {id} » n'est pas activé dans l'espace « {workspace} ». Activez-le avec « relais connector \
                 enable {id} --workspace {workspace} »."
            ),
            (Self::NotEnabled { id, workspace }, Lang::En) => format!(
                "Connector `{id}` is not enabled in workspace `{workspace}`. Enable it with `relais connector enable {id} \
                 --workspace {workspace}`."
            ),
            (Self::Load(error), _) => load::text(error, lang),
            (Self::Manifest { id, reason }, Lang::Fr) => format!(
                "Le manifeste enregistré du connecteur « {id} » ne peut pas être lu ({reason}). Installez de nouveau le \
                 connecteur."
            ),
            (Self::Manifest { id, reason }, Lang::En) => {
                format!("The kept manifest of connector `{id}` cannot be read ({reason}). Install the connector again.")
            }
        }
    }
}
