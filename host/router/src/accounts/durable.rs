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
use crate::store::{AccountRow, LostRow};

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

    /// Writes down that an account is lost; false where it is another one meanwhile.
    pub(super) async fn lose(
        &self,
        path: &AccountPath,
        asked: Option<&AccountRow>,
        lost: LostRow,
    ) -> Result<bool, Error> {
        let (path, asked) = (path.clone(), asked.cloned());
        let written = self.blocking(move |keeper| {
            let written = keeper.store.write(|tables| {
                let row = match &asked {
                    Some(asked) => still(tables, &path, asked)?,
                    None => tables.account(&path)?,
                };
                let Some(row) = row else { return Ok(None) };
                write_lost(tables, &path, row, lost).map(Some)
            })?;
            if written == Some(true) {
                keeper.edited();
            }
            Ok(written.is_some())
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
