//! The checks of single fields. Each says whether a value may stand in a header field; none changes it.

use crate::reason::Reason;

/// A subject and the value of a header field, in bytes: `References` of a long thread is the longest that is honest.
pub(crate) const VALUE_BYTES: usize = 16 * 1024;
/// A file name and a display name, in bytes. With it, no encoding of a name reaches a line of 998 octets.
pub(crate) const NAME_BYTES: usize = 255;
/// A content type or content id, in bytes.
pub(crate) const TOKEN_BYTES: usize = 200;

/// No control character, CR, LF, NUL and TAB among them, and at most `limit` bytes.
pub(crate) fn line(value: &str, limit: usize) -> Result<(), Reason> {
    if value.len() > limit {
        return Err(Reason::TooLong { limit });
    }
    match value.chars().find(|c| c.is_control()) {
        Some(c) => Err(Reason::ControlCharacter(c)),
        None => Ok(()),
    }
}

/// The name of a header field that a draft may add.
///
/// RFC 5322 section 2.2: printable US-ASCII except the colon. The fields refused here are those that this crate writes,
/// and those that servers write (RFC 5322 sections 3.6.6 and 3.6.7, RFC 6376): adding one by hand would contradict or
/// forge them.
pub(crate) fn header_name(name: &str) -> Result<(), Reason> {
    const RESERVED: [&str; 12] = [
        "from",
        "sender",
        "to",
        "cc",
        "bcc",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "received",
        "return-path",
    ];
    if name.is_empty() || name.len() > 76 || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(Reason::NotAHeaderName);
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str())
        || lower == "dkim-signature"
        || lower.starts_with("content-")
        || lower.starts_with("resent-")
    {
        return Err(Reason::ReservedHeader);
    }
    Ok(())
}

/// A media type with its parameters. A `name` parameter is refused: this crate writes it from the attachment's name.
pub(crate) fn content_type(value: &str) -> Result<(), Reason> {
    line(value, TOKEN_BYTES)?;
    // lettre takes an empty subtype.
    let essence = value.split(';').next().unwrap_or_default();
    let whole = essence
        .split_once('/')
        .is_some_and(|(top, sub)| !top.is_empty() && !sub.trim_end().is_empty());
    let printable = value.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    let named = value.split(';').skip(1).any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default().trim();
        let name = name.split('*').next().unwrap_or_default();
        name.eq_ignore_ascii_case("name")
    });
    if !whole || !printable || named || lettre::message::header::ContentType::parse(value).is_err() {
        return Err(Reason::NotAContentType);
    }
    Ok(())
}

/// A content id without its angle brackets. Wider than RFC 2392's `addr-spec`, since `cid:logo` is common and harmless.
pub(crate) fn content_id(value: &str) -> Result<(), Reason> {
    line(value, TOKEN_BYTES)?;
    if value.is_empty()
        || !value
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"(),;\\".contains(&b))
    {
        return Err(Reason::NotAContentId);
    }
    Ok(())
}

/// The file name that a recipient sees: the last component of what was given, whichever system its separators are from.
pub(crate) fn file_name(value: &str) -> Result<&str, Reason> {
    line(value, VALUE_BYTES)?;
    let name = value.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.len() > NAME_BYTES {
        return Err(Reason::TooLong { limit: NAME_BYTES });
    }
    if matches!(name, "" | "." | "..") {
        return Err(Reason::NotAFileName);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_control_character_is_refused_and_no_other_character_is() {
        for c in ['\0', '\t', '\n', '\r', '\x1b', '\x7f', '\u{85}'] {
            assert_eq!(line(&format!("a{c}b"), 100), Err(Reason::ControlCharacter(c)));
        }
        assert_eq!(line("Reçu n° 4 — 日本 📬", 100), Ok(()));
        assert_eq!(line("abc", 2), Err(Reason::TooLong { limit: 2 }));
    }

    #[test]
    fn header_fields_of_the_host_and_of_servers_are_reserved() {
        for name in [
            "From",
            "SENDER",
            "to",
            "Cc",
            "Bcc",
            "Reply-To",
            "Subject",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "Content-X",
            "Received",
            "Return-Path",
            "DKIM-Signature",
            "Resent-To",
        ] {
            assert_eq!(header_name(name), Err(Reason::ReservedHeader), "{name}");
        }
        for name in [
            "In-Reply-To",
            "References",
            "X-EzGED-Id",
            "List-Unsubscribe",
            "Auto-Submitted",
        ] {
            assert_eq!(header_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn a_header_name_is_ftext_of_at_most_76_characters() {
        for name in ["", "X Y", "X:", "X\r\nY", "É", &"x".repeat(77)] {
            assert_eq!(header_name(name), Err(Reason::NotAHeaderName), "{name:?}");
        }
        assert_eq!(header_name(&"x".repeat(76)), Ok(()));
    }

    #[test]
    fn a_content_type_has_a_type_a_subtype_and_no_name() {
        for value in ["application/pdf", "text/plain; charset=utf-8", "image/svg+xml"] {
            assert_eq!(content_type(value), Ok(()), "{value}");
        }
        for value in [
            "",
            "pdf",
            "application/",
            "text/é",
            "application/pdf; name=x.pdf",
            "application/pdf; NAME*=x",
            "a b/c",
        ] {
            assert_eq!(content_type(value), Err(Reason::NotAContentType), "{value}");
        }
        assert_eq!(content_type("text/plain\r\nX: y"), Err(Reason::ControlCharacter('\r')));
    }

    #[test]
    fn a_content_id_has_no_angle_brackets_and_no_spaces() {
        assert_eq!(content_id("logo@ezged.fr"), Ok(()));
        for value in ["", "<logo>", "a b", "é", "a\"b"] {
            assert_eq!(content_id(value), Err(Reason::NotAContentId), "{value}");
        }
    }

    #[test]
    fn a_path_is_reduced_to_its_last_component() {
        assert_eq!(file_name("/etc/passwd"), Ok("passwd"));
        assert_eq!(file_name(r"C:\Mes documents\Reçu.pdf"), Ok("Reçu.pdf"));
        assert_eq!(file_name(r"..\../x"), Ok("x"));
        for value in ["", "..", "/", "a/.", "dir\\"] {
            assert_eq!(file_name(value), Err(Reason::NotAFileName), "{value}");
        }
        assert_eq!(file_name(&"é".repeat(128)), Err(Reason::TooLong { limit: NAME_BYTES }));
    }
}
