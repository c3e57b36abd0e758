//! An account cannot be associated, renewed or used as it is asked for, or an application is missing or wrong.

#[cfg(test)]
pub(super) mod samples;
mod texts;

use std::time::Duration;

use relais_accounts::Fault;
use relais_manifest::{Flow, Lang, Text};

use super::Class;
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
    /// The account's own was given for something else than the instance is now.
    OwnApplication(Problem),
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
            Self::OwnApplication(_) => "application-needed",
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
            | Self::OwnApplication(_)
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
            | Self::OwnApplication(problem)
            | Self::Lost(problem)
            | Self::Unavailable { problem, .. } => problem.text(lang).to_owned(),
            Self::Application(fault) => fault.text(lang),
            other => match lang {
                Lang::Fr => other.french(),
                Lang::En => other.english(),
            },
        }
    }
}
