//! What an account shows of itself to whoever administers it. It shows no token.

use jiff::Timestamp;
use relais_accounts::missing_scopes;
use relais_manifest::{Flow, Manifest, Text};

use super::applications;
use super::choose::filled;
use super::keeper::Keeper;
use super::missing::applies;
use super::plan::{self, Context, context};
use super::problem::Problem;
use super::{AccountPath, declared};
use crate::error::{AccountError, Error};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::store::{AccountRow, Part, Reading};
use crate::vault::Vault;
use crate::who::Who;

/// Where an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// Never associated, or dissociated.
    None,
    /// It is being associated.
    Pending,
    Associated,
    /// It gives no token any more; the problem says why, and what to do.
    Reconnect,
}

impl AccountState {
    /// The word that the API uses, permanent.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Associated => "associated",
            Self::Reconnect => "reconnect",
        }
    }
}

/// An account as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The id of its parameter.
    pub parameter: String,
    pub label: Text,
    /// Whether the instance cannot do without it as it is set.
    pub required: bool,
    pub state: AccountState,
    /// Why it gives no token, where it is to be associated again.
    pub problem: Option<Problem>,
    /// Who gives it: all that the parameter names and the instance's values make.
    pub providers: Vec<ProviderView>,
    /// The facts of the association, where there is one.
    pub provider: Option<String>,
    /// The word of a flow.
    pub flow: Option<String>,
    pub client_id: Option<String>,
    /// Whether its application is its own, rather than the workspace's.
    pub own_application: bool,
    pub username: Option<String>,
    pub tenant: Option<String>,
    pub roles: Vec<String>,
    /// The scopes that were asked for.
    pub asked: Vec<String>,
    /// Those that were granted.
    pub scopes: Vec<String>,
    /// Those that were asked for and not granted. Empty where the instance's values do not make the provider any more.
    pub missing: Vec<String>,
    pub associated_at: Option<Timestamp>,
    pub associated_by: Option<Who>,
    pub renewed_at: Option<Timestamp>,
    /// Exact while the process runs; after a crash it may be 10 minutes behind.
    pub last_used_at: Option<Timestamp>,
    /// When the access token ends. It is renewed by itself.
    pub expires_at: Option<Timestamp>,
}

/// Who may give an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderView {
    pub id: String,
    pub name: Text,
    /// The flows that it offers, the usual one first.
    pub flows: Vec<Flow>,
    /// Those of them that the workspace allows.
    pub allowed: Vec<Flow>,
    /// Whether the workspace has an application there.
    pub application: bool,
    /// How to register an application there.
    pub registration: Option<Text>,
    /// The address to register for the flow `authorization-code`.
    pub redirect: String,
}

/// The accounts of an instance without what memory knows: for its own view. One that does not apply is left out, unless it was
/// associated.
pub(crate) fn views(
    tables: &Reading,
    vault: &Vault,
    path: &InstancePath,
    manifest: &Manifest,
) -> Result<Vec<AccountView>, Error> {
    if declared(manifest).next().is_none() {
        return Ok(Vec::new());
    }
    // Values that do not fit the connector any more are told beside.
    let context = context(tables, path).ok();
    let mut found = Vec::new();
    for parameter in declared(manifest) {
        let account = AccountPath {
            instance: path.clone(),
            parameter: parameter.id.clone(),
        };
        let row = tables.account(&account)?;
        let settings = context.as_ref().map(|context| &context.effective.settings);
        let applies = settings.is_none_or(|settings| applies(parameter, settings));
        if !applies && row.is_none() {
            continue;
        }
        let missing = match (&row, &context) {
            (Some(row), Some(context)) => missing(tables, context, &account, row)?,
            _ => Vec::new(),
        };
        let problem = match &row {
            Some(row) => problem(tables, vault, context.as_ref(), &account, row)?,
            None => None,
        };
        let state = match (&row, &problem) {
            (None, _) => AccountState::None,
            (Some(_), Some(_)) => AccountState::Reconnect,
            (Some(_), None) => AccountState::Associated,
        };
        let row = row.as_ref();
        found.push(AccountView {
            parameter: parameter.id.clone(),
            label: parameter.label.clone(),
            required: parameter.required && applies,
            state,
            problem,
            providers: providers(tables, context.as_ref(), path, &parameter.providers)?,
            provider: row.map(|row| row.provider.clone()),
            flow: row.map(|row| row.flow.clone()),
            client_id: row.map(|row| row.client_id.clone()),
            own_application: row.is_some_and(|row| row.own.is_some()),
            username: row.and_then(|row| row.username.clone()),
            tenant: row.and_then(|row| row.tenant.clone()),
            roles: row.map(|row| row.roles.clone()).unwrap_or_default(),
            asked: row.map(|row| row.asked.clone()).unwrap_or_default(),
            scopes: row.map(|row| row.scopes.clone()).unwrap_or_default(),
            missing,
            associated_at: row.map(|row| row.associated_at),
            associated_by: row.map(|row| row.associated_by.clone()),
            renewed_at: row.map(|row| row.renewed_at),
            last_used_at: row.and_then(|row| row.last_used_at),
            expires_at: row.map(|row| row.expires_at),
        });
    }
    Ok(found)
}

