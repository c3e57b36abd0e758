//! From a command line to a command. What cannot be one comes back as the reply that says why.

/// A command of RFC 5321, RFC 3207 (STARTTLS) or RFC 4954 (AUTH).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    Ehlo(&'a str),
    Helo(&'a str),
    Mail {
        /// `None` for the null reverse-path.
        sender: Option<&'a str>,
        /// What the client declares (RFC 1870 section 6), in octets.
        size: Option<u64>,
    },
    Rcpt(&'a str),
    Data,
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
    pub(crate) fn must_be_last(&self) -> bool {
        matches!(
            self,
            Self::Ehlo(_) | Self::Helo(_) | Self::Data | Self::StartTls | Self::Auth { .. }
        )
    }
}

/// Reads one line.
///
/// # Errors
///
/// The whole reply to a line that is no command.
pub(crate) fn parse(line: &str) -> Result<Command<'_>, &'static str> {
    let line = line.trim_end_matches(' ');
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let bare = |command| {
        if rest.is_empty() {
            Ok(command)
        } else {
            Err("501 5.5.4 This command takes no argument")
        }
    };
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => client_name(rest).map(Command::Ehlo),
        "HELO" => client_name(rest).map(Command::Helo),
        "MAIL" => mail(rest),
        "RCPT" => recipient(rest),
        "DATA" => bare(Command::Data),
        "RSET" => bare(Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "QUIT" => bare(Command::Quit),
        "VRFY" => Ok(Command::Vrfy),
        "STARTTLS" => bare(Command::StartTls),
        "AUTH" => auth(rest),
        _ => Err("500 5.5.1 Unknown command"),
    }
}

fn client_name(rest: &str) -> Result<&str, &'static str> {
    if rest.is_empty() || rest.contains(' ') {
        return Err("501 5.5.4 Give one host name or address literal");
    }
    Ok(rest)
}

fn mail(rest: &str) -> Result<Command<'_>, &'static str> {
    let Some(path) = after_keyword(rest, "FROM:") else {
        return Err("501 5.5.4 Syntax: MAIL FROM:<address>");
    };
    let (address, parameters) = bracketed(path).ok_or("501 5.1.7 Syntax: MAIL FROM:<address>")?;
    let sender = if address.is_empty() {
        None
    } else {
        judge_address(
            address,
            [
                "501 5.1.7 Bad sender address syntax",
                "553 5.6.7 SMTPUTF8 is not offered",
            ],
        )?;
        Some(address)
    };
    let mut size = None;
    for parameter in parameters.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match name.to_ascii_uppercase().as_str() {
            "SIZE" => size = Some(value.parse().map_err(|_| "501 5.5.4 SIZE is not a number of octets")?),
            "BODY" if ["7BIT", "8BITMIME"].iter().any(|body| value.eq_ignore_ascii_case(body)) => {}
            "BODY" => return Err("501 5.5.4 BODY is neither 7BIT nor 8BITMIME"),
            // RFC 4954 section 5: a server that offers AUTH takes this parameter; nothing here depends on it.
            "AUTH" => {}
            _ => return Err("555 5.5.4 Unknown MAIL parameter"),
        }
    }
    Ok(Command::Mail { sender, size })
}

fn recipient(rest: &str) -> Result<Command<'_>, &'static str> {
    let Some(path) = after_keyword(rest, "TO:") else {
        return Err("501 5.5.4 Syntax: RCPT TO:<address>");
    };
    let (address, parameters) = bracketed(path).ok_or("501 5.1.3 Syntax: RCPT TO:<address>")?;
    // RFC 5321 section 4.1.1.3: the one recipient that may stand without a domain.
    if !address.eq_ignore_ascii_case("postmaster") {
        judge_address(
            address,
            [
                "501 5.1.3 Bad recipient address syntax",
                "553 5.6.7 SMTPUTF8 is not offered",
            ],
        )?;
    }
    if !parameters.is_empty() {
        return Err("555 5.5.4 Unknown RCPT parameter");
    }
    Ok(Command::Rcpt(address))
}

