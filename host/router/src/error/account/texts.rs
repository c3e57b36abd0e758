//! The sentences of an [`AccountError`] in both languages. Those that a provider or a problem brings are their own.

use relais_manifest::{Lang, Text};

use super::{AccountError, Registration};
use crate::error::words;

impl AccountError {
    pub(super) fn english(&self) -> String {
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

    pub(super) fn french(&self) -> String {
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
