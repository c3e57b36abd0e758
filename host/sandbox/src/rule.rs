//! Why something was refused before a byte left: the rule, for the audit, the guest and the administrator.

use std::fmt;

use relais_manifest::Lang;
use relais_outgoing::Refused;

/// A rule that a guest ran into. It displays in English, as the guest gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The destination is not the instance's, or leads where it may not.
    Destination(Refused),
    /// A credential's handle stood where it is not replaced.
    Handle(Place),
    /// A URL with a user name or a password in it.
    UserInUrl,
    /// A method that gives a request's head away.
    Method,
    /// The credential's handle in a header that is not its own.
    OtherHeader {
        credential: String,
        header: String,
    },
    /// The credential's handle towards a host that is not its own.
    OtherOrigin {
        credential: String,
    },
    /// A credential on a connection without TLS.
    InClear,
    UnknownCredential,
    OtherSlot,
    /// A kind of credential that the protocol does not know.
    UnfitKind,
    /// A login before the upgrade that the connection was opened for.
    NotUpgraded,
    /// A login after something that is no greeting.
    NotGreeting,
    /// A login, or an upgrade, while something the server said is unread.
    Unread,
    TooManyLogins,
    /// An upgrade of a connection that was not opened for one, or the second.
    NotUpgradable,
    /// Bytes in clear after the server agreed to TLS.
    Injection,
}

/// Where a handle may not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Host,
    Url,
    MethodOrHeaderName,
    PartOfHeader,
    Body,
    Connection,
}

