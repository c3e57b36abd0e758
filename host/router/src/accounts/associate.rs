//! How an account comes about: one of three flows, from what an administrator asks for to a row with its tokens sealed beside it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use relais_accounts::{Application, Fault, FaultKind, Grant, Proof};
use relais_manifest::{Flow, Lang, Text};
use relais_sandbox::Secret;
use tokio::sync::{oneshot, watch};
use url::Url;

use super::AccountPath;
use super::applications::{self, NewProof};
use super::associations::{Association, Back, LIFE, Stage};
use super::declared;
use super::doors::{Door, Polled, Towards};
use super::keeper::{Keeper, seal_tokens, touch};
use super::plan::{self, Context, context};
use super::problem::{Problem, Trouble};
use super::timing;
use crate::audit::{self, Action};
use crate::binding::Binding;
use crate::error::{AccountError, Error};
use crate::names::{InstanceName, InstancePath, WorkspaceName};
use crate::router::Router;
use crate::store::{AccountRow, Part, ProofRow, Reading, Writing};
use crate::who::Who;

/// How long whoever begins an association waits for its code or address.
const FIRST_ANSWER: Duration = Duration::from_secs(35);
/// Where a browser ends whose provider sends it back and nobody listens: the address is copied from there.
const NOWHERE: &str = "http://localhost/oauth/callback";
/// What the callback's path is called below the public address.
const CALLBACK: &str = "oauth/callback";
/// An access token that lasts so long needs no refresh token.
const LASTS: Duration = Duration::from_secs(86_400);

/// What an administrator asks for. What is absent is chosen: the first that is there and allowed.
#[derive(Debug, Default)]
pub struct Associate {
    pub flow: Option<Flow>,
    /// The id of a provider of the account's parameter. Needed where there are several.
    pub provider: Option<String>,
    /// The account's own application, by client id; none: the own one that it has, else the workspace's.
    pub application: Option<(String, NewProof)>,
    /// In which the provider is asked to speak to the user.
    pub lang: Lang,
}

/// An application, opened, with how it is kept where it is the account's own.
#[derive(Debug, Clone)]
struct Chosen {
    application: Application,
    own: Option<(ProofRow, Option<Secret>)>,
}

/// What an association is carried on with.
struct Ready {
    path: AccountPath,
    by: Who,
    flow: Flow,
    lang: Lang,
    towards: Towards,
    chosen: Chosen,
    door: Arc<dyn Door>,
    /// What the account will be for: it has to be the same in the end.
    binding: Binding,
    redirect: Url,
    /// Nobody listens at the redirect.
    pasted: bool,
}

impl Ready {
    fn asked(&self) -> &[String] {
        match self.flow.is_delegated() {
            true => &self.towards.provider.scopes,
            false => &self.towards.provider.application_scopes,
        }
    }
}

impl Keeper {
    /// Where a provider sends browsers back to, and whether nobody listens there.
    pub(super) fn redirect(&self) -> Result<(Url, bool), Error> {
        let nowhere = || Url::parse(NOWHERE).map_err(|_| Error::Stopped);
        let Some(mut base) = self.public_url() else {
            return Ok((nowhere()?, true));
        };
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        match base.join(CALLBACK) {
            Ok(redirect) => Ok((redirect, false)),
            Err(_) => Ok((nowhere()?, true)),
        }
    }

    fn ready(&self, tables: &Reading, by: &Who, path: &AccountPath, asked: Associate) -> Result<Ready, Error> {
        let context = context(tables, &path.instance)?;
        let provider = provider(&context, path, asked.provider.as_deref())?;
        let towards = context.towards(
            context
                .provider(&provider)
                .ok_or_else(|| AccountError::Provider(Problem::no_provider(path, &provider)))?,
        );
        let flow = flow(&context, &towards, asked.flow)?;
        let (redirect, pasted) = self.redirect()?;
        let chosen = match asked.application {
            Some((client_id, proof)) => own(client_id, proof)?,
            None => self.known(tables, path, &towards, &redirect)?,
        };
        applications::check(&chosen.application, towards.provider.dialect)?;
        if flow == Flow::ClientCredentials && matches!(chosen.application.proof, Proof::Public) {
            return Err(AccountError::ApplicationPublic { provider }.into());
        }
        let door = self.doors.door(&towards, chosen.application.clone(), flow);
        Ok(Ready {
            path: path.clone(),
            by: by.clone(),
            flow,
            lang: asked.lang,
            door: door.map_err(|fault| AccountError::Provider(Problem::of_fault(&fault)))?,
            towards,
            chosen,
            binding: context.effective.binding,
            redirect,
            pasted,
        })
    }

