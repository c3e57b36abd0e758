//! Each reason as a sentence for the person who can change it, in French and English.

use super::{Flaw, Reason};

impl Reason {
    pub(super) fn english(&self) -> String {
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
            Self::ContentUnreadable { error } => format!("it cannot be read: {error}."),
            Self::MimeHeader { line, flaw } => {
                format!("line {line}, in a header, holds {}: correct the header.", flaw.english())
            }
            Self::MimeSigned { line, flaw } => format!(
                "line {line}, in a signed part, holds {}: encode the part before it is signed.",
                flaw.english()
            ),
            Self::MimeHeaderTooLong { line, limit } => {
                format!("line {line}: the header is too long: at most {limit} bytes.")
            }
            Self::MimeTwice { header, line } => {
                format!("line {line}: the header field {header} is there twice: leave one.")
            }
            Self::MimeAddress { header, line } => {
                format!("line {line}: the header field {header} does not hold e-mail addresses.")
            }
            Self::MimeLoop { limit } => format!(
                "it went through {limit} servers: it turns in a circle, perhaps because a connector sends to Relais itself."
            ),
            Self::MimeContentType { line } => {
                format!("line {line}: this Content-Type cannot be read, or its multipart has no boundary.")
            }
            Self::MimeTooDeep { line, limit } => {
                format!("line {line}: parts are nested too deep: at most {limit} levels.")
            }
            Self::MimeTooManyParts { line, limit } => format!("line {line}: too many parts: at most {limit}."),
            Self::NoRandomness => "the system gave no random bytes for the Message-ID: try again.".into(),
            Self::NoDate => "the system's clock shows no date that a message can have: set the clock.".into(),
        }
    }

    pub(super) fn french(&self) -> String {
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
            Self::ContentUnreadable { error } => format!("il ne peut pas être lu : {error}."),
            Self::MimeHeader { line, flaw } => {
                format!("la ligne {line}, dans un en-tête, contient {} : corrigez l'en-tête.", flaw.french())
            }
            Self::MimeSigned { line, flaw } => format!(
                "la ligne {line}, dans une partie signée, contient {} : encodez la partie avant de la signer.",
                flaw.french()
            ),
            Self::MimeHeaderTooLong { line, limit } => {
                format!("ligne {line} : l'en-tête est trop long : {limit} octets au plus.")
            }
            Self::MimeTwice { header, line } => {
                format!("ligne {line} : le champ d'en-tête {header} est présent deux fois : n'en laissez qu'un.")
            }
            Self::MimeAddress { header, line } => {
                format!("ligne {line} : le champ d'en-tête {header} ne contient pas d'adresses e-mail.")
            }
            Self::MimeLoop { limit } => format!(
                "il est passé par {limit} serveurs : il tourne en rond, peut-être parce qu'un connecteur envoie à Relais lui-même."
            ),
            Self::MimeContentType { line } => {
                format!("ligne {line} : ce Content-Type est illisible, ou son multipart n'a pas de séparateur (boundary).")
            }
            Self::MimeTooDeep { line, limit } => {
                format!("ligne {line} : les parties sont trop imbriquées : {limit} niveaux au plus.")
            }
            Self::MimeTooManyParts { line, limit } => format!("ligne {line} : trop de parties : {limit} au plus."),
            Self::NoRandomness => "le système n'a pas fourni d'octets aléatoires pour le Message-ID : réessayez.".into(),
            Self::NoDate => "l'horloge du système n'indique pas une date possible pour un message : réglez l'horloge.".into(),
        }
    }
}

impl Flaw {
    fn english(self) -> &'static str {
        match self {
            Self::Cr => "a CR without LF",
            Self::Nul => "a NUL",
            Self::Long => "more than 998 characters",
            Self::EightBit => "bytes that are neither ASCII nor encoded",
        }
    }

    fn french(self) -> &'static str {
        match self {
            Self::Cr => "un CR sans LF",
            Self::Nul => "un NUL",
            Self::Long => "plus de 998 caractères",
            Self::EightBit => "des octets qui ne sont ni ASCII ni encodés",
        }
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
