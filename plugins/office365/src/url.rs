//! What stands in an address.

use std::fmt::Write as _;

/// One segment of a path: everything else than what RFC 3986 section 3.3 lets stand there is percent-encoded, and so is `'`,
/// which Graph's own addresses give a meaning.
pub fn segment(text: &str) -> String {
    encoded(text, b"-._~@=:")
}

/// A value of a query (RFC 3986 section 3.4).
pub fn query(text: &str) -> String {
    encoded(text, b"-._~@")
}

fn encoded(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Scheme, host and port of an address, as texts name them.
pub fn origin(url: &str) -> &str {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(after..).and_then(|rest| rest.find(['/', '?', '#']));
    end.and_then(|end| url.get(..after + end)).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_another_address_is_encoded() {
        assert_eq!(segment("AAMkAD=-_"), "AAMkAD=-_");
        assert_eq!(segment("../a?b#c%d é"), "..%2Fa%3Fb%23c%25d%20%C3%A9");
        assert_eq!(query("a eq 'b&c'"), "a%20eq%20%27b%26c%27");
    }

    #[test]
    fn an_origin_says_nothing_of_the_path_or_its_tokens() {
        let url = "https://outlook.office.com/api/x?authtoken=eyJ";
        assert_eq!(origin(url), "https://outlook.office.com");
        assert_eq!(origin("https://outlook.office.com"), "https://outlook.office.com");
        assert_eq!(origin("nonsense"), "nonsense");
    }
}
