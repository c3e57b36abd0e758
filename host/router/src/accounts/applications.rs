//! The applications in whose name providers are asked: one for each workspace and provider. Relais ships none.
//!
//! The threat: a provider is a word in a manifest, and any manifest may say `microsoft` and name an endpoint of its own. So the
//! secret of an application goes to the origins alone that it was set for: those that the connectors named which were enabled
//! then, or those that the administrator gave.

use std::collections::BTreeSet;

use jiff::Timestamp;
use relais_accounts::{Application, Fault, FaultKind, Proof};
use relais_manifest::Dialect;
use relais_sandbox::Secret;

use super::AccountPath;
use super::doors::Towards;
use super::kept::may_mend;
use super::origins::{check_goes_to, origin, origins_of};
use super::written::{touch, write_lost};
use crate::audit::{self, Action};
use crate::error::{AccountError, Error};
use crate::names::WorkspaceName;
use crate::router::Router;
use crate::store::{ApplicationRow, LostRow, ProofRow, Reading, Why, Writing};
use crate::vault::{ApplicationPlace, Key};
use crate::who::Who;
use crate::workspaces;

/// Origins of one application at most.
const ORIGINS: usize = 16;
/// Applications of one workspace at most.
const APPLICATIONS: usize = 64;

/// An application as an administrator registered it at a provider.
#[derive(Debug, Clone)]
pub struct NewApplication {
    pub client_id: String,
    pub proof: NewProof,
    /// The origins of token endpoints that its secret may go to: `https://login.example.org`. None: those that enabled connectors
    /// name for this provider.
    pub origins: Option<Vec<String>>,
}

/// How an application proves itself.
#[derive(Debug, Clone)]
pub enum NewProof {
    /// Not at all: a public client.
    Public,
    Secret(Secret),
    /// In PEM both.
    Certificate {
        certificate_pem: String,
        key_pem: Secret,
    },
}

impl NewProof {
    /// What is kept beside the secret, and the secret.
    pub(super) fn parts(self) -> (ProofRow, Option<Secret>) {
        match self {
            Self::Public => (ProofRow::Public, None),
            Self::Secret(secret) => (ProofRow::Secret, Some(secret)),
            Self::Certificate {
                certificate_pem,
                key_pem,
            } => (ProofRow::Certificate(certificate_pem), Some(key_pem)),
        }
    }
}

/// A workspace's application, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationView {
    pub provider: String,
    pub client_id: String,
    /// `public`, `secret` or `certificate`.
    pub proof: &'static str,
    pub origins: Vec<String>,
    /// Its secret was saved under a key that this machine does not have, and has to be given again.
    pub lost: bool,
    pub set_at: Timestamp,
    /// The accounts that were associated with it.
    pub accounts: Vec<AccountPath>,
}

/// The application as the provider is shown it; none where its secret is missing.
pub(super) fn proof(row: &ProofRow, secret: Option<Secret>) -> Option<Proof> {
    Some(match row {
        ProofRow::Public => Proof::Public,
        ProofRow::Secret => Proof::Secret(secret?),
        ProofRow::Certificate(certificate_pem) => Proof::Certificate {
            key_pem: secret?,
            certificate_pem: certificate_pem.clone(),
        },
    })
}

/// An error where that application cannot be right.
pub(super) fn check(application: &Application, dialect: Dialect) -> Result<(), Error> {
    let checked = application.check(dialect);
    Ok(checked.map_err(|fault| AccountError::Application(Box::new(fault)))?)
}

/// Opens a workspace's application for an endpoint.
pub(super) fn open(
    tables: &Reading,
    key: &Key<'_>,
    ws: &WorkspaceName,
    row: &ApplicationRow,
    towards: &Towards,
) -> Result<Application, Error> {
    let provider = &towards.provider;
    if row.lost {
        let provider = provider.id.clone();
        return Err(AccountError::ApplicationLost { provider }.into());
    }
    let application = |proof| Application {
        client_id: row.client_id.clone(),
        proof,
    };
    if row.proof == ProofRow::Public {
        return Ok(application(Proof::Public));
    }
    check_goes_to(row, provider)?;
    let sealed = tables.application_secret(ws, &provider.id)?;
    let place = ApplicationPlace {
        workspace: ws,
        provider: &provider.id,
        client_id: &row.client_id,
        origins: &row.origins,
    };
    let secret = sealed.map(|sealed| key.open(&place, &sealed)).transpose()?;
    let missing = || AccountError::ApplicationLost {
        provider: provider.id.clone(),
    };
    Ok(application(proof(&row.proof, secret).ok_or_else(missing)?))
}

