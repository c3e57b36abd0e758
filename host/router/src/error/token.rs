//! A token is not there, cannot be made, or is not good for what it was used for.

use relais_manifest::Lang;

use super::{Class, words};
use crate::names::ServiceInstanceName;

/// A token could not be found or created, or does not allow what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    Unknown {
        /// What was given, cut to 80 characters.
        id: String,
    },
    /// Another token that is not revoked has that name.
    Exists { name: String },
    /// All of them are in use: none is revoked.
    TooMany { most: usize },
    /// A token that administers cannot be bound to a service instance.
    AdminBound,
    /// The token is good for this service instance alone.
    Elsewhere { bound: ServiceInstanceName },
    /// The system gave no random bytes.
    NoRandomness,
}

impl TokenError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "token-unknown",
            Self::Exists { .. } => "token-exists",
            Self::TooMany { .. } => "tokens-too-many",
            Self::AdminBound => "token-admin-bound",
            Self::Elsewhere { .. } => "token-bound-elsewhere",
            Self::NoRandomness => "token-no-randomness",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } => Class::NotFound,
            Self::Exists { .. } => Class::Conflict,
            Self::TooMany { .. } => Class::TooMany,
            Self::AdminBound => Class::BadInput,
            Self::Elsewhere { .. } => Class::Forbidden,
            Self::NoRandomness => Class::Failed,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unknown { id }, Lang::Fr) => format!(
                "Le jeton « {} » n'existe pas. La commande « relais token list » montre ceux qui existent.",
                words::shown(id)
            ),
            (Self::Unknown { id }, Lang::En) => format!(
                "There is no token `{}`. `relais token list` shows those there are.",
                words::shown(id)
            ),
            (Self::Exists { name }, Lang::Fr) => {
                format!("Un jeton « {name} » existe déjà. Choisissez un autre nom, ou révoquez-le d'abord.")
            }
            (Self::Exists { name }, Lang::En) => {
                format!("There is already a token `{name}`. Choose another name, or revoke it first.")
            }
            (Self::TooMany { most }, Lang::Fr) => {
                format!("L'espace a déjà {most} jetons en service, et c'est le maximum. Révoquez-en un.")
            }
            (Self::TooMany { most }, Lang::En) => {
                format!("The workspace has {most} tokens in use, which is the most. Revoke one.")
            }
            (Self::AdminBound, Lang::Fr) => {
                "Un jeton d'administration ne se limite pas à une instance de service. Donnez-lui le rôle « send », ou \
                 retirez l'instance de service."
                    .to_owned()
            }
            (Self::AdminBound, Lang::En) => {
                "A token that administers cannot be bound to a service instance. Give it the role \
                 `send`, or leave the service instance out."
                    .to_owned()
            }
            (Self::Elsewhere { bound }, Lang::Fr) => {
                format!("Ce jeton ne sert qu'à l'instance de service « {bound} ». N'en nommez pas d'autre.")
            }
            (Self::Elsewhere { bound }, Lang::En) => {
                format!("This token is good for service instance `{bound}` alone. Name no other.")
            }
            (Self::NoRandomness, Lang::Fr) => {
                "Le système n'a pas donné de nombres aléatoires ; aucun jeton n'a été créé.".to_owned()
            }
            (Self::NoRandomness, Lang::En) => "The system gave no random numbers; no token was created.".to_owned(),
        }
    }
}
