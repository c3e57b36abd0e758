//! What the store says of its own failures.

use std::fmt;

use relais_manifest::Lang;

use super::Class;
use crate::store::{StoreError, What};

impl StoreError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "data-busy",
            Self::NotPrivate { .. } => "data-not-private",
            Self::NotAFolder { .. } => "data-not-a-folder",
            Self::Denied { .. } => "data-denied",
            Self::Full { .. } => "data-full",
            Self::Damaged { .. } => "data-damaged",
            Self::Newer { .. } => "data-newer",
            Self::Component { .. } => "component-damaged",
            Self::Body { .. } => "body-damaged",
            Self::Stopped => "data-stopped",
            Self::Io { .. } => "data-io",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Busy { .. } | Self::Full { .. } | Self::Stopped => Class::Unavailable,
            _ => Class::Failed,
        }
    }

    /// What is wrong and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::Fr => self.french(),
            Lang::En => self.english(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Busy { folder, pid } => {
                let process = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
                format!(
                    "Another program{process} is using the data folder {}. Wait until it has finished, or name another folder.",
                    folder.display()
                )
            }
            Self::NotPrivate { folder } => format!(
                "The data folder {} can be read by other users and already holds other files. Name a folder of its own, or \
                 take their rights away: chmod 700 {0}",
                folder.display()
            ),
            Self::NotAFolder { path } => format!("{} is not a folder. Name another data folder.", path.display()),
            Self::Denied { path, source } => format!(
                "{} cannot be read and written: {source}. Check its owner, its rights, and that its file system is not \
                 mounted for reading only.",
                path.display()
            ),
            Self::Full { path } => {
                format!(
                    "There is no room left on the disk of {}. Nothing was stored; make room and try again.",
                    path.display()
                )
            }
            Self::Damaged { path, detail } => format!(
                "{} is damaged ({detail}). Nothing was changed; bring it back from a backup.",
                path.display()
            ),
            Self::Newer {
                what,
                key,
                version,
                known,
            } => {
                let what = match what {
                    What::Store => "The data folder".to_owned(),
                    What::Connector => format!("The record of connector `{key}`"),
                    What::Instance => format!("The record of instance `{key}`"),
                    What::Default => format!("The default of service `{key}`"),
                    What::Secret => format!("The saved secret `{key}`"),
                    What::Workspace => format!("The record of workspace `{key}`"),
                    What::ServiceInstance => format!("The record of service instance `{key}`"),
                    What::Token => format!("The record of token `{key}`"),
                    What::Audit => format!("Entry {key} of the audit journal"),
                    What::Account => format!("The record of account `{key}`"),
                    What::Application => format!("The record of application `{key}`"),
                    What::Delivery => format!("The record of delivery {key}"),
                    What::IdempotencyKey => format!("The record of idempotency key `{key}`"),
                };
                format!(
                    "{what} was written by a later version of Relais (format {version}; this one knows {known}). Use that \
                     version or a later one."
                )
            }
            Self::Component { path, missing: true } => {
                format!(
                    "The connector's file {} is missing. Install the connector again.",
                    path.display()
                )
            }
            Self::Component { path, missing: false } => format!(
                "The connector's file {} is not the one that was installed. Install the connector again.",
                path.display()
            ),
            Self::Body { path, missing: true } => format!(
                "The content of the delivery is missing: {}. It cannot be sent any more; ask its sender for it again.",
                path.display()
            ),
            Self::Body { path, missing: false } => format!(
                "The content of the delivery is not the one that was accepted: {}. It is not sent; ask its sender for it again.",
                path.display()
            ),
            Self::Stopped => "The data folder is being closed. Nothing was stored; try again.".to_owned(),
            Self::Io { path, source } => format!("{}: {source}.", path.display()),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Busy { folder, pid } => {
                let process = pid.map(|pid| format!(" (processus {pid})")).unwrap_or_default();
                format!(
                    "Un autre programme{process} utilise le dossier de données {}. Attendez qu'il ait terminé, ou indiquez un \
                     autre dossier.",
                    folder.display()
                )
            }
            Self::NotPrivate { folder } => format!(
                "Le dossier de données {} est lisible par d'autres utilisateurs et contient déjà d'autres fichiers. Indiquez un \
                 dossier réservé à Relais, ou retirez-leur leurs droits : chmod 700 {0}",
                folder.display()
            ),
            Self::NotAFolder { path } => {
                format!(
                    "{} n'est pas un dossier. Indiquez un autre dossier de données.",
                    path.display()
                )
            }
            Self::Denied { path, source } => format!(
                "{} ne peut pas être lu et écrit : {source}. Vérifiez son propriétaire, ses droits, et que son système de \
                 fichiers n'est pas monté en lecture seule.",
                path.display()
            ),
            Self::Full { path } => format!(
                "Il n'y a plus de place sur le disque de {}. Rien n'a été enregistré ; libérez de la place et recommencez.",
                path.display()
            ),
            Self::Damaged { path, detail } => format!(
                "{} est endommagé ({detail}). Rien n'a été modifié ; restaurez-le depuis une sauvegarde.",
                path.display()
            ),
            Self::Newer {
                what,
                key,
                version,
                known,
            } => {
                let (what, written) = match what {
                    What::Store => ("Le dossier de données".to_owned(), "écrit"),
                    What::Connector => (format!("L'enregistrement du connecteur « {key} »"), "écrit"),
                    What::Instance => (format!("L'enregistrement de l'instance « {key} »"), "écrit"),
                    What::Default => (format!("L'instance par défaut du service « {key} »"), "écrite"),
                    What::Secret => (format!("Le secret enregistré « {key} »"), "écrit"),
                    What::Workspace => (format!("L'enregistrement de l'espace « {key} »"), "écrit"),
                    What::ServiceInstance => (format!("L'enregistrement de l'instance de service « {key} »"), "écrit"),
                    What::Token => (format!("L'enregistrement du jeton « {key} »"), "écrit"),
                    What::Audit => (format!("L'entrée {key} du journal d'audit"), "écrite"),
                    What::Account => (format!("L'enregistrement du compte « {key} »"), "écrit"),
                    What::Application => (format!("L'enregistrement de l'application « {key} »"), "écrit"),
                    What::Delivery => (format!("L'enregistrement de l'envoi {key}"), "écrit"),
                    What::IdempotencyKey => (format!("L'enregistrement de la clé d'idempotence « {key} »"), "écrit"),
                };
                format!(
                    "{what} a été {written} par une version plus récente de Relais (format {version} ; celle-ci connaît \
                     {known}). Utilisez cette version ou une plus récente."
                )
            }
            Self::Component { path, missing: true } => {
                format!(
                    "Le fichier du connecteur {} est absent. Installez de nouveau le connecteur.",
                    path.display()
                )
            }
            Self::Component { path, missing: false } => format!(
                "Le fichier du connecteur {} n'est pas celui qui a été installé. Installez de nouveau le connecteur.",
                path.display()
            ),
            Self::Body { path, missing: true } => format!(
                "Le contenu de l'envoi est absent : {}. Il ne peut plus partir ; redemandez-le à son expéditeur.",
                path.display()
            ),
            Self::Body { path, missing: false } => format!(
                "Le contenu de l'envoi n'est pas celui qui a été accepté : {}. Il ne part pas ; redemandez-le à son expéditeur.",
                path.display()
            ),
            Self::Stopped => {
                "Le dossier de données est en cours de fermeture. Rien n'a été enregistré ; recommencez.".to_owned()
            }
            Self::Io { path, source } => format!("{} : {source}.", path.display()),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

impl std::error::Error for StoreError {}
