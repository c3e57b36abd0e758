//! The key of the secrets is missing, unfit or the wrong one.

use std::io;
use std::path::PathBuf;

use relais_manifest::Lang;

use crate::key::KEY_BYTES;
use crate::names::InstanceName;

/// The saved secrets cannot be sealed or opened.
#[derive(Debug)]
pub enum KeyError {
    /// Secrets are saved, and the key that opens them is not there.
    Missing {
        path: PathBuf,
    },
    /// Others may read or change the key.
    Rights {
        path: PathBuf,
        mode: u32,
    },
    /// Not [`KEY_BYTES`] bytes.
    Length {
        path: PathBuf,
        length: u64,
    },
    NotAFile {
        path: PathBuf,
    },
    /// A copy of the data folder would take the key along.
    InsideData {
        path: PathBuf,
        data: PathBuf,
    },
    /// The key is not the one that the saved secrets were sealed with.
    Wrong {
        path: PathBuf,
    },
    /// The saved secret was not sealed for this place: the database was changed by another hand, or is damaged.
    Unopened {
        instance: InstanceName,
        field: String,
    },
    /// The same for the secret of a workspace's application at this provider.
    UnopenedApplication {
        provider: String,
    },
    /// The operating system gave no random numbers.
    Sealing {
        path: PathBuf,
    },
    Io {
        path: PathBuf,
        source: io::Error,
    },
}

impl KeyError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "key-missing",
            Self::Rights { .. } => "key-rights",
            Self::Length { .. } => "key-length",
            Self::NotAFile { .. } => "key-not-a-file",
            Self::InsideData { .. } => "key-inside-data",
            Self::Wrong { .. } => "key-wrong",
            Self::Unopened { .. } | Self::UnopenedApplication { .. } => "secret-unopened",
            Self::Sealing { .. } => "key-sealing",
            Self::Io { .. } => "key-io",
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
            Self::Missing { path } => format!(
                "Secrets are saved, and the key that opens them is missing: {}. Bring this file back from where it is kept. \
                 Without it the secrets are lost: remove the instances that hold one and create them again.",
                path.display()
            ),
            Self::Rights { path, mode } => format!(
                "Other users may use the key file {} (its rights are {mode:o}). Take their rights away: chmod 600 {0}",
                path.display()
            ),
            Self::Length { path, length } => format!(
                "The key file {} has {length} bytes instead of {KEY_BYTES}: it is not a key of Relais, or was cut. Bring the \
                 right file back; if no secret was ever saved, remove it and a new one is made.",
                path.display()
            ),
            Self::NotAFile { path } => format!(
                "{} is not a file, so it cannot be the key. Name a file.",
                path.display()
            ),
            Self::InsideData { path, data } => format!(
                "The key file {} is inside the data folder {}: whoever copies the folder would have the key as well. Name a \
                 file outside it.",
                path.display(),
                data.display()
            ),
            Self::Wrong { path } => format!(
                "The key file {} is not the one that the saved secrets were sealed with. Bring the right file back.",
                path.display()
            ),
            Self::Unopened { instance, field } => format!(
                "{field}: the saved secret of instance `{instance}` cannot be opened: it was not saved for what the instance \
                 is now. Give it again."
            ),
            Self::UnopenedApplication { provider } => format!(
                "The saved secret of the application at `{provider}` cannot be opened: it was not saved for what the application is \
                 now. Give it again with `relais application set {provider}`."
            ),
            Self::Sealing { path } => format!(
                "The secret could not be sealed with the key {}: the system gives no random numbers. Nothing was stored.",
                path.display()
            ),
            Self::Io { path, source } => format!("The key file {}: {source}.", path.display()),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Missing { path } => format!(
                "Des secrets sont enregistrés, et la clé qui les ouvre est absente : {}. Remettez ce fichier depuis \
                 l'endroit où il est conservé. Sans lui, les secrets sont perdus : supprimez les instances qui en contiennent \
                 et créez-les de nouveau.",
                path.display()
            ),
            Self::Rights { path, mode } => format!(
                "D'autres utilisateurs ont des droits sur le fichier de clé {} (droits : {mode:o}). Retirez-les : chmod 600 {0}",
                path.display()
            ),
            Self::Length { path, length } => format!(
                "Le fichier de clé {} fait {length} octets au lieu de {KEY_BYTES} : ce n'est pas une clé de Relais, ou il a été \
                 tronqué. Remettez le bon fichier ; si aucun secret n'a jamais été enregistré, supprimez-le et un nouveau sera \
                 créé.",
                path.display()
            ),
            Self::NotAFile { path } => {
                format!(
                    "{} n'est pas un fichier et ne peut donc pas être la clé. Indiquez un fichier.",
                    path.display()
                )
            }
            Self::InsideData { path, data } => format!(
                "Le fichier de clé {} est dans le dossier de données {} : qui copie le dossier aurait aussi la clé. Indiquez un \
                 fichier situé ailleurs.",
                path.display(),
                data.display()
            ),
            Self::Wrong { path } => format!(
                "Le fichier de clé {} n'est pas celui avec lequel les secrets ont été enregistrés. Remettez le bon fichier.",
                path.display()
            ),
            Self::Unopened { instance, field } => format!(
                "{field} : le secret enregistré de l'instance « {instance} » ne peut pas être ouvert : il n'a pas été \
                 enregistré pour ce que l'instance est aujourd'hui. Saisissez-le de nouveau."
            ),
            Self::UnopenedApplication { provider } => format!(
                "Le secret enregistré de l'application chez « {provider} » ne peut pas être ouvert : il n'a pas été enregistré pour ce \
                 que l'application est aujourd'hui. Saisissez-le de nouveau avec « relais application set {provider} »."
            ),
            Self::Sealing { path } => format!(
                "Le secret n'a pas pu être scellé avec la clé {} : le système ne fournit pas de nombres aléatoires. Rien n'a \
                 été enregistré.",
                path.display()
            ),
            Self::Io { path, source } => format!("Le fichier de clé {} : {source}.", path.display()),
        }
    }
}
