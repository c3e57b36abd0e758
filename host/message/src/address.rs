//! One mailbox: lettre parses it, this module narrows what lettre lets through to what every server takes.
//!
//! The threat is an address that ends the `<…>` of an SMTP command or a header field and goes on with something else.
//! So the local part is a plain dot-atom, of any letters (RFC 6531 section 3.3), and the domain is host-name characters
//! only: neither can hold a space, a bracket, a quotation mark or a comma.

use std::fmt;

use lettre::message::Mailbox;

use crate::check::{self, NAME_BYTES};
use crate::reason::Reason;

/// A mailbox as given, in bytes: a name, quoted character by character, and the longest address.
const MAILBOX_BYTES: usize = 2 * NAME_BYTES + EMAIL_BYTES + 16;
/// RFC 5321 section 4.5.3.1.3: a path has 256 octets, its angle brackets among them.
const EMAIL_BYTES: usize = 254;
/// RFC 5321 section 4.5.3.1.1.
const LOCAL_BYTES: usize = 64;

/// A mailbox: an address, and perhaps the name of who reads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The display name, decoded; never empty.
    pub name: Option<String>,
    /// `local@domain`. A domain with letters that are not ASCII is written in its `xn--` form (RFC 5891); a local part
    /// has none, and needs SMTPUTF8 (RFC 6531).
    pub email: String,
}

impl Address {
    /// Reads `a@b`, `Name <a@b>` or `"Name, with comma" <a@b>`.
    pub(crate) fn parse(value: &str) -> Result<Self, Reason> {
        let value = value.trim_matches(' ');
        if value.is_empty() {
            return Err(Reason::Empty);
        }
        if is_bare(value) {
            let (name, email) = (None, value.to_owned());
            return Ok(Self { name, email });
        }
        check::line(value, MAILBOX_BYTES)?;
        let mailbox: Mailbox = value.parse().map_err(|_| fault(value))?;
        Self::checked(mailbox.name.as_deref(), mailbox.email.user(), mailbox.email.domain())
    }

    /// A name, decoded, and an address.
    pub(crate) fn of(name: Option<&str>, email: &str) -> Result<Self, Reason> {
        let (local, domain) = email.rsplit_once('@').ok_or(Reason::NotAnAddress)?;
        Self::checked(name, local, domain)
    }

    fn checked(name: Option<&str>, local: &str, domain: &str) -> Result<Self, Reason> {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        if let Some(name) = name {
            check::line(name, NAME_BYTES)?;
        }
        let email = format!("{}@{}", local_part(local)?, self::domain(domain)?);
        if email.len() > EMAIL_BYTES {
            return Err(Reason::TooLong { limit: EMAIL_BYTES });
        }
        let name = name.map(str::to_owned);
        Ok(Self { name, email })
    }

    /// What is behind the `@`.
    pub(crate) fn domain(&self) -> &str {
        self.email.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Whether this is an address and nothing else, of letters, digits and the marks that nearly all have: what the parser
/// would take as it is. It costs more than the rest of a small message; what is not so plain goes to it.
fn is_bare(value: &str) -> bool {
    let is_atom = |atom: &str, marks: &[u8]| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || marks.contains(&b))
    };
    let is_label =
        |label: &str| label.len() <= 63 && is_atom(label, b"-") && !label.starts_with('-') && !label.ends_with('-');
    value.len() <= EMAIL_BYTES
        && value.split_once('@').is_some_and(|(local, domain)| {
            local.len() <= LOCAL_BYTES
                && local.split('.').all(|atom| is_atom(atom, b"-_+"))
                && domain.split('.').all(is_label)
        })
}

/// Two addresses with the same key reach the same mailbox: the domain has no case, the local part may have one
/// (RFC 5321 section 2.4).
pub(crate) fn key(email: &str) -> String {
    let mut key = email.to_owned();
    if let Some(domain) = email.rfind('@').and_then(|at| key.get_mut(at..)) {
        domain.make_ascii_lowercase();
    }
    key
}

