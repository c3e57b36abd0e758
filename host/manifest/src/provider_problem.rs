//! What can be wrong with a provider, in French and English.

use std::fmt;

use crate::provider::Flow;
use crate::text::{Lang, listed};

/// What is wrong with a provider of a manifest, or with an account that looks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderProblem {
    /// A provider is named that does not exist.
    Unknown {
        /// What was named.
        id: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// An account that nobody gives.
    NoProvider,
    /// A provider without a way to an account.
    NoFlow,
    /// A key that this flow needs.
    NeededForFlow(Flow),
    /// Not a scope.
    NotAScope,
    /// An optional scope that is not asked for.
    NotAmongScopes,
    /// A parameter of an authorization request that the host writes itself.
    OwnParameter,
    /// An empty, long or disturbing value of a parameter of an authorization request.
    AuthorizeValue,
}

impl ProviderProblem {
    /// A full sentence in `lang` that says what to do.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = match self {
            Self::Unknown {
                id,
                nearest: Some(near),
            } => (
                format!("il n'y a pas de fournisseur « {id} » ; vouliez-vous dire « {near} » ?"),
                format!("there is no provider `{id}`; did you mean `{near}`?"),
            ),
            Self::Unknown { id, nearest: None } => (
                format!("il n'y a pas de fournisseur « {id} » : décrivez-le dans [[providers]]."),
                format!("there is no provider `{id}`: describe it in [[providers]]."),
            ),
            Self::NoProvider => both(
                "donnez au moins un fournisseur de ce compte.",
                "give at least one provider of this account.",
            ),
            Self::NoFlow => (
                format!("donnez au moins l'un de ces parcours : {}.", listed(Flow::ALL)),
                format!("give at least one of these flows: {}.", listed(Flow::ALL)),
            ),
            Self::NeededForFlow(flow) => (
                format!("le parcours {flow} demande cette clé."),
                format!("the flow {flow} needs this key."),
            ),
            Self::NotAScope => both(
                "donnez une seule portée OAuth 2, sans espace ni guillemet.",
                "give one OAuth 2 scope, without a space and without a quotation mark.",
            ),
            Self::NotAmongScopes => both(
                "donnez une portée qui est aussi dans `scopes`.",
                "give a scope that is in `scopes` as well.",
            ),
            Self::OwnParameter => both(
                "Relais écrit ce paramètre lui-même : retirez-le.",
                "Relais writes this parameter itself: remove it.",
            ),
            Self::AuthorizeValue => both(
                "donnez une valeur de 256 octets au plus, sans caractère de contrôle.",
                "give a value of at most 256 bytes, without control characters.",
            ),
        };
        lang.pick(fr, en)
    }
}

impl fmt::Display for ProviderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Lang::En))
    }
}

fn both(fr: &str, en: &str) -> (String, String) {
    (fr.to_owned(), en.to_owned())
}
