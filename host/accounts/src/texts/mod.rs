//! Every sentence about a fault, in French and English side by side: what happened, and what an administrator does next. Those of
//! Entra's numbers stand with the numbers.

mod application;
mod network;
pub(crate) mod next;
mod words;

use relais_manifest::Lang;

use crate::dialect::numbers;
use crate::{Fault, FaultKind};

/// One text in both languages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Say {
    fr: &'static str,
    en: &'static str,
}

/// French, then English.
pub(crate) const fn say(fr: &'static str, en: &'static str) -> Say {
    Say { fr, en }
}

impl Say {
    fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Fr => self.fr,
            Lang::En => self.en,
        }
    }
}

/// What one code says; with a kind, only where the fault is of that kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) code: &'static str,
    pub(crate) kind: Option<FaultKind>,
    pub(crate) what: Say,
    pub(crate) next: Say,
}

const fn entry(code: &'static str, what: Say, next: Say) -> Entry {
    Entry {
        code,
        kind: None,
        what,
        next,
    }
}

impl Entry {
    const fn only(mut self, kind: FaultKind) -> Self {
        self.kind = Some(kind);
        self
    }
}

fn entries() -> impl Iterator<Item = &'static Entry> {
    let tables = [words::ENTRIES, network::ENTRIES, application::ENTRIES];
    tables.into_iter().flatten()
}

/// What happened and what to do, by the code, and by the kind where no table has the code.
fn find(fault: &Fault) -> (Say, Say) {
    if let Some(meaning) = numbers::by_code(&fault.code) {
        return (meaning.what, meaning.next);
    }
    // Only Entra has a word for it.
    if fault.kind == FaultKind::Clock {
        return (general(fault.kind), next::CLOCK);
    }
    let fits = |entry: &&Entry| entry.code == fault.code && entry.kind.is_none_or(|kind| kind == fault.kind);
    match entries().find(fits) {
        Some(entry) => (entry.what, entry.next),
        None => (general(fault.kind), next::general(fault.kind)),
    }
}

pub(crate) fn what(fault: &Fault, lang: Lang) -> String {
    let (what, _) = find(fault);
    match fault.clock_ahead {
        Some(ahead) => format!("{} {}", what.get(lang), clock(ahead, lang)),
        None => what.get(lang).to_owned(),
    }
}

pub(crate) fn next(fault: &Fault, lang: Lang) -> String {
    find(fault).1.get(lang).to_owned()
}

/// Both sentences, then the code and the provider's own words in brackets.
pub(crate) fn whole(fault: &Fault, lang: Lang) -> String {
    let (what, next) = (what(fault, lang), next(fault, lang));
    let colon = match lang {
        Lang::Fr => " :",
        Lang::En => ":",
    };
    match fault.detail.as_str() {
        "" => format!("{what} {next} ({})", fault.code),
        // Entra's words begin with their number.
        detail if detail.starts_with(&fault.code) => format!("{what} {next} ({detail})"),
        detail => format!("{what} {next} ({}{colon} {detail})", fault.code),
    }
}

/// What happened, where the code is not in a table.
fn general(kind: FaultKind) -> Say {
    match kind {
        FaultKind::Declined => say(
            "L'utilisateur a refusé l'association.",
            "The user declined the association.",
        ),
        FaultKind::Expired => say(
            "Le code de l'association n'est plus valable.",
            "The association's code is no longer good.",
        ),
        FaultKind::Reconnect => say(
            "Le fournisseur n'accepte plus l'autorisation de ce compte.",
            "The provider no longer accepts this account's authorisation.",
        ),
        FaultKind::Policy => say(
            "Une règle de l'organisation interdit cet accès.",
            "A rule of the organisation forbids this access.",
        ),
        FaultKind::Configuration => say(
            "Le fournisseur refuse la demande telle qu'elle est paramétrée.",
            "The provider refuses the request as it is set up.",
        ),
        FaultKind::Clock => say(
            "L'horloge de cette machine n'est pas à l'heure.",
            "This machine's clock is wrong.",
        ),
        FaultKind::Unavailable => say(
            "Le fournisseur ne peut pas répondre pour l'instant.",
            "The provider cannot answer for now.",
        ),
    }
}

