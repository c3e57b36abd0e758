//! A connector instance is refused, with the fields that are wrong.

use relais_manifest::{FieldError, Lang};

use super::{Class, words};
use crate::instances::SECRET_BYTES;
use crate::names::{InstanceName, ServiceInstanceName};

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
    /// What decides what these accounts are for has changed, so they must be associated again. Nothing was stored.
    AccountsNeeded {
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
    /// Secrets were saved under a key that this machine does not have, and have to be given again.
    SecretsLost {
        name: InstanceName,
        fields: Vec<String>,
    },
    /// Something goes through it, and would not go any more.
    InUse {
        name: InstanceName,
        uses: Vec<InstanceUse>,
    },
    /// Deliveries wait to go through it.
    Pending {
        name: InstanceName,
    },
    /// Others are being verified, and have been for too long to wait for.
    VerifyBusy {
        name: InstanceName,
    },
}

/// What a connector instance is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstanceUse {
    /// The service uses it when nothing names an instance.
    Default { service: String },
    /// The service uses it whatever names another.
    Forced { service: String },
    /// The service instance chose it.
    ServiceInstance(ServiceInstanceName),
    /// The failure notices and alerts of the workspace go through it.
    Notices,
    /// The failure notices of the service instance go through it.
    NoticesOf(ServiceInstanceName),
}

impl InstanceUse {
    fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Default { service }, Lang::Fr) => {
                format!("instance par défaut de « {service} » (« relais service default »)")
            }
            (Self::Default { service }, Lang::En) => format!("the default of `{service}` (`relais service default`)"),
            (Self::Forced { service }, Lang::Fr) => {
                format!("instance imposée à « {service} » (« relais service unforce »)")
            }
            (Self::Forced { service }, Lang::En) => format!("forced on `{service}` (`relais service unforce`)"),
            (Self::ServiceInstance(name), Lang::Fr) => format!("choisie par l'instance de service « {name} »"),
            (Self::ServiceInstance(name), Lang::En) => format!("chosen by service instance `{name}`"),
            (Self::Notices, Lang::Fr) => "avis d'échec de l'espace".to_owned(),
            (Self::Notices, Lang::En) => "failure notices of the workspace".to_owned(),
            (Self::NoticesOf(name), Lang::Fr) => format!("avis d'échec de l'instance de service « {name} »"),
            (Self::NoticesOf(name), Lang::En) => format!("failure notices of service instance `{name}`"),
        }
    }
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
            Self::AccountsNeeded { .. } => "accounts-needed",
            Self::Contradiction { .. } => "edit-contradiction",
            Self::NoSuchField { .. } => "field-unknown",
            Self::SecretsLost { .. } => "secrets-lost",
            Self::InUse { .. } => "instance-in-use",
            Self::Pending { .. } => "instance-has-deliveries",
            Self::VerifyBusy { .. } => "verify-busy",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } => Class::NotFound,
            Self::Fields(_)
            | Self::Secrets(_)
            | Self::Grant { .. }
            | Self::TooManyGrants { .. }
            | Self::SecretsNeeded { .. }
            | Self::AccountsNeeded { .. }
            | Self::Contradiction { .. }
            | Self::NoSuchField { .. } => Class::BadInput,
            Self::Exists { .. } | Self::SecretsLost { .. } | Self::InUse { .. } | Self::Pending { .. } => {
                Class::Conflict
            }
            Self::VerifyBusy { .. } => Class::TooMany,
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
            Self::AccountsNeeded { name, fields, because } => format!(
                "The account {} of instance `{name}` would have to be associated again, since these change: {}. An account is used for \
                 nothing but what it was associated for. Nothing was changed; to go on, make the same edit with `--forget {}`, then \
                 `relais account associate {name}`.",
                words::quoted(Lang::En, fields),
                words::changes(Lang::En, because),
                fields.join(" --forget ")
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
            Self::SecretsLost { name, fields } => format!(
                "{} of instance `{name}` must be given again: it was saved under a key that this machine does not have. \
                 `relais instance edit {name}`.",
                words::quoted(Lang::En, fields)
            ),
            Self::InUse { name, uses } => format!(
                "Instance `{name}` is in use: {}. Choose another there first, or none.",
                listed(uses, Lang::En)
            ),
            Self::Pending { name } => format!(
                "Deliveries wait to go through instance `{name}`. Let them go, or cancel them: `relais delivery list --instance \
                 {name}`."
            ),
            Self::VerifyBusy { name } => format!(
                "Instance `{name}` was not verified: other verifications are under way and wait for their servers. Try again in a \
                 few minutes."
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
            Self::AccountsNeeded { name, fields, because } => format!(
                "Le compte {} de l'instance « {name} » serait à associer de nouveau, car ceci change : {}. Un compte ne sert qu'à ce \
                 pour quoi il a été associé. Rien n'a été modifié ; pour continuer, refaites la modification avec « --forget {} », puis \
                 « relais account associate {name} ».",
                words::quoted(Lang::Fr, fields),
                words::changes(Lang::Fr, because),
                fields.join(" --forget ")
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
            Self::SecretsLost { name, fields } => format!(
                "{} de l'instance « {name} » : secret à ressaisir, car il a été enregistré sous une clé que cette machine n'a \
                 pas. « relais instance edit {name} ».",
                words::quoted(Lang::Fr, fields)
            ),
            Self::InUse { name, uses } => format!(
                "L'instance « {name} » est utilisée : {}. Choisissez-y d'abord une autre instance, ou aucune.",
                listed(uses, Lang::Fr)
            ),
            Self::Pending { name } => format!(
                "Des envois attendent de passer par l'instance « {name} ». Laissez-les partir, ou annulez-les : « relais \
                 delivery list --instance {name} »."
            ),
            Self::VerifyBusy { name } => format!(
                "L'instance « {name} » n'a pas été vérifiée : d'autres vérifications sont en cours et attendent leurs serveurs. \
                 Réessayez dans quelques minutes."
            ),
        }
    }
}

fn listed(uses: &[InstanceUse], lang: Lang) -> String {
    let texts = uses.iter().map(|used| used.text(lang));
    texts.collect::<Vec<_>>().join(", ")
}

fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n")
}
