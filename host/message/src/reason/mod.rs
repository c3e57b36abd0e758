//! Why a field of a draft is refused.

mod words;

use std::fmt;

/// A field of a draft that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// The field's path in the draft: `subject`, `to[1]`, `headers[0].value`, `attachments[2].name`; `message` for the
    /// whole, `mime` for something in a MIME that came in.
    pub field: String,
    /// What is wrong with it.
    pub reason: Reason,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, reason: Reason) -> Self {
        Self {
            field: field.into(),
            reason,
        }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The field must be given.
    Missing,
    /// The field is given, and empty.
    Empty,
    /// To, Cc and Bcc are all empty.
    NoRecipients,
    /// CR, LF, NUL, TAB or another control character, which could start a new header field or a new command.
    ControlCharacter(char),
    /// More bytes than the field may have.
    TooLong {
        /// In bytes of UTF-8.
        limit: usize,
    },
    /// A word that is too long for a header line of 998 octets (RFC 5322 section 2.1.1) and has no place where it could
    /// be folded.
    Unfoldable,
    /// More entries than the limits allow.
    TooMany {
        /// How many were given.
        count: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A text, or the whole message as it would be sent, is bigger than the limits allow.
    TooLarge {
        /// In bytes.
        size: u64,
        /// In bytes.
        limit: u64,
    },
    /// Not one mailbox of the form `a@b` or `Name <a@b>`.
    NotAnAddress,
    /// The part after the `@` is not a domain name.
    NotADomain,
    /// Not the name of a header field (RFC 5322 section 2.2), or longer than 76 characters.
    NotAHeaderName,
    /// A header field that the host writes itself, or that only servers write.
    ReservedHeader,
    /// Not a media type (RFC 2045 section 5.1), or one with a `name` parameter.
    NotAContentType,
    /// Not a content id: printable ASCII without spaces and angle brackets.
    NotAContentId,
    /// Not a file name.
    NotAFileName,
    /// There is no file at this path.
    FileMissing {
        /// The path, as given.
        path: String,
    },
    /// What is at this path is a folder, a device or the like.
    FileNotRegular {
        /// The path, as given.
        path: String,
    },
    /// The file at this path cannot be opened.
    FileUnreadable {
        /// The path, as given.
        path: String,
        /// The system's own words.
        error: String,
    },
    /// A content that was uploaded before is not whole any more.
    ContentCut {
        /// Its announced length, in bytes.
        wanted: u64,
        /// What is there, in bytes.
        held: u64,
    },
    /// The content cannot be read.
    ContentUnreadable {
        /// The system's own words.
        error: String,
    },
    /// A header of the MIME that came in holds what no server takes, and what cannot be repaired.
    MimeHeader {
        /// Counted from 1 in the whole message.
        line: u64,
        /// What it holds.
        flaw: Flaw,
    },
    /// Something under `multipart/signed` that cannot pass as it is: rewriting it would break the signature.
    MimeSigned {
        /// Counted from 1 in the whole message.
        line: u64,
        /// What it holds.
        flaw: Flaw,
    },
    /// The headers of the MIME that came in are too big: those of one part, or one field.
    MimeHeaderTooLong {
        /// Where the limit was passed, counted from 1 in the whole message.
        line: u64,
        /// In bytes.
        limit: usize,
    },
    /// A header field that is there twice, with different values.
    MimeTwice {
        /// The field's name.
        header: &'static str,
        /// The second one's, counted from 1 in the whole message.
        line: u64,
    },
    /// A header field that should hold mailboxes and holds something else.
    MimeAddress {
        /// The field's name.
        header: String,
        /// Counted from 1 in the whole message.
        line: u64,
    },
    /// As many Received fields as only a message has that turns in a circle between servers (RFC 5321 section 6.3).
    MimeLoop {
        /// With so many it is refused.
        limit: usize,
    },
    /// A Content-Type that cannot be read: no type, or a multipart without a usable boundary.
    MimeContentType {
        /// Counted from 1 in the whole message.
        line: u64,
    },
    /// Parts in parts in parts: more levels than are looked at.
    MimeTooDeep {
        /// Where the limit was passed, counted from 1 in the whole message.
        line: u64,
        /// How many levels are allowed.
        limit: usize,
    },
    /// More parts than are looked at.
    MimeTooManyParts {
        /// Where the limit was passed, counted from 1 in the whole message.
        line: u64,
        /// How many are allowed.
        limit: usize,
    },
    /// The system gave no random bytes, so that there is no Message-ID.
    NoRandomness,
    /// The system's clock is beyond the years that a date can have.
    NoDate,
}

/// What a line holds that not every server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A CR without LF.
    Cr,
    /// A NUL.
    Nul,
    /// More than 998 octets (RFC 5322 section 2.1.1).
    Long,
    /// Bytes over 127. In a header: bytes that are not UTF-8.
    EightBit,
}

impl Reason {
    /// A stable name of the reason, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Empty => "empty",
            Self::NoRecipients => "no-recipients",
            Self::ControlCharacter(_) => "control-character",
            Self::TooLong { .. } => "too-long",
            Self::Unfoldable => "unfoldable",
            Self::TooMany { .. } => "too-many",
            Self::TooLarge { .. } => "too-large",
            Self::NotAnAddress => "not-an-address",
            Self::NotADomain => "not-a-domain",
            Self::NotAHeaderName => "not-a-header-name",
            Self::ReservedHeader => "reserved-header",
            Self::NotAContentType => "not-a-content-type",
            Self::NotAContentId => "not-a-content-id",
            Self::NotAFileName => "not-a-file-name",
            Self::FileMissing { .. } => "file-missing",
            Self::FileNotRegular { .. } => "file-not-regular",
            Self::FileUnreadable { .. } => "file-unreadable",
            Self::ContentCut { .. } => "content-cut",
            Self::ContentUnreadable { .. } => "content-unreadable",
            Self::MimeHeader { .. } => "mime-header",
            Self::MimeSigned { .. } => "mime-signed",
            Self::MimeHeaderTooLong { .. } => "mime-header-too-long",
            Self::MimeTwice { .. } => "mime-twice",
            Self::MimeAddress { .. } => "mime-address",
            Self::MimeContentType { .. } => "mime-content-type",
            Self::MimeTooDeep { .. } => "mime-too-deep",
            Self::MimeTooManyParts { .. } => "mime-too-many-parts",
            Self::NoRandomness => "no-randomness",
            Self::MimeLoop { .. } => "mime-loop",
            Self::NoDate => "no-date",
        }
    }

    /// The reason as a sentence that says what to do; French where `lang` is `fr` or begins with it, else English.
    pub fn text(&self, lang: &str) -> String {
        if lang.starts_with("fr") {
            self.french()
        } else {
            self.english()
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_speaks_french_and_english() {
        let reason = Reason::ControlCharacter('\n');
        assert!(reason.text("fr_FR.UTF-8").contains("caractère de contrôle LF"));
        assert!(reason.text("en").contains("control character LF"));
        assert_eq!(reason.text("de"), reason.to_string());
    }

    #[test]
    fn an_error_names_the_field_and_shows_no_control_character() {
        let error = FieldError::new("subject", Reason::ControlCharacter('\u{85}'));
        assert!(error.to_string().starts_with("subject: "));
        assert!(error.to_string().contains("U+0085"));
    }
}
