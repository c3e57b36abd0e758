//! What an association is carried on with: the provider, the flow and the application, as they were asked for or as they are there and
//! allowed.

use std::sync::Arc;

use relais_accounts::{Application, Fault, FaultKind, Proof};
use relais_manifest::{Flow, Lang, Text};
use relais_sandbox::Secret;
use url::Url;

use super::AccountPath;
use super::applications::{self, NewProof};
use super::declared;
use super::doors::{Door, Towards};
use super::keeper::Keeper;
use super::own;
use super::plan::{Context, context};
use super::problem::Problem;
use crate::binding::Binding;
use crate::error::{AccountError, Error, Registration};
use crate::store::{ProofRow, Reading};
use crate::who::Who;

/// Where a browser ends whose provider sends it back and nobody listens: the address is copied from there.
const NOWHERE: &str = "http://localhost/oauth/callback";
/// What the callback's path is called below the public address.
const CALLBACK: &str = "oauth/callback";

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
pub(super) struct Chosen {
    pub application: Application,
    pub own: Option<(ProofRow, Option<Secret>)>,
}

/// What an association is carried on with.
pub(super) struct Ready {
    pub path: AccountPath,
    pub by: Who,
    pub flow: Flow,
    pub lang: Lang,
    pub towards: Towards,
    pub chosen: Chosen,
    pub door: Arc<dyn Door>,
    /// What the account will be for: it has to be the same in the end.
    pub binding: Binding,
    pub redirect: Url,
    /// Nobody listens at the redirect.
    pub pasted: bool,
}

impl Ready {
    /// The rights that are asked for.
    pub(super) fn asked(&self) -> &[String] {
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

    pub(super) fn ready(
        &self,
        tables: &Reading,
        by: &Who,
        path: &AccountPath,
        asked: Associate,
    ) -> Result<Ready, Error> {
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
            Some((client_id, proof)) => given(client_id, proof)?,
            None => self.known(tables, &context, path, &towards, &redirect)?,
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
    fn known(
        &self,
        tables: &Reading,
        context: &Context,
        path: &AccountPath,
        towards: &Towards,
        redirect: &Url,
    ) -> Result<Chosen, Error> {
        let (ws, provider) = (&path.instance.workspace, &towards.provider);
        if let Some(own) = own::own(tables, &self.vault, context, path, &provider.id)? {
            return Ok(own);
        }
        let Some(row) = tables.application(ws, &provider.id)? else {
            return Err(AccountError::NoApplication(Box::new(Registration {
                provider: provider.id.clone(),
                name: provider.name.clone(),
                steps: provider.registration.as_ref().map(|steps| filled(steps, redirect)),
                redirect: redirect.to_string(),
            }))
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

fn given(client_id: String, proof: NewProof) -> Result<Chosen, Error> {
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
