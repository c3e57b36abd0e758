//! The sentences for a command line that cannot be read. clap writes its own in English only, so both languages are
//! written here from what it found.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use relais_manifest::Lang;

use super::pick;
use crate::output::plain;

/// What is wrong, what was perhaps meant, and how the command is used.
pub fn text(lang: Lang, error: &clap::Error) -> String {
    let mut lines = vec![sentence(lang, error)];
    let suggestions = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ]
    .map(|kind| words(error, kind));
    for suggestion in suggestions.into_iter().flatten() {
        lines.push(pick(
            lang,
            format!("Vouliez-vous dire « {suggestion} » ?"),
            format!("Did you mean `{suggestion}`?"),
        ));
    }
    if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
        let usage = usage.to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        lines.push(format!("{} {usage}", pick(lang, "Utilisation :", "Usage:")));
    }
    lines.push(pick(
        lang,
        "L'option --help explique la commande.".to_owned(),
        "The option --help explains the command.".to_owned(),
    ));
    lines.join("\n")
}

/// The options and arguments that the error is about, by the names that the user writes.
pub fn fields(error: &clap::Error) -> Vec<String> {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(name)) => vec![plain(name)],
        Some(ContextValue::Strings(names)) => names.iter().map(|name| plain(name)).collect(),
        _ => Vec::new(),
    }
}

fn sentence(lang: Lang, error: &clap::Error) -> String {
    let argument = words(error, ContextKind::InvalidArg).unwrap_or_default();
    let value = words(error, ContextKind::InvalidValue).unwrap_or_default();
    let prior = words(error, ContextKind::PriorArg).unwrap_or_default();
    let (fr, en) = match error.kind() {
        ErrorKind::UnknownArgument => (
            format!("l'argument « {argument} » n'existe pas ici. Retirez-le ou corrigez-le."),
            format!("there is no argument `{argument}` here. Remove or correct it."),
        ),
        ErrorKind::MissingRequiredArgument => (
            format!("il manque : {argument}. Ajoutez-le."),
            format!("this is missing: {argument}. Add it."),
        ),
        ErrorKind::InvalidValue if value.is_empty() => (
            format!("« {argument} » attend une valeur. Ajoutez-la, derrière « = » si elle commence par « - »."),
            format!("`{argument}` needs a value. Add one, behind `=` if it begins with `-`."),
        ),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => (
            format!("la valeur « {value} » ne convient pas à « {argument} ». Corrigez-la."),
            format!("the value `{value}` does not fit `{argument}`. Correct it."),
        ),
        ErrorKind::InvalidSubcommand => {
            let name = words(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            (
                format!("la commande « {name} » n'existe pas."),
                format!("there is no command `{name}`."),
            )
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let known = words(error, ContextKind::ValidSubcommand).unwrap_or_default();
            (
                format!("il manque une commande : {known}."),
                format!("a command is missing: {known}."),
            )
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues | ErrorKind::NoEquals => (
            format!("le nombre de valeurs de « {argument} » ne convient pas."),
            format!("the number of values of `{argument}` is wrong."),
        ),
        ErrorKind::ArgumentConflict if prior.is_empty() || prior == argument => (
            format!("« {argument} » est donné plusieurs fois. Ne le donnez qu'une fois."),
            format!("`{argument}` is given several times. Give it once."),
        ),
        ErrorKind::ArgumentConflict => (
            format!("« {argument} » et « {prior} » s'excluent. Choisissez l'un des deux."),
            format!("`{argument}` and `{prior}` exclude each other. Choose one."),
        ),
        ErrorKind::InvalidUtf8 => (
            "un argument n'est pas en UTF-8. Corrigez-le.".to_owned(),
            "an argument is not UTF-8. Correct it.".to_owned(),
        ),
        _ => (
            "la ligne de commande ne peut pas être lue.".to_owned(),
            "the command line cannot be read.".to_owned(),
        ),
    };
    pick(lang, fr, en)
}

fn words(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(word) => Some(plain(word)),
        ContextValue::Strings(words) => Some(plain(&words.join(", "))),
        _ => None,
    }
}
