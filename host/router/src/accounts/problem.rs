//! Why an account gives no token, in words: for the account's page, the alert, and the failure of a session.

use relais_accounts::{Fault, FaultKind};
use relais_manifest::{Lang, Text};

use super::AccountPath;
use crate::store::{LostRow, Why};

/// Why an account gives no token, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A word that never changes, or the provider's own code: `AADSTS50173`, `invalid_grant`, `renewal-interrupted`.
    pub code: String,
    /// In whole sentences. The provider's own words may be among them.
    pub text: Text,
    /// The host's own proxy is why, and it is not the account that has to be put right.
    pub shut_in: bool,
}

impl Problem {
    pub(super) fn new(code: &str, fr: String, en: String) -> Self {
        Self {
            code: code.to_owned(),
            text: Text::new(fr, en),
            shut_in: false,
        }
    }

    /// What is wrong and what to do, in whole sentences.
    pub fn text(&self, lang: Lang) -> &str {
        self.text.get(lang)
    }

    /// What the provider, or the way to it, says.
    pub(super) fn of_fault(fault: &Fault) -> Self {
        Self {
            code: match fault.code.as_str() {
                "" => fault.kind.word().to_owned(),
                code => code.to_owned(),
            },
            text: Text::new(fault.text(Lang::Fr), fault.text(Lang::En)),
            shut_in: fault.is_shut_in(),
        }
    }

    /// It was never associated, or was dissociated.
    pub(super) fn none(path: &AccountPath) -> Self {
        let (name, parameter) = (&path.instance.name, &path.parameter);
        Self::new(
            "account-none",
            format!(
                "Le compte « {parameter} » de l'instance « {name} » n'est pas associé. Associez-le avec « relais account associate \
                 {name} --account {parameter} »."
            ),
            format!(
                "Account `{parameter}` of instance `{name}` is not associated. Associate it with `relais account associate {name} \
                 --account {parameter}`."
            ),
        )
    }

    /// A change of the instance took it another place than the account was associated for.
    pub(super) fn outdated(path: &AccountPath, because: &[String]) -> Self {
        let (name, parameter) = (&path.instance.name, &path.parameter);
        Self::new(
            "account-outdated",
            format!(
                "Le compte « {parameter} » de l'instance « {name} » est à associer de nouveau, car ceci a changé : {}. Un compte ne \
                 sert qu'à ce pour quoi il a été associé.{}",
                crate::error::changes(Lang::Fr, because),
                again(path, Lang::Fr)
            ),
            format!(
                "Account `{parameter}` of instance `{name}` has to be associated again, since these changed: {}. An account is used \
                 for nothing but what it was associated for.{}",
                crate::error::changes(Lang::En, because),
                again(path, Lang::En)
            ),
        )
    }

    /// The workspace does not allow the flow or the provider that it came by.
    pub(crate) fn forbidden(what: &'static str, word: &str) -> Self {
        match what {
            "flow" => Self::new(
                "account-flow-forbidden",
                format!(
                    "L'espace n'autorise pas les comptes associés par « {word} ». Autorisez-le avec « relais workspace edit \
                     --account-flows », ou associez le compte autrement."
                ),
                format!(
                    "The workspace does not allow accounts that came by `{word}`. Allow it with `relais workspace edit \
                     --account-flows`, or associate the account in another way."
                ),
            ),
            _ => Self::new(
                "account-provider-forbidden",
                format!(
                    "L'espace n'autorise pas les comptes du fournisseur « {word} ». Autorisez-le avec « relais workspace edit \
                     --account-providers », ou associez un compte d'un autre fournisseur."
                ),
                format!(
                    "The workspace does not allow accounts of provider `{word}`. Allow it with `relais workspace edit \
                     --account-providers`, or associate an account of another provider."
                ),
            ),
        }
    }

    /// The manifest has no such provider any more, or the instance's values make none.
    pub(super) fn no_provider(path: &AccountPath, provider: &str) -> Self {
        Self::new(
            "account-provider-gone",
            format!(
                "Le connecteur ne connaît plus le fournisseur « {provider} » pour cette instance.{}",
                again(path, Lang::Fr)
            ),
            format!(
                "The connector does not know provider `{provider}` for this instance any more.{}",
                again(path, Lang::En)
            ),
        )
    }

    /// It was associated anew or dissociated while it was asked for.
    pub(super) fn replaced() -> Self {
        Self::new(
            "account-replaced",
            "Le compte vient d'être modifié. Réessayez.".to_owned(),
            "The account has just been changed. Try again.".to_owned(),
        )
    }

    /// Whoever asked the provider did not come back.
    pub(super) fn interrupted() -> Self {
        Self::new(
            "account-busy",
            "Le renouvellement du compte a été interrompu. Réessayez.".to_owned(),
            "The renewal of the account was interrupted. Try again.".to_owned(),
        )
    }

    /// The store or the key failed; nothing is known against the account.
    pub(super) fn here(error: &crate::Error) -> Self {
        Self::new(error.code(), error.text(Lang::Fr), error.text(Lang::En))
    }

    /// It was asked for too often.
    pub(super) fn too_often() -> Self {
        Self::new(
            "account-asked-too-often",
            "Le fournisseur vient d'être sollicité plusieurs fois pour ce compte ; Relais attend une minute pour ne pas être \
             bloqué."
                .to_owned(),
            "The provider was asked several times for this account just now; Relais waits for a minute, so as not to be cut off."
                .to_owned(),
        )
    }

