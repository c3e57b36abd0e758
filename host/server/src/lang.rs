//! The language of the answers: `Accept-Language` (RFC 9110 section 12.5.4), French where it says nothing.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use relais_manifest::Lang;

/// Ranges that are looked at; a header has a handful.
const RANGES: usize = 32;

/// The one of the two languages that the request likes better; the first of two that it likes alike.
pub fn of(headers: &HeaderMap) -> Lang {
    let values = headers.get_all(ACCEPT_LANGUAGE).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut best = (Lang::Fr, 0);
    for (lang, weight) in ranges.take(RANGES).filter_map(range) {
        if weight > best.1 {
            best = (lang, weight);
        }
    }
    best.0
}

/// A language that is spoken here and its weight in thousandths.
fn range(text: &str) -> Option<(Lang, u32)> {
    let (tag, parameters) = text.split_once(';').unwrap_or((text, ""));
    let primary = tag.trim().split('-').next().unwrap_or_default();
    let lang = match primary {
        "*" => Lang::Fr,
        word if word.eq_ignore_ascii_case("fr") => Lang::Fr,
        word if word.eq_ignore_ascii_case("en") => Lang::En,
        _ => return None,
    };
    Some((lang, weight(parameters)?))
}

/// `q=0.8` is 800; nothing is 1000 (RFC 9110 section 12.4.2).
pub(crate) fn weight(parameters: &str) -> Option<u32> {
    let q = parameters.split(';').find_map(|parameter| {
        parameter
            .trim()
            .strip_prefix(['q', 'Q'])?
            .trim_start()
            .strip_prefix('=')
    });
    let Some(q) = q else { return Some(1000) };
    let q: f32 = q.trim().parse().ok()?;
    // Of 0 to 1000, so that nothing is lost.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (0.0..=1.0).contains(&q).then(|| (q * 1000.0).round() as u32)
}

/// The tag of a language.
pub fn word(lang: Lang) -> &'static str {
    match lang {
        Lang::Fr => "fr",
        Lang::En => "en",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(value: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, value.parse().unwrap());
        super::of(&headers)
    }

    #[test]
    fn the_language_that_is_liked_best_is_spoken() {
        for (value, lang) in [
            ("en", Lang::En),
            ("EN-gb", Lang::En),
            ("fr-FR,fr;q=0.9,en;q=0.8", Lang::Fr),
            ("fr;q=0.5, en;q=0.7", Lang::En),
            ("de, en;q=0.3", Lang::En),
            ("en;q=0, fr;q=0.1", Lang::Fr),
        ] {
            assert_eq!(of(value), lang, "{value}");
        }
    }

    #[test]
    fn who_says_nothing_or_nonsense_is_spoken_to_in_french() {
        for value in ["", "de", "*", "en;q=x", "en;q=7", ";;,,", "english"] {
            assert_eq!(of(value), Lang::Fr, "{value}");
        }
        assert_eq!(super::of(&HeaderMap::new()), Lang::Fr);
    }
}
