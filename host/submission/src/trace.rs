//! The Received field of a mail that came in here (RFC 5321 section 4.4).
//!
//! It leaves with the mail, for every recipient to read. So it names what every server names: the client, as it called itself and
//! by its address; this server; the protocol; the time. It names no recipient (a `for` would show who else receives, section 7.2),
//! no token, and nobody.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// Octets of a name (RFC 5321 section 4.5.3.1.2).
const NAME: usize = 255;

/// How a mail came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace<'a> {
    /// What the client said after EHLO.
    pub(crate) client: &'a str,
    pub(crate) address: IpAddr,
    /// This server.
    pub(crate) by: &'a str,
    pub(crate) extended: bool,
    pub(crate) utf8: bool,
    pub(crate) encrypted: bool,
    pub(crate) logged_in: bool,
}

impl Trace<'_> {
    /// The field, its line breaks included. The time is in UTC: where this machine stands is nobody's business.
    pub(crate) fn field(&self, at: Timestamp) -> String {
        let literal = literal(self.address);
        let client = if is_name(self.client) { self.client } else { &literal };
        // A year that RFC 5322 cannot write leaves a field without its time, which readers take.
        let date = rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default();
        format!(
            "Received: from {client} ({literal})\r\n\tby {} with {};\r\n\t{date}\r\n",
            self.by,
            self.protocol()
        )
    }

    /// RFC 3848, RFC 6531 section 4.3.
    fn protocol(&self) -> &'static str {
        match (self.extended, self.utf8, self.encrypted, self.logged_in) {
            (false, ..) => "SMTP",
            (true, false, false, false) => "ESMTP",
            (true, false, false, true) => "ESMTPA",
            (true, false, true, false) => "ESMTPS",
            (true, false, true, true) => "ESMTPSA",
            (true, true, false, false) => "UTF8SMTP",
            (true, true, false, true) => "UTF8SMTPA",
            (true, true, true, false) => "UTF8SMTPS",
            (true, true, true, true) => "UTF8SMTPSA",
        }
    }
}

/// RFC 5321 section 4.1.3.
fn literal(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// Whether a name may stand in a header: a domain, with the underscores that Windows gives, or an address literal. What
/// is none could be anything, parentheses of a comment and a semicolon among it.
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |text: &str, more: &[u8]| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let well = inner.map_or_else(|| plain(text, b"-._"), |inner| plain(inner, b"-.:"));
    well && text.len() <= NAME
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn trace<'a>(client: &'a str, address: &str) -> Trace<'a> {
        Trace {
            client,
            address: address.parse().unwrap(),
            by: "relais.example",
            extended: true,
            utf8: false,
            encrypted: true,
            logged_in: true,
        }
    }

    #[test]
    fn it_says_from_whom_by_whom_how_and_when() {
        let at = "2026-03-01T12:00:00Z".parse().unwrap();
        assert_eq!(
            trace("ezged.example", "192.0.2.7").field(at),
            "Received: from ezged.example ([192.0.2.7])\r\n\tby relais.example with ESMTPSA;\r\n\t\
             Sun, 1 Mar 2026 12:00:00 +0000\r\n"
        );
    }

    #[test]
    fn addresses_are_written_as_literals_in_their_own_family() {
        for (address, shown) in [
            ("::ffff:192.0.2.7", "([192.0.2.7])"),
            ("2001:db8::1", "([IPv6:2001:db8::1])"),
        ] {
            let field = trace("a", address).field(Timestamp::UNIX_EPOCH);
            assert!(field.contains(shown), "{field}");
        }
    }

    #[test]
    fn a_client_that_calls_itself_by_no_name_is_called_by_its_address() {
        let long = "x".repeat(NAME + 1);
        for evil in ["a(b", "a;b", "é.example", "[a)]", "[", "[]", "", "a\"b", long.as_str()] {
            let field = trace(evil, "192.0.2.7").field(Timestamp::UNIX_EPOCH);
            assert!(
                field.starts_with("Received: from [192.0.2.7] ([192.0.2.7])"),
                "{evil}: {field}"
            );
        }
        for good in ["PC_7", "[192.0.2.7]", "[IPv6:2001:db8::1]"] {
            let field = trace(good, "192.0.2.7").field(Timestamp::UNIX_EPOCH);
            assert!(field.starts_with(&format!("Received: from {good} (")), "{field}");
        }
    }

    #[test]
    fn the_protocol_is_the_one_that_was_spoken() {
        let spoken = |extended, utf8, encrypted, logged_in| {
            let trace = Trace {
                extended,
                utf8,
                encrypted,
                logged_in,
                ..trace("a", "192.0.2.7")
            };
            trace.protocol()
        };
        assert_eq!(spoken(false, false, false, false), "SMTP");
        assert_eq!(spoken(true, false, false, false), "ESMTP");
        assert_eq!(spoken(true, false, false, true), "ESMTPA");
        assert_eq!(spoken(true, true, true, true), "UTF8SMTPSA");
    }
}
