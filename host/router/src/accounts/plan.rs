//! What a provider is asked with for one account, read from the store: the row, the endpoints that the instance's values make,
//! the application, and the tokens opened. What was sealed for other endpoints than these does not open.

use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::Application;
use relais_manifest::{FilledProvider, Flow, Manifest};
use relais_sandbox::Secret;

use super::AccountPath;
use super::applications;
use super::doors::Towards;
use super::fit;
use super::governance::Governance;
use super::kept::Need;
use super::problem::{Problem, Trouble};
use super::timing;
use crate::binding::Stored;
use crate::connectors;
use crate::error::{AccountError, Error, InstanceError, KeyError};
use crate::instances::{self, Effective};
use crate::names::InstancePath;
use crate::store::{AccountRow, Part, Reading, StoreError, Tables, Transaction, Why};
use crate::vault::{Key, Place, Vault};
use crate::workspaces;

/// An instance as it stands, as far as accounts are concerned.
pub(super) struct Context {
    pub manifest: Manifest,
    pub effective: Effective,
    pub governance: Governance,
}

impl Context {
    /// The provider of that id, as the instance's values make it.
    pub(super) fn provider(&self, id: &str) -> Option<FilledProvider> {
        self.manifest.provider(&self.effective.settings, id)
    }

    pub(super) fn towards(&self, provider: FilledProvider) -> Towards {
        Towards {
            provider,
            grants: self.effective.grants.clone(),
        }
    }
}

/// Reads an instance. Its secrets need not be there: no account is made of one.
pub(super) fn context<T: Transaction>(tables: &Tables<T>, path: &InstancePath) -> Result<Context, Error> {
    let (ws, name) = (&path.workspace, &path.name);
    let workspace = workspaces::known(tables.workspace(ws)?, ws)?;
    let row = tables.instance(ws, name)?.ok_or_else(|| instances::unknown(name))?;
    let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
    let secrets: Vec<String> = manifest.secrets().map(|secret| secret.id.clone()).collect();
    let effective = instances::effective(&manifest, &row.given, &row.grants, secrets.iter())?;
    Ok(Context {
        manifest,
        effective,
        governance: Governance::of(&workspace),
    })
}

/// What is to be done for a token.
pub(super) enum Planned {
    /// Nothing: the one that is stored, of the association of then, is good for so long yet.
    Have(Secret, Duration, Timestamp),
    Ask(Box<Asking>),
}

/// What a provider is asked with.
pub(super) struct Asking {
    /// As it was read: what is written afterwards is written only over this association.
    pub row: AccountRow,
    pub towards: Towards,
    pub application: Application,
    /// When the workspace set it; none where it is the account's own.
    pub set_at: Option<Timestamp>,
    pub flow: Flow,
    /// None where the application asks for itself.
    pub refresh_token: Option<Secret>,
}

