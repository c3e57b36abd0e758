//! An account cannot be associated, renewed or used as it is asked for, or an application is missing or wrong.

use std::time::Duration;

use relais_accounts::Fault;
use relais_manifest::{Flow, Lang, Text};

use super::{Class, words};
use crate::accounts::{AccountPath, Problem};
use crate::names::InstanceName;

/// How an application comes about where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The id of the provider.
    pub provider: String,
    pub name: Text,
    /// How to register one there.
    pub steps: Option<Text>,
    /// The address to register.
    pub redirect: String,
}

/// What an account or an application could not do.
#[derive(Debug, Clone)]
pub enum AccountError {
    /// The connector of the instance declares no such account.
    Unknown {
        instance: InstanceName,
        /// What was given, cut to 80 characters.
        parameter: String,
        known: Vec<String>,
    },
    /// There is nothing to renew or to dissociate.
    NotAssociated(AccountPath),
    /// There are several providers.
    ProviderNeeded {
        providers: Vec<String>,
    },
    /// The account has no such provider as the instance is set.
    ProviderUnknown {
        given: String,
        providers: Vec<String>,
    },
    /// The provider's endpoints cannot be made or reached as the instance is set.
    Provider(Problem),
    /// The provider does not offer the flow.
    FlowNotOffered {
        flow: Flow,
        offered: Vec<Flow>,
    },
    /// The workspace does not allow it.
    Forbidden(Problem),
    /// Relais ships no application: the workspace has none at this provider, and the account brings none.
    NoApplication(Box<Registration>),
    /// The workspace has no application at this provider.
    ApplicationUnknown {
        provider: String,
    },
    /// The application that was given cannot be right.
    Application(Box<Fault>),
    /// An application that asks for itself has to prove itself.
    ApplicationPublic {
        provider: String,
    },
    /// Its secret was sealed under a key that this machine does not have.
    ApplicationLost {
        provider: String,
    },
    /// Its secret may not go to the endpoint that the instance names.
    ApplicationElsewhere {
        provider: String,
        asked: String,
        origins: Vec<String>,
    },
    /// No enabled connector says where its secret may go.
    OriginsNeeded {
        provider: String,
        most: usize,
    },
    /// No origin.
    Origin {
        given: String,
    },
    ApplicationInUse {
        provider: String,
        accounts: Vec<AccountPath>,
    },
    TooManyApplications {
        most: usize,
    },
    TooManyAssociations {
        most: usize,
    },
    /// No association goes on.
    NoAssociation,
    /// The address is not the one that the provider redirected to for this association.
    WrongAddress,
    /// The account gives no token any more.
    Lost(Problem),
    /// It gives none now.
    Unavailable {
        problem: Problem,
        retry_after: Option<Duration>,
    },
}

