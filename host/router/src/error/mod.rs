//! Every way in which the router refuses or fails: narrow enums for each part, folded into one [`Error`]. Each variant keeps
//! its facts; the sentences for people are made from them at the end, in French and in English, and say what to do next.

mod account;
mod backup;
mod connector;
mod delivery;
mod instance;
mod key;
mod load;
mod send;
mod service_instance;
mod settings;
mod store;
mod token;
mod words;
mod workspace;

use std::fmt;

use relais_manifest::Lang;
use relais_sandbox::SandboxError;

pub use account::{AccountError, Registration};
pub use backup::BackupError;
pub use connector::ConnectorError;
pub use delivery::DeliveryError;
pub use instance::{InstanceError, InstanceUse, SecretError, SecretProblem};
pub use key::KeyError;
pub use send::{SendError, ServiceError};
pub use service_instance::ServiceInstanceError;
pub use settings::{SettingError, SettingProblem};
pub use token::TokenError;
pub(crate) use words::changes;
pub use workspace::WorkspaceError;

use crate::names::{NAME_BYTES, NameError};
use crate::store::StoreError;

/// What kind of trouble it is, for whoever answers a caller: a status of HTTP or an exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// What was asked for cannot be right, whatever the state of things.
    BadInput,
    /// There is nothing of that name.
    NotFound,
    /// It cannot be done as things are.
    Conflict,
    /// It is there, and not for this caller.
    Forbidden,
    /// A limit on how many, or how often.
    TooMany,
    /// It cannot be done now; later it may.
    Unavailable,
    /// The machine, the store or a remote failed.
    Failed,
}

/// What the router could not do.
#[derive(Debug)]
pub enum Error {
    Name(NameError),
    Workspace(WorkspaceError),
    Store(StoreError),
    Key(KeyError),
    Connector(ConnectorError),
    Instance(InstanceError),
    Service(ServiceError),
    ServiceInstance(ServiceInstanceError),
    Token(TokenError),
    Account(AccountError),
    Send(SendError),
    Delivery(DeliveryError),
    Backup(BackupError),
    /// Settings that were refused, all of them.
    Settings(Vec<SettingError>),
    /// The sandbox could not be set up on this machine.
    Sandbox(Box<SandboxError>),
    /// The program is ending.
    Stopped,
}

macro_rules! fold {
    ($($part:ident($type:ty)),* $(,)?) => {
        $(impl From<$type> for Error {
            fn from(error: $type) -> Self {
                Self::$part(error)
            }
        })*
    };
}

fold!(
    Name(NameError),
    Workspace(WorkspaceError),
    Store(StoreError),
    Key(KeyError),
    Connector(ConnectorError),
    Instance(InstanceError),
    Service(ServiceError),
    ServiceInstance(ServiceInstanceError),
    Token(TokenError),
    Account(AccountError),
    Send(SendError),
    Delivery(DeliveryError),
    Backup(BackupError),
    Settings(Vec<SettingError>),
);

impl Error {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "name-invalid",
            Self::Workspace(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Connector(error) => error.code(),
            Self::Instance(error) => error.code(),
            Self::Service(error) => error.code(),
            Self::ServiceInstance(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Account(error) => error.code(),
            Self::Send(error) => error.code(),
            Self::Delivery(error) => error.code(),
            Self::Backup(error) => error.code(),
            Self::Settings(_) => "settings-invalid",
            Self::Sandbox(_) => "sandbox",
            Self::Stopped => "stopped",
        }
    }

    /// What kind of trouble it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Name(_) | Self::Settings(_) => Class::BadInput,
            Self::Workspace(error) => error.class(),
            Self::Store(error) => error.class(),
            Self::Key(_) | Self::Sandbox(_) => Class::Failed,
            Self::Connector(error) => error.class(),
            Self::Instance(error) => error.class(),
            Self::Service(error) => error.class(),
            Self::ServiceInstance(error) => error.class(),
            Self::Token(error) => error.class(),
            Self::Account(error) => error.class(),
            Self::Send(error) => error.class(),
            Self::Delivery(error) => error.class(),
            Self::Backup(error) => error.class(),
            Self::Stopped => Class::Unavailable,
        }
    }

    /// What is wrong, where, and what to do, in whole sentences. One line for each field that was refused.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Name(error), _) => name(error, lang),
            (Self::Workspace(error), _) => error.text(lang),
            (Self::Store(error), _) => error.text(lang),
            (Self::Key(error), _) => error.text(lang),
            (Self::Connector(error), _) => error.text(lang),
            (Self::Instance(error), _) => error.text(lang),
            (Self::Service(error), _) => error.text(lang),
            (Self::ServiceInstance(error), _) => error.text(lang),
            (Self::Token(error), _) => error.text(lang),
            (Self::Account(error), _) => error.text(lang),
            (Self::Send(error), _) => error.text(lang),
            (Self::Delivery(error), _) => error.text(lang),
            (Self::Backup(error), _) => error.text(lang),
            (Self::Settings(errors), _) => {
                let lines = errors.iter().map(|error| error.text(lang));
                lines.collect::<Vec<_>>().join("\n")
            }
            (Self::Sandbox(error), Lang::Fr) => {
                format!("Le bac à sable n'a pas pu démarrer sur cette machine : {error}")
            }
            (Self::Sandbox(error), Lang::En) => format!("The sandbox could not start on this machine: {error}"),
            (Self::Stopped, Lang::Fr) => "Le programme s'arrête ; l'opération n'a pas été faite.".to_owned(),
            (Self::Stopped, Lang::En) => "The program is ending; the operation was not done.".to_owned(),
        }
    }

    /// Whether what was asked for is wrong, rather than the machine, the remote or the state of things. A name that is taken
    /// is wrong, too: another one would do.
    pub fn bad_input(&self) -> bool {
        match self {
            Self::Instance(InstanceError::Exists { .. })
            | Self::ServiceInstance(ServiceInstanceError::Exists(_))
            | Self::Workspace(WorkspaceError::Exists(_))
            | Self::Token(TokenError::Exists { .. }) => true,
            other => matches!(other.class(), Class::BadInput | Class::NotFound | Class::Forbidden),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Error {}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name(self, Lang::En))
    }
}

impl std::error::Error for NameError {}

fn name(error: &NameError, lang: Lang) -> String {
    let given = words::shown(&error.given);
    match (lang, error.field) {
        (Lang::Fr, field) => {
            let what = match field {
                "workspace" => "d'espace",
                "service-instance" => "d'instance de service",
                "token" => "de jeton",
                _ => "d'instance",
            };
            format!(
                "{field} : « {given} » n'est pas un nom {what}. Utilisez de 1 à {NAME_BYTES} lettres minuscules sans accent, \
                 chiffres, « . », « _ » ou « - », en commençant par une lettre ou un chiffre."
            )
        }
        (Lang::En, field) => format!(
            "{field}: `{given}` is no name. Use 1 to {NAME_BYTES} lower-case letters, digits, `.`, `_` or `-`, beginning with \
             a letter or a digit."
        ),
    }
}

#[cfg(test)]
mod tests;
