//! From a command line to a command. What cannot be one comes back as the reply that says why.

use crate::path::{after_keyword, bracketed, judge_address};

/// The extensions that change what a command may look like, as EHLO offered them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extensions {
    /// Addresses beyond ASCII (RFC 6531).
    pub smtputf8: bool,
    /// BDAT (RFC 3030).
    pub chunking: bool,
}

/// The reply to an address beyond ASCII in a transaction whose MAIL did not say SMTPUTF8 (RFC 6531 section 3.5).
pub const NOT_ANNOUNCED: &str = "553 5.6.7 The address is not ASCII, and MAIL did not say SMTPUTF8";

/// A command of RFC 5321, RFC 3030 (BDAT), RFC 3207 (STARTTLS) or RFC 4954 (AUTH).
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    Mail {
        /// `None` for the null reverse-path.
        sender: Option<&'a str>,
        /// What the client declares (RFC 1870 section 6), in octets.
        size: Option<u64>,
        /// The client says that addresses or header fields may hold UTF-8 (RFC 6531 section 3.4).
        smtputf8: bool,
    },
    Rcpt(&'a str),
    Data,
    /// So many octets of content follow the line, and are taken whatever the reply will be.
    Bdat {
        size: u64,
        last: bool,
    },
    Rset,
    Noop,
    Quit,
    Vrfy,
    StartTls,
    Auth {
        mechanism: &'a str,
        initial: Option<&'a str>,
    },
}

impl Command<'_> {
    /// Whether the client must wait for the reply before it sends more (RFC 2920 section 3.1, RFC 4954 section 4,
    /// RFC 3207 section 4). NOOP and QUIT are in that list too; what follows them does no harm.
    pub fn must_be_last(&self) -> bool {
        matches!(
            self,
            Self::Ehlo(_) | Self::Helo(_) | Self::Data | Self::StartTls | Self::Auth { .. }
        )
    }
}

/// What a line that is no command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The whole reply.
    pub reply: &'static str,
    /// Nobody can tell where the next command begins: the connection must close after the reply.
    pub closes: bool,
}

impl From<&'static str> for Refused {
    fn from(reply: &'static str) -> Self {
        Self { reply, closes: false }
    }
}

/// Reads one line.
///
/// # Errors
///
/// The whole reply to a line that is no command.
pub fn parse(line: &str, offered: Extensions) -> Result<Command<'_>, Refused> {
    let line = line.trim_end_matches(' ');
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let bare = |command| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err(Refused::from("501 5.5.4 This command takes no argument"))
        }
    };
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => Ok(client_name(rest).map(Command::Ehlo)?),
        "HELO" => Ok(client_name(rest).map(Command::Helo)?),
        "MAIL" => Ok(mail(rest, offered)?),
        "RCPT" => Ok(recipient(rest, offered)?),
        "DATA" => bare(Command::Data),
        "BDAT" if offered.chunking => chunk(rest).ok_or(Refused {
            reply: "501 5.5.4 Syntax: BDAT size [LAST], closing",
            closes: true,
        }),
        "RSET" => bare(Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "QUIT" => bare(Command::Quit),
        "VRFY" => Ok(Command::Vrfy),
        "STARTTLS" => bare(Command::StartTls),
        "AUTH" => Ok(auth(rest)?),
        _ => Err("500 5.5.1 Unknown command".into()),
    }
}

fn client_name(rest: &str) -> Result<&str, &'static str> {
    if rest.is_empty() || rest.contains(' ') {
        return Err("501 5.5.4 Give one host name or address literal");
    }
    Ok(rest)
}

fn mail(rest: &str, offered: Extensions) -> Result<Command<'_>, &'static str> {
    let Some(path) = after_keyword(rest, "FROM:") else {
        return Err("501 5.5.4 Syntax: MAIL FROM:<address>");
    };
    let (address, parameters) = bracketed(path).ok_or("501 5.1.7 Syntax: MAIL FROM:<address>")?;
    let sender = if address.is_empty() {
        None
    } else {
        judge_address(address, "501 5.1.7 Bad sender address syntax", offered.smtputf8)?;
        Some(address)
    };
    let (mut size, mut smtputf8) = (None, false);
    for parameter in parameters.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" => size = Some(value.parse().map_err(|_| "501 5.5.4 SIZE is not a number of octets")?),
            "BODY" if ["7BIT", "8BITMIME"].iter().any(|body| value.eq_ignore_ascii_case(body)) => {}
            "BODY" => return Err("501 5.5.4 BODY is neither 7BIT nor 8BITMIME"),
            // RFC 4954 section 5: a server that offers AUTH takes this parameter; nothing here depends on it.
            "AUTH" => {}
            "SMTPUTF8" if offered.smtputf8 && value.is_empty() => smtputf8 = true,
            _ => return Err("555 5.5.4 Unknown MAIL parameter"),
        }
    }
    // RFC 6531 section 3.4: an address beyond ASCII in the command that must announce it.
    if !smtputf8 && address.bytes().any(|octet| !octet.is_ascii()) {
        return Err(NOT_ANNOUNCED);
    }
    Ok(Command::Mail { sender, size, smtputf8 })
}

fn recipient(rest: &str, offered: Extensions) -> Result<Command<'_>, &'static str> {
    let Some(path) = after_keyword(rest, "TO:") else {
        return Err("501 5.5.4 Syntax: RCPT TO:<address>");
    };
    let (address, parameters) = bracketed(path).ok_or("501 5.1.3 Syntax: RCPT TO:<address>")?;
    // RFC 5321 section 4.1.1.3: the one recipient that may stand without a domain.
    if !address.eq_ignore_ascii_case("postmaster") {
        judge_address(address, "501 5.1.3 Bad recipient address syntax", offered.smtputf8)?;
    }
    if !parameters.is_empty() {
        return Err("555 5.5.4 Unknown RCPT parameter");
    }
    Ok(Command::Rcpt(address))
}

