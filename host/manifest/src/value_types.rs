//! Ports, mail addresses, URLs, durations: text from an administrator made into one spelling, or refused.
//!
//! Strict where two readers could understand two things: no user and no backslash in a URL, one unit in a duration.

use crate::host::{bracketed, dns_name, host, split_port};
use crate::reason::Reason;

/// The longest duration: 366 days, in seconds.
pub(crate) const MAX_SECONDS: u64 = 366 * 86_400;

/// The most bytes of a URL.
const MAX_URL: usize = 2048;

/// A TCP port, 1 to 65535.
pub(crate) fn port(text: &str) -> Result<u16, Reason> {
    let text = text.trim();
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(port) if port > 0 && digits => Ok(port),
        _ => Err(Reason::NotAPort),
    }
}

/// A boolean, in the words that people and programs use for one.
pub(crate) fn boolean(text: &str) -> Result<bool, Reason> {
    match text.trim().to_lowercase().as_str() {
        "true" | "oui" | "yes" | "1" | "on" => Ok(true),
        "false" | "non" | "no" | "0" | "off" => Ok(false),
        _ => Err(Reason::NotABoolean),
    }
}

/// A duration in seconds: `90`, `90s`, `2m`, `1h`; [`MAX_SECONDS`] at most.
pub(crate) fn seconds(text: &str) -> Result<u64, Reason> {
    let text = text.trim();
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let (digits, unit) = units
        .into_iter()
        .find_map(|(suffix, unit)| text.strip_suffix(suffix).map(|digits| (digits.trim_end(), unit)))
        .unwrap_or((text, 1));
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Reason::NotADuration);
    }
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(unit))
        .filter(|seconds| *seconds <= MAX_SECONDS)
        .ok_or(Reason::OutOfRange {
            min: None,
            max: i64::try_from(MAX_SECONDS).ok(),
        })
}

/// One `local@domain` of at most 254 octets (RFC 5321 §4.5.3.1.3 less the angle brackets), the local part a dot-string
/// of at most 64 (§4.1.2, §4.5.3.1.1), the domain a DNS name. Quoted local parts and addresses beyond ASCII are refused:
/// not every server on the way takes them.
pub(crate) fn email(text: &str) -> Result<String, Reason> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@').ok_or(Reason::NotAnEmail)?;
    let atom_is_fit = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    let fit = text.len() <= 254 && local.len() <= 64 && local.split('.').all(atom_is_fit);
    match dns_name(domain) {
        Some(domain) if fit => Ok(format!("{local}@{domain}")),
        _ => Err(Reason::NotAnEmail),
    }
}

/// The parts of a URL that a grant is made of, and the whole in one spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub https: bool,
    pub host: String,
    pub port: u16,
    pub text: String,
}

/// An `http` or `https` URL with a host, without user and fragment, in the characters of RFC 3986 only, so that no other
/// reader finds another host in it. Scheme and host are lowered; path and query stay as they are.
pub(crate) fn url(text: &str) -> Result<Url, Reason> {
    let text = text.trim();
    let (scheme, rest) = text.split_once("://").ok_or(Reason::NotAUrl)?;
    let https = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(Reason::NotAUrl),
    };
    if rest.contains('#') {
        return Err(Reason::UrlHasFragment);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or(Reason::NotAUrl)?;
    if authority.contains('@') {
        return Err(Reason::UrlHasUser);
    }
    if text.len() > MAX_URL || !is_path_and_query(path) {
        return Err(Reason::NotAUrl);
    }
    let (host_text, port_text) = split_port(authority).ok_or(Reason::NotAUrl)?;
    let host = host(host_text)?;
    let port = port_text.map(port).transpose()?;
    let shown = bracketed(&host);
    let text = match port {
        Some(port) => format!("{}://{shown}:{port}{path}", scheme.to_ascii_lowercase()),
        None => format!("{}://{shown}{path}", scheme.to_ascii_lowercase()),
    };
    Ok(Url {
        https,
        host,
        port: port.unwrap_or(if https { 443 } else { 80 }),
        text,
    })
}