/// The rights that were asked for and not granted.
fn missing(tables: &Reading, context: &Context, path: &AccountPath, row: &AccountRow) -> Result<Vec<String>, Error> {
    let Some(provider) = context.provider(&row.provider) else {
        return Ok(Vec::new());
    };
    let refreshable = tables.account_secret(path, Part::Refresh)?.is_some();
    Ok(missing_scopes(&row.asked, &row.scopes, refreshable, provider.dialect))
}

fn problem(
    tables: &Reading,
    vault: &Vault,
    context: Option<&Context>,
    path: &AccountPath,
    row: &AccountRow,
) -> Result<Option<Problem>, Error> {
    if let Some(lost) = &row.lost {
        return Ok(Some(Problem::of_lost(path, lost)));
    }
    if let Some(context) = context
        && let Some(problem) = plan::obstacle(tables, context, path, row)?
    {
        return Ok(Some(problem));
    }
    match vault.to_open(tables) {
        Ok(_) => Ok(None),
        Err(error @ Error::Key(_)) => Ok(Some(Problem::here(&error))),
        Err(error) => Err(error),
    }
}

fn providers(
    tables: &Reading,
    context: Option<&Context>,
    path: &InstancePath,
    ids: &[String],
) -> Result<Vec<ProviderView>, Error> {
    let mut found = Vec::new();
    let Some(context) = context else { return Ok(found) };
    for provider in ids.iter().filter_map(|id| context.provider(id)) {
        let governance = &context.governance;
        let allowed = |flow: &&Flow| governance.allows_provider(&provider.id) && governance.allows_flow(**flow);
        found.push(ProviderView {
            allowed: provider.flows.iter().filter(allowed).copied().collect(),
            application: tables.application(&path.workspace, &provider.id)?.is_some(),
            id: provider.id,
            name: provider.name,
            flows: provider.flows,
            registration: provider.registration,
            redirect: String::new(),
        });
    }
    Ok(found)
}

impl Keeper {
    /// Adds what memory knows.
    pub(crate) fn complete(&self, path: &InstancePath, views: &mut [AccountView]) {
        let redirect = self.redirect().ok().map(|(redirect, _)| redirect);
        for view in views {
            let account = AccountPath {
                instance: path.clone(),
                parameter: view.parameter.clone(),
            };
            view.last_used_at = match view.state {
                AccountState::None => None,
                _ => view.last_used_at.max(self.used_at(&account)),
            };
            if view.state != AccountState::Associated && self.associations.goes_on(&account) {
                view.state = AccountState::Pending;
            }
            for provider in &mut view.providers {
                if let Some(redirect) = &redirect {
                    provider.registration = provider.registration.as_ref().map(|steps| filled(steps, redirect));
                    provider.redirect = redirect.to_string();
                }
            }
        }
    }
}

impl Router {
    /// Every account of an instance, in the order of the form.
    pub fn accounts(&self, ws: &WorkspaceName, instance: &InstanceName) -> Result<Vec<AccountView>, Error> {
        Ok(self.instance(ws, instance)?.accounts)
    }

    /// One account of an instance.
    pub fn account(&self, ws: &WorkspaceName, instance: &InstanceName, parameter: &str) -> Result<AccountView, Error> {
        let all = self.accounts(ws, instance)?;
        let known = all.iter().map(|view| view.parameter.clone()).collect();
        let found = all.into_iter().find(|view| view.parameter == parameter);
        Ok(found.ok_or_else(|| AccountError::Unknown {
            instance: instance.clone(),
            parameter: parameter.chars().take(80).collect(),
            known,
        })?)
    }

    /// Where browsers reach this host: providers send users back there. None: the address that a browser shows in the end is handed
    /// over by hand.
    pub fn set_public_url(&self, url: Option<url::Url>) {
        self.accounts.set_public_url(url);
    }
}

/// Whether a word can be the id of a provider.
pub(crate) fn is_provider(text: &str) -> bool {
    applications::is_provider_id(text)
}
