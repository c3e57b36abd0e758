//! Every sentence of the server, in French and English side by side; the errors of the parts below speak for themselves.

pub mod failure;
pub mod fields;
pub(crate) mod flow;
pub(crate) mod oauth;
pub(crate) mod request;

use relais_manifest::Lang;

/// One text in both languages.
#[derive(Debug, Clone, Copy)]
pub struct Say {
    fr: &'static str,
    en: &'static str,
}

/// French, then English.
pub const fn say(fr: &'static str, en: &'static str) -> Say {
    Say { fr, en }
}

impl Say {
    /// The text in one language.
    pub fn get(self, lang: Lang) -> &'static str {
        pick(lang, self.fr, self.en)
    }
}

/// French, then English: for what is made with values.
pub(crate) fn pick<T>(lang: Lang, fr: T, en: T) -> T {
    match lang {
        Lang::Fr => fr,
        Lang::En => en,
    }
}

/// Whether a terminal or a page would obey `c`: control characters, and the bidirectional controls of Unicode (UAX #9).
fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A stranger's text on one line, with nothing that a terminal would obey.
pub(crate) fn plain(text: &str) -> String {
    let line = text.trim_end().chars().map(|c| if disturbs(c) { ' ' } else { c });
    line.collect()
}

/// The same, cut to what a sentence can hold.
pub(crate) fn shown(text: &str) -> String {
    const CHARACTERS: usize = 80;
    let mut cut: String = plain(text).chars().take(CHARACTERS).collect();
    if text.chars().nth(CHARACTERS).is_some() {
        cut.push('…');
    }
    cut
}

/// `name : text` in French, `name: text` in English, a line for each field.
pub(crate) fn field_lines<'a>(lang: Lang, fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let colon = pick(lang, " :", ":");
    let line = |(name, text): (&str, &str)| match name {
        "" => text.to_owned(),
        name => format!("{name}{colon} {text}"),
    };
    fields.map(line).collect::<Vec<_>>().join("\n")
}
