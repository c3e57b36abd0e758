//! Accounts of connector instances. No token travels here, in either direction; the secret of an application travels in one: in.

use relais_manifest::{Flow, Lang};
use relais_router::{AccountView, Dissociated as Ended, Problem, ProviderView, Revocation, Stage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Words;

/// An account of a connector instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Account {
    /// The id of its parameter.
    #[schema(example = "account")]
    pub parameter: String,
    pub label: Words,
    /// Whether the instance cannot do without it.
    pub required: bool,
    /// `none`, `pending` (it is being associated), `associated` or `reconnect` (it gives no token any more).
    pub state: String,
    /// Why it gives no token.
    pub problem: Option<AccountProblem>,
    /// Who may give it.
    pub providers: Vec<Provider>,
    /// The provider that gave it.
    pub provider: Option<String>,
    /// `device-code`, `authorization-code` or `client-credentials`.
    pub flow: Option<String>,
    /// Of the application that it was associated with.
    pub client_id: Option<String>,
    /// Whether that application is the account's own, rather than the workspace's.
    pub own_application: bool,
    pub username: Option<String>,
    pub tenant: Option<String>,
    pub roles: Vec<String>,
    /// The rights that were asked for.
    pub asked: Vec<String>,
    /// The rights that were granted.
    pub scopes: Vec<String>,
    /// The rights that were asked for and not granted: the account does without them.
    pub missing: Vec<String>,
    #[schema(format = DateTime)]
    pub associated_at: Option<String>,
    /// Who associated it, as the audit journal names whoever acts.
    pub associated_by: Option<String>,
    #[schema(format = DateTime)]
    pub renewed_at: Option<String>,
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// When the access token ends. It is renewed by itself.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
}

/// Why an account gives no token, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountProblem {
    /// A word that never changes, or the provider's own code, such as `AADSTS50173`.
    pub code: String,
    /// In the language of `Accept-Language`.
    pub message: String,
}

impl AccountProblem {
    pub fn new(problem: &Problem, lang: Lang) -> Self {
        Self {
            code: problem.code.clone(),
            message: problem.text(lang).to_owned(),
        }
    }
}

/// Who may give an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provider {
    #[schema(example = "microsoft")]
    pub id: String,
    pub name: Words,
    /// The flows that it offers, the usual one first.
    pub flows: Vec<String>,
    /// Those that the workspace allows.
    pub allowed: Vec<String>,
    /// Whether the workspace has an application there.
    pub application: bool,
    /// How to register an application there.
    pub registration: Option<Words>,
    /// The address to register for `authorization-code`.
    #[schema(example = "https://relais.example.org/oauth/callback")]
    pub redirect: String,
}

/// All of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Accounts {
    pub accounts: Vec<Account>,
}

fn words(flows: &[Flow]) -> Vec<String> {
    flows.iter().map(|flow| flow.word().to_owned()).collect()
}

impl Account {
    /// The account, its problem told in one language.
    pub fn new(view: &AccountView, lang: Lang) -> Self {
        let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
        let provider = |provider: &ProviderView| Provider {
            id: provider.id.clone(),
            name: (&provider.name).into(),
            flows: words(&provider.flows),
            allowed: words(&provider.allowed),
            application: provider.application,
            registration: provider.registration.as_ref().map(Words::from),
            redirect: provider.redirect.clone(),
        };
        Self {
            parameter: view.parameter.clone(),
            label: (&view.label).into(),
            required: view.required,
            state: view.state.word().to_owned(),
            problem: view.problem.as_ref().map(|problem| AccountProblem::new(problem, lang)),
            providers: view.providers.iter().map(provider).collect(),
            provider: view.provider.clone(),
            flow: view.flow.clone(),
            client_id: view.client_id.clone(),
            own_application: view.own_application,
            username: view.username.clone(),
            tenant: view.tenant.clone(),
            roles: view.roles.clone(),
            asked: view.asked.clone(),
            scopes: view.scopes.clone(),
            missing: view.missing.clone(),
            associated_at: time(view.associated_at),
            associated_by: view.associated_by.as_ref().map(ToString::to_string),
            renewed_at: time(view.renewed_at),
            last_used_at: time(view.last_used_at),
            expires_at: time(view.expires_at),
        }
    }
}

/// How an account is to be associated. What is not named is chosen: the first that is there and allowed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Associate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^(device-code|authorization-code|client-credentials)$")]
    pub flow: Option<String>,
    /// Needed where several can give the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 64, example = "microsoft")]
    pub provider: Option<String>,
    /// The account's own application; else the one that it has already, else the workspace's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<OwnApplication>,
}

