//! A stranger's text, made fit to be shown.

/// Whether a terminal or a page would obey `c`: control characters, and the bidirectional controls of Unicode (UAX #9).
fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// One line of at most `max` characters, its spaces single, with nothing that a terminal or a page would obey.
pub(crate) fn cleaned(text: &str, max: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    let mut space = false;
    // What is looked at is bounded too, however much of it is spaces.
    for c in text.chars().take(max.saturating_mul(8)) {
        if c.is_whitespace() || disturbs(c) {
            space = !line.is_empty();
            continue;
        }
        let more = 1 + usize::from(space);
        if count + more > max {
            line.push('…');
            break;
        }
        if std::mem::take(&mut space) {
            line.push(' ');
        }
        line.push(c);
        count += more;
    }
    line
}

/// Whether a text is one that OAuth lets a client id, secret or code be: visible ASCII and spaces (RFC 6749 appendix A), not
/// empty, and no longer than `bytes`.
pub(crate) fn token_like(text: &str, bytes: usize) -> bool {
    !text.is_empty() && text.len() <= bytes && text.bytes().all(|byte| (0x20..=0x7e).contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_text_is_one_line_that_a_terminal_does_not_obey() {
        assert_eq!(cleaned("  a\r\n\tb\u{1b}[2J\u{202e}c ", 50), "a b [2J c");
        assert_eq!(cleaned("abcdef", 3), "abc…");
        assert_eq!(cleaned("ab cd", 3), "ab…");
        assert_eq!(cleaned(&" ".repeat(100_000), 3), "");
    }

    #[test]
    fn a_code_is_visible_ascii_of_bounded_length() {
        assert!(token_like("a b~", 4));
        for bad in ["", "abcde", "é", "a\n", "a\0"] {
            assert!(!token_like(bad, 4), "{bad:?}");
        }
    }
}
