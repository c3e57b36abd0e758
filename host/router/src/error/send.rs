//! A service has nothing to send with, or a connector could not do what it was asked.

use relais_manifest::Lang;
use relais_message::FieldError;
use relais_sandbox::{Failure, Kind};

use super::{Class, words};
use crate::names::InstanceName;
use crate::services::Service;

/// A service cannot be used as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceError {
    Unknown {
        name: String,
    },
    /// No instance was named, and the service has no default.
    NoDefault {
        service: &'static Service,
    },
    /// The instance's connector does not export the service.
    NotServed {
        instance: InstanceName,
        connector: String,
        service: &'static Service,
    },
    /// The service is forced to another instance than the one that was named.
    Forced {
        service: &'static Service,
        forced: InstanceName,
        asked: InstanceName,
    },
}

/// A message was refused, or a connector failed.
#[derive(Debug)]
pub enum SendError {
    /// Fields of the message that were refused, all of them.
    Message(Vec<FieldError>),
    /// The connector did not start; nothing was sent.
    Open {
        instance: InstanceName,
        failure: Box<Failure>,
    },
    /// The connector found that the instance does not work.
    Verify {
        instance: InstanceName,
        failure: Box<Failure>,
    },
    /// The message was handed to the connector. [`Kind::UnknownOutcome`] says that it may have left.
    Failed {
        instance: InstanceName,
        message_id: String,
        failure: Box<Failure>,
    },
}

impl ServiceError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "service-unknown",
            Self::NoDefault { .. } => "service-no-default",
            Self::NotServed { .. } => "service-not-served",
            Self::Forced { .. } => "service-forced",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } => Class::NotFound,
            Self::NotServed { .. } => Class::BadInput,
            Self::NoDefault { .. } | Self::Forced { .. } => Class::Conflict,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Unknown { name }, Lang::Fr) => format!(
                "Le service « {} » n'existe pas. La commande « relais service list » montre les services.",
                words::shown(name)
            ),
            (Self::Unknown { name }, Lang::En) => {
                format!(
                    "There is no service `{}`. `relais service list` shows the services.",
                    words::shown(name)
                )
            }
            (Self::Forced { service, forced, asked }, Lang::Fr) => format!(
                "Le service « {} » passe toujours par l'instance « {forced} », donc pas par « {asked} ». N'en nommez pas, ou \
                 libérez le service avec « relais service unforce {0} ».",
                service.name
            ),
            (Self::Forced { service, forced, asked }, Lang::En) => format!(
                "Service `{}` always goes through instance `{forced}`, and so not through `{asked}`. Name none, or free the \
                 service with `relais service unforce {0}`.",
                service.name
            ),
            (Self::NoDefault { service }, Lang::Fr) => format!(
                "Le service « {} » ({}) n'a pas d'instance par défaut. Choisissez-en une avec « relais service default {0} \
                 INSTANCE », ou nommez une instance avec --via.",
                service.name,
                service.title(lang)
            ),
            (Self::NoDefault { service }, Lang::En) => format!(
                "Service `{}` ({}) has no default instance. Choose one with `relais service default {0} INSTANCE`, or name an \
                 instance with --via.",
                service.name,
                service.title(lang)
            ),
            (
                Self::NotServed {
                    instance,
                    connector,
                    service,
                },
                Lang::Fr,
            ) => format!(
                "L'instance « {instance} » ne peut pas servir « {} » : son connecteur « {connector} » n'exporte pas ce service. \
                 Choisissez une autre instance.",
                service.name
            ),
            (
                Self::NotServed {
                    instance,
                    connector,
                    service,
                },
                Lang::En,
            ) => format!(
                "Instance `{instance}` cannot serve `{}`: its connector `{connector}` does not export this service. Choose \
                 another instance.",
                service.name
            ),
        }
    }
}