    /// The application that there is: the account's own, where it still opens, else the workspace's.
    fn known(&self, tables: &Reading, path: &AccountPath, towards: &Towards, redirect: &Url) -> Result<Chosen, Error> {
        let (ws, provider) = (&path.instance.workspace, &towards.provider);
        let row = tables.account(path)?.filter(|row| row.provider == provider.id);
        if let Some((row, own)) = row.as_ref().and_then(|row| Some((row, row.own.as_ref()?)))
            && let Ok(key) = self.vault.to_open(tables)
            && let Ok(secret) = plan::open(tables, &key, path, row, Part::Application)
            && let Some(proof) = applications::proof(own, secret.clone())
        {
            return Ok(Chosen {
                application: Application {
                    client_id: row.client_id.clone(),
                    proof,
                },
                own: Some((own.clone(), secret)),
            });
        }
        let Some(row) = tables.application(ws, &provider.id)? else {
            return Err(AccountError::NoApplication {
                provider: provider.id.clone(),
                name: provider.name.clone(),
                steps: provider.registration.as_ref().map(|steps| filled(steps, redirect)),
                redirect: redirect.to_string(),
            }
            .into());
        };
        let application = match row.proof {
            ProofRow::Public => Application {
                client_id: row.client_id,
                proof: Proof::Public,
            },
            _ => applications::open(tables, &self.vault.to_open(tables)?, ws, &row, towards)?,
        };
        Ok(Chosen { application, own: None })
    }
}

/// The steps with the address to register.
pub(super) fn filled(steps: &Text, redirect: &Url) -> Text {
    let fill = |text: &Option<String>| text.as_ref().map(|text| text.replace("{redirect}", redirect.as_str()));
    Text {
        fr: fill(&steps.fr),
        en: fill(&steps.en),
    }
}

fn own(client_id: String, proof: NewProof) -> Result<Chosen, Error> {
    let (row, secret) = proof.parts();
    let proof = applications::proof(&row, secret.clone());
    let wrong = || Fault::new(FaultKind::Configuration, "application-secret", "");
    Ok(Chosen {
        application: Application {
            client_id,
            proof: proof.ok_or_else(|| AccountError::Application(Box::new(wrong())))?,
        },
        own: Some((row, secret)),
    })
}

/// Which provider: the one that was named, or the only one that there is.
fn provider(context: &Context, path: &AccountPath, named: Option<&str>) -> Result<String, Error> {
    let parameter = declared(&context.manifest).find(|parameter| parameter.id == path.parameter);
    let parameter = parameter.ok_or_else(|| AccountError::Unknown {
        instance: path.instance.name.clone(),
        parameter: path.parameter.chars().take(80).collect(),
        known: declared(&context.manifest).map(|known| known.id.clone()).collect(),
    })?;
    let there: Vec<&String> = parameter
        .providers
        .iter()
        .filter(|id| context.provider(id).is_some())
        .collect();
    let list = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<Vec<_>>();
    if let Some(named) = named {
        if !there.iter().any(|id| *id == named) {
            return Err(AccountError::ProviderUnknown {
                given: named.chars().take(80).collect(),
                providers: list(&there),
            }
            .into());
        }
        if !context.governance.allows_provider(named) {
            return Err(AccountError::Forbidden(Problem::forbidden("provider", named)).into());
        }
        return Ok(named.to_owned());
    }
    let allowed: Vec<&String> = there
        .iter()
        .copied()
        .filter(|id| context.governance.allows_provider(id))
        .collect();
    match (allowed.as_slice(), there.first()) {
        ([only], _) => Ok((*only).clone()),
        ([], Some(first)) => Err(AccountError::Forbidden(Problem::forbidden("provider", first)).into()),
        ([], None) => Err(AccountError::ProviderUnknown {
            given: String::new(),
            providers: Vec::new(),
        }
        .into()),
        (several, _) => Err(AccountError::ProviderNeeded {
            providers: list(several),
        }
        .into()),
    }
}

