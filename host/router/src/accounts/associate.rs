//! What an administrator does with associations: begins one, follows it, hands over where its user came back to, gives it up.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use url::Url;

use super::AccountPath;
use super::associations::{Association, LIFE, Stage};
use super::choose::Associate;
use super::flows::carry;
use crate::error::{AccountError, Error};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::who::Who;

/// How long whoever begins an association waits for its code or address.
const FIRST_ANSWER: Duration = Duration::from_secs(35);

impl Router {
    /// Begins to associate an account, and answers when there is a code or an address to show, or when that failed. What went on for
    /// this account is given up. The account that there was stays until the new one is there.
    pub async fn associate(
        &self,
        by: &Who,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
        asked: Associate,
    ) -> Result<Association, Error> {
        let path = AccountPath {
            instance: InstancePath {
                workspace: ws.clone(),
                name: instance.clone(),
            },
            parameter: parameter.to_owned(),
        };
        let keeper = &self.accounts;
        let ready = self.read(|tables| keeper.ready(tables, by, &path, asked))?;
        let now = Timestamp::now();
        let begun = Association {
            provider: ready.towards.provider.id.clone(),
            flow: ready.flow,
            began_at: now,
            expires_at: now.saturating_add(LIFE).unwrap_or(now),
            stage: Stage::Starting,
        };
        let state = keeper.associations.begin(&path, begun)?;
        let mut seen = state.subscribe();
        let task = tokio::spawn(carry(keeper.clone(), ready, state.clone()));
        keeper.associations.set_task(&path, &state, task.abort_handle());
        drop(state);
        let started = seen.wait_for(|association| association.stage != Stage::Starting);
        // Whoever did not begin in time is told that it starts yet.
        drop(tokio::time::timeout(FIRST_ANSWER, started).await);
        let stands = seen.borrow().clone();
        Ok(stands)
    }

    /// The states of the latest association of an account, as they follow each other. It is remembered for half an hour.
    pub fn association(
        &self,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
    ) -> Result<watch::Receiver<Association>, Error> {
        let path = self.account_path(ws, instance, parameter)?;
        Ok(self
            .accounts
            .associations
            .watch(&path)
            .ok_or(AccountError::NoAssociation)?)
    }

    /// Gives up what goes on.
    pub fn give_up_association(
        &self,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
    ) -> Result<(), Error> {
        let path = self.account_path(ws, instance, parameter)?;
        match self.accounts.associations.give_up(&path) {
            true => Ok(()),
            false => Err(AccountError::NoAssociation.into()),
        }
    }

    /// Takes the whole address that the provider sent a user's browser to, where nobody listens there.
    pub fn redirected(
        &self,
        ws: &WorkspaceName,
        instance: &InstanceName,
        parameter: &str,
        address: &str,
    ) -> Result<watch::Receiver<Association>, Error> {
        let path = self.account_path(ws, instance, parameter)?;
        let address = Url::parse(address.trim()).map_err(|_| AccountError::WrongAddress)?;
        Ok(self.accounts.associations.redirected(Some(&path), address)?.1)
    }

    /// The same for a browser that came back to the public address itself: its query, as it stands after `?`. The association is
    /// found by what only its provider and its user know.
    pub fn came_back(&self, query: &str) -> Result<watch::Receiver<Association>, Error> {
        let (mut address, _) = self.accounts.redirect()?;
        address.set_query(Some(query));
        Ok(self.accounts.associations.redirected(None, address)?.1)
    }
}
