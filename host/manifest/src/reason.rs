//! Why a value that an administrator gave is refused, in French and English.

use std::fmt;

use thiserror::Error;

use crate::text::{Lang, listed, printable};

/// A value that was refused: whose, and why.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.text(Lang::En))]
pub struct FieldError {
    /// The id of the parameter, or the unknown name that was given, fit to be printed.
    pub field: String,
    /// Why.
    pub reason: Reason,
}

impl FieldError {
    /// An error about `field`, which may be a stranger's text.
    pub(crate) fn new(field: &str, reason: Reason) -> Self {
        Self {
            field: printable(field, 64),
            reason,
        }
    }

    /// The field and the sentence in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        let colon = match lang {
            Lang::Fr => " :",
            Lang::En => ":",
        };
        format!("{}{colon} {}", self.field, self.reason.text(lang))
    }
}

/// Why a value is refused. No variant carries the value itself: it may be a password in the wrong field.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A value is required and there is none.
    Required,
    /// A secret is required and none is held.
    RequiredSecret,
    /// An account is required and none is connected.
    RequiredAccount,
    /// The connector has no such parameter.
    UnknownParameter {
        /// The id that was perhaps meant.
        nearest: Option<String>,
    },
    /// A secret was given as a plain value.
    SecretAsValue,
    /// An account was given as a plain value.
    AccountAsValue,
    /// A plain parameter was given as a secret.
    NotASecret,
    /// A number, list or table stands where text is expected.
    NotText,
    /// The text has a control character other than a tab.
    ControlCharacter,
    /// The text has fewer characters than asked for.
    TooShort {
        /// The least number of characters.
        min: u32,
    },
    /// The text has more characters than allowed.
    TooLong {
        /// The greatest number of characters.
        max: u32,
    },
    /// The value takes more bytes than any parameter may.
    TooLarge {
        /// The greatest number of bytes.
        max: usize,
    },
    /// Not a whole number of 64 bits.
    NotAnInteger,
    /// A number, or a duration in seconds, outside its bounds.
    OutOfRange {
        /// The least value, where there is one.
        min: Option<i64>,
        /// The greatest value, where there is one.
        max: Option<i64>,
    },
    /// Neither yes nor no.
    NotABoolean,
    /// Not one of the choices.
    NotAChoice {
        /// The values that can be chosen.
        choices: Vec<String>,
    },
    /// A host was given with a scheme or a path.
    HostHasScheme,
    /// A host was given with a port.
    HostHasPort,
    /// Neither a DNS name nor an IP address.
    NotAHost,
    /// A name that needs its ASCII form.
    HostNotAscii,
    /// Not a port from 1 to 65535.
    NotAPort,
    /// Not one mail address.
    NotAnEmail,
    /// Not an `http` or `https` address.
    NotAUrl,
    /// A URL that holds a user or a password.
    UrlHasUser,
    /// A URL that holds a fragment.
    UrlHasFragment,
    /// A URL that holds a query where a path follows it.
    UrlHasQuery,
    /// Not one segment of a path.
    NotASegment,
    /// Not certificates in PEM.
    NotACertificate,
    /// A private key stands beside the certificate.
    PrivateKey,
    /// Not a duration.
    NotADuration,
    /// The manifest's own template and this value do not make a host.
    TemplateHost {
        /// The template.
        template: String,
    },
}

