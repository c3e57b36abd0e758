//! The tables of accounts and of the applications in whose name they are asked for. What is sealed stands in tables of its own,
//! so that no list of rows ever has a token in it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use jiff::Timestamp;
use redb::TableDefinition;

use super::account_rows::{AccountRow, ApplicationRow, LostRow, Why};
use super::error::{At, StoreError};
use super::record::decode;
use super::tables::{Bytes, Tables, Three, Transaction, Two, Writing};
use crate::accounts::AccountPath;
use crate::names::{InstanceName, InstancePath, WorkspaceName};

/// By workspace, instance and parameter.
pub(super) const ACCOUNTS: TableDefinition<Three, Bytes> = TableDefinition::new("accounts");
/// The same, with what is sealed after the parameter: `mail@refresh`.
pub(super) const ACCOUNT_SECRETS: TableDefinition<Three, Bytes> = TableDefinition::new("account-secrets");
/// By workspace and provider.
pub(super) const APPLICATIONS: TableDefinition<Two, Bytes> = TableDefinition::new("applications");
pub(super) const APPLICATION_SECRETS: TableDefinition<Two, Bytes> = TableDefinition::new("application-secrets");

/// What is sealed of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Access,
    Refresh,
    /// The secret or the key of its own application.
    Application,
}

impl Part {
    const ALL: [Self; 3] = [Self::Access, Self::Refresh, Self::Application];

    /// The field under which it is kept and sealed. The sign is in no parameter's id.
    pub fn field(self, parameter: &str) -> String {
        let word = match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Application => "application",
        };
        format!("{parameter}@{word}")
    }
}

// The bound is an implementation detail of a crate-private type.
#[allow(private_bounds)]
impl<T: Transaction> Tables<T> {
    /// The account, where it was associated.
    pub fn account(&self, path: &AccountPath) -> Result<Option<AccountRow>, StoreError> {
        self.record(ACCOUNTS, account_key(path), &path.to_string())
    }

    /// Every account of an instance, by its parameter.
    pub fn accounts(
        &self,
        ws: &WorkspaceName,
        name: &InstanceName,
    ) -> Result<Vec<(AccountPath, AccountRow)>, StoreError> {
        self.accounts_from((ws.as_str(), name.as_str(), ""), |(workspace, instance, _)| {
            (workspace, instance) == (ws.as_str(), name.as_str())
        })
    }

    /// Every account of a workspace.
    pub fn accounts_in(&self, ws: &WorkspaceName) -> Result<Vec<(AccountPath, AccountRow)>, StoreError> {
        self.accounts_from((ws.as_str(), "", ""), |(workspace, _, _)| workspace == ws.as_str())
    }

    /// Every account of every workspace.
    pub fn all_accounts(&self) -> Result<Vec<(AccountPath, AccountRow)>, StoreError> {
        self.accounts_from(("", "", ""), |_| true)
    }