impl Rule {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Rule::Destination(refused) => refused.code(),
            Rule::Handle(_) => "handle",
            Rule::UserInUrl => "user-in-url",
            Rule::Method => "method",
            Rule::OtherHeader { .. } => "other-header",
            Rule::OtherOrigin { .. } => "other-origin",
            Rule::InClear => "in-clear",
            Rule::UnknownCredential => "unknown-credential",
            Rule::OtherSlot => "other-slot",
            Rule::UnfitKind => "unfit-kind",
            Rule::NotUpgraded => "not-upgraded",
            Rule::NotGreeting => "not-greeting",
            Rule::Unread => "unread",
            Rule::TooManyLogins => "too-many-logins",
            Rule::NotUpgradable => "not-upgradable",
            Rule::Injection => "injection",
        }
    }

    /// Whether a credential was named where it does not go, or in a way that would give it away.
    pub fn is_misplacement(&self) -> bool {
        match self {
            Rule::Handle(_)
            | Rule::OtherHeader { .. }
            | Rule::OtherOrigin { .. }
            | Rule::InClear
            | Rule::OtherSlot
            | Rule::NotUpgraded
            | Rule::NotGreeting => true,
            Rule::Destination(_)
            | Rule::UserInUrl
            | Rule::Method
            | Rule::UnknownCredential
            | Rule::UnfitKind
            | Rule::Unread
            | Rule::TooManyLogins
            | Rule::NotUpgradable
            | Rule::Injection => false,
        }
    }

    /// A sentence without its final stop.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = self.both();
        if lang == Lang::Fr { fr } else { en }
    }

    fn both(&self) -> (String, String) {
        match self {
            Rule::Destination(refused) => refused.both(),
            Rule::Handle(place) => place.both(),
            Rule::OtherHeader { credential, header } => (
                format!("le justificatif « {credential} » ne va que dans l'en-tête « {header} »"),
                format!("the credential `{credential}` goes into the header `{header}` only"),
            ),
            Rule::OtherOrigin { credential } => (
                format!("le justificatif « {credential} » n'est pas destiné à cet hôte"),
                format!("the credential `{credential}` does not go to this host"),
            ),
            other => {
                let (fr, en) = other.plain();
                (fr.to_owned(), en.to_owned())
            }
        }
    }

    /// The rules that are said in the same words every time.
    fn plain(&self) -> (&'static str, &'static str) {
        match self {
            Rule::UserInUrl => (
                "une URL ne contient ni nom d'utilisateur ni mot de passe",
                "a URL holds no user name or password",
            ),
            Rule::Method => (
                "cette méthode HTTP livrerait l'en-tête de la requête, avec son justificatif",
                "this HTTP method would give the request's head away, with its credential",
            ),
            Rule::InClear => (
                "aucun justificatif ne part en clair sans l'autorisation « auth-in-clear » de l'instance",
                "no credential goes out in clear unless `auth-in-clear` is granted to the instance",
            ),
            Rule::UnknownCredential => (
                "le manifeste ne déclare aucun justificatif de ce nom",
                "the manifest declares no credential of that name",
            ),
            Rule::OtherSlot => (
                "le justificatif est déclaré pour un autre usage",
                "the credential is declared for another slot",
            ),
            Rule::UnfitKind => (
                "ce genre de justificatif n'existe pas dans ce protocole",
                "the credential is of no kind that the protocol knows",
            ),
            Rule::NotUpgraded => (
                "une connexion ouverte pour StartTLS est chiffrée avant l'authentification",
                "a connection opened as `start-tls` is upgraded before a login",
            ),
            Rule::NotGreeting => (
                "l'authentification n'est possible que tant que seules des commandes d'accueil ont été écrites",
                "a login is run only while nothing but greeting commands was written on the connection",
            ),
            Rule::Unread => (
                "l'authentification n'est possible qu'une fois lues toutes les réponses du serveur",
                "a login is run only once every reply of the server is read",
            ),
            Rule::TooManyLogins => (
                "plus aucune authentification n'est tentée sur cette connexion",
                "no more logins are tried on this connection",
            ),
            Rule::NotUpgradable => (
                "StartTLS demande une connexion ouverte pour lui, et une seule fois",
                "`start-tls` needs a connection opened as `start-tls`, once",
            ),
            _ => (
                "des octets sont arrivés en clair après l'accord du serveur pour TLS : une injection, ou une réponse non lue",
                "bytes came in clear after the server agreed to TLS: an injection, or an answer left unread",
            ),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

impl std::error::Error for Rule {}

impl From<Refused> for Rule {
    fn from(refused: Refused) -> Self {
        Rule::Destination(refused)
    }
}

impl Place {
    fn both(self) -> (String, String) {
        let (fr, en) = match self {
            Place::Host => ("n'est pas un hôte", "is no host"),
            Place::Url => ("n'a pas sa place dans une URL", "may not stand in a URL"),
            Place::MethodOrHeaderName => (
                "n'est ni une méthode ni un nom d'en-tête",
                "is no method and no name of a header",
            ),
            Place::PartOfHeader => (
                "est la valeur entière de son en-tête, ou rien",
                "must be the whole value of its header",
            ),
            Place::Body => ("n'a pas sa place dans un corps", "may not stand in a body"),
            Place::Connection => (
                "n'est remplacé que dans un en-tête HTTP ; sur une connexion, `authenticate` authentifie",
                "is replaced in HTTP headers only; on a connection use `authenticate`",
            ),
        };
        (
            format!("le repère d'un justificatif {fr}"),
            format!("a credential's handle {en}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_is_said_in_french_and_in_english() {
        let credential = || "key".to_owned();
        let rules = [
            Rule::Destination(Refused::NotGranted {
                asked: "tcp://a:1".to_owned(),
                granted: Vec::new(),
            }),
            Rule::Handle(Place::Host),
            Rule::Handle(Place::Url),
            Rule::Handle(Place::MethodOrHeaderName),
            Rule::Handle(Place::PartOfHeader),
            Rule::Handle(Place::Body),
            Rule::Handle(Place::Connection),
            Rule::UserInUrl,
            Rule::Method,
            Rule::OtherHeader {
                credential: credential(),
                header: "X-Key".to_owned(),
            },
            Rule::OtherOrigin {
                credential: credential(),
            },
            Rule::InClear,
            Rule::UnknownCredential,
            Rule::OtherSlot,
            Rule::UnfitKind,
            Rule::NotUpgraded,
            Rule::NotGreeting,
            Rule::Unread,
            Rule::TooManyLogins,
            Rule::NotUpgradable,
            Rule::Injection,
        ];
        for (index, rule) in rules.iter().enumerate() {
            let (fr, en) = (rule.text(Lang::Fr), rule.text(Lang::En));
            assert!(!fr.is_empty() && fr != en && en == rule.to_string(), "{rule:?}");
            let same = rules
                .iter()
                .skip(index + 1)
                .find(|other| other.text(Lang::Fr) == fr || other.text(Lang::En) == en);
            assert_eq!(same, None, "{rule:?}");
        }
    }
}
