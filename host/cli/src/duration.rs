//! Lengths of time as an administrator writes them: `90`, `30s`, `15m`, `12h`, `5d`.

use relais_manifest::Lang;

use crate::fault::Fault;
use crate::texts::general;

/// Seconds of a length of time; a number alone is seconds.
pub fn seconds(lang: Lang, field: &str, text: &str) -> Result<u64, Fault> {
    parse(text).ok_or_else(|| Fault::field(lang, field, "duration-invalid", general::not_a_duration(lang)))
}

pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.char_indices().last()? {
        (place, 's') => (text.get(..place)?, 1),
        (place, 'm') => (text.get(..place)?, 60),
        (place, 'h') => (text.get(..place)?, 60 * 60),
        (place, 'd' | 'j') => (text.get(..place)?, 24 * 60 * 60),
        _ => (text, 1),
    };
    // `parse` takes a sign, which no length of time has.
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse::<u64>().ok().filter(|_| digits)?.checked_mul(unit)
}

/// The same, in the largest unit that divides it.
pub fn shown(seconds: u64) -> String {
    for (unit, letter) in [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')] {
        if seconds >= unit && seconds.is_multiple_of(unit) {
            return format!("{} {letter}", seconds / unit);
        }
    }
    format!("{seconds} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_number_and_perhaps_a_unit() {
        for (text, seconds) in [
            ("0", 0),
            ("90", 90),
            ("30s", 30),
            ("15m", 900),
            ("12h", 43_200),
            ("5d", 432_000),
        ] {
            assert_eq!(parse(text), Some(seconds), "{text}");
        }
        for bad in [
            "",
            "d",
            "-1d",
            "+1d",
            "1.5h",
            "5 days",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_is_shown_in_the_largest_unit_that_divides_it() {
        let shown: Vec<String> = [432_000, 5_400, 7_200, 59, 0].map(shown).into();
        assert_eq!(shown, ["5 d", "90 m", "2 h", "59 s", "0 s"]);
    }
}
