//! A connector instance is refused, with the fields that are wrong.

use relais_manifest::{FieldError, Lang};

use super::words;
use crate::instances::SECRET_BYTES;
use crate::names::InstanceName;

/// A connector instance could not be created, found, edited, opened or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceError {
    Unknown {
        name: InstanceName,
    },
    Exists {
        name: InstanceName,
    },
    /// Values that were refused, all of them.
    Fields(Vec<FieldError>),
    /// Secrets that were refused, all of them.
    Secrets(Vec<SecretError>),
    /// A text that names no grant.
    Grant {
        given: String,
    },
    TooManyGrants {
        count: usize,
        most: usize,
    },
    /// What decides where these secrets go has changed, so they must be given again. Nothing was stored.
    SecretsNeeded {
        name: InstanceName,
        fields: Vec<String>,
        because: Vec<String>,
    },
    /// One edit gives this field and takes it away.
    Contradiction {
        field: String,
    },
    /// There is no such field to take away.
    NoSuchField {
        field: String,
    },
    /// These services use it when nothing names an instance.
    IsDefault {
        name: InstanceName,
        services: Vec<String>,
    },
}

/// A secret that was refused; the secret itself is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError {
    pub field: String,
    pub problem: SecretProblem,
}

/// What is wrong with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretProblem {
    Empty,
    /// More than [`SECRET_BYTES`].
    TooLong,
    /// It holds NUL, CR or LF.
    LineBreak,
}

impl SecretError {
    fn text(&self, lang: Lang) -> String {
        let field = words::shown(&self.field);
        match (self.problem, lang) {
            (SecretProblem::Empty, Lang::Fr) => {
                format!("{field} : le secret est vide. Saisissez-le, ou ne le donnez pas.")
            }
            (SecretProblem::Empty, Lang::En) => format!("{field}: the secret is empty. Give it, or leave it out."),
            (SecretProblem::TooLong, Lang::Fr) => {
                format!("{field} : le secret dépasse {SECRET_BYTES} octets. Vérifiez que c'est le bon fichier.")
            }
            (SecretProblem::TooLong, Lang::En) => {
                format!("{field}: the secret has more than {SECRET_BYTES} bytes. Check that it is the right file.")
            }
            (SecretProblem::LineBreak, Lang::Fr) => {
                format!(
                    "{field} : le secret contient un saut de ligne ou un caractère nul. Donnez-le sur une seule ligne."
                )
            }
            (SecretProblem::LineBreak, Lang::En) => {
                format!("{field}: the secret holds a line break or a NUL. Give it on one line.")
            }
        }
    }
}

impl InstanceError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "instance-unknown",
            Self::Exists { .. } => "instance-exists",
            Self::Fields(_) => "fields-invalid",
            Self::Secrets(_) => "secrets-invalid",
            Self::Grant { .. } => "grant-invalid",
            Self::TooManyGrants { .. } => "grants-too-many",
            Self::SecretsNeeded { .. } => "secrets-needed",
            Self::Contradiction { .. } => "edit-contradiction",
            Self::NoSuchField { .. } => "field-unknown",
            Self::IsDefault { .. } => "instance-is-default",
        }
    }

    pub(super) fn bad_input(&self) -> bool {
        match self {
            Self::Unknown { .. }
            | Self::Exists { .. }
            | Self::Fields(_)
            | Self::Secrets(_)
            | Self::Grant { .. }
            | Self::TooManyGrants { .. }
            | Self::SecretsNeeded { .. }
            | Self::Contradiction { .. }
            | Self::NoSuchField { .. } => true,
            Self::IsDefault { .. } => false,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Fr => self.french(),
            Lang::En => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Unknown { name } => {
                format!("There is no instance `{name}`. `relais instance list` shows those there are.")
            }
            Self::Exists { name } => format!(
                "There is already an instance `{name}`. Choose another name, or change it with `relais instance edit {name}`."
            ),
            Self::Fields(errors) => lines(errors.iter().map(|error| error.text(Lang::En))),
            Self::Secrets(errors) => lines(errors.iter().map(|error| error.text(Lang::En))),
            Self::Grant { given } => format!(
                "grant: `{}` is no grant. The grants are `auth-in-clear` and `private:NAME`.",
                words::shown(given)
            ),
            Self::TooManyGrants { count, most } => format!("grant: there are {count} grants; {most} is the most."),
            Self::SecretsNeeded { name, fields, because } => format!(
                "{} of instance `{name}` must be given again, since these changed: {}. A saved secret is never used for \
                 anything but what it was given for. Nothing was changed.",
                words::quoted(Lang::En, fields),
                words::changes(Lang::En, because)
            ),
            Self::Contradiction { field } => {
                format!(
                    "{0}: the edit both gives `{0}` and takes it away. Choose one.",
                    words::shown(field)
                )
            }
            Self::NoSuchField { field } => {
                format!(
                    "{0}: there is no `{0}` to take away. `relais instance show` names the fields.",
                    words::shown(field)
                )
            }
            Self::IsDefault { name, services } => format!(
                "Instance `{name}` is the default of {}. Choose another default first, or none: `relais service default`.",
                words::quoted(Lang::En, services)
            ),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Unknown { name } => format!(
                "L'instance « {name} » n'existe pas. La commande « relais instance list » montre celles qui existent."
            ),
            Self::Exists { name } => format!(
                "L'instance « {name} » existe déjà. Choisissez un autre nom, ou modifiez-la avec « relais instance edit {name} »."
            ),
            Self::Fields(errors) => lines(errors.iter().map(|error| error.text(Lang::Fr))),
            Self::Secrets(errors) => lines(errors.iter().map(|error| error.text(Lang::Fr))),
            Self::Grant { given } => format!(
                "grant : « {} » n'est pas une autorisation. Les autorisations sont « auth-in-clear » et « private:NOM ».",
                words::shown(given)
            ),
            Self::TooManyGrants { count, most } => {
                format!("grant : il y a {count} autorisations ; {most} est le maximum.")
            }
            Self::SecretsNeeded { name, fields, because } => format!(
                "{} de l'instance « {name} » : à saisir de nouveau, car ceci a changé : {}. Un secret enregistré ne sert qu'à ce \
                 pour quoi il a été saisi. Rien n'a été modifié.",
                words::quoted(Lang::Fr, fields),
                words::changes(Lang::Fr, because)
            ),
            Self::Contradiction { field } => {
                format!(
                    "{0} : la modification donne « {0} » et le retire à la fois. Choisissez l'un des deux.",
                    words::shown(field)
                )
            }
            Self::NoSuchField { field } => format!(
                "{0} : il n'y a pas de « {0} » à retirer. La commande « relais instance show » nomme les champs.",
                words::shown(field)
            ),
            Self::IsDefault { name, services } => format!(
                "L'instance « {name} » est utilisée par défaut pour {}. Choisissez d'abord une autre instance par défaut, ou \
                 aucune : « relais service default ».",
                words::quoted(Lang::Fr, services)
            ),
        }
    }
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}
