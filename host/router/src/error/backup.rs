//! A backup cannot be written, or is not one that can be restored.

use std::io;
use std::path::PathBuf;

use relais_manifest::Lang;

use super::{Class, words};

/// A backup could not be made or restored.
#[derive(Debug)]
pub enum BackupError {
    /// Whoever takes the backup does not take it: a full disk, a broken pipe.
    Write { source: io::Error },
    /// The backup cannot be read.
    Read { source: io::Error },
    /// Another backup is being made.
    Busy,
    /// The folder holds something already.
    NotEmpty { path: PathBuf },
    /// It is something else, or was put together by something else.
    NotABackup { detail: String },
    /// It ends too early.
    Truncated,
    /// A file in it is not the one that was written.
    Altered { name: String },
    /// A later version of Relais wrote it.
    Newer { version: u32, known: u32 },
}

impl BackupError {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Write { .. } => "backup-write",
            Self::Read { .. } => "backup-read",
            Self::Busy => "backup-busy",
            Self::NotEmpty { .. } => "restore-not-empty",
            Self::NotABackup { .. } => "backup-not-one",
            Self::Truncated => "backup-truncated",
            Self::Altered { .. } => "backup-altered",
            Self::Newer { .. } => "backup-newer",
        }
    }

    pub(super) fn class(&self) -> Class {
        match self {
            Self::Write { .. } | Self::Read { .. } => Class::Failed,
            Self::Busy => Class::Unavailable,
            Self::NotEmpty { .. } => Class::Conflict,
            Self::NotABackup { .. } | Self::Truncated | Self::Altered { .. } | Self::Newer { .. } => Class::BadInput,
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
            Self::Write { source } => {
                format!("The backup could not be written: {source}. What was written of it is of no use.")
            }
            Self::Read { source } => format!("The backup could not be read: {source}. Nothing was restored."),
            Self::Busy => "Another backup is being made. Wait until it has finished.".to_owned(),
            Self::NotEmpty { path } => format!(
                "{} holds something already. A backup is restored into an empty folder, or one that does not exist.",
                path.display()
            ),
            Self::NotABackup { detail } => {
                format!(
                    "This is no backup of Relais ({}). Nothing was restored.",
                    words::shown(detail)
                )
            }
            Self::Truncated => "The backup ends too early: it was not written whole. Nothing was restored.".to_owned(),
            Self::Altered { name } => format!(
                "`{}` in the backup is not what was written. Nothing was restored; take another backup.",
                words::shown(name)
            ),
            Self::Newer { version, known } => format!(
                "The backup was made by a later version of Relais (format {version}; this one knows {known}). Use that \
                 version or a later one."
            ),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Write { source } => {
                format!("La sauvegarde n'a pas pu être écrite : {source}. Ce qui en a été écrit est inutilisable.")
            }
            Self::Read { source } => format!("La sauvegarde n'a pas pu être lue : {source}. Rien n'a été restauré."),
            Self::Busy => "Une autre sauvegarde est en cours. Attendez qu'elle soit terminée.".to_owned(),
            Self::NotEmpty { path } => format!(
                "{} contient déjà quelque chose. Une sauvegarde se restaure dans un dossier vide, ou qui n'existe pas.",
                path.display()
            ),
            Self::NotABackup { detail } => format!(
                "Ce n'est pas une sauvegarde de Relais ({}). Rien n'a été restauré.",
                words::shown(detail)
            ),
            Self::Truncated => {
                "La sauvegarde s'arrête trop tôt : elle n'a pas été écrite en entier. Rien n'a été restauré.".to_owned()
            }
            Self::Altered { name } => format!(
                "« {} » dans la sauvegarde n'est pas ce qui a été écrit. Rien n'a été restauré ; prenez une autre sauvegarde.",
                words::shown(name)
            ),
            Self::Newer { version, known } => format!(
                "La sauvegarde a été faite par une version plus récente de Relais (format {version} ; celle-ci connaît \
                 {known}). Utilisez cette version ou une plus récente."
            ),
        }
    }
}