/// RFC 5322 section 3.2.3.
pub(crate) fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

impl fmt::Display for Address {
    /// As a person reads it, in the form that `Address::parse` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = &self.name else {
            return f.write_str(&self.email);
        };
        let plain = name
            .chars()
            .all(|c| c == ' ' || c == '.' || !c.is_ascii() || u8::try_from(c).is_ok_and(is_atext));
        if plain && !name.starts_with('.') {
            write!(f, "{name} <{}>", self.email)
        } else {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            write!(f, "\"{quoted}\" <{}>", self.email)
        }
    }
}

/// The most telling reason why lettre refused `value`.
fn fault(value: &str) -> Reason {
    match value.rsplit_once('@') {
        Some((local, domain)) if is_dot_atom(local) && !domain.is_empty() && !domain.contains(['>', ',', ';', ' ']) => {
            Reason::NotADomain
        }
        _ => Reason::NotAnAddress,
    }
}

/// RFC 5322 section 3.2.3, with the letters of RFC 6532 section 3.2.
fn is_dot_atom(text: &str) -> bool {
    let is_letter = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_atext(byte),
        _ => !c.is_control() && !c.is_whitespace(),
    };
    text.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_letter))
}

fn local_part(local: &str) -> Result<&str, Reason> {
    if is_dot_atom(local) {
        Ok(local)
    } else {
        Err(Reason::NotAnAddress)
    }
}