/// By how much this machine's clock is wrong, as the provider's answer says.
fn clock(ahead: i64, lang: Lang) -> String {
    let by = ahead.unsigned_abs();
    let by = match by {
        0..=7_199 => format!("{} min", rounded(by, 60)),
        7_200..=172_799 => format!("{} h", rounded(by, 3600)),
        _ => match lang {
            Lang::Fr => format!("{} jours", rounded(by, 86_400)),
            Lang::En => format!("{} days", rounded(by, 86_400)),
        },
    };
    match (lang, ahead > 0) {
        (Lang::Fr, true) => format!("L'horloge de cette machine avance de {by} sur celle du fournisseur."),
        (Lang::Fr, false) => format!("L'horloge de cette machine retarde de {by} sur celle du fournisseur."),
        (Lang::En, true) => format!("This machine's clock is {by} ahead of the provider's."),
        (Lang::En, false) => format!("This machine's clock is {by} behind the provider's."),
    }
}

fn rounded(seconds: u64, unit: u64) -> u64 {
    seconds.saturating_add(unit / 2) / unit
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn says(say: Say) {
        for (text, lang) in [(say.fr, "fr"), (say.en, "en")] {
            assert!(text.ends_with('.') && !text.contains("  "), "{lang}: {text}");
        }
        assert_ne!(say.fr, say.en);
    }

    #[test]
    fn every_code_has_what_happened_and_what_to_do_in_both_languages() {
        let tables = entries().map(|entry| (entry.what, entry.next));
        let numbers = numbers::meanings().map(|meaning| (meaning.what, meaning.next));
        for (what, next) in tables.chain(numbers) {
            says(what);
            says(next);
            assert_ne!(what.en, next.en);
        }
        for kind in FaultKind::ALL {
            says(general(kind));
            says(next::general(kind));
        }
    }

    #[test]
    fn no_number_and_no_word_is_said_twice() {
        let mut seen = HashSet::new();
        for number in numbers::meanings().flat_map(|meaning| meaning.numbers) {
            assert!(seen.insert(*number), "{number}");
        }
        // The more precise first, or it is never found.
        let mut seen = HashSet::new();
        for entry in entries() {
            assert!(!seen.contains(&(entry.code, None)), "{}", entry.code);
            assert!(seen.insert((entry.code, entry.kind)), "{}", entry.code);
        }
    }

    #[test]
    fn a_fault_is_told_with_the_providers_own_words_and_the_code_once() {
        let told = Fault::new(
            FaultKind::Policy,
            "AADSTS53003",
            "AADSTS53003: Access has been blocked.",
        );
        assert_eq!(
            told.text(Lang::En),
            "A Conditional Access policy of the organisation blocks this access. Ask the tenant's administrator to look this \
             sign-in up in Entra's sign-in logs and to adjust the Conditional Access policy, then associate the account again. \
             (AADSTS53003: Access has been blocked.)"
        );
        let bare = Fault::new(FaultKind::Reconnect, "invalid_grant", "");
        assert!(
            bare.text(Lang::Fr)
                .ends_with("Associez de nouveau le compte. (invalid_grant)"),
            "{bare}"
        );
        let words = Fault::new(FaultKind::Unavailable, "broken", "connection reset");
        assert!(words.text(Lang::Fr).ends_with("(broken : connection reset)"));
    }

    #[test]
    fn a_word_that_nobody_knows_is_told_by_what_it_means() {
        let fault = Fault::new(FaultKind::Configuration, "something_new", "who knows");
        assert_eq!(fault.what(Lang::En), general(FaultKind::Configuration).en);
        assert_eq!(fault.next(Lang::En), next::APPLICATION.en);
    }

    #[test]
    fn a_wrong_clock_is_told_by_how_much() {
        let mut fault = Fault::new(FaultKind::Clock, "AADSTS700024", "");
        fault.clock_ahead = Some(86_400);
        assert!(
            fault
                .what(Lang::En)
                .ends_with("This machine's clock is 24 h ahead of the provider's."),
            "{fault}"
        );
        fault.clock_ahead = Some(-300);
        assert!(
            fault
                .what(Lang::Fr)
                .ends_with("L'horloge de cette machine retarde de 5 min sur celle du fournisseur.")
        );
        fault.clock_ahead = Some(-20 * 86_400);
        assert!(fault.what(Lang::Fr).contains("20 jours"));
        assert_eq!(fault.next(Lang::En), next::CLOCK.en);
    }
}
