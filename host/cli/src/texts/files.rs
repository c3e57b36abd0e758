//! What is said of files, of the standard input and of folders.

use relais_manifest::Lang;

use super::{Say, pick, say};

pub const STDIN_TWICE: Say = say(
    "l'entrée standard ne peut servir qu'une fois. Donnez l'autre par @FICHIER.",
    "the standard input can be used once. Give the other by @FILE.",
);
pub const NO_DATA: Say = say(
    "Le dossier de données est inconnu, car HOME n'est pas défini. Indiquez-le avec --data DOSSIER.",
    "The data folder is unknown, since HOME is not set. Name it with --data DIR.",
);

pub fn missing(lang: Lang, path: &str) -> String {
    pick(
        lang,
        format!("il n'y a pas de fichier {path}. Vérifiez le chemin."),
        format!("there is no file {path}. Check the path."),
    )
}

pub fn not_a_file(lang: Lang, path: &str) -> String {
    pick(
        lang,
        format!("{path} est un dossier. Indiquez un fichier."),
        format!("{path} is a folder. Name a file."),
    )
}

pub fn unreadable(lang: Lang, path: &str, error: &str) -> String {
    pick(
        lang,
        format!("{path} ne peut pas être lu ({error}). Vérifiez vos droits."),
        format!("{path} cannot be read ({error}). Check your rights."),
    )
}

pub fn unwritable(lang: Lang, path: &str, error: &str) -> String {
    pick(
        lang,
        format!(
            "{path} ne peut pas être écrit ({error}). Rien n'a été modifié ; vérifiez vos droits et la place sur le disque."
        ),
        format!("{path} cannot be written ({error}). Nothing was changed; check your rights and the room on the disk."),
    )
}

pub fn too_large(lang: Lang, path: &str, most: u64) -> String {
    pick(
        lang,
        format!("{path} dépasse {most} octets. Vérifiez que c'est le bon fichier."),
        format!("{path} has more than {most} bytes. Check that it is the right file."),
    )
}

pub fn not_utf8(lang: Lang, path: &str) -> String {
    pick(
        lang,
        format!("{path} n'est pas un texte en UTF-8. Convertissez-le."),
        format!("{path} is not a text in UTF-8. Convert it."),
    )
}

pub fn not_written(lang: Lang, error: &str) -> String {
    pick(
        lang,
        format!("La commande a fait son travail, mais sa réponse n'a pas pu être écrite ({error})."),
        format!("The command did its work, but its answer could not be written ({error})."),
    )
}

pub fn log_filter(lang: Lang) -> &'static str {
    pick(
        lang,
        "RELAIS_LOG ne peut pas être lu. Écrivez par exemple « debug » ou « relais=debug ».",
        "RELAIS_LOG cannot be read. Write for example `debug` or `relais=debug`.",
    )
}

pub const STDIN: Say = say("l'entrée standard", "the standard input");