    fn accounts_from(
        &self,
        first: (&str, &str, &str),
        among: impl Fn((&str, &str, &str)) -> bool,
    ) -> Result<Vec<(AccountPath, AccountRow)>, StoreError> {
        let mut found = Vec::new();
        self.scan(ACCOUNTS, first, |key, row| {
            if !among(key) {
                return Ok(ControlFlow::Break(()));
            }
            let (workspace, name, parameter) = key;
            let path = AccountPath {
                instance: InstancePath {
                    workspace: self.name(workspace)?,
                    name: self.name(name)?,
                },
                parameter: parameter.to_owned(),
            };
            let row = decode(row, &path.to_string(), self.place())?;
            found.push((path, row));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// What is sealed of an account.
    pub fn account_secret(&self, path: &AccountPath, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
        let field = part.field(&path.parameter);
        self.bytes(ACCOUNT_SECRETS, secret_key(path, &field))
    }

    /// The application of a workspace at a provider.
    pub fn application(&self, ws: &WorkspaceName, provider: &str) -> Result<Option<ApplicationRow>, StoreError> {
        self.record(APPLICATIONS, (ws.as_str(), provider), provider)
    }

    /// Every application of a workspace, by provider.
    pub fn applications(&self, ws: &WorkspaceName) -> Result<Vec<(String, ApplicationRow)>, StoreError> {
        self.of_workspace(APPLICATIONS, ws)
    }

    /// What is sealed of an application.
    pub fn application_secret(&self, ws: &WorkspaceName, provider: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.bytes(APPLICATION_SECRETS, (ws.as_str(), provider))
    }

    /// How many values are sealed for accounts and applications.
    pub fn sealed_for_accounts(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        self.scan(ACCOUNT_SECRETS, ("", "", ""), |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        self.scan(APPLICATION_SECRETS, ("", ""), |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }
}

impl Writing<'_> {
    /// Adds an account, or replaces it.
    pub fn put_account(&mut self, path: &AccountPath, row: &AccountRow) -> Result<(), StoreError> {
        self.put(ACCOUNTS, account_key(path), row, &path.to_string())
    }

    /// Saves what is sealed already; none removes it.
    pub fn put_account_secret(
        &mut self,
        path: &AccountPath,
        part: Part,
        sealed: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let field = part.field(&path.parameter);
        let key = secret_key(path, &field);
        match sealed {
            Some(sealed) => self.put_bytes(ACCOUNT_SECRETS, key, sealed),
            None => self.remove(ACCOUNT_SECRETS, key).map(drop),
        }
    }

    /// Forgets an account with all that is sealed of it; true if it was there.
    pub fn remove_account(&mut self, path: &AccountPath) -> Result<bool, StoreError> {
        for part in Part::ALL {
            self.put_account_secret(path, part, None)?;
        }
        self.remove(ACCOUNTS, account_key(path))
    }

    /// Adds an application, or replaces it, with what is sealed of it.
    pub fn put_application(
        &mut self,
        ws: &WorkspaceName,
        provider: &str,
        row: &ApplicationRow,
        sealed: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        match sealed {
            Some(sealed) => self.put_bytes(APPLICATION_SECRETS, (ws.as_str(), provider), sealed)?,
            None => drop(self.remove(APPLICATION_SECRETS, (ws.as_str(), provider))?),
        }
        self.put(APPLICATIONS, (ws.as_str(), provider), row, provider)
    }

    /// Forgets an application; true if it was there.
    pub fn remove_application(&mut self, ws: &WorkspaceName, provider: &str) -> Result<bool, StoreError> {
        self.remove(APPLICATION_SECRETS, (ws.as_str(), provider))?;
        self.remove(APPLICATIONS, (ws.as_str(), provider))
    }

    /// Forgets every application of a workspace.
    pub(super) fn remove_applications(&mut self, ws: &WorkspaceName) -> Result<(), StoreError> {
        for (provider, _) in self.applications(ws)? {
            self.remove_application(ws, &provider)?;
        }
        Ok(())
    }

    /// Erases everything that is sealed for accounts and applications, none of which can be opened any more; the rows stay, and
    /// say so.
    pub(super) fn lose_accounts(&mut self) -> Result<(), StoreError> {
        let now = Timestamp::now();
        for (path, mut row) in self.all_accounts()? {
            for part in Part::ALL {
                self.put_account_secret(&path, part, None)?;
            }
            row.renewing = None;
            row.lost = Some(LostRow {
                at: now,
                why: Why::Key,
                kind: String::new(),
                code: String::new(),
                detail: String::new(),
                told: false,
            });
            self.put_account(&path, &row)?;
        }
        let place = self.place().to_path_buf();
        let mut sealed = BTreeSet::new();
        self.scan(APPLICATION_SECRETS, ("", ""), |(ws, provider), _| {
            sealed.insert((ws.to_owned(), provider.to_owned()));
            Ok(ControlFlow::Continue(()))
        })?;
        self.table(APPLICATION_SECRETS)?.retain(|_, _| false).at(&place)?;
        for (ws, provider) in sealed {
            let ws: WorkspaceName = self.name(&ws)?;
            if let Some(mut row) = self.application(&ws, &provider)? {
                row.lost = true;
                self.put_application(&ws, &provider, &row, None)?;
            }
        }
        Ok(())
    }
}

fn account_key(path: &AccountPath) -> (&str, &str, &str) {
    let InstancePath { workspace, name } = &path.instance;
    (workspace.as_str(), name.as_str(), &path.parameter)
}

fn secret_key<'a>(path: &'a AccountPath, field: &'a str) -> (&'a str, &'a str, &'a str) {
    let InstancePath { workspace, name } = &path.instance;
    (workspace.as_str(), name.as_str(), field)
}
