//! An account that is renewed on request, and the end of one.

use std::sync::Arc;
use std::time::Duration;

use relais_sandbox::Secret;

use super::AccountPath;
use super::declared;
use super::doors::Door;
use super::kept::Need;
use super::plan::{self, Planned, context};
use super::problem::{Problem, Trouble};
use super::revoke::revoke;
use super::view::AccountView;
use crate::audit::{self, Action};
use crate::connectors;
use crate::error::{AccountError, Error};
use crate::instances;
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::store::{AccountRow, Part};
use crate::who::Who;
use crate::workspaces;

/// What became of an account that was dissociated. Here nothing of it is left, whatever the provider said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dissociated {
    pub provider: String,
    pub username: Option<String>,
    pub revocation: Revocation,
}

/// A token, and the way to the provider that gave it.
pub(super) type Given = (Arc<dyn Door>, Secret);

/// Whether a provider took the tokens back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    Done,
    /// It has no way to: the tokens end by themselves, or by the user's hand.
    NotOffered,
    Failed(Problem),
}

impl Revocation {
    /// The word that the journal and the API use, permanent.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotOffered => "not-offered",
            Self::Failed(_) => "failed",
        }
    }
}

impl Router {
    /// Gives up what is being associated, and waits for the renewals that go on: before the process ends. A renewal that is cut off
    /// loses no account where its provider takes the old token again.
    pub async fn settle_accounts(&self, within: Duration) {
        self.accounts.settle(within).await;
    }

    /// The path of an account that the instance's connector declares.
    pub(super) fn account_path(
        &self,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
    ) -> Result<AccountPath, Error> {
        self.read_in(ws, |tables| {
            let row = instances::find(tables, ws, instance)?;
            let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
            if !declared(&manifest).any(|known| known.id == parameter) {
                return Err(AccountError::Unknown {
                    instance: instance.clone(),
                    parameter: parameter.chars().take(80).collect(),
                    known: declared(&manifest).map(|known| known.id.clone()).collect(),
                }
                .into());
            }
            Ok(AccountPath {
                instance: InstancePath {
                    workspace: ws.clone(),
                    name: instance.clone(),
                },
                parameter: parameter.to_owned(),
            })
        })
    }

    /// Asks the provider for new tokens now, also for an account that was lost: what took it away may have been put right.
    pub async fn renew_account(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
    ) -> Result<AccountView, Error> {
        let path = self.account_path(ws, instance, parameter)?;
        let renewed = self.accounts.kept(&path).ask(Need::Renew).await;
        renewed.map_err(|trouble| match trouble {
            Trouble::None(_) => AccountError::NotAssociated(path.clone()),
            Trouble::Lost(problem) => AccountError::Lost(problem),
            Trouble::Unavailable(problem, retry_after) => AccountError::Unavailable { problem, retry_after },
        })?;
        self.store.write(|tables| {
            let detail = vec![path.parameter.clone()];
            audit::note(tables, by, Some(ws), Action::AccountRenew, instance.as_str(), detail)
        })?;
        self.account(ws, instance, parameter)
    }

    /// Forgets an account with all its tokens, and has the provider take them back where it can. What went on to associate it is
    /// given up. Sessions of the instance end.
    pub async fn dissociate(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
    ) -> Result<Dissociated, Error> {
        let path = self.account_path(ws, instance, parameter)?;
        let keeper = &self.accounts;
        keeper.associations.remove(|other| *other == path);
        let (row, back) = self.taken_away(by, &path)?;
        keeper.forget(&path, Trouble::None(Problem::none(&path)));
        let revoking = revoke(keeper.clone(), by.clone(), path, row.provider.clone(), back);
        // Whoever asked may go before the provider answers: it is asked, and what it said is written down, all the same.
        let revocation = tokio::spawn(revoking).await.map_err(|_| Error::Stopped)?;
        Ok(Dissociated {
            provider: row.provider,
            username: row.username,
            revocation,
        })
    }

    /// Removes the account, with what its provider is asked to take back.
    fn taken_away(&self, by: &Who, path: &AccountPath) -> Result<(AccountRow, Result<Option<Given>, Problem>), Error> {
        let (ws, name) = (&path.instance.workspace, path.instance.name.as_str());
        // An association that was being written when it was given up may have come between: its tokens are to be given back then.
        // No other can, since none goes on; should one be begun at once, it is not waited for for ever.
        for last in [false, true] {
            let read = self.read(|tables| Ok(tables.account(path)?.map(|row| row.associated_at)))?;
            let back = self.to_give_back(path);
            let removed = self.change(|tables| {
                workspaces::known(tables.workspace(ws)?, ws)?;
                let row = tables.account(path)?;
                let row = row.ok_or_else(|| AccountError::NotAssociated(path.clone()))?;
                if read != Some(row.associated_at) && !last {
                    return Ok(None);
                }
                tables.remove_account(path)?;
                super::written::touch(tables, &path.instance)?;
                let detail = vec![path.parameter.clone(), row.provider.clone()];
                audit::note(tables, by, Some(ws), Action::AccountDissociate, name, detail)?;
                Ok(Some(row))
            })?;
            if let Some(row) = removed {
                return Ok((row, back));
            }
        }
        Err(AccountError::NotAssociated(path.clone()).into())
    }

    /// What a provider is asked to take back, read before it is forgotten here: the refresh token, with which a provider ends the
    /// others too (RFC 7009 section 2.1), or the access token. None where it cannot be asked.
    fn to_give_back(&self, path: &AccountPath) -> Result<Option<Given>, Problem> {
        let keeper = &self.accounts;
        let read = |tables: &crate::store::Reading| -> Result<_, Error> {
            let Some(row) = tables.account(path)? else {
                return Ok(None);
            };
            let provider = context(tables, &path.instance)?.provider(&row.provider);
            if provider.is_none_or(|provider| provider.revocation.is_none()) {
                return Ok(None);
            }
            let key = keeper.vault.to_open(tables)?;
            let refresh = plan::open(tables, &key, path, &row, Part::Refresh)?;
            let token = match refresh {
                Some(token) => Some(token),
                None => plan::open(tables, &key, path, &row, Part::Access)?,
            };
            Ok(token)
        };
        let Some(token) = self.read(read).map_err(|error| Problem::here(&error))? else {
            return Ok(None);
        };
        let planned = self
            .store
            .read(|tables| plan::plan(tables, &keeper.vault, path, Need::Renew, false));
        let asking = match planned {
            Ok(Planned::Ask(asking)) => asking,
            Ok(Planned::Have(..)) => return Ok(None),
            Err(plan::Stop::Trouble(trouble)) => return Err(trouble.problem().clone()),
            // What cannot be opened cannot be given back.
            Err(plan::Stop::Lose(..)) => return Ok(None),
        };
        let door = keeper
            .doors
            .door(&asking.towards, asking.application.clone(), asking.flow);
        let door = door.map_err(|fault| Problem::of_fault(&fault))?;
        Ok(Some((door, token)))
    }
}
