//! Keeps all accounts of the host: hands them to sessions, and renews them ahead of time. What becomes of them is written down in
//! `durable`.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use relais_manifest::{Flow, Manifest};
use relais_sandbox::Account;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use url::Url;

use super::AccountPath;
use super::associations::Associations;
use super::declared;
use super::doors::Doors;
use super::kept::{Handle, Kept, Need, may_mend};
use super::plan::{self, Planned, Stop};
use super::problem::{Problem, Trouble};
use super::standing::unhindered;
use super::timing;
use crate::binding::Binding;
use crate::dispatch::Hub;
use crate::error::Error;
use crate::names::InstancePath;
use crate::store::Store;
use crate::vault::Vault;

/// How often the accounts are gone through.
pub(super) const TENDED_EVERY: Duration = Duration::from_secs(60);
/// Accounts that are renewed at once where nobody waits for them.
const AT_ONCE: usize = 4;
/// How far the stored time of the last use may be behind.
const NOTED_EVERY: Duration = Duration::from_secs(600);

/// See the module.
pub(crate) struct Keeper {
    pub(super) store: Arc<Store>,
    pub(super) vault: Arc<Vault>,
    hub: Arc<Hub>,
    pub(super) doors: Arc<dyn Doors>,
    /// By where they are; made when they are first asked for.
    kept: Mutex<HashMap<AccountPath, Arc<Kept>>>,
    pub(super) associations: Associations,
    /// Where a browser reaches this host, where it can.
    public_url: Mutex<Option<Url>>,
    /// An account was lost, or associated.
    pub(super) changed: Notify,
    this: Weak<Self>,
}