impl SendError {
    /// A word that never changes, for programs: for a failure, its kind.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Message(_) => "message-invalid",
            Self::Open { failure, .. } | Self::Verify { failure, .. } | Self::Failed { failure, .. } => {
                failure.kind.word()
            }
        }
    }

    /// The connector's failure.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Message(_) => None,
            Self::Open { failure, .. } | Self::Verify { failure, .. } | Self::Failed { failure, .. } => Some(failure),
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Message(_) => Class::BadInput,
            Self::Open { .. } | Self::Verify { .. } | Self::Failed { .. } => Class::Failed,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        let word = match lang {
            Lang::Fr => "fr",
            Lang::En => "en",
        };
        match (self, lang) {
            (Self::Message(errors), _) => {
                let colon = if lang == Lang::Fr { " :" } else { ":" };
                let line = |error: &FieldError| format!("{}{colon} {}", error.field, error.reason.text(word));
                errors.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            (Self::Open { instance, failure }, Lang::Fr) => {
                format!(
                    "Le connecteur de l'instance « {instance} » n'a pas démarré : {}",
                    remote(lang, failure)
                )
            }
            (Self::Open { instance, failure }, Lang::En) => {
                format!(
                    "The connector of instance `{instance}` did not start: {}",
                    remote(lang, failure)
                )
            }
            (Self::Verify { instance, failure }, Lang::Fr) => {
                format!(
                    "L'instance « {instance} » ne fonctionne pas : {}",
                    remote(lang, failure)
                )
            }
            (Self::Verify { instance, failure }, Lang::En) => {
                format!("Instance `{instance}` does not work: {}", remote(lang, failure))
            }
            (Self::Failed { instance, failure, .. }, Lang::Fr) => {
                format!(
                    "L'instance « {instance} » n'a pas pu envoyer le message : {}",
                    remote(lang, failure)
                )
            }
            (Self::Failed { instance, failure, .. }, Lang::En) => {
                format!(
                    "Instance `{instance}` could not send the message: {}",
                    remote(lang, failure)
                )
            }
        }
    }
}

/// What the kind means for whoever reads, then the connector's own words with the remote's code.
fn remote(lang: Lang, failure: &Failure) -> String {
    let kind = match (failure.kind, lang) {
        (Kind::Configuration, Lang::Fr) => "le paramétrage est à corriger",
        (Kind::Configuration, Lang::En) => "the settings need correction",
        (Kind::Authentication, Lang::Fr) => "l'identification a été refusée ; vérifiez le compte et le mot de passe",
        (Kind::Authentication, Lang::En) => "the login was refused; check the account and the password",
        (Kind::Unreachable, Lang::Fr) => "le serveur n'a pas pu être joint ; vérifiez l'adresse, le port et le réseau",
        (Kind::Unreachable, Lang::En) => "the server could not be reached; check address, port and network",
        (Kind::Timeout, Lang::Fr) => "le serveur n'a pas répondu à temps ; réessayez plus tard",
        (Kind::Timeout, Lang::En) => "the server did not answer in time; try again later",
        (Kind::Throttled, Lang::Fr) => "le serveur demande d'attendre ; réessayez plus tard",
        (Kind::Throttled, Lang::En) => "the server asks to wait; try again later",
        (Kind::Temporary, Lang::Fr) => "refus provisoire ; réessayez plus tard",
        (Kind::Temporary, Lang::En) => "refused for now; try again later",
        (Kind::Rejected, Lang::Fr) => "refus définitif",
        (Kind::Rejected, Lang::En) => "refused for good",
        (Kind::TooLarge, Lang::Fr) => "le message est trop gros pour le serveur",
        (Kind::TooLarge, Lang::En) => "the message is too large for the server",
        (Kind::UnknownOutcome, Lang::Fr) => "on ne sait pas si le message est parti ; vérifiez avant de renvoyer",
        (Kind::UnknownOutcome, Lang::En) => "the message may or may not have left; check before sending again",
        (Kind::Other, Lang::Fr) => "le connecteur a échoué",
        (Kind::Other, Lang::En) => "the connector failed",
    };
    let code = failure.code.as_deref().filter(|code| !failure.text.starts_with(code));
    let code = code.map(|code| format!("{code} ")).unwrap_or_default();
    format!("{kind} ({code}{})", failure.text)
}
