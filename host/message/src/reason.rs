//! Why a field of a draft is refused, in words for the person who can change it, in French and English.

use std::fmt;

/// A field of a draft that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct FieldError {
    /// The field's path in the draft: `subject`, `to[1]`, `headers[0].value`, `attachments[2].name`; `message` for the
    /// whole.
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
    /// The system gave no random bytes, so that there is no Message-ID.
    NoRandomness,
    /// The system's clock is beyond the years that a date can have.
    NoDate,
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
            Self::NoRandomness => "no-randomness",
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

    fn english(&self) -> String {
        match self {
            Self::Missing => "this field is required.".into(),
            Self::Empty => "this value is empty: give one, or leave it out.".into(),
            Self::NoRecipients => "there is no recipient: give at least one address in To, Cc or Bcc.".into(),
            Self::ControlCharacter(c) => {
                format!("it holds the control character {}: remove line breaks, tabs and the like.", code_point(*c))
            }
            Self::TooLong { limit } => format!("it is too long: at most {limit} bytes."),
            Self::Unfoldable => "it holds a word that is too long for a header line of 998 characters: shorten it.".into(),
            Self::TooMany { count, limit } => format!("there are {count} of them, and at most {limit} are allowed."),
            Self::TooLarge { size, limit } => format!("it has {size} bytes, and at most {limit} are allowed."),
            Self::NotAnAddress => {
                "this is not one e-mail address: write a@example.org, or \"Name\" <a@example.org> with the name in quotation marks.".into()
            }
            Self::NotADomain => "the part after the @ is not a domain name.".into(),
            Self::NotAHeaderName => {
                "this is not the name of a header field: use 1 to 76 ASCII characters without spaces and colons.".into()
            }
            Self::ReservedHeader => "this header field is written by the host or by servers: use the message's own field for it.".into(),
            Self::NotAContentType => {
                "this is not a content type such as application/pdf; the file's name belongs in the attachment's name.".into()
            }
            Self::NotAContentId => {
                "this is not a content id: use 1 to 200 ASCII characters without spaces and without angle brackets.".into()
            }
            Self::NotAFileName => "this is not a file name.".into(),
            Self::FileMissing { path } => format!("there is no file {path}."),
            Self::FileNotRegular { path } => format!("{path} is not a regular file."),
            Self::FileUnreadable { path, error } => format!("{path} cannot be read: {error}."),
            Self::ContentCut { wanted, held } => {
                format!("only {held} of the {wanted} bytes that were announced are there: send it again.")
            }
            Self::NoRandomness => "the system gave no random bytes for the Message-ID: try again.".into(),
            Self::NoDate => "the system's clock shows no date that a message can have: set the clock.".into(),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Missing => "ce champ est obligatoire.".into(),
            Self::Empty => "cette valeur est vide : indiquez-en une, ou retirez-la.".into(),
            Self::NoRecipients => "il n'y a aucun destinataire : indiquez au moins une adresse dans À, Cc ou Cci.".into(),
            Self::ControlCharacter(c) => format!(
                "il contient le caractère de contrôle {} : retirez les retours à la ligne, tabulations et semblables.",
                code_point(*c)
            ),
            Self::TooLong { limit } => format!("il est trop long : {limit} octets au plus."),
            Self::Unfoldable => {
                "il contient un mot trop long pour une ligne d'en-tête de 998 caractères : raccourcissez-le.".into()
            }
            Self::TooMany { count, limit } => format!("il y en a {count}, et {limit} au plus sont permis."),
            Self::TooLarge { size, limit } => format!("il fait {size} octets, et {limit} au plus sont permis."),
            Self::NotAnAddress => {
                "ce n'est pas une adresse e-mail unique : écrivez a@example.org, ou \"Nom\" <a@example.org> avec le nom entre guillemets droits."
                    .into()
            }
            Self::NotADomain => "la partie après le @ n'est pas un nom de domaine.".into(),
            Self::NotAHeaderName => {
                "ce n'est pas un nom d'en-tête : utilisez 1 à 76 caractères ASCII sans espace ni deux-points.".into()
            }
            Self::ReservedHeader => {
                "cet en-tête est écrit par l'hôte ou par les serveurs : utilisez le champ prévu du message.".into()
            }
            Self::NotAContentType => {
                "ce n'est pas un type de contenu tel que application/pdf ; le nom du fichier va dans le nom de la pièce jointe.".into()
            }
            Self::NotAContentId => {
                "ce n'est pas un identifiant de contenu : utilisez 1 à 200 caractères ASCII sans espace ni chevron.".into()
            }
            Self::NotAFileName => "ce n'est pas un nom de fichier.".into(),
            Self::FileMissing { path } => format!("il n'y a pas de fichier {path}."),
            Self::FileNotRegular { path } => format!("{path} n'est pas un fichier ordinaire."),
            Self::FileUnreadable { path, error } => format!("{path} ne peut pas être lu : {error}."),
            Self::ContentCut { wanted, held } => {
                format!("seuls {held} des {wanted} octets annoncés sont présents : renvoyez-le.")
            }
            Self::NoRandomness => "le système n'a pas fourni d'octets aléatoires pour le Message-ID : réessayez.".into(),
            Self::NoDate => "l'horloge du système n'indique pas une date possible pour un message : réglez l'horloge.".into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english())
    }
}

/// `CR` and its like by name, any other as `U+0085`: the character itself would break the line that reports it.
fn code_point(c: char) -> String {
    match c {
        '\r' => "CR".into(),
        '\n' => "LF".into(),
        '\t' => "TAB".into(),
        '\0' => "NUL".into(),
        _ => format!("U+{:04X}", u32::from(c)),
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