impl Keeper {
    pub(crate) fn new(store: Arc<Store>, vault: Arc<Vault>, hub: Arc<Hub>, doors: Arc<dyn Doors>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            store,
            vault,
            hub,
            doors,
            kept: Mutex::default(),
            associations: Associations::default(),
            public_url: Mutex::default(),
            changed: Notify::new(),
            this: this.clone(),
        })
    }

    pub(crate) fn set_public_url(&self, url: Option<Url>) {
        *self.public_url.lock().unwrap_or_else(PoisonError::into_inner) = url;
    }

    pub(super) fn public_url(&self) -> Option<Url> {
        self.public_url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn all(&self) -> MutexGuard<'_, HashMap<AccountPath, Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a session of the instance uses: every account that its connector declares, associated or not.
    pub(crate) fn of_instance(
        &self,
        path: &InstancePath,
        manifest: &Manifest,
        binding: &Binding,
    ) -> BTreeMap<String, Arc<dyn Account>> {
        let handle = |id: &String| -> Arc<dyn Account> {
            Arc::new(Handle {
                kept: self.kept(&AccountPath {
                    instance: path.clone(),
                    parameter: id.clone(),
                }),
                binding: binding.clone(),
            })
        };
        declared(manifest)
            .map(|parameter| (parameter.id.clone(), handle(&parameter.id)))
            .collect()
    }

    pub(super) fn kept(&self, path: &AccountPath) -> Arc<Kept> {
        let mut all = self.all();
        let kept = all.entry(path.clone());
        kept.or_insert_with(|| Arc::new(Kept::new(self.this.clone(), path.clone())))
            .clone()
    }

    /// The account is another one from now on, or none: whoever holds it is told so at his next asking.
    pub(super) fn forget(&self, path: &AccountPath, because: Trouble) {
        if let Some(kept) = self.all().remove(path) {
            kept.end(because);
        }
    }

    /// Those that are in memory.
    pub(super) fn held(&self, which: impl Fn(&AccountPath) -> bool) -> Vec<Arc<Kept>> {
        let all = self.all();
        all.values().filter(|kept| which(&kept.path)).cloned().collect()
    }

    /// The same where it is still this one that is handed out.
    pub(super) fn retire(&self, kept: &Arc<Kept>, because: Trouble) {
        let mut all = self.all();
        if all.get(&kept.path).is_some_and(|held| Arc::ptr_eq(held, kept)) {
            all.remove(&kept.path);
        }
        drop(all);
        kept.end(because);
    }

    /// The same for all accounts of an instance.
    pub(crate) fn forget_instance(&self, path: &InstancePath) {
        let of_it: Vec<AccountPath> = self
            .all()
            .keys()
            .filter(|kept| kept.instance == *path)
            .cloned()
            .collect();
        for account in of_it {
            self.forget(&account, Trouble::Unavailable(Problem::replaced(), None));
        }
    }

    /// The same for an instance that is no more; what went on to associate its accounts is given up.
    pub(crate) fn remove_instance(&self, path: &InstancePath) {
        self.associations.remove(|account| account.instance == *path);
        self.forget_instance(path);
    }

    /// When a session asked for a token last: what memory knows.
    pub(super) fn used_at(&self, path: &AccountPath) -> Option<Timestamp> {
        self.all().get(path).and_then(|kept| kept.used_at())
    }

    /// Sessions that were opened before carry no message from now on, and lanes that waited open.
    pub(super) fn edited(&self) {
        self.hub.edited();
        self.changed.notify_one();
    }

    /// What a connector may know of an account.
    pub(super) fn describe(&self, path: &AccountPath) -> Vec<(String, String)> {
        let row = self.store.read(|tables| tables.account(path));
        let Ok(Some(row)) = row else { return Vec::new() };
        let texts = [
            ("provider", Some(row.provider)),
            ("flow", Some(row.flow)),
            ("username", row.username),
            ("tenant", row.tenant),
            ("scopes", Some(row.scopes.join(" "))),
            ("roles", Some(row.roles.join(" ")).filter(|roles| !roles.is_empty())),
            ("expires", Some(row.expires_at.to_string())),
        ];
        let known = texts.into_iter().filter_map(|(name, text)| Some((name, text?)));
        known.map(|(name, text)| (name.to_owned(), text)).collect()
    }

    /// Runs what waits for the disk where it may.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(keeper) = self.this.upgrade() else {
            return Err(Error::Stopped);
        };
        let done = tokio::task::spawn_blocking(move || work(&keeper)).await;
        done.unwrap_or(Err(Error::Stopped))
    }

    pub(super) async fn plan(&self, path: &AccountPath, need: Need, stored: bool) -> Result<Planned, Stop> {
        let path = path.clone();
        let planned = self.blocking(move |keeper| {
            // What stops it is an answer, and no fault of the reading.
            Ok(keeper
                .store
                .read(|tables| plan::plan(tables, &keeper.vault, &path, need, stored)))
        });
        planned.await?
    }

    /// Goes through all accounts once: renews those that are due, and writes down when they were used last.
    pub(super) async fn tend(self: &Arc<Self>) {
        let now = Timestamp::now();
        let rows = self.blocking(|keeper| {
            keeper.note_uses(NOTED_EVERY)?;
            keeper.store.read(unhindered)
        });
        let rows = match rows.await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::error!(target: "relais::accounts", code = error.code(), "the accounts cannot be read");
                return;
            }
        };
        let mut going = JoinSet::new();
        for (path, row) in rows {
            let renews = row.flow != Flow::ClientCredentials.word();
            let mends = row.lost.as_ref().is_some_and(may_mend) && timing::is_old(&row, now);
            if !mends && !timing::due(&path, &row, self.used_at(&path), renews, now) {
                continue;
            }
            if going.len() >= AT_ONCE {
                going.join_next().await;
            }
            let kept = self.kept(&path);
            going.spawn(async move { kept.ask(Need::Ahead).await.map(drop) });
        }
        while going.join_next().await.is_some() {}
        self.associations.sweep();
    }

    /// Gives up what is being associated, and waits for the renewals that go on, so that the process may end.
    pub(super) async fn settle(&self, within: Duration) {
        self.associations.close();
        let all: Vec<Arc<Kept>> = self.all().values().cloned().collect();
        let landed = async {
            for kept in all {
                kept.landed().await;
            }
        };
        if tokio::time::timeout(within, landed).await.is_err() {
            tracing::warn!(target: "relais::accounts", "a renewal goes on while Relais ends; the next start tries it again");
        }
    }

    /// No association goes on, and nobody is given a token, from now on.
    pub(crate) fn close(&self) {
        self.associations.close();
        let all: Vec<Arc<Kept>> = self.all().drain().map(|(_, kept)| kept).collect();
        for kept in all.into_iter().filter(|kept| !kept.is_busy()) {
            kept.end(Trouble::here(&Error::Stopped));
        }
    }
}
