//! Settings of workspaces, service instances, tokens and instances that are refused, with the fields that are wrong.

use std::time::Duration;

use relais_manifest::Lang;

use super::words;

/// A setting that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingError {
    /// The field's name in the API: `title`, `give-up`, `limits.sessions`.
    pub field: &'static str,
    pub problem: SettingProblem,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingProblem {
    /// More than this many characters.
    TooLong { most: usize },
    /// A control character, such as a line break.
    ControlCharacter,
    /// Outside these bounds.
    Duration { least: Duration, most: Duration },
    /// Outside these bounds.
    Number { least: u32, most: u32 },
    /// A time that has passed already.
    Past,
    /// Not a list of ids of providers, or a longer one.
    Providers { most: usize },
    /// No mail address, and why.
    Address(relais_message::Reason),
}

impl SettingError {
    /// What is wrong with the field, without its name.
    pub fn message(&self, lang: Lang) -> String {
        match (&self.problem, lang) {
            (SettingProblem::TooLong { most }, Lang::Fr) => {
                format!("ce texte dépasse {most} caractères. Raccourcissez-le.")
            }
            (SettingProblem::TooLong { most }, Lang::En) => {
                format!("the text has more than {most} characters. Shorten it.")
            }
            (SettingProblem::ControlCharacter, Lang::Fr) => {
                "ce texte contient un saut de ligne ou un autre caractère de contrôle. Retirez-le.".to_owned()
            }
            (SettingProblem::ControlCharacter, Lang::En) => {
                "the text holds a line break or another control character. Take it out.".to_owned()
            }
            (SettingProblem::Duration { least, most }, Lang::Fr) => format!(
                "indiquez une durée de {} à {}.",
                words::span(lang, *least),
                words::span(lang, *most)
            ),
            (SettingProblem::Duration { least, most }, Lang::En) => format!(
                "give a duration from {} to {}.",
                words::span(lang, *least),
                words::span(lang, *most)
            ),
            (SettingProblem::Number { least, most }, Lang::Fr) => format!("indiquez un nombre de {least} à {most}."),
            (SettingProblem::Number { least, most }, Lang::En) => format!("give a number from {least} to {most}."),
            (SettingProblem::Past, Lang::Fr) => "cette date est passée. Indiquez une date à venir.".to_owned(),
            (SettingProblem::Past, Lang::En) => "that time has passed. Give one to come.".to_owned(),
            (SettingProblem::Providers { most }, Lang::Fr) => format!(
                "indiquez {most} fournisseurs au plus, par leurs mots dans les connecteurs : « microsoft », « google »."
            ),
            (SettingProblem::Providers { most }, Lang::En) => {
                format!("name {most} providers at most, by their words in the connectors: `microsoft`, `google`.")
            }
            (SettingProblem::Address(reason), Lang::Fr) => reason.text("fr"),
            (SettingProblem::Address(reason), Lang::En) => reason.text("en"),
        }
    }

    /// What is wrong, after the field's name.
    pub(super) fn text(&self, lang: Lang) -> String {
        let colon = if lang == Lang::Fr { " :" } else { ":" };
        format!("{}{colon} {}", self.field, self.message(lang))
    }
}