/// An application of the account's own. A public one has neither a secret nor a certificate.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnApplication {
    #[schema(min_length = 1, max_length = 256)]
    pub client_id: String,
    /// Kept sealed; never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub secret: Option<String>,
    /// In PEM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536)]
    pub certificate: Option<String>,
    /// The key of the certificate, in PEM. Kept sealed; never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536)]
    pub key: Option<String>,
}

/// Not even a log of a request shows a secret.
impl std::fmt::Debug for OwnApplication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnApplication")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// An association, as it stands. What a state has is `null` in the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Association {
    pub provider: String,
    /// `device-code`, `authorization-code` or `client-credentials`.
    pub flow: String,
    /// `starting`, `pending` (a code or an address waits for its user), `finishing`; then one of `done`, `declined`, `expired`,
    /// `given-up` and `failed`, after which nothing follows.
    pub state: String,
    #[schema(format = DateTime)]
    pub began_at: String,
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// What the user types at `verification_uri`.
    pub user_code: Option<String>,
    pub verification_uri: Option<String>,
    /// The same with the code in it, where the provider gives it.
    pub verification_uri_complete: Option<String>,
    /// The provider's own words to the user.
    pub message: Option<String>,
    /// The provider asked to be asked less often.
    pub slowed: bool,
    /// What the user opens in a browser.
    pub address: Option<String>,
    /// Where the browser comes back to.
    pub redirect: Option<String>,
    /// Nobody listens there: the address that the browser shows in the end is to be handed over (`redirected`).
    pub pasted: bool,
    /// Who was associated.
    pub username: Option<String>,
    pub tenant: Option<String>,
    /// The rights that were granted.
    pub scopes: Vec<String>,
    /// Why it failed.
    pub problem: Option<AccountProblem>,
}

impl Association {
    /// The association, its problem told in one language.
    pub fn new(association: &relais_router::Association, lang: Lang) -> Self {
        let mut told = Self {
            provider: association.provider.clone(),
            flow: association.flow.word().to_owned(),
            state: association.stage.word().to_owned(),
            began_at: association.began_at.to_string(),
            expires_at: association.expires_at.to_string(),
            ..Self::default()
        };
        match &association.stage {
            Stage::Code {
                user_code,
                verification_uri,
                verification_uri_complete,
                message,
                slowed,
            } => {
                told.user_code = Some(user_code.clone());
                told.verification_uri = Some(verification_uri.clone());
                told.verification_uri_complete.clone_from(verification_uri_complete);
                told.message.clone_from(message);
                told.slowed = *slowed;
            }
            Stage::Page {
                address,
                redirect,
                pasted,
            } => {
                told.address = Some(address.clone());
                told.redirect = Some(redirect.clone());
                told.pasted = *pasted;
            }
            Stage::Done {
                username,
                tenant,
                scopes,
            } => {
                told.username.clone_from(username);
                told.tenant.clone_from(tenant);
                told.scopes.clone_from(scopes);
            }
            Stage::Failed(problem) => told.problem = Some(AccountProblem::new(problem, lang)),
            Stage::Starting | Stage::Finishing | Stage::Declined | Stage::Expired | Stage::GivenUp => {}
        }
        told
    }

    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        !matches!(self.state.as_str(), "starting" | "pending" | "finishing")
    }
}

/// The whole address that a browser showed in the end.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redirected {
    #[schema(max_length = 32768, example = "http://localhost/oauth/callback?code=…&state=…")]
    pub address: String,
}

/// There is a code in it.
impl std::fmt::Debug for Redirected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redirected").finish_non_exhaustive()
    }
}

/// An account that was dissociated. Here nothing of it is left, whatever the provider said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Dissociated {
    /// The id of its parameter.
    pub dissociated: String,
    pub provider: String,
    pub username: Option<String>,
    /// Whether the provider took the tokens back: `done`, `not-offered` or `failed`.
    pub revocation: String,
    /// Why it did not.
    pub problem: Option<AccountProblem>,
}

impl Dissociated {
    pub fn new(parameter: &str, ended: &Ended, lang: Lang) -> Self {
        let (revocation, problem) = match &ended.revocation {
            Revocation::Done => ("done", None),
            Revocation::NotOffered => ("not-offered", None),
            Revocation::Failed(problem) => ("failed", Some(AccountProblem::new(problem, lang))),
        };
        Self {
            dissociated: parameter.to_owned(),
            provider: ended.provider.clone(),
            username: ended.username.clone(),
            revocation: revocation.to_owned(),
            problem,
        }
    }
}