    /// The provider gave no refresh token, and its access token does not last.
    pub(super) fn no_refresh_token() -> Self {
        Self::new(
            "no-refresh-token",
            "Le fournisseur n'a pas donné de quoi renouveler le compte : il cesserait de fonctionner dans l'heure. Autorisez \
             l'accès hors connexion (« offline_access ») pour l'application, puis associez le compte de nouveau."
                .to_owned(),
            "The provider gave nothing to renew the account with: it would stop working within the hour. Allow the application \
             offline access (`offline_access`), then associate the account again."
                .to_owned(),
        )
    }

    /// Rights were taken away at consent.
    pub(super) fn scopes_missing(missing: &[String]) -> Self {
        let list = missing.join(", ");
        Self::new(
            "scopes-missing",
            format!(
                "Ces droits n'ont pas été accordés : {list}. Associez le compte de nouveau et acceptez tout ce qui est demandé, ou \
                 faites donner le consentement par un administrateur du fournisseur."
            ),
            format!(
                "These rights were not granted: {list}. Associate the account again and accept all that is asked for, or have an \
                 administrator of the provider consent."
            ),
        )
    }

    /// The instance was edited while its account was being associated.
    pub(super) fn edited_meanwhile() -> Self {
        Self::new(
            "instance-edited",
            "L'instance a été modifiée pendant l'association : le compte aurait servi à autre chose. Associez-le de nouveau."
                .to_owned(),
            "The instance was edited while the account was being associated: it would have been used for something else. Associate \
             it again."
                .to_owned(),
        )
    }

    /// Why a stored account is lost.
    pub(super) fn of_lost(path: &AccountPath, lost: &LostRow) -> Self {
        let fault = || {
            let kind = FaultKind::read(&lost.kind).unwrap_or(FaultKind::Reconnect);
            Fault::new(kind, &lost.code, &lost.detail)
        };
        let parameter = &path.parameter;
        match lost.why {
            Why::Provider => Self::of_fault(&fault()),
            Why::Interrupted => Self::new(
                "renewal-interrupted",
                format!(
                    "Relais s'est arrêté, ou la connexion a été coupée, pendant que le compte « {parameter} » était renouvelé : la \
                     réponse du fournisseur s'est perdue, et il n'accepte plus l'ancien jeton ({}).{}",
                    lost.code,
                    again(path, Lang::Fr)
                ),
                format!(
                    "Relais was stopped, or the connection was cut, while account `{parameter}` was being renewed: the provider's \
                     answer was lost, and it does not take the old token any more ({}).{}",
                    lost.code,
                    again(path, Lang::En)
                ),
            ),
            Why::ApplicationChanged => Self::new(
                "application-changed",
                format!(
                    "L'espace utilise maintenant une autre application : les jetons du compte « {parameter} » appartiennent à la \
                     précédente.{}",
                    again(path, Lang::Fr)
                ),
                format!(
                    "The workspace uses another application now: the tokens of account `{parameter}` belong to the one before.{}",
                    again(path, Lang::En)
                ),
            ),
            Why::Key => Self::new(
                "account-key-lost",
                format!(
                    "Les jetons du compte « {parameter} » ont été enregistrés sous une clé que cette machine n'a pas.{}",
                    again(path, Lang::Fr)
                ),
                format!(
                    "The tokens of account `{parameter}` were saved under a key that this machine does not have.{}",
                    again(path, Lang::En)
                ),
            ),
            Why::Ended => Self::new(
                "account-ended",
                format!(
                    "Le compte « {parameter} » a expiré, et le fournisseur n'avait rien donné pour le renouveler.{}",
                    again(path, Lang::Fr)
                ),
                format!(
                    "Account `{parameter}` has ended, and the provider had given nothing to renew it with.{}",
                    again(path, Lang::En)
                ),
            ),
            Why::Tokens => Self::new(
                "account-tokens-unopened",
                format!(
                    "Les jetons enregistrés du compte « {parameter} » ne peuvent pas être ouverts : la base a été modifiée par \
                     ailleurs, ou est endommagée.{}",
                    again(path, Lang::Fr)
                ),
                format!(
                    "The saved tokens of account `{parameter}` cannot be opened: the database was changed by another hand, or is \
                     damaged.{}",
                    again(path, Lang::En)
                ),
            ),
        }
    }
}

/// What to do, after a space.
pub(super) fn again(path: &AccountPath, lang: Lang) -> String {
    let (name, parameter) = (&path.instance.name, &path.parameter);
    match lang {
        Lang::Fr => {
            format!(" Associez-le de nouveau avec « relais account associate {name} --account {parameter} ».")
        }
        Lang::En => format!(" Associate it again with `relais account associate {name} --account {parameter}`."),
    }
}

/// How an account does not give a token.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// There is none.
    None(Problem),
    /// Only an administrator can bring it back.
    Lost(Problem),
    /// Not now.
    Unavailable(Problem, Option<std::time::Duration>),
}

impl Trouble {
    pub(crate) fn problem(&self) -> &Problem {
        match self {
            Self::None(problem) | Self::Lost(problem) | Self::Unavailable(problem, _) => problem,
        }
    }

    /// The store or the key failed.
    pub(super) fn here(error: &crate::Error) -> Self {
        Self::Unavailable(Problem::here(error), None)
    }
}
