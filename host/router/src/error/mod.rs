//! Every way in which the router refuses or fails: narrow enums for each part, folded into one [`Error`]. Each variant keeps
//! its facts; the sentences for people are made from them at the end, in French and in English, and say what to do next.

mod connector;
mod instance;
mod key;
mod load;
mod send;
mod store;
mod words;

use std::fmt;

use relais_manifest::Lang;
use relais_sandbox::SandboxError;

pub use connector::ConnectorError;
pub use instance::{InstanceError, SecretError, SecretProblem};
pub use key::KeyError;
pub use send::{SendError, ServiceError};

use crate::names::{NAME_BYTES, NameError, WorkspaceName};
use crate::store::StoreError;

/// There is no workspace of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoWorkspace(pub WorkspaceName);

/// What the router could not do.
#[derive(Debug)]
pub enum Error {
    Name(NameError),
    Workspace(NoWorkspace),
    Store(StoreError),
    Key(KeyError),
    Connector(ConnectorError),
    Instance(InstanceError),
    Service(ServiceError),
    Send(SendError),
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
    Workspace(NoWorkspace),
    Store(StoreError),
    Key(KeyError),
    Connector(ConnectorError),
    Instance(InstanceError),
    Service(ServiceError),
    Send(SendError),
);

impl Error {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "name-invalid",
            Self::Workspace(_) => "workspace-unknown",
            Self::Store(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Connector(error) => error.code(),
            Self::Instance(error) => error.code(),
            Self::Service(error) => error.code(),
            Self::Send(error) => error.code(),
            Self::Sandbox(_) => "sandbox",
            Self::Stopped => "stopped",
        }
    }

    /// What is wrong, where, and what to do, in whole sentences. One line for each field that was refused.
    pub fn text(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Name(error), _) => name(error, lang),
            (Self::Workspace(NoWorkspace(name)), Lang::Fr) => {
                format!("L'espace « {name} » n'existe pas. Le seul espace est « default ».")
            }
            (Self::Workspace(NoWorkspace(name)), Lang::En) => {
                format!("There is no workspace `{name}`. The only workspace is `default`.")
            }
            (Self::Store(error), _) => error.text(lang),
            (Self::Key(error), _) => error.text(lang),
            (Self::Connector(error), _) => error.text(lang),
            (Self::Instance(error), _) => error.text(lang),
            (Self::Service(error), _) => error.text(lang),
            (Self::Send(error), _) => error.text(lang),
            (Self::Sandbox(error), Lang::Fr) => {
                format!("Le bac à sable n'a pas pu démarrer sur cette machine : {error}")
            }
            (Self::Sandbox(error), Lang::En) => format!("The sandbox could not start on this machine: {error}"),
            (Self::Stopped, Lang::Fr) => "Le programme s'arrête ; l'opération n'a pas été faite.".to_owned(),
            (Self::Stopped, Lang::En) => "The program is ending; the operation was not done.".to_owned(),
        }
    }

    /// Whether what was asked for is wrong, rather than the machine, the remote or the state of things.
    pub fn bad_input(&self) -> bool {
        match self {
            Self::Name(_) | Self::Workspace(_) => true,
            Self::Store(_) | Self::Key(_) | Self::Sandbox(_) | Self::Stopped => false,
            Self::Connector(error) => error.bad_input(),
            Self::Instance(error) => error.bad_input(),
            Self::Service(error) => error.bad_input(),
            Self::Send(error) => error.bad_input(),
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
            let what = if field == "workspace" { "d'espace" } else { "d'instance" };
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