impl AccountError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "account-unknown",
            Self::NotAssociated(_) => "account-none",
            Self::ProviderNeeded { .. } => "provider-needed",
            Self::ProviderUnknown { .. } => "provider-unknown",
            Self::Provider(_) => "provider-unusable",
            Self::FlowNotOffered { .. } => "flow-not-offered",
            Self::Forbidden(_) => "account-forbidden",
            Self::NoApplication(_) => "application-missing",
            Self::ApplicationUnknown { .. } => "application-unknown",
            Self::Application(_) => "application-invalid",
            Self::ApplicationPublic { .. } => "application-public",
            Self::ApplicationLost { .. } => "application-lost",
            Self::ApplicationElsewhere { .. } => "application-elsewhere",
            Self::OriginsNeeded { .. } => "origins-needed",
            Self::Origin { .. } => "origin-invalid",
            Self::ApplicationInUse { .. } => "application-in-use",
            Self::TooManyApplications { .. } => "applications-too-many",
            Self::TooManyAssociations { .. } => "associations-too-many",
            Self::NoAssociation => "association-unknown",
            Self::WrongAddress => "redirected-address-wrong",
            Self::Lost(_) => "account-reconnect",
            Self::Unavailable { .. } => "account-unavailable",
        }
    }

    /// How long to wait, where the provider or Relais says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Unknown { .. } | Self::ApplicationUnknown { .. } | Self::NoAssociation => Class::NotFound,
            Self::ProviderNeeded { .. }
            | Self::ProviderUnknown { .. }
            | Self::FlowNotOffered { .. }
            | Self::Application(_)
            | Self::OriginsNeeded { .. }
            | Self::Origin { .. }
            | Self::WrongAddress => Class::BadInput,
            Self::NotAssociated(_)
            | Self::Provider(_)
            | Self::NoApplication(_)
            | Self::ApplicationPublic { .. }
            | Self::ApplicationLost { .. }
            | Self::ApplicationElsewhere { .. }
            | Self::ApplicationInUse { .. }
            | Self::Lost(_) => Class::Conflict,
            Self::Forbidden(_) => Class::Forbidden,
            Self::TooManyApplications { .. } | Self::TooManyAssociations { .. } => Class::TooMany,
            Self::Unavailable { .. } => Class::Unavailable,
        }
    }

    pub(super) fn text(&self, lang: Lang) -> String {
        match self {
            Self::Provider(problem)
            | Self::Forbidden(problem)
            | Self::Lost(problem)
            | Self::Unavailable { problem, .. } => problem.text(lang).to_owned(),
            Self::Application(fault) => fault.text(lang),
            other => match lang {
                Lang::Fr => other.french(),
                Lang::En => other.english(),
            },
        }
    }

    fn english(&self) -> String {
        let quoted = |names: &[String]| words::quoted(Lang::En, names);
        match self {
            Self::Unknown {
                instance,
                parameter,
                known,
            } if known.is_empty() => format!(
                "Instance `{instance}` has no account `{}`: its connector uses none.",
                words::shown(parameter)
            ),
            Self::Unknown {
                instance,
                parameter,
                known,
            } => format!(
                "Instance `{instance}` has no account `{}`. It has {}.",
                words::shown(parameter),
                quoted(known)
            ),
            Self::NotAssociated(path) => format!(
                "Account `{}` of instance `{}` is not associated. Associate it with `relais account associate {1}`.",
                path.parameter, path.instance.name
            ),
            Self::ProviderNeeded { providers } => format!(
                "provider: several providers can give this account: {}. Name one.",
                quoted(providers)
            ),
            Self::ProviderUnknown { providers, .. } if providers.is_empty() => {
                "provider: as the instance is set, no provider can give this account. Check its parameters.".to_owned()
            }
            Self::ProviderUnknown { given, providers } => format!(
                "provider: `{}` cannot give this account. Choose {}.",
                words::shown(given),
                quoted(providers)
            ),
            Self::FlowNotOffered { flow, offered } => format!(
                "flow: the provider does not offer `{flow}`. Choose {}.",
                words::quoted(Lang::En, offered)
            ),
            Self::NoApplication(registration) => {
                let Registration {
                    provider,
                    name,
                    steps,
                    redirect,
                } = registration.as_ref();
                let mut text = format!(
                    "Relais brings no application of its own for {}, and the workspace has none. Register one there (redirect address: \
                     {redirect}), and set it with `relais application set {provider} --client-id ID`.",
                    words::shown(name.get(Lang::En))
                );
                steps_after(&mut text, steps.as_ref(), Lang::En);
                text
            }
            Self::ApplicationUnknown { provider } => format!(
                "The workspace has no application at `{0}`. Set one with `relais application set {0} --client-id ID`.",
                words::shown(provider)
            ),
            Self::ApplicationPublic { provider } => format!(
                "With `client-credentials` the application itself is the user, so it has to prove itself. Give the application at \
                 `{provider}` a secret or a certificate."
            ),
            Self::ApplicationLost { provider } => format!(
                "The secret of the application at `{provider}` was saved under a key that this machine does not have. Give it again \
                 with `relais application set {provider}`."
            ),
            Self::ApplicationElsewhere {
                provider,
                asked,
                origins,
            } => format!(
                "The secret of the application at `{provider}` was given for {}, and this instance names {asked}. Set the application \
                 again with `--origin {asked}` if that is right, or give the account an application of its own.",
                quoted(origins)
            ),
            Self::OriginsNeeded { provider, most } => format!(
                "origins: say where the secret of the application at `{provider}` may go, with `--origin https://HOST`; at most {most}. \
                 No enabled connector names a fixed address for this provider."
            ),
            Self::Origin { given } => format!(
                "origins: `{}` is no origin. Give a scheme, a host and perhaps a port: `https://login.example.org`.",
                words::shown(given)
            ),
            Self::ApplicationInUse { provider, accounts } => format!(
                "Accounts use the application at `{provider}`: {}. Dissociate them first, or replace the application.",
                words::quoted(Lang::En, accounts)
            ),
            Self::TooManyApplications { most } => {
                format!("The workspace has {most} applications, which is the most. Remove one.")
            }
            Self::TooManyAssociations { most } => format!(
                "{most} accounts of the workspace are being associated, which is the most. Finish one, or give it up."
            ),
            Self::NoAssociation => {
                "No association goes on: it has ended, was given up, or never began. Begin one with `relais account associate`."
                    .to_owned()
            }
            Self::WrongAddress => {
                "address: this is not where the provider sent the browser for this association. Copy the whole address from the \
                 browser's bar after the last page, and from the window that this association opened."
                    .to_owned()
            }
            _ => String::new(),
        }
    }

    fn french(&self) -> String {
        let quoted = |names: &[String]| words::quoted(Lang::Fr, names);
        match self {
            Self::Unknown {
                instance,
                parameter,
                known,
            } if known.is_empty() => format!(
                "L'instance « {instance} » n'a pas de compte « {} » : son connecteur n'en utilise pas.",
                words::shown(parameter)
            ),
            Self::Unknown {
                instance,
                parameter,
                known,
            } => format!(
                "L'instance « {instance} » n'a pas de compte « {} ». Elle a {}.",
                words::shown(parameter),
                quoted(known)
            ),
            Self::NotAssociated(path) => format!(
                "Le compte « {} » de l'instance « {} » n'est pas associé. Associez-le avec « relais account associate {1} ».",
                path.parameter, path.instance.name
            ),
            Self::ProviderNeeded { providers } => format!(
                "provider : plusieurs fournisseurs peuvent donner ce compte : {}. Indiquez-en un.",
                quoted(providers)
            ),
            Self::ProviderUnknown { providers, .. } if providers.is_empty() => {
                "provider : telle que l'instance est réglée, aucun fournisseur ne peut donner ce compte. Vérifiez ses paramètres."
                    .to_owned()
            }
            Self::ProviderUnknown { given, providers } => format!(
                "provider : « {} » ne peut pas donner ce compte. Choisissez {}.",
                words::shown(given),
                quoted(providers)
            ),
            Self::FlowNotOffered { flow, offered } => format!(
                "flow : le fournisseur ne propose pas « {flow} ». Choisissez {}.",
                words::quoted(Lang::Fr, offered)
            ),
            Self::NoApplication(registration) => {
                let Registration {
                    provider,
                    name,
                    steps,
                    redirect,
                } = registration.as_ref();
                let mut text = format!(
                    "Relais n'apporte pas d'application pour {}, et l'espace n'en a pas. Inscrivez-en une chez ce fournisseur (adresse de \
                     redirection : {redirect}), puis indiquez-la avec « relais application set {provider} --client-id ID ».",
                    words::shown(name.get(Lang::Fr))
                );
                steps_after(&mut text, steps.as_ref(), Lang::Fr);
                text
            }
            Self::ApplicationUnknown { provider } => format!(
                "L'espace n'a pas d'application chez « {0} ». Indiquez-en une avec « relais application set {0} --client-id ID ».",
                words::shown(provider)
            ),
            Self::ApplicationPublic { provider } => format!(
                "Avec « client-credentials », l'application est elle-même l'utilisateur et doit donc s'authentifier. Donnez à \
                 l'application chez « {provider} » un secret ou un certificat."
            ),
            Self::ApplicationLost { provider } => format!(
                "Le secret de l'application chez « {provider} » a été enregistré sous une clé que cette machine n'a pas. Saisissez-le \
                 de nouveau avec « relais application set {provider} »."
            ),
            Self::ApplicationElsewhere {
                provider,
                asked,
                origins,
            } => format!(
                "Le secret de l'application chez « {provider} » a été saisi pour {}, et cette instance indique {asked}. Si c'est \
                 correct, indiquez l'application de nouveau avec « --origin {asked} », ou donnez au compte sa propre application.",
                quoted(origins)
            ),
            Self::OriginsNeeded { provider, most } => format!(
                "origins : indiquez où le secret de l'application chez « {provider} » peut aller, avec « --origin https://HÔTE » ; {most} \
                 au maximum. Aucun connecteur activé n'indique d'adresse fixe pour ce fournisseur."
            ),
            Self::Origin { given } => format!(
                "origins : « {} » n'est pas une origine. Indiquez un schéma, un hôte et au besoin un port : « https://login.example.org ».",
                words::shown(given)
            ),
            Self::ApplicationInUse { provider, accounts } => format!(
                "Des comptes utilisent l'application chez « {provider} » : {}. Dissociez-les d'abord, ou remplacez l'application.",
                words::quoted(Lang::Fr, accounts)
            ),
            Self::TooManyApplications { most } => {
                format!("L'espace a déjà {most} applications, et c'est le maximum. Retirez-en une.")
            }
            Self::TooManyAssociations { most } => format!(
                "{most} comptes de l'espace sont déjà en cours d'association, et c'est le maximum. Terminez-en une, ou abandonnez-la."
            ),
            Self::NoAssociation => {
                "Aucune association n'est en cours : elle est terminée, a été abandonnée, ou n'a jamais commencé. Commencez-en une avec \
                 « relais account associate »."
                    .to_owned()
            }
            Self::WrongAddress => {
                "address : ce n'est pas là que le fournisseur a renvoyé le navigateur pour cette association. Copiez toute l'adresse \
                 depuis la barre du navigateur après la dernière page, dans la fenêtre que cette association a ouverte."
                    .to_owned()
            }
            _ => String::new(),
        }
    }
}

