//! Host names and IP addresses: text from an administrator made into one spelling, or refused.
//!
//! What this lets through ends in DNS queries and dialled addresses, and the egress policy judges it. So it is strict
//! where two readers could understand two things: no other spellings of IPv4 (`127.1`, `0x7f000001`), no zone after an
//! IPv6 address.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::reason::Reason;

/// A DNS name in lower case without a final dot, an IPv4 address, or an IPv6 address in its shortest spelling without
/// brackets.
pub(crate) fn host(text: &str) -> Result<String, Reason> {
    let text = text.trim();
    if text.contains("://") || text.contains('/') {
        return Err(Reason::HostHasScheme);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']').ok_or(Reason::NotAHost)?;
        return match (inside.parse::<Ipv6Addr>(), after) {
            (Ok(address), "") => Ok(address.to_string()),
            (Ok(_), after) if after.starts_with(':') => Err(Reason::HostHasPort),
            _ => Err(Reason::NotAHost),
        };
    }
    if let Ok(address) = text.parse::<Ipv4Addr>() {
        return Ok(address.to_string());
    }
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        return Ok(address.to_string());
    }
    if let Some((name, port)) = text.rsplit_once(':')
        && !name.contains(':')
        && port.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(Reason::HostHasPort);
    }
    if !text.is_ascii() {
        return Err(Reason::HostNotAscii);
    }
    dns_name(text.strip_suffix('.').unwrap_or(text)).ok_or(Reason::NotAHost)
}

/// Letters, digits and hyphens (RFC 1123 §2.1), 63 octets a label and 253 in all (RFC 1035 §2.3.4), and the underscore
/// that real networks have. A last label that is a number is an IPv4 address to many resolvers (`127.1`): refused.
pub(crate) fn dns_name(name: &str) -> Option<String> {
    let label_is_fit = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let fit = name.len() <= 253 && name.split('.').all(label_is_fit) && !is_number(last);
    fit.then(|| name.to_ascii_lowercase())
}

/// Decimal, octal or hexadecimal, as `inet_aton` reads numbers.
fn is_number(label: &str) -> bool {
    let hex = label.strip_prefix("0x").or_else(|| label.strip_prefix("0X"));
    label.bytes().all(|b| b.is_ascii_digit()) || hex.is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Host and port of an authority (RFC 3986 §3.2). Nothing where the host is an IPv6 address without brackets: which
/// colon the port follows would be a guess.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    (host.starts_with('[') || !host.contains(':')).then_some((host, port))
}

/// The host as it stands before a port: an IPv6 address in brackets, everything else as it is.
pub(crate) fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (given, kept) in [
            ("SMTP.Example.ORG.", "smtp.example.org"),
            (" localhost ", "localhost"),
            ("_mail.intra_net.local", "_mail.intra_net.local"),
            ("10.0.0.1", "10.0.0.1"),
            ("[2001:DB8::0:1]", "2001:db8::1"),
            ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
            ("3com.example", "3com.example"),
            ("xn--mairie-gva.example", "xn--mairie-gva.example"),
        ] {
            assert_eq!(host(given).as_deref(), Ok(kept), "{given:?}");
        }
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_told_what_is_too_much() {
        assert_eq!(host("smtp://mail.example.org"), Err(Reason::HostHasScheme));
        assert_eq!(host("mail.example.org/path"), Err(Reason::HostHasScheme));
        assert_eq!(host("mail.example.org:587"), Err(Reason::HostHasPort));
        assert_eq!(host("[::1]:587"), Err(Reason::HostHasPort));
        assert_eq!(host("mél.example.org"), Err(Reason::HostNotAscii));
    }

    #[test]
    fn what_another_reader_could_take_for_an_address_is_no_host() {
        for bad in [
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "a.0x",
            "1.2.3.4.5",
            "256.1.1.1",
            "017700000001",
        ] {
            assert_eq!(host(bad), Err(Reason::NotAHost), "{bad}");
        }
        let long = format!("{}.org", "a".repeat(64));
        for bad in [
            "",
            ".",
            "a..b",
            "-a.org",
            "a-.org",
            "a b",
            "a@b",
            "a\0b",
            "a\r\nb",
            "fe80::1%eth0",
            "[::1",
            &long,
        ] {
            assert_eq!(host(bad), Err(Reason::NotAHost), "{bad:?}");
        }
        assert_eq!(host(&"a.".repeat(200)), Err(Reason::NotAHost));
    }
}