impl Reason {
    /// A word that never changes, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::RequiredSecret => "required-secret",
            Self::RequiredAccount => "required-account",
            Self::UnknownParameter { .. } => "unknown-parameter",
            Self::SecretAsValue => "secret-as-value",
            Self::AccountAsValue => "account-as-value",
            Self::NotASecret => "not-a-secret",
            Self::NotText => "not-text",
            Self::ControlCharacter => "control-character",
            Self::TooShort { .. } => "too-short",
            Self::TooLong { .. } => "too-long",
            Self::TooLarge { .. } => "too-large",
            Self::NotAnInteger => "not-an-integer",
            Self::OutOfRange { .. } => "out-of-range",
            Self::NotABoolean => "not-a-boolean",
            Self::NotAChoice { .. } => "not-a-choice",
            Self::HostHasScheme => "host-has-scheme",
            Self::HostHasPort => "host-has-port",
            Self::NotAHost => "not-a-host",
            Self::HostNotAscii => "host-not-ascii",
            Self::NotAPort => "not-a-port",
            Self::NotAnEmail => "not-an-email",
            Self::NotAUrl => "not-a-url",
            Self::UrlHasUser => "url-has-user",
            Self::UrlHasFragment => "url-has-fragment",
            Self::UrlHasQuery => "url-has-query",
            Self::NotASegment => "not-a-segment",
            Self::NotACertificate => "not-a-certificate",
            Self::PrivateKey => "private-key",
            Self::NotADuration => "not-a-duration",
            Self::TemplateHost { .. } => "template-host",
        }
    }

    /// A full sentence in `lang` that says what to do.
    pub fn text(&self, lang: Lang) -> String {
        match self {
            Self::UnknownParameter { nearest: Some(id) } => lang.pick(
                format!("ce paramètre n'existe pas ; vouliez-vous dire « {id} » ?"),
                format!("there is no such parameter; did you mean `{id}`?"),
            ),
            Self::TooShort { min } => lang.pick(
                format!("donnez au moins {min} caractères."),
                format!("give at least {min} characters."),
            ),
            Self::TooLong { max } => lang.pick(
                format!("donnez au plus {max} caractères."),
                format!("give at most {max} characters."),
            ),
            Self::TooLarge { max } => lang.pick(
                format!("donnez au plus {max} octets."),
                format!("give at most {max} bytes."),
            ),
            Self::OutOfRange { min, max } => out_of_range(*min, *max, lang),
            Self::NotAChoice { choices } => lang.pick(
                format!("choisissez l'une de ces valeurs : {}.", listed(choices)),
                format!("choose one of: {}.", listed(choices)),
            ),
            Self::TemplateHost { template } => lang.pick(
                format!("cette valeur ne forme pas un nom d'hôte dans « {template} » : corrigez-la."),
                format!("this value does not make a host name in `{template}`: correct it."),
            ),
            fixed => {
                let (fr, en) = fixed.sentence();
                lang.pick(fr.to_owned(), en.to_owned())
            }
        }
    }

    /// The sentences that carry no data, French and English.
    fn sentence(&self) -> (&'static str, &'static str) {
        match self {
            Self::Required => ("une valeur est nécessaire.", "a value is required."),
            Self::RequiredSecret => (
                "un secret est nécessaire : donnez-le avec --secret ou dans le formulaire.",
                "a secret is required: give it with --secret or in the form.",
            ),
            Self::RequiredAccount => (
                "un compte associé est nécessaire : connectez-le d'abord.",
                "an account is required: connect one first.",
            ),
            Self::UnknownParameter { .. } => (
                "ce paramètre n'existe pas : `relais connector inspect` donne la liste.",
                "there is no such parameter: `relais connector inspect` lists them.",
            ),
            Self::SecretAsValue => (
                "c'est un secret : donnez-le avec --secret, jamais comme valeur simple.",
                "this is a secret: give it with --secret, never as a plain value.",
            ),
            Self::AccountAsValue => (
                "c'est un compte associé : il se connecte, il ne s'écrit pas comme une valeur.",
                "this is an account: it is connected, not given as a value.",
            ),
            Self::NotASecret => (
                "ce paramètre n'est pas un secret : donnez-le avec --set.",
                "this parameter is not a secret: give it with --set.",
            ),
            Self::NotText => ("donnez un texte.", "give a text."),
            Self::ControlCharacter => (
                "retirez les sauts de ligne et les caractères de contrôle.",
                "remove line breaks and control characters.",
            ),
            Self::NotAnInteger => ("donnez un nombre entier.", "give a whole number."),
            Self::NotABoolean => ("donnez oui ou non.", "give yes or no."),
            Self::HostHasScheme => (
                "donnez le nom ou l'adresse IP seuls, sans « https:// » ni chemin.",
                "give the name or IP address alone, without `https://` and without a path.",
            ),
            Self::HostHasPort => (
                "donnez le nom ou l'adresse IP seuls ; le port a son propre paramètre.",
                "give the name or IP address alone; the port has a parameter of its own.",
            ),
            Self::NotAHost => (
                "donnez un nom comme smtp.mairie.example, ou une adresse IP.",
                "give a name such as smtp.example.org, or an IP address.",
            ),
            Self::HostNotAscii => (
                "donnez le nom sous sa forme ASCII, qui commence par « xn-- ».",
                "give the name in its ASCII form, which begins with `xn--`.",
            ),
            Self::NotAPort => ("donnez un port de 1 à 65535.", "give a port from 1 to 65535."),
            Self::NotAnEmail => (
                "donnez une seule adresse, comme accueil@mairie.example.",
                "give one address, such as office@example.org.",
            ),
            Self::NotAUrl => (
                "donnez une adresse complète, comme https://api.example.org/v1.",
                "give a full address, such as https://api.example.org/v1.",
            ),
            Self::UrlHasUser => (
                "retirez l'utilisateur et le mot de passe de l'adresse.",
                "remove the user and password from the address.",
            ),
            Self::UrlHasFragment => (
                "retirez « # » et ce qui le suit.",
                "remove the `#` and what follows it.",
            ),
            Self::UrlHasQuery => (
                "retirez « ? » et ce qui le suit.",
                "remove the `?` and what follows it.",
            ),
            Self::NotASegment => ("donnez un seul mot, sans « / ».", "give one word, without `/`."),
            Self::NotACertificate => (
                "donnez un certificat au format PEM (« -----BEGIN CERTIFICATE----- »), 64 Kio au plus.",
                "give a certificate in PEM (`-----BEGIN CERTIFICATE-----`), 64 KiB at most.",
            ),
            Self::PrivateKey => (
                "retirez la clé privée : seul le certificat est attendu, et une clé montrée est à remplacer.",
                "remove the private key: only the certificate belongs here, and a key that was shown must be replaced.",
            ),
            Self::NotADuration => (
                "donnez une durée comme 30s, 2m ou 1h.",
                "give a duration such as 30s, 2m or 1h.",
            ),
            // The variants with data have their sentences in `text`.
            _ => ("cette valeur est refusée.", "this value is refused."),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

fn out_of_range(min: Option<i64>, max: Option<i64>, lang: Lang) -> String {
    match (min, max) {
        (Some(min), Some(max)) => lang.pick(
            format!("donnez une valeur de {min} à {max}."),
            format!("give a value from {min} to {max}."),
        ),
        (Some(min), None) => lang.pick(format!("donnez au moins {min}."), format!("give at least {min}.")),
        (None, Some(max)) => lang.pick(format!("donnez au plus {max}."), format!("give at most {max}.")),
        (None, None) => lang.pick("cette valeur est refusée.".into(), "this value is refused.".into()),
    }
}
