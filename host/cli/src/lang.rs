//! The language of the help, the answers and the errors.

use std::ffi::OsString;

pub use relais_manifest::Lang;

/// The variables that say the language, the strongest first (POSIX.1-2017, section 8.2).
const VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// French where the first of the variables that is set, and not empty, begins with `fr`; English otherwise.
pub fn chosen(variable: impl Fn(&str) -> Option<OsString>) -> Lang {
    let set = VARIABLES
        .iter()
        .filter_map(|name| variable(name))
        .find(|value| !value.is_empty());
    set.map_or(Lang::En, |value| Lang::from_env_value(&value.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Lang {
        chosen(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(*value))
        })
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8")]), Lang::Fr);
        assert_eq!(of(&[("LANG", "fr_FR.UTF-8"), ("LC_MESSAGES", "en_GB.UTF-8")]), Lang::En);
        assert_eq!(
            of(&[("LANG", "en_GB.UTF-8"), ("LC_MESSAGES", "C"), ("LC_ALL", "fr")]),
            Lang::Fr
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set_and_no_variable_is_english() {
        assert_eq!(of(&[("LC_ALL", ""), ("LANG", "fr_BE")]), Lang::Fr);
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "C.UTF-8")]), Lang::En);
    }
}
