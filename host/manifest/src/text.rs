//! Text for people, in the two languages that Relais speaks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language that Relais writes for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lang {
    /// French.
    Fr,
    /// English, also for every language that is not spoken here.
    #[default]
    En,
}

impl Lang {
    /// The language of a `LANG`-like value: `fr_FR.UTF-8` is French, everything that does not begin with `fr` is
    /// English.
    pub fn from_env_value(value: &str) -> Self {
        match value.trim_start().get(..2) {
            Some(start) if start.eq_ignore_ascii_case("fr") => Self::Fr,
            _ => Self::En,
        }
    }

    /// The one of two texts that is in this language.
    pub(crate) fn pick(self, fr: String, en: String) -> String {
        match self {
            Self::Fr => fr,
            Self::En => en,
        }
    }
}

/// A text per language. At least one of `fr` and `en` is given; the other falls back to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub struct Text {
    /// The text in French.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fr: Option<String>,
    /// The text in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Text {
    /// A text in both languages.
    pub fn new(fr: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            fr: Some(fr.into()),
            en: Some(en.into()),
        }
    }

    /// The text in `lang`, or in the other language where `lang` is missing. Empty only for a text that has neither,
    /// which no valid manifest holds.
    pub fn get(&self, lang: Lang) -> &str {
        let (first, second) = match lang {
            Lang::Fr => (&self.fr, &self.en),
            Lang::En => (&self.en, &self.fr),
        };
        first.as_deref().or(second.as_deref()).unwrap_or_default()
    }
}

/// Whether `c` could redraw or reorder the text around it on a terminal or a page: control characters, and the
/// bidirectional controls of Unicode (UAX #9, the "Trojan source" characters).
pub(crate) fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A stranger's text made fit for an error message: at most `max` characters, disturbing characters escaped, line
/// breaks kept.
pub(crate) fn printable(text: &str, max: usize) -> String {
    let mut shown = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == max {
            shown.push('…');
            break;
        }
        if c != '\n' && disturbs(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Words as a list for people: `a, b, c`.
pub(crate) fn listed<T: fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    words
        .into_iter()
        .map(|word| word.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_french_locale_in_any_spelling_is_french_and_the_rest_english() {
        for value in ["fr", "fr_FR.UTF-8", "FR", "fr-CA", "fr_BE@euro"] {
            assert_eq!(Lang::from_env_value(value), Lang::Fr, "{value}");
        }
        for value in ["", "C", "en_GB.UTF-8", "de_DE", "é"] {
            assert_eq!(Lang::from_env_value(value), Lang::En, "{value}");
        }
    }

    #[test]
    fn a_text_falls_back_to_the_other_language() {
        let only_french = Text {
            fr: Some("Adresse".into()),
            en: None,
        };
        assert_eq!(only_french.get(Lang::En), "Adresse");
        assert_eq!(Text::new("Adresse", "Address").get(Lang::En), "Address");
        assert_eq!(Text::new("Adresse", "Address").get(Lang::Fr), "Adresse");
    }

    #[test]
    fn a_strangers_text_cannot_move_the_cursor_or_turn_the_line_round() {
        assert_eq!(printable("a\u{1b}[2Jb\u{202e}c", 50), "a\\u{1b}[2Jb\\u{202e}c");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