/// Which flow: the one that was named, or the provider's usual one that is allowed.
fn flow(context: &Context, towards: &Towards, named: Option<Flow>) -> Result<Flow, Error> {
    let offered = &towards.provider.flows;
    let allowed = |flow: &&Flow| context.governance.allows_flow(**flow);
    let chosen = match named {
        Some(named) if !offered.contains(&named) => {
            return Err(AccountError::FlowNotOffered {
                flow: named,
                offered: offered.clone(),
            }
            .into());
        }
        Some(named) => Some(named).filter(|flow| allowed(&flow)),
        None => offered.iter().find(allowed).copied(),
    };
    let word = || named.or(offered.first().copied()).map_or("", Flow::word);
    chosen.ok_or_else(|| AccountError::Forbidden(Problem::forbidden("flow", word())).into())
}

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
        Ok(self.accounts.associations.watch(&path).ok_or(AccountError::NoAssociation)?)
    }

    /// Gives up what goes on.
    pub fn give_up_association(&self, ws: &WorkspaceName, instance: &InstanceName, parameter: &str) -> Result<(), Error> {
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

/// Carries an association on to its end.
async fn carry(keeper: Arc<Keeper>, ready: Ready, state: watch::Sender<Association>) {
    let path = ready.path.clone();
    let limit = LIFE.unsigned_abs();
    let ended = match tokio::time::timeout(limit, granted(&keeper, &ready, &state)).await {
        Ok(Ok(grant)) => finish(&keeper, ready, grant).await,
        Ok(Err(stage)) => stage,
        Err(_) => Stage::Expired,
    };
    tracing::info!(target: "relais::accounts", account = %path, state = ended.word(), "the association has ended");
    state.send_modify(|association| association.stage = ended);
}

fn refused(fault: &Fault) -> Stage {
    match fault.kind {
        FaultKind::Declined => Stage::Declined,
        FaultKind::Expired => Stage::Expired,
        _ => Stage::Failed(Problem::of_fault(fault)),
    }
}

/// The provider's grant, or how it ended without one.
async fn granted(keeper: &Keeper, ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let asked = match ready.flow {
        Flow::DeviceCode => return by_device(ready, state).await,
        Flow::AuthorizationCode => return by_page(keeper, ready, state).await,
        Flow::ClientCredentials => ready.door.client_credentials().await,
    };
    asked.map_err(|fault| refused(&fault))
}

async fn by_device(ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let begun = ready.door.begin_device(ready.lang).await;
    let mut device = begun.map_err(|fault| refused(&fault))?;
    let shown = device.shown();
    let expires_at = shown.expires_at;
    state.send_modify(|association| {
        association.expires_at = association.expires_at.min(expires_at);
        association.stage = Stage::Code {
            user_code: shown.user_code,
            verification_uri: shown.verification_uri,
            verification_uri_complete: shown.verification_uri_complete,
            message: shown.message,
            slowed: false,
        };
    });
    loop {
        tokio::time::sleep(device.interval()).await;
        if Timestamp::now() >= expires_at {
            return Err(Stage::Expired);
        }
        match device.poll().await {
            Ok(Polled::Done(grant)) => return Ok(*grant),
            Ok(Polled::Pending) => {}
            Ok(Polled::SlowDown) => state.send_modify(|association| {
                if let Stage::Code { slowed, .. } = &mut association.stage {
                    *slowed = true;
                }
            }),
            Ok(Polled::Unanswered(fault)) => {
                tracing::debug!(target: "relais::accounts", account = %ready.path, code = fault.code, "the provider did not answer");
            }
            Err(fault) => return Err(refused(&fault)),
        }
    }
}

async fn by_page(keeper: &Keeper, ready: &Ready, state: &watch::Sender<Association>) -> Result<Grant, Stage> {
    let code = ready.door.begin_code(&ready.redirect).map_err(|fault| refused(&fault))?;
    let (redirected, back) = oneshot::channel();
    let expected = Back {
        state: code.state().to_owned(),
        redirected,
    };
    if !keeper.associations.set_back(&ready.path, state, expected) {
        return Err(Stage::GivenUp);
    }
    state.send_modify(|association| {
        association.stage = Stage::Page {
            address: code.address().to_owned(),
            redirect: ready.redirect.to_string(),
            pasted: ready.pasted,
        };
    });
    let address = back.await.map_err(|_| Stage::GivenUp)?;
    code.finish(address).await.map_err(|fault| refused(&fault))
}

/// Checks what was granted and keeps it.
async fn finish(keeper: &Arc<Keeper>, ready: Ready, grant: Grant) -> Stage {
    if !grant.missing.is_empty() {
        return Stage::Failed(Problem::scopes_missing(&grant.missing));
    }
    if ready.flow.is_delegated() && grant.refresh_token.is_none() && grant.expires_in < LASTS {
        return Stage::Failed(Problem::no_refresh_token());
    }
    let path = ready.path.clone();
    let done = Stage::Done {
        username: grant.username.clone(),
        tenant: grant.tenant.clone(),
        scopes: granted_scopes(ready.asked(), &grant),
    };
    let stored = keeper.blocking(move |keeper| keeper.store.write(|tables| store(tables, keeper, ready, &grant)));
    match stored.await {
        Ok(None) => {
            let because = Trouble::Unavailable(Problem::replaced(), None);
            keeper.forget(&path, because);
            keeper.edited();
            done
        }
        Ok(Some(problem)) => Stage::Failed(problem),
        Err(error) => Stage::Failed(Problem::here(&error)),
    }
}

/// A provider that does not say granted all (RFC 6749 section 5.1).
fn granted_scopes(asked: &[String], grant: &Grant) -> Vec<String> {
    match grant.scopes.is_empty() {
        true => asked.to_vec(),
        false => grant.scopes.clone(),
    }
}

/// Writes the account, or tells why it must not be.
fn store(tables: &mut Writing<'_>, keeper: &Keeper, ready: Ready, grant: &Grant) -> Result<Option<Problem>, Error> {
    // In a restored store without its key this erases what cannot be opened: before anything is read.
    let key = keeper.vault.to_seal(tables)?;
    let path = &ready.path;
    let context = context(tables, &path.instance)?;
    let provider = ready.towards.provider.id.clone();
    if context.effective.binding != ready.binding {
        return Ok(Some(Problem::edited_meanwhile()));
    }
    if let Some(problem) = context.governance.forbids(&provider, ready.flow.word()) {
        return Ok(Some(problem));
    }
    let client_id = ready.chosen.application.client_id.clone();
    if ready.chosen.own.is_none() {
        let of_workspace = tables.application(&path.instance.workspace, &provider)?;
        if of_workspace.is_none_or(|row| row.client_id != client_id) {
            return Ok(Some(Problem::edited_meanwhile()));
        }
    }
    let asked = ready.asked().to_vec();
    let scopes = granted_scopes(&asked, grant);
    let now = Timestamp::now();
    let row = AccountRow {
        provider: provider.clone(),
        flow: ready.flow.word().to_owned(),
        client_id,
        own: ready.chosen.own.as_ref().map(|(proof, _)| proof.clone()),
        username: grant.username.clone(),
        tenant: grant.tenant.clone(),
        roles: grant.roles.clone(),
        asked,
        scopes,
        binding: ready.binding.stored(),
        associated_at: now,
        associated_by: ready.by.clone(),
        resumed_at: None,
        renewed_at: now,
        expires_at: timing::after(now, grant.expires_in),
        last_used_at: None,
        renewing: None,
        lost: None,
    };
    tables.remove_account(path)?;
    seal_tokens(tables, &key, path, &row, grant)?;
    if let Some((_, Some(secret))) = &ready.chosen.own {
        let field = Part::Application.field(&path.parameter);
        let digest = Binding::read(row.binding.clone()).digest();
        let sealed = key.seal(&plan::place(path, &field, &digest), secret)?;
        tables.put_account_secret(path, Part::Application, Some(&sealed))?;
    }
    tables.put_account(path, &row)?;
    touch(tables, &path.instance)?;
    let detail = vec![path.parameter.clone(), provider, row.flow];
    let (ws, name) = (&path.instance.workspace, path.instance.name.as_str());
    audit::note(tables, &ready.by, Some(ws), Action::AccountAssociate, name, detail)?;
    Ok(None)
}