fn set(
    tables: &mut Writing<'_>,
    router: &Router,
    ws: &WorkspaceName,
    provider: &str,
    new: NewApplication,
) -> Result<Vec<AccountPath>, Error> {
    workspaces::known(tables.workspace(ws)?, ws)?;
    let origins = match &new.origins {
        Some(given) => {
            let bad = |text: &String| AccountError::Origin {
                given: text.chars().take(80).collect(),
            };
            let read = given.iter().map(|text| origin(text).ok_or_else(|| bad(text)));
            read.collect::<Result<BTreeSet<String>, _>>()?
        }
        None => origins_of(tables, ws, provider)?,
    };
    let (proof, secret) = new.proof.parts();
    if proof != ProofRow::Public && (origins.is_empty() || origins.len() > ORIGINS) {
        return Err(AccountError::OriginsNeeded {
            provider: provider.to_owned(),
            most: ORIGINS,
        }
        .into());
    }
    // In a restored store without its key this erases what cannot be opened: before anything is read.
    let key = secret.as_ref().map(|_| router.vault.to_seal(tables)).transpose()?;
    let before = tables.application(ws, provider)?;
    if before.is_none() && tables.applications(ws)?.len() >= APPLICATIONS {
        return Err(AccountError::TooManyApplications { most: APPLICATIONS }.into());
    }
    let row = ApplicationRow {
        client_id: new.client_id,
        proof,
        origins: origins.into_iter().collect(),
        lost: false,
        set_at: Timestamp::now(),
    };
    let place = ApplicationPlace {
        workspace: ws,
        provider,
        client_id: &row.client_id,
        origins: &row.origins,
    };
    let sealed = match (key, &secret) {
        (Some(key), Some(secret)) => Some(key.seal(&place, secret)?),
        _ => None,
    };
    tables.put_application(ws, provider, &row, sealed.as_deref())?;
    // Tokens are good for the application alone that they were given to.
    let users = users(tables.accounts_in(ws)?, provider);
    for (path, account) in &users {
        if account.client_id != row.client_id {
            let lost = LostRow {
                at: Timestamp::now(),
                why: Why::ApplicationChanged,
                kind: String::new(),
                code: String::new(),
                detail: String::new(),
                told: false,
            };
            write_lost(tables, path, account.clone(), lost)?;
        } else if account.lost.as_ref().is_some_and(may_mend) {
            // What was wrong with the application may be right now.
            let mut account = account.clone();
            account.lost = None;
            account.resumed_at = Some(Timestamp::now());
            tables.put_account(path, &account)?;
            touch(tables, &path.instance)?;
        }
    }
    Ok(users.into_iter().map(|(path, _)| path).collect())
}

/// The accounts that were associated with the workspace's application.
fn users(
    accounts: Vec<(AccountPath, crate::store::AccountRow)>,
    provider: &str,
) -> Vec<(AccountPath, crate::store::AccountRow)> {
    let uses = |(_, row): &(AccountPath, crate::store::AccountRow)| row.own.is_none() && row.provider == provider;
    accounts.into_iter().filter(uses).collect()
}

fn view(tables: &Reading, ws: &WorkspaceName, provider: String, row: ApplicationRow) -> Result<ApplicationView, Error> {
    let accounts = users(tables.accounts_in(ws)?, &provider);
    Ok(ApplicationView {
        provider,
        client_id: row.client_id,
        proof: match row.proof {
            ProofRow::Public => "public",
            ProofRow::Secret => "secret",
            ProofRow::Certificate(_) => "certificate",
        },
        origins: row.origins,
        lost: row.lost,
        set_at: row.set_at,
        accounts: accounts.into_iter().map(|(path, _)| path).collect(),
    })
}

/// Whether a word can be a provider's id in a manifest.
pub(crate) fn is_provider_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain)
}

impl Router {
    /// Every application of a workspace, by provider.
    pub fn applications(&self, ws: &WorkspaceName) -> Result<Vec<ApplicationView>, Error> {
        self.read_in(ws, |tables| {
            let rows = tables.applications(ws)?.into_iter();
            rows.map(|(provider, row)| view(tables, ws, provider, row)).collect()
        })
    }

    /// The application of a workspace at a provider.
    pub fn application(&self, ws: &WorkspaceName, provider: &str) -> Result<ApplicationView, Error> {
        self.read_in(ws, |tables| {
            let row = tables.application(ws, provider)?.ok_or_else(|| unknown(provider))?;
            view(tables, ws, provider.to_owned(), row)
        })
    }

    /// Sets a workspace's application at a provider, or replaces it. Accounts of another client id have to be associated again;
    /// those of the same one go on, with the new secret.
    pub fn set_application(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        provider: &str,
        new: NewApplication,
    ) -> Result<ApplicationView, Error> {
        if !is_provider_id(provider) {
            return Err(unknown(provider).into());
        }
        let (row, secret) = new.proof.clone().parts();
        let given = proof(&row, secret).map(|proof| Application {
            client_id: new.client_id.clone(),
            proof,
        });
        let wrong =
            || AccountError::Application(Box::new(Fault::new(FaultKind::Configuration, "application-secret", "")));
        check(&given.ok_or_else(wrong)?, Dialect::Standard)?;
        let users = self.change(|tables| {
            let users = set(tables, self, ws, provider, new)?;
            audit::note(tables, by, Some(ws), Action::ApplicationSet, provider, Vec::new())?;
            Ok(users)
        })?;
        self.accounts.reconsider(|account| users.contains(account));
        self.accounts.changed.notify_one();
        self.application(ws, provider)
    }

    /// Removes a workspace's application; refused while accounts use it.
    pub fn remove_application(&self, by: &Who, ws: &WorkspaceName, provider: &str) -> Result<(), Error> {
        self.change(|tables| {
            workspaces::known(tables.workspace(ws)?, ws)?;
            let accounts = users(tables.accounts_in(ws)?, provider);
            if !accounts.is_empty() {
                return Err(AccountError::ApplicationInUse {
                    provider: provider.to_owned(),
                    accounts: accounts.into_iter().map(|(path, _)| path).collect(),
                }
                .into());
            }
            if !tables.remove_application(ws, provider)? {
                return Err(unknown(provider).into());
            }
            audit::note(tables, by, Some(ws), Action::ApplicationRemove, provider, Vec::new())
        })
    }
}

fn unknown(provider: &str) -> AccountError {
    AccountError::ApplicationUnknown {
        provider: provider.chars().take(80).collect(),
    }
}
