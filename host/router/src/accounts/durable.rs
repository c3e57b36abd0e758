//! What the keeper has on the disk before it goes on: the intent to use a refresh token up, the tokens that came, that an account is
//! lost, and when one was used. Each is written over the association alone that it is of; another one that came meanwhile stays.

use std::time::Duration;

use jiff::Timestamp;

use super::AccountPath;
use super::keeper::Keeper;
use super::kept::Unsaved;
use super::timing;
use super::written::{Renewed, renewed, still, write_lost};
use crate::error::Error;
use crate::store::{AccountRow, LostRow, StoreError, Writing};

/// What came of writing down that an account is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Losing {
    Written,
    /// It is another one meanwhile.
    Replaced,
    /// The provider was asked with an application that was set anew since.
    Outdated,
}

impl Keeper {
    /// Writes down that the provider is about to be asked with the refresh token of this row.
    pub(super) async fn note_intent(&self, path: &AccountPath, row: &AccountRow) -> Result<(), Error> {
        self.set_intent(path, row, Some(Timestamp::now())).await
    }

    /// Writes down that the provider did not use the refresh token up.
    pub(super) async fn clear_intent(&self, path: &AccountPath, row: &AccountRow) -> Result<(), Error> {
        // What an asking before this one left stays: of that one nothing is known yet.
        match row.renewing {
            Some(_) => Ok(()),
            None => self.set_intent(path, row, None).await,
        }
    }

    async fn set_intent(&self, path: &AccountPath, row: &AccountRow, at: Option<Timestamp>) -> Result<(), Error> {
        let (path, asked) = (path.clone(), row.clone());
        self.blocking(move |keeper| {
            keeper.store.write(|tables| {
                if let Some(mut row) = still(tables, &path, &asked)? {
                    // The first one stays: it is the one whose answer may be lost.
                    row.renewing = at.map(|at| row.renewing.unwrap_or(at));
                    tables.put_account(&path, &row)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Makes renewed tokens durable. False where the account is another one meanwhile; after an error the tokens come back.
    pub(super) async fn save(&self, path: &AccountPath, unsaved: Box<Unsaved>) -> Result<bool, (Box<Unsaved>, Error)> {
        let path = path.clone();
        let (unsaved, done) = match self
            .blocking(move |keeper| {
                let done = keeper
                    .store
                    .write(|tables| renewed(tables, &keeper.vault, &path, &unsaved));
                Ok((unsaved, done))
            })
            .await
        {
            Ok(answer) => answer,
            // The process ends.
            Err(_) => return Ok(false),
        };
        match done {
            Ok(Renewed::Gone) => Ok(false),
            Ok(Renewed::Same) => Ok(true),
            Ok(Renewed::Back) => {
                self.edited();
                Ok(true)
            }
            Err(error) => Err((unsaved, error)),
        }
    }

    /// Writes down that an account is lost, where what was `asked` is the account still. `set_at` is when the application was set with
    /// which the provider was asked, of the workspace's: what it says of an earlier secret says nothing of the one that is set now.
    pub(super) async fn lose(
        &self,
        path: &AccountPath,
        asked: Option<&AccountRow>,
        set_at: Option<Timestamp>,
        lost: LostRow,
    ) -> Result<Losing, Error> {
        let (path, asked) = (path.clone(), asked.cloned());
        let written = self.blocking(move |keeper| {
            let written = keeper.store.write(|tables| {
                let row = match &asked {
                    Some(asked) => still(tables, &path, asked)?,
                    None => tables.account(&path)?,
                };
                let Some(row) = row else {
                    return Ok((Losing::Replaced, false));
                };
                if set_at.is_some() && set_at != application_set_at(tables, &path, &row)? {
                    return Ok((Losing::Outdated, false));
                }
                let new = write_lost(tables, &path, row, lost)?;
                Ok::<_, Error>((Losing::Written, new))
            })?;
            let (losing, new) = written;
            if new {
                keeper.edited();
            }
            Ok(losing)
        });
        written.await
    }

    /// Writes down when accounts were used last, where the store is behind by more than that.
    pub(crate) fn note_uses(&self, behind: Duration) -> Result<(), Error> {
        let used: Vec<(AccountPath, Timestamp)> = {
            let all = self.all();
            all.iter()
                .filter_map(|(path, kept)| Some((path.clone(), kept.used_at()?)))
                .collect()
        };
        let later =
            |row: &AccountRow, at: Timestamp| row.last_used_at.is_none_or(|noted| timing::after(noted, behind) < at);
        let due: Vec<(AccountPath, Timestamp)> = self.store.read(|tables| {
            let mut due = Vec::new();
            for (path, at) in used {
                if tables.account(&path)?.is_some_and(|row| later(&row, at)) {
                    due.push((path, at));
                }
            }
            Ok::<_, Error>(due)
        })?;
        if due.is_empty() {
            return Ok(());
        }
        self.store.write(|tables| {
            for (path, at) in due {
                if let Some(mut row) = tables.account(&path)? {
                    row.last_used_at = row.last_used_at.max(Some(at));
                    tables.put_account(&path, &row)?;
                }
            }
            Ok(())
        })
    }
}

/// When the workspace's application of that account was set.
fn application_set_at(
    tables: &Writing<'_>,
    path: &AccountPath,
    row: &AccountRow,
) -> Result<Option<Timestamp>, StoreError> {
    let application = tables.application(&path.instance.workspace, &row.provider)?;
    Ok(application.map(|application| application.set_at))
}
