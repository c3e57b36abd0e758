//! Tells the contact of a workspace, once, that an account of it gives no token any more; and looks after all accounts for as long
//! as the router lives.

use std::sync::Arc;
use std::time::Duration;

use relais_manifest::Lang;
use relais_message::Draft;

use super::keeper::TENDED_EVERY;
use super::untold::{self, Untold};
use super::{AccountPath, Problem};
use crate::accept::{Content, Mail};
use crate::error::Error;
use crate::names::WorkspaceName;
use crate::outbox::Origin;
use crate::resolve::Route;
use crate::router::Router;
use crate::who::Who;

/// How soon after a change the accounts are gone through again at most.
const SOON: Duration = Duration::from_secs(1);

impl Router {
    /// Renews accounts ahead of time and tells of those that are lost, until the router is dropped.
    pub(crate) fn keep_accounts(self: &Arc<Self>) {
        let (router, keeper) = (Arc::downgrade(self), self.accounts.clone());
        drop(tokio::spawn(async move {
            loop {
                let Some(router) = router.upgrade() else { return };
                keeper.tend().await;
                router.tell_of_lost().await;
                drop(router);
                tokio::select! {
                    () = tokio::time::sleep(TENDED_EVERY) => {}
                    () = keeper.changed.notified() => tokio::time::sleep(SOON).await,
                }
            }
        }));
    }

    /// Tells of every account that is lost, or of no use as things are, and not told of. Where nobody can be told, that stays to be
    /// done.
    pub(crate) async fn tell_of_lost(self: &Arc<Self>) {
        let look = self.accounts.blocking(|keeper| {
            let look = keeper.store.read(untold::look)?;
            if look.any_mended() {
                keeper.store.write(|tables| look.forget(tables))?;
            }
            Ok(look)
        });
        for untold in look.await.unwrap_or_default().untold {
            match self.tell(&untold.path, &untold.problem).await {
                Ok(true) => self.told(untold).await,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(target: "relais::accounts", account = %untold.path, code = error.code(), "the workspace's contact could not be told of a lost account");
                }
            }
        }
    }

    /// False where the workspace names nobody to tell, or no way that does not need this very account.
    async fn tell(&self, path: &AccountPath, problem: &Problem) -> Result<bool, Error> {
        let ws = &path.instance.workspace;
        let view = self.workspace_view(ws)?;
        let (Some(contact), Some(through)) = (view.contact, view.notices_through) else {
            tracing::debug!(target: "relais::accounts", account = %path, "an account is lost, and the workspace names no contact, or no instance for notices");
            return Ok(false);
        };
        if through == path.instance.name {
            tracing::debug!(target: "relais::accounts", account = %path, "an account is lost that the workspace's notices go through");
            return Ok(false);
        }
        let route = Route::Notices(through);
        let from = self.resolve(ws, &route)?.sender.clone();
        let mail = Mail {
            content: Content::Draft(draft(
                from.or_else(|| Some(contact.clone())),
                contact,
                ws,
                path,
                problem,
            )),
            route,
            origin: Origin::Notice,
            idempotency: None,
        };
        let accepted = self.accept(ws, mail, &Who::System).await?;
        tracing::info!(target: "relais::accounts", delivery = %accepted.delivery.id, account = %path, "the workspace's contact is told of a lost account");
        self.hub.tally.notices.add(1);
        Ok(true)
    }

    /// Writes down that it was told. Should the process end before, it is told twice rather than never.
    async fn told(&self, untold: Untold) {
        let written = self
            .accounts
            .blocking(move |keeper| keeper.store.write(|tables| untold.told(tables)));
        if let Err(error) = written.await {
            tracing::error!(target: "relais::accounts", code = error.code(), "it could not be written down that a lost account was told of");
        }
    }
}

/// The alert, in both languages. It names the instance and the reason; no address and no token.
fn draft(from: Option<String>, contact: String, ws: &WorkspaceName, path: &AccountPath, problem: &Problem) -> Draft {
    let (name, parameter) = (&path.instance.name, &path.parameter);
    let text = format!(
        "Espace « {ws} » : le compte « {parameter} » de l'instance « {name} » ne fonctionne plus. Les envois de cette instance \
         attendent et ne sont pas perdus ; ils partiront dès que le compte sera de nouveau associé (« relais account associate \
         {name} »).\n\n{}\n\n\
         Workspace `{ws}`: account `{parameter}` of instance `{name}` does not work any more. The deliveries of this instance wait \
         and are not lost; they leave as soon as the account is associated again (`relais account associate {name}`).\n\n{}\n",
        problem.text(Lang::Fr),
        problem.text(Lang::En),
    );
    Draft {
        from,
        sender: Some("<>".to_owned()),
        to: vec![contact],
        subject: format!("Relais : compte à reconnecter / account to reconnect ({name})"),
        text: Some(text),
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
        ..Draft::default()
    }
}