fn auth(rest: &str) -> Result<Command<'_>, &'static str> {
    let mut words = rest.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) if !mechanism.is_empty() => Ok(Command::Auth { mechanism, initial }),
        _ => Err("501 5.5.4 Syntax: AUTH mechanism [initial-response]"),
    }
}

fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let (start, path) = rest.split_at_checked(keyword.len())?;
    start.eq_ignore_ascii_case(keyword).then_some(path)
}

/// Splits `<address> parameters`. A `>` in a quoted local part does not end the address.
fn bracketed(path: &str) -> Option<(&str, &str)> {
    let inside = path.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    let end = inside.find(|character| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' => return !quoted,
            _ => {}
        }
        false
    })?;
    let (address, rest) = inside.split_at_checked(end)?;
    let parameters = rest.strip_prefix('>')?;
    (parameters.is_empty() || parameters.starts_with(' ')).then_some((address, parameters.trim_start_matches(' ')))
}

/// Enough to notice a broken client, not the whole grammar of RFC 5321 section 4.1.2.
fn judge_address(address: &str, [syntax, not_ascii]: [&'static str; 2]) -> Result<(), &'static str> {
    if !address.is_ascii() {
        return Err(not_ascii);
    }
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Err(syntax);
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let bad_local = local.is_empty() || (!quoted && local.contains([' ', '"', '<', '@', ',', ':']));
    // Section 4.5.3.1: 64 octets, 255 octets.
    let too_long = local.len() > 64 || domain.len() > 255;
    if bad_local || too_long || domain.is_empty() || domain.contains([' ', '"', '<']) {
        return Err(syntax);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn code(line: &str) -> &'static str {
        parse(line).expect_err(line).split(' ').next().unwrap()
    }

    #[test]
    fn verbs_and_keywords_are_read_in_any_case() {
        assert_eq!(parse("ehlo client.example"), Ok(Command::Ehlo("client.example")));
        assert_eq!(parse("rcpt to:<a@b.fr>"), Ok(Command::Rcpt("a@b.fr")));
        assert_eq!(parse("Data "), Ok(Command::Data));
    }

    #[test]
    fn mail_is_read_with_its_parameters() {
        let size_and_body = "MAIL FROM:<a@b.fr> SIZE=12 BODY=8BITMIME AUTH=<>";
        assert_eq!(
            parse(size_and_body),
            Ok(Command::Mail {
                sender: Some("a@b.fr"),
                size: Some(12)
            })
        );
        assert_eq!(
            parse("MAIL FROM:<>"),
            Ok(Command::Mail {
                sender: None,
                size: None
            })
        );
    }

    #[test]
    fn a_quoted_local_part_may_hold_a_bracket() {
        assert_eq!(
            parse(r#"RCPT TO:<"a>\" b"@c.fr>"#),
            Ok(Command::Rcpt(r#""a>\" b"@c.fr"#))
        );
    }

    #[test]
    fn parameters_that_were_not_offered_are_refused() {
        assert_eq!(code("MAIL FROM:<a@b.fr> SMTPUTF8"), "555");
        assert_eq!(code("RCPT TO:<a@b.fr> NOTIFY=NEVER"), "555");
        assert_eq!(code("MAIL FROM:<a@b.fr> SIZE=many"), "501");
        assert_eq!(code("MAIL FROM:<a@b.fr> BODY=BINARYMIME"), "501");
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
            assert_eq!(code(line), "501", "{line}");
        }
        assert_eq!(code("RCPT TO:<andré@b.fr>"), "553");
    }

    #[test]
    fn postmaster_needs_no_domain() {
        assert_eq!(parse("RCPT TO:<Postmaster>"), Ok(Command::Rcpt("Postmaster")));
    }

    #[test]
    fn arguments_are_required_or_refused() {
        assert_eq!(code("EHLO"), "501");
        assert_eq!(code("DATA now"), "501");
        assert_eq!(code("AUTH"), "501");
        assert_eq!(code("AUTH PLAIN one two"), "501");
        assert_eq!(code("BDAT 5"), "500");
    }
}