/// The characters of a path and query (RFC 3986 §3.3, §3.4), each `%` followed by two hexadecimal digits.
pub(crate) fn is_path_and_query(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&b);
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let escaped = b == b'%' && (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit()));
        if !escaped && !plain(b) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn a_port_is_one_to_65535_in_digits() {
        assert_eq!(port(" 587 "), Ok(587));
        for bad in ["0", "65536", "70000", "-1", "+25", "25.0", "smtp", ""] {
            assert_eq!(port(bad), Err(Reason::NotAPort), "{bad:?}");
        }
    }

    #[test]
    fn a_duration_has_one_unit_and_cannot_overflow() {
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("30s"), Ok(30));
        assert_eq!(seconds("2 m"), Ok(120));
        assert_eq!(seconds("1h"), Ok(3600));
        for bad in ["", "s", "1d", "-1s", "1.5h", "1h30m", "500ms"] {
            assert_eq!(seconds(bad), Err(Reason::NotADuration), "{bad:?}");
        }
        for long in ["18446744073709551615h", "99999999999999999999999s", "8785h"] {
            assert!(matches!(seconds(long), Err(Reason::OutOfRange { .. })), "{long}");
        }
    }

    #[test]
    fn an_email_is_one_plain_address() {
        assert_eq!(
            email(" Jean.Dupont+ged@Mairie.Example ").as_deref(),
            Ok("Jean.Dupont+ged@mairie.example")
        );
        let long_local = format!("{}@example.org", "a".repeat(65));
        for bad in [
            "",
            "jean",
            "@example.org",
            "jean@",
            "a@b@example.org",
            "a b@example.org",
            "a@example.org, b@example.org",
            "a@example.org\r\nBcc: x@example.org",
            "<a@example.org>",
            "a..b@example.org",
            ".a@example.org",
            "a@127.0.0.1",
            "é@example.org",
            &long_local,
        ] {
            assert_eq!(email(bad), Err(Reason::NotAnEmail), "{bad:?}");
        }
    }

    #[test]
    fn a_url_is_taken_apart_once_and_for_all() {
        let found = url("HTTPS://API.Example.org/v1?x=%C3%A9").unwrap();
        assert_eq!(found.text, "https://api.example.org/v1?x=%C3%A9");
        assert_eq!(
            (found.https, found.host.as_str(), found.port),
            (true, "api.example.org", 443)
        );
        let found = url("http://[::1]:8080").unwrap();
        assert_eq!(
            (found.text.as_str(), found.https, found.port),
            ("http://[::1]:8080", false, 8080)
        );
    }

    #[test]
    fn a_url_in_which_another_reader_could_find_another_host_is_refused() {
        assert_eq!(url("https://user:pass@example.org/"), Err(Reason::UrlHasUser));
        assert_eq!(url("https://example.org/#x"), Err(Reason::UrlHasFragment));
        for bad in [
            "ftp://example.org",
            "example.org",
            "https:/example.org",
            "https://example.org/a b",
            "https://example.org/a\\b",
            "https://example.org/%zz",
            "https://example.org/%4",
            "https://example.org/a\r\nb",
            "https://example.org/é",
            "https://1:2:3:4:5:6:7:8:9/",
        ] {
            assert_eq!(url(bad), Err(Reason::NotAUrl), "{bad:?}");
        }
        for bad in [
            "https://",
            "https:///x",
            "https://evil.org\\.example.org/",
            "https://::1/",
            "https://0x7f.1/",
        ] {
            assert!(url(bad).is_err(), "{bad:?}");
        }
        assert_eq!(url("https://example.org:0/"), Err(Reason::NotAPort));
        assert_eq!(
            url(&format!("https://example.org/{}", "a".repeat(MAX_URL))),
            Err(Reason::NotAUrl)
        );
    }
}