/// The steps of the manifest, on lines of their own.
fn steps_after(text: &mut String, steps: Option<&Text>, lang: Lang) {
    if let Some(steps) = steps {
        text.push_str("\n\n");
        let lines = steps.get(lang).lines().map(words::shown);
        text.push_str(&lines.collect::<Vec<_>>().join("\n"));
    }
}

/// One of each, for the test of all errors.
#[cfg(test)]
pub(super) fn samples() -> Vec<AccountError> {
    use crate::names::{InstancePath, WorkspaceName};
    use relais_accounts::FaultKind;
    let Ok(name) = InstanceName::new("graph") else {
        return Vec::new();
    };
    let path = AccountPath {
        instance: InstancePath {
            workspace: WorkspaceName::default(),
            name: name.clone(),
        },
        parameter: "mail".to_owned(),
    };
    let provider = || "microsoft".to_owned();
    let problem = |number: u8| Problem {
        code: "x".to_owned(),
        text: Text::new(format!("C'est ainsi, {number}."), format!("It is so, {number}.")),
        shut_in: false,
    };
    let strange = || "x\u{1b}[2J".to_owned();
    vec![
        AccountError::Unknown {
            instance: name.clone(),
            parameter: strange(),
            known: vec!["mail".to_owned()],
        },
        AccountError::Unknown {
            instance: name,
            parameter: strange(),
            known: Vec::new(),
        },
        AccountError::NotAssociated(path.clone()),
        AccountError::ProviderNeeded {
            providers: vec![provider()],
        },
        AccountError::ProviderUnknown {
            given: strange(),
            providers: vec![provider()],
        },
        AccountError::ProviderUnknown {
            given: strange(),
            providers: Vec::new(),
        },
        AccountError::Provider(problem(1)),
        AccountError::FlowNotOffered {
            flow: Flow::DeviceCode,
            offered: vec![Flow::AuthorizationCode],
        },
        AccountError::Forbidden(Problem::forbidden("flow", "device-code")),
        AccountError::Forbidden(Problem::forbidden("provider", "google")),
        AccountError::NoApplication(Box::new(Registration {
            provider: provider(),
            name: Text::new("Microsoft\u{1b}", "Microsoft\u{1b}"),
            steps: Some(Text::new("Inscrivez-la.", "Register it.")),
            redirect: "http://localhost/oauth/callback".to_owned(),
        })),
        AccountError::ApplicationUnknown { provider: strange() },
        AccountError::Application(Box::new(Fault::new(FaultKind::Configuration, "application-id", ""))),
        AccountError::ApplicationPublic { provider: provider() },
        AccountError::ApplicationLost { provider: provider() },
        AccountError::ApplicationElsewhere {
            provider: provider(),
            asked: "https://a.example".to_owned(),
            origins: vec!["https://b.example".to_owned()],
        },
        AccountError::OriginsNeeded {
            provider: provider(),
            most: 16,
        },
        AccountError::Origin { given: strange() },
        AccountError::ApplicationInUse {
            provider: provider(),
            accounts: vec![path],
        },
        AccountError::TooManyApplications { most: 64 },
        AccountError::TooManyAssociations { most: 32 },
        AccountError::NoAssociation,
        AccountError::WrongAddress,
        AccountError::Lost(problem(2)),
        AccountError::Unavailable {
            problem: problem(3),
            retry_after: None,
        },
    ]
}
