//! Every sentence of the program, in French and English side by side. One module a command; the errors of the parts below
//! speak for themselves.

pub mod account;
pub mod application;
pub mod audit;
pub mod backup;
pub mod client;
pub mod connector;
pub mod delivery;
pub mod drop;
pub mod files;
pub mod general;
pub mod instance;
pub mod send;
pub mod sendmail;
pub mod serve;
pub mod service;
pub mod service_instance;
pub mod token;
pub mod usage;
pub mod workspace;

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
    pub fn get(self, lang: Lang) -> &'static str {
        pick(lang, self.fr, self.en)
    }
}

/// French, then English: for what is made with values.
pub fn pick<T>(lang: Lang, fr: T, en: T) -> T {
    match lang {
        Lang::Fr => fr,
        Lang::En => en,
    }
}

pub const YES: Say = say("oui", "yes");
pub const NO: Say = say("non", "no");

/// A truth, in words.
pub fn yes_no(lang: Lang, truth: bool) -> &'static str {
    if truth { YES.get(lang) } else { NO.get(lang) }
}