/// Why a provider is not asked.
pub(super) enum Stop {
    Trouble(Trouble),
    /// The account is lost, which is to be written down of the row that was read.
    Lose(Why, Option<Box<AccountRow>>),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match error {
            // Not sealed for this place, although the place is what it was.
            Error::Key(KeyError::Unopened { .. }) => Self::Lose(Why::Tokens, None),
            error @ Error::Instance(InstanceError::Unknown { .. }) => Trouble::None(Problem::here(&error)).into(),
            error @ Error::Account(_) => Trouble::Lost(Problem::here(&error)).into(),
            error => Trouble::here(&error).into(),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

/// Why an account that was associated is of no use as things are, beside what the provider says.
pub(super) fn obstacle<T: Transaction>(
    tables: &Tables<T>,
    context: &Context,
    path: &AccountPath,
    row: &AccountRow,
) -> Result<Option<Problem>, Error> {
    if let Some(problem) = context.governance.forbids(&row.provider, &row.flow) {
        return Ok(Some(problem));
    }
    let stored = Stored::read(row.binding.clone());
    let outdated = context.effective.binding.outdated(&stored, [&path.parameter]);
    if !outdated.is_empty() {
        return Ok(Some(Problem::outdated(path, &outdated.because)));
    }
    fit::unfit(tables, context, path, row)
}

/// Finds out what is to be done for a token. `stored` says whether the stored one is of use.
pub(super) fn plan(
    tables: &Reading,
    vault: &Vault,
    path: &AccountPath,
    need: Need,
    stored: bool,
) -> Result<Planned, Stop> {
    let row = tables.account(path)?;
    let row = row.ok_or_else(|| Trouble::None(Problem::none(path)))?;
    let planned = planned(tables, vault, path, row.clone(), need, stored);
    planned.map_err(|stop| match stop {
        Stop::Lose(why, _) => Stop::Lose(why, Some(Box::new(row))),
        stop @ Stop::Trouble(_) => stop,
    })
}

fn planned(
    tables: &Reading,
    vault: &Vault,
    path: &AccountPath,
    row: AccountRow,
    need: Need,
    stored: bool,
) -> Result<Planned, Stop> {
    if let Some(lost) = &row.lost
        && !need.tries_lost(lost)
    {
        return Err(Trouble::Lost(Problem::of_lost(path, lost)).into());
    }
    let context = context(tables, &path.instance)?;
    if let Some(problem) = obstacle(tables, &context, path, &row)? {
        return Err(Trouble::Lost(problem).into());
    }
    let key = vault.to_open(tables)?;
    if stored
        && row.lost.is_none()
        && let Some(left) = left(&row, Timestamp::now())
        && let Some(access) = open(tables, &key, path, &row, Part::Access)?
    {
        return Ok(Planned::Have(access, left, row.associated_at));
    }
    let provider = context.provider(&row.provider);
    let provider = provider.ok_or_else(|| Trouble::Lost(Problem::no_provider(path, &row.provider)))?;
    let towards = context.towards(provider);
    let (application, set_at) = application(tables, &key, path, &row, &towards)?;
    // A flow that no version knows any more is not allowed by any workspace.
    let flow = Flow::from_word(&row.flow).unwrap_or(Flow::DeviceCode);
    let refresh_token = match flow.is_delegated() {
        true => Some(open(tables, &key, path, &row, Part::Refresh)?.ok_or(Stop::Lose(Why::Ended, None))?),
        false => None,
    };
    Ok(Planned::Ask(Box::new(Asking {
        row,
        towards,
        application,
        set_at,
        flow,
        refresh_token,
    })))
}

/// For how long the stored access token may be given out yet. A clock that went back makes no token live longer.
fn left(row: &AccountRow, now: Timestamp) -> Option<Duration> {
    let life = Duration::try_from(row.expires_at.duration_since(row.renewed_at)).ok()?;
    let age = Duration::try_from(now.duration_since(row.renewed_at)).ok()?;
    let left = timing::usable_for(life).checked_sub(age)?;
    (!left.is_zero()).then_some(left)
}

/// Opens a part of an account; none where it is not there.
pub(super) fn open(
    tables: &Reading,
    key: &Key<'_>,
    path: &AccountPath,
    row: &AccountRow,
    part: Part,
) -> Result<Option<Secret>, Error> {
    let Some(sealed) = tables.account_secret(path, part)? else {
        return Ok(None);
    };
    let (field, digest) = (part.field(&path.parameter), Stored::read(row.binding.clone()).digest());
    Ok(Some(key.open(&place(path, &field, &digest), &sealed)?))
}

/// What a part of an account is sealed for.
pub(super) fn place<'a>(path: &'a AccountPath, field: &'a str, binding: &'a [u8; 32]) -> Place<'a> {
    Place {
        workspace: &path.instance.workspace,
        instance: &path.instance.name,
        field,
        binding,
    }
}

/// The application that an account was associated with, and when the workspace set it.
fn application(
    tables: &Reading,
    key: &Key<'_>,
    path: &AccountPath,
    row: &AccountRow,
    towards: &Towards,
) -> Result<(Application, Option<Timestamp>), Stop> {
    if let Some(own) = &row.own {
        let secret = open(tables, key, path, row, Part::Application)?;
        let proof = applications::proof(own, secret).ok_or(Stop::Lose(Why::Tokens, None))?;
        let application = Application {
            client_id: row.client_id.clone(),
            proof,
        };
        return Ok((application, None));
    }
    let (ws, provider) = (&path.instance.workspace, &row.provider);
    let Some(of_workspace) = tables.application(ws, provider)? else {
        return Err(Error::from(AccountError::ApplicationUnknown {
            provider: provider.clone(),
        })
        .into());
    };
    if of_workspace.client_id != row.client_id {
        return Err(Stop::Lose(Why::ApplicationChanged, None));
    }
    let application = applications::open(tables, key, ws, &of_workspace, towards)?;
    Ok((application, Some(of_workspace.set_at)))
}
