//! The server's words, without what a server may have echoed of a login.
//!
//! A server that does not understand a line repeats it, or as much of it as it kept. So it is not enough to look for a secret
//! as a whole: whatever is long enough to be a part of one is hidden.

use std::collections::HashSet;

/// Bytes in a row that are no coincidence. Shorter secrets are hidden where they stand whole.
const RUN: usize = 12;

/// `text` with every run of at least [`RUN`] bytes of one of `hidden` replaced.
pub(super) fn masked(text: &str, hidden: &[&str]) -> String {
    let mut text = text.to_owned();
    for whole in hidden.iter().filter(|whole| !whole.is_empty() && whole.len() < RUN) {
        text = text.replace(whole, "•••");
    }
    let runs: HashSet<&[u8]> = hidden.iter().flat_map(|whole| whole.as_bytes().windows(RUN)).collect();
    let bytes = text.as_bytes();
    let mut secret = vec![false; bytes.len()];
    for (start, window) in bytes.windows(RUN).enumerate() {
        if runs.contains(window) {
            secret.iter_mut().skip(start).take(RUN).for_each(|byte| *byte = true);
        }
    }
    let mut shown = String::with_capacity(text.len());
    let mut hiding = false;
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        let is_secret = secret.get(at..end).is_some_and(|bytes| bytes.contains(&true));
        match (is_secret, hiding) {
            (true, false) => shown.push_str("•••"),
            (true, true) => {}
            (false, _) => shown.push(character),
        }
        hiding = is_secret;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJub25jZSI6IkFRQUJBQUFBQUFB";

    #[test]
    fn a_secret_is_hidden_whole_and_in_part() {
        let hide = |text: &str| masked(text, &[TOKEN, "hunter2"]);
        assert_eq!(hide(&format!("no such line: {TOKEN}!")), "no such line: •••!");
        let cut = &TOKEN[..20];
        assert_eq!(hide(&format!("line too long: {cut}")), "line too long: •••");
        let middle = &TOKEN[7..30];
        assert_eq!(hide(&format!("({middle}) ({middle})")), "(•••) (•••)");
        assert_eq!(hide("your password hunter2 is wrong"), "your password ••• is wrong");
        assert_eq!(hide("5.7.8 Authentication failed"), "5.7.8 Authentication failed");
    }

    #[test]
    fn characters_of_several_bytes_stay_whole() {
        let hidden = ["clé secrète de la mairie"];
        assert_eq!(masked("é: clé secrète de la mairie é", &hidden), "é: ••• é");
        assert_eq!(masked("", &hidden), "");
    }
}