/// RFC 3030 section 2: a decimal number, and `LAST` for the last chunk.
fn chunk(rest: &str) -> Option<Command<'_>> {
    let (size, last) = match rest.split_once(' ') {
        Some((size, last)) if last.eq_ignore_ascii_case("LAST") => (size, true),
        Some(_) => return None,
        None => (rest, false),
    };
    // `parse` alone would take a sign.
    if !size.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let size = size.parse().ok()?;
    Some(Command::Bdat { size, last })
}

fn auth(rest: &str) -> Result<Command<'_>, &'static str> {
    let mut words = rest.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) if !mechanism.is_empty() => Ok(Command::Auth { mechanism, initial }),
        _ => Err("501 5.5.4 Syntax: AUTH mechanism [initial-response]"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const NONE: Extensions = Extensions {
        smtputf8: false,
        chunking: false,
    };
    const ALL: Extensions = Extensions {
        smtputf8: true,
        chunking: true,
    };

    fn code(line: &str, offered: Extensions) -> &'static str {
        let refused = parse(line, offered).expect_err(line);
        refused.reply.split(' ').next().unwrap()
    }

    #[test]
    fn verbs_and_keywords_are_read_in_any_case() {
        assert_eq!(parse("ehlo client.example", NONE), Ok(Command::Ehlo("client.example")));
        assert_eq!(parse("rcpt to:<a@b.fr>", NONE), Ok(Command::Rcpt("a@b.fr")));
        assert_eq!(parse("Data ", NONE), Ok(Command::Data));
    }

    #[test]
    fn mail_is_read_with_its_parameters() {
        let size_and_body = "MAIL FROM:<a@b.fr> SIZE=12 BODY=8BITMIME AUTH=<>";
        assert_eq!(
            parse(size_and_body, NONE),
            Ok(Command::Mail {
                sender: Some("a@b.fr"),
                size: Some(12),
                smtputf8: false,
            })
        );
        assert_eq!(
            parse("MAIL FROM:<>", NONE),
            Ok(Command::Mail {
                sender: None,
                size: None,
                smtputf8: false,
            })
        );
    }

    #[test]
    fn a_quoted_local_part_may_hold_a_bracket() {
        assert_eq!(
            parse(r#"RCPT TO:<"a>\" b"@c.fr>"#, NONE),
            Ok(Command::Rcpt(r#""a>\" b"@c.fr"#))
        );
    }

    #[test]
    fn parameters_that_were_not_offered_are_refused() {
        assert_eq!(code("MAIL FROM:<a@b.fr> SMTPUTF8", NONE), "555");
        assert_eq!(code("RCPT TO:<a@b.fr> NOTIFY=NEVER", NONE), "555");
        assert_eq!(code("MAIL FROM:<a@b.fr> SIZE=many", NONE), "501");
        assert_eq!(code("MAIL FROM:<a@b.fr> BODY=BINARYMIME", NONE), "501");
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for line in [
            "MAIL FROM: <a@b.fr>",
            "MAIL FROM:a@b.fr",
            "MAIL FROM:<a@b.fr>SIZE=1",
            "MAIL FROM:<a b@c.fr>",
            "RCPT TO:<>",
            "RCPT TO:<nobody>",
            "RCPT TO:<@b.fr>",
            "RCPT TO:<a@>",
            "RCPT TO:<a@b.fr",
        ] {
            assert_eq!(code(line, NONE), "501", "{line}");
        }
        assert_eq!(code("RCPT TO:<andré@b.fr>", NONE), "553");
    }

    #[test]
    fn postmaster_needs_no_domain() {
        assert_eq!(parse("RCPT TO:<Postmaster>", NONE), Ok(Command::Rcpt("Postmaster")));
    }

    #[test]
    fn arguments_are_required_or_refused() {
        assert_eq!(code("EHLO", NONE), "501");
        assert_eq!(code("DATA now", NONE), "501");
        assert_eq!(code("AUTH", NONE), "501");
        assert_eq!(code("AUTH PLAIN one two", NONE), "501");
        assert_eq!(code("BDAT 5", NONE), "500");
    }

    #[test]
    fn an_address_beyond_ascii_needs_the_word_that_announces_it() {
        assert_eq!(code("MAIL FROM:<andré@b.fr>", ALL), "553");
        assert_eq!(
            parse("MAIL FROM:<andré@b.fr> SMTPUTF8", ALL),
            Ok(Command::Mail {
                sender: Some("andré@b.fr"),
                size: None,
                smtputf8: true,
            })
        );
        assert_eq!(parse("RCPT TO:<andré@b.fr>", ALL), Ok(Command::Rcpt("andré@b.fr")));
        assert_eq!(code("MAIL FROM:<a@b.fr> SMTPUTF8=yes", ALL), "555");
    }

    #[test]
    fn a_chunk_has_a_size_and_perhaps_is_the_last() {
        let chunk = |size, last| Ok(Command::Bdat { size, last });
        assert_eq!(parse("BDAT 86", ALL), chunk(86, false));
        assert_eq!(parse("bdat 0 last", ALL), chunk(0, true));
        for bad in ["BDAT", "BDAT +1", "BDAT x", "BDAT 1 FIRST", "BDAT 99999999999999999999"] {
            assert!(
                parse(bad, ALL).expect_err(bad).closes,
                "{bad}: its octets would be read as commands"
            );
        }
    }
}
