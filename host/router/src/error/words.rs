//! Small pieces of sentences.

use std::fmt::Display;
use std::time::Duration;

use relais_manifest::Lang;

/// A stranger's text, fit to stand in a sentence: nothing that a terminal would obey.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// `« a », « b »` in French, `` `a`, `b` `` in English.
pub(super) fn quoted<T: Display>(lang: Lang, names: &[T]) -> String {
    let quote = |name: &T| match lang {
        Lang::Fr => format!("« {name} »"),
        Lang::En => format!("`{name}`"),
    };
    names.iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// What changed, in words: see [`crate::binding`].
pub(crate) fn changes(lang: Lang, because: &[String]) -> String {
    let words = |change: &String| match (lang, change.as_str()) {
        (Lang::Fr, "egress") => "les destinations demandées par le connecteur".to_owned(),
        (Lang::En, "egress") => "where the connector may connect".to_owned(),
        (Lang::Fr, "credentials") => "les justificatifs demandés par le connecteur".to_owned(),
        (Lang::En, "credentials") => "the credentials that the connector asks for".to_owned(),
        (Lang::Fr, "providers") => "les adresses du fournisseur du compte".to_owned(),
        (Lang::En, "providers") => "the addresses of the account's provider".to_owned(),
        (Lang::Fr, "grants") => "les autorisations".to_owned(),
        (Lang::En, "grants") => "the grants".to_owned(),
        (Lang::Fr, id) => format!("« {id} »"),
        (Lang::En, id) => format!("`{id}`"),
    };
    because.iter().map(words).collect::<Vec<_>>().join(", ")
}

/// A duration in the largest unit that tells it whole: `30 jours`, `1 minute`, `90 s`.
pub(super) fn span(lang: Lang, span: Duration) -> String {
    let seconds = span.as_secs();
    let units = [
        (86_400, "jour", "day"),
        (3_600, "heure", "hour"),
        (60, "minute", "minute"),
    ];
    let whole = units
        .into_iter()
        .find(|(unit, _, _)| seconds >= *unit && seconds.is_multiple_of(*unit));
    match whole {
        Some((unit, fr, en)) => {
            let count = seconds / unit;
            let word = if lang == Lang::Fr { fr } else { en };
            format!("{count} {word}{}", if count > 1 { "s" } else { "" })
        }
        None => format!("{seconds} s"),
    }
}
