//! What can be wrong with a part of a manifest, in French and English.

use std::fmt;

use crate::credential::{CredentialKind, Slot};
use crate::manifest::MANIFEST_VERSION;
use crate::parameter::ParameterType;
use crate::provider_problem::ProviderProblem;
use crate::reason::Reason;
use crate::template::TemplateProblem;
use crate::text::{Lang, listed};

/// What is wrong with a part of a manifest. Texts that come from the manifest are fit to be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ManifestErrorKind {
    /// The manifest takes more than the allowed bytes.
    TooLarge {
        /// The greatest number of bytes.
        max: usize,
    },
    /// Neither TOML nor JSON can be read from it; the parser's own words.
    Syntax(String),
    /// The manifest is of a version that this host does not know yet.
    FutureVersion(u64),
    /// The manifest version is no version at all.
    Version,
    /// A key that does not exist here.
    UnknownKey {
        /// The key.
        key: String,
        /// What could stand here, in the parser's words.
        expected: String,
    },
    /// A key that is necessary here.
    MissingKey(String),
    /// A value of another shape than this key has; the parser's own words.
    Shape(String),
    /// An id or name that breaks the rule for it.
    Id(&'static str),
    /// Not a version of semantic versioning.
    NotSemver,
    /// The second of two that must differ.
    Duplicate(String),
    /// More items than allowed.
    TooMany {
        /// The greatest number of items.
        max: usize,
    },
    /// A text without a language, or an empty one.
    EmptyText,
    /// A text of more than 4 KiB.
    TextTooLong,
    /// A text with characters that disturb the text around it.
    DisturbingText,
    /// A parameter is named that does not exist.
    UnknownParameter {
        /// What was named.
        id: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// A parameter of another type than is needed here.
    UnfitParameter {
        /// The parameter.
        id: String,
        /// Its type.
        found: ParameterType,
        /// The types that fit.
        fit: &'static [ParameterType],
    },
    /// Conditions that depend on each other in a circle.
    Circle(Vec<String>),
    /// A condition's value that its parameter cannot have.
    When(Reason),
    /// A default that its own parameter refuses.
    Default(Reason),
    /// A key that this type of parameter does not have.
    NotForType {
        /// The key.
        key: &'static str,
        /// The parameter's type.
        found: ParameterType,
    },
    /// The least is more than the greatest, or a bound is outside what the type can have.
    Bounds,
    /// A choice without choices.
    NoChoices,
    /// A role that this type cannot have.
    RoleNeeds(ParameterType),
    /// An address template that cannot be read.
    Template(TemplateProblem),
    /// A certificate or TLS name on a place that speaks no TLS.
    NoTls,
    /// A credential of a kind that nobody knows.
    UnknownCredentialKind(String),
    /// A credential of a kind that a later version will know.
    ReservedCredentialKind(String),
    /// A slot that a later version will know.
    ReservedSlot(String),
    /// A credential whose kind does not fit its slot.
    SlotMismatch {
        /// The kind.
        kind: CredentialKind,
        /// Its only slot.
        slot: Slot,
    },
    /// A credential made of neither a secret nor an account, or of both.
    SecretOrAccount,
    /// A key that this kind of credential does not have.
    NotForKind(CredentialKind),
    /// A key that this kind of credential needs.
    NeededForKind(CredentialKind),
    /// Not the name of a header.
    NotAHeader,
    /// A header that belongs to the connection.
    ForbiddenHeader,
    /// An origin that is no HTTP egress of this manifest.
    UnknownOrigin,
    /// A credential that could go nowhere.
    NoDestination(Slot),
    /// A provider, or an account that looks for one.
    Provider(ProviderProblem),
    /// Not a method and a path.
    RequestPattern,
    /// No number of sessions that an instance can have.
    Sessions {
        /// The greatest number.
        max: u32,
    },
}

impl ManifestErrorKind {
    /// A full sentence in `lang` that says what to do.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = self.sentences();
        lang.pick(fr, en)
    }

    fn sentences(&self) -> (String, String) {
        match self {
            Self::TooLarge { max } => (
                format!("le manifeste dépasse {max} octets."),
                format!("the manifest is larger than {max} bytes."),
            ),
            Self::Syntax(words) => (
                format!("lecture impossible : {words}"),
                format!("it cannot be read: {words}"),
            ),
            Self::FutureVersion(found) => (
                format!(
                    "version {found}, plus récente que celle de cet hôte ({MANIFEST_VERSION}) : mettez Relais à jour."
                ),
                format!("version {found} is newer than this host's ({MANIFEST_VERSION}): update Relais."),
            ),
            Self::Version => both(
                &format!("écrivez manifest-version = {MANIFEST_VERSION}."),
                &format!("write manifest-version = {MANIFEST_VERSION}."),
            ),
            Self::UnknownKey { key, expected } => (
                format!("clé inconnue « {key} » ; {expected}."),
                format!("unknown key `{key}`; {expected}."),
            ),
            Self::MissingKey(key) => (
                format!("la clé « {key} » manque."),
                format!("the key `{key}` is missing."),
            ),
            Self::Shape(words) => (
                format!("valeur inattendue : {words}"),
                format!("unexpected value: {words}"),
            ),
            Self::Id(rule) => (
                format!("identifiant refusé : la forme est {rule}, 64 caractères au plus."),
                format!("not a valid id: its form is {rule}, at most 64 characters."),
            ),
            Self::NotSemver => both("donnez une version comme 1.4.0.", "give a version such as 1.4.0."),
            Self::Duplicate(what) => (
                format!("« {what} » existe déjà : il doit être unique."),
                format!("`{what}` exists already: it must be unique."),
            ),
            Self::TooMany { max } => (format!("{max} au plus."), format!("at most {max}.")),
            Self::EmptyText => both("donnez un texte, en fr ou en en.", "give a text, in fr or in en."),
            Self::TextTooLong => both("4 Kio au plus.", "at most 4 KiB."),
            Self::DisturbingText => both(
                "retirez les caractères de contrôle et d'inversion du sens d'écriture.",
                "remove the control characters and those that reverse the writing direction.",
            ),
            Self::UnknownParameter {
                id,
                nearest: Some(near),
            } => (
                format!("il n'y a pas de paramètre « {id} » ; vouliez-vous dire « {near} » ?"),
                format!("there is no parameter `{id}`; did you mean `{near}`?"),
            ),
            Self::UnknownParameter { id, nearest: None } => (
                format!("il n'y a pas de paramètre « {id} »."),
                format!("there is no parameter `{id}`."),
            ),
            Self::UnfitParameter { id, found, fit } => (
                format!(
                    "le paramètre « {id} » est de type {found} ; il faut ici : {}.",
                    listed(*fit)
                ),
                format!(
                    "the parameter `{id}` is of type {found}; needed here: {}.",
                    listed(*fit)
                ),
            ),
            Self::Circle(ids) => (
                format!("ces conditions dépendent l'une de l'autre : {}.", listed(ids)),
                format!("these conditions depend on each other: {}.", listed(ids)),
            ),
            Self::When(reason) | Self::Default(reason) => (reason.text(Lang::Fr), reason.text(Lang::En)),
            Self::NotForType { key, found } => (
                format!("« {key} » n'a pas de sens pour le type {found}."),
                format!("`{key}` has no meaning for the type {found}."),
            ),
            Self::Bounds => both(
                "le minimum dépasse le maximum, ou une limite dépasse ce que le type permet.",
                "the minimum is above the maximum, or a limit is beyond what the type allows.",
            ),
            Self::NoChoices => both("donnez au moins un choix.", "give at least one choice."),
            Self::RoleNeeds(kind) => (
                format!("ce rôle demande un paramètre de type {kind}."),
                format!("this role needs a parameter of type {kind}."),
            ),
            Self::Template(problem) => (problem.text(Lang::Fr), problem.text(Lang::En)),
            Self::NoTls => both(
                "http:// n'a pas de certificat : retirez cette clé.",
                "http:// has no certificate: remove this key.",
            ),
            Self::UnknownCredentialKind(kind) => (
                format!(
                    "type de justificatif inconnu « {kind} » ; existent : {}.",
                    listed(CredentialKind::ALL)
                ),
                format!(
                    "unknown kind of credential `{kind}`; there are: {}.",
                    listed(CredentialKind::ALL)
                ),
            ),
            Self::ReservedCredentialKind(kind) => (
                format!("le type de justificatif « {kind} » est réservé à une version future de Relais."),
                format!("the credential kind `{kind}` is reserved for a later version of Relais."),
            ),
            Self::ReservedSlot(slot) => (
                format!("l'emplacement « {slot} » est réservé à une version future de Relais."),
                format!("the slot `{slot}` is reserved for a later version of Relais."),
            ),
            Self::SlotMismatch { kind, slot } => (
                format!("le type {kind} va seulement avec {slot}."),
                format!("the kind {kind} goes with {slot} only."),
            ),
            Self::SecretOrAccount => both(
                "donnez « secret » ou « account », l'un des deux.",
                "give `secret` or `account`, one of the two.",
            ),
            Self::NotForKind(kind) => (
                format!("cette clé n'a pas de sens pour le type {kind} : retirez-la."),
                format!("this key has no meaning for the kind {kind}: remove it."),
            ),
            Self::NeededForKind(kind) => (
                format!("le type {kind} demande cette clé."),
                format!("the kind {kind} needs this key."),
            ),
            Self::NotAHeader => both("donnez le nom d'un en-tête HTTP.", "give the name of an HTTP header."),
            Self::ForbiddenHeader => both(
                "cet en-tête appartient à la connexion : choisissez-en un autre.",
                "this header belongs to the connection: choose another.",
            ),
            Self::UnknownOrigin => both(
                "donnez exactement le « to » d'un egress http de ce manifeste.",
                "give exactly the `to` of an http egress of this manifest.",
            ),
            Self::NoDestination(Slot::HttpHeader) => both(
                "aucun egress http où l'écrire : ajoutez-en un.",
                "no http egress to write it to: add one.",
            ),
            Self::NoDestination(Slot::SmtpAuth) => both(
                "aucun egress tcp où l'écrire : ajoutez-en un.",
                "no tcp egress to write it to: add one.",
            ),
            Self::Provider(problem) => (problem.text(Lang::Fr), problem.text(Lang::En)),
            Self::RequestPattern => both(
                "écrivez une méthode et un chemin, 256 octets et 4 « * » au plus : POST */messages.",
                "write a method and a path, with at most 256 bytes and 4 `*`: POST */messages.",
            ),
            Self::Sessions { max } => (
                format!("donnez un nombre de 1 à {max}."),
                format!("give a number from 1 to {max}."),
            ),
        }
    }
}

impl fmt::Display for ManifestErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

fn both(fr: &str, en: &str) -> (String, String) {
    (fr.to_owned(), en.to_owned())
}