/// RFC 5321 section 4.1.2, and the underscore that real names hold. An IPv4 address passes as the digits that it is.
fn domain(domain: &str) -> Result<String, Reason> {
    let ascii = if domain.is_ascii() {
        domain.to_owned()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| Reason::NotADomain)?
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if ascii.split('.').all(label) {
        Ok(ascii)
    } else {
        Err(Reason::NotADomain)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parsed(value: &str) -> (Option<String>, String) {
        let address = Address::parse(value).unwrap();
        (address.name, address.email)
    }

    #[test]
    fn a_bare_address_is_read_as_the_parser_reads_it() {
        let local = [
            "a",
            "a.b",
            "A-b_c+d",
            "0",
            "-a",
            "_",
            &"l".repeat(64),
            &"l".repeat(65),
            "",
            ".a",
            "a.",
            "a..b",
            "a b",
            "é",
        ];
        let long = format!("{0}.{0}.{0}", "d".repeat(63));
        let domain = [
            "b",
            "b.c",
            "B-c.d",
            "0.1",
            "1.2.3.4",
            "b.",
            ".b",
            "-b",
            "b-",
            "b_c",
            "é.fr",
            &"d".repeat(63),
            &"d".repeat(64),
            &long,
            "b@c",
        ];
        let mut bare = 0;
        for value in local
            .iter()
            .flat_map(|local| domain.map(|domain| format!("{local}@{domain}")))
        {
            if is_bare(&value) {
                bare += 1;
                let mailbox: Mailbox = value.parse().unwrap();
                let parsed = Address::checked(None, mailbox.email.user(), mailbox.email.domain());
                assert_eq!((mailbox.name, parsed), (None, Address::parse(&value)), "{value}");
            }
        }
        assert_eq!(bare, 7 * 7 - 1, "all that are plain, but the one that is too long");
        assert!(!is_bare("Name <a@b>") && !is_bare("a@b, c@d") && !is_bare("a"));
    }

    #[test]
    fn the_three_written_forms_are_read() {
        assert_eq!(parsed("a@b"), (None, "a@b".into()));
        assert_eq!(parsed(" <a@b.fr> "), (None, "a@b.fr".into()));
        assert_eq!(
            parsed("Jean Prénom <a.b+c@d.fr>"),
            (Some("Jean Prénom".into()), "a.b+c@d.fr".into())
        );
        assert_eq!(
            parsed("\"Nom, Prénom\" <a@b.fr>"),
            (Some("Nom, Prénom".into()), "a@b.fr".into())
        );
        assert_eq!(
            parsed(r#""Le \"chef\"" <a@b.fr>"#),
            (Some(r#"Le "chef""#.into()), "a@b.fr".into())
        );
        assert_eq!(
            parsed("M. Dupont <a@b.fr>"),
            (Some("M. Dupont".into()), "a@b.fr".into())
        );
        assert_eq!(parsed("\"\" <a@b.fr>"), (None, "a@b.fr".into()));
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for value in [
            "a@b",
            "Jean Prénom <a@b.fr>",
            "\"Nom, Prénom\" <a@b.fr>",
            r#""A \\ \"B\"" <a@b.fr>"#,
            "M. D <a@b>",
            "\".x\" <a@b>",
        ] {
            let address = Address::parse(value).unwrap();
            assert_eq!(address.to_string(), value);
            assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
        }
    }

    #[test]
    fn a_domain_with_accents_becomes_punycode() {
        assert_eq!(parsed("maire@mairie-évian.fr").1, "maire@xn--mairie-vian-hbb.fr");
        assert_eq!(parsed("Maire <maire@École.Fr>").1, "maire@xn--cole-9oa.fr");
    }

    #[test]
    fn a_local_part_has_any_letters_and_its_domain_ascii_ones() {
        assert_eq!(parsed("hélène@École.fr").1, "hélène@xn--cole-9oa.fr");
        assert_eq!(
            parsed("用户 <用户@例え.jp>"),
            (Some("用户".into()), "用户@xn--r8jz45g.jp".into())
        );
        for value in [
            "h\u{a0}l@b.fr",
            "h\u{2028}l@b.fr",
            "h\u{3000}l@b.fr",
            "é..é@b.fr",
            "é>é@b.fr",
        ] {
            assert_eq!(Address::parse(value), Err(Reason::NotAnAddress), "{value:?}");
        }
        assert_eq!(Address::parse("h\u{85}l@b.fr"), Err(Reason::ControlCharacter('\u{85}')));
    }

    #[test]
    fn what_is_not_one_mailbox_is_refused() {
        for value in [
            "a",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a@b, c@d",
            "a@b c@d",
            "A <a@b",
            "A a@b>",
            "Nom, Prénom <a@b>",
            "<a@b> x",
            "a b@c",
            "\"a b\"@c",
            r#""\"a b\""@c"#,
            "\"a> SIZE=1\"@c",
            "<<a@b>>",
            ".a@b",
            "a..b@c",
            "A <a@b>, B <c@d>",
        ] {
            assert_eq!(Address::parse(value), Err(Reason::NotAnAddress), "{value}");
        }
        for value in [
            "a@b..c",
            "a@-b",
            "a@b>x",
            "a@[1>2]",
            "a@b!c",
            "a@é@",
            &format!("a@{}", "b".repeat(64)),
        ] {
            assert!(Address::parse(value).is_err(), "{value}");
        }
        assert_eq!(Address::parse("  "), Err(Reason::Empty));
        assert_eq!(
            Address::parse("a@b\r\nRCPT TO:<c@d>"),
            Err(Reason::ControlCharacter('\r'))
        );
        assert_eq!(Address::parse("A\0 <a@b>"), Err(Reason::ControlCharacter('\0')));
    }

    #[test]
    fn lengths_are_bounded() {
        assert!(matches!(
            Address::parse(&format!("{} <a@b>", "x".repeat(256))),
            Err(Reason::TooLong { .. })
        ));
        assert!(matches!(
            Address::parse(&"x".repeat(100_000)),
            Err(Reason::TooLong { .. })
        ));
        let long = format!("a@{}", vec!["b".repeat(60); 5].join("."));
        assert!(Address::parse(&long).is_err());
    }

    #[test]
    fn the_key_ignores_the_case_of_the_domain_only() {
        assert_eq!(key("Jean@B.FR"), key("Jean@b.fr"));
        assert_ne!(key("Jean@b.fr"), key("jean@b.fr"));
    }
}
