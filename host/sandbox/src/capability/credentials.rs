//! `relais:connector/credentials`: names in, handles out.

use std::borrow::Cow;
use std::sync::Arc;

use relais_manifest::{Credential, Manifest, Slot};

use crate::account::{Account, AccountFault, Token};
use crate::bindings::relais::connector::credentials::{CredentialError, Host};
use crate::context::Context;
use crate::state::State;
use crate::verdict;
use crate::{Instance, Secret};

impl Host for State {
    fn handle(&mut self, name: String) -> wasmtime::Result<Result<String, CredentialError>> {
        self.context.meter.call();
        let Some(credential) = self.context.manifest.credential(&name) else {
            return Ok(Err(CredentialError::Unknown));
        };
        if credential.slot != Slot::HttpHeader {
            return Ok(Err(CredentialError::WrongSlot));
        }
        if let Err(NotReady(missing)) = Parts::of(&self.context.manifest, &self.context.instance, &name) {
            return Ok(Err(CredentialError::NotReady(missing)));
        }
        Ok(Ok(self.context.handles.handle(&name).map_err(wasmtime::Error::from)?))
    }

    fn describe(&mut self, name: String) -> wasmtime::Result<Result<Vec<(String, String)>, CredentialError>> {
        self.context.meter.call();
        let Some(credential) = self.context.manifest.credential(&name) else {
            return Ok(Err(CredentialError::Unknown));
        };
        let Some(parameter) = credential.account.as_deref() else {
            return Ok(Ok(Vec::new()));
        };
        Ok(match self.context.instance.accounts.get(parameter) {
            Some(account) => Ok(verdict::pairs(account.describe())),
            None => Err(CredentialError::NotReady(missing(parameter).0)),
        })
    }
}

/// What a credential is made of, in the host only.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) credential: &'a Credential,
    /// Empty for a kind that has none.
    pub(crate) username: Cow<'a, str>,
    source: Source<'a>,
}

/// Where the secret part comes from.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Secret(&'a Secret),
    Account {
        parameter: &'a str,
        account: &'a Arc<dyn Account>,
    },
}

/// The secret part itself, for the moment of writing.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    Secret(&'a Secret),
    Token {
        token: Token,
        parameter: &'a str,
        account: &'a Arc<dyn Account>,
    },
}

/// A secret, an account or a parameter of the credential is missing; the text names it.
#[derive(Debug)]
pub(crate) struct NotReady(pub(crate) String);

fn missing(what: &str) -> NotReady {
    NotReady(format!("`{what}` is not set"))
}

impl<'a> Parts<'a> {
    pub(crate) fn of(manifest: &'a Manifest, instance: &'a Instance, name: &str) -> Result<Self, NotReady> {
        let credential = manifest.credential(name).ok_or_else(|| missing(name))?;
        let source = match (credential.secret.as_deref(), credential.account.as_deref()) {
            (Some(field), _) => Source::Secret(instance.secrets.get(field).ok_or_else(|| missing(field))?),
            (None, Some(parameter)) => Source::Account {
                parameter,
                account: instance.accounts.get(parameter).ok_or_else(|| missing(parameter))?,
            },
            (None, None) => return Err(missing(name)),
        };
        Ok(Self {
            credential,
            username: username(credential, instance, source)?,
            source,
        })
    }

    /// The secret, or a token that is valid now.
    pub(crate) async fn value(&self, context: &Context) -> Result<Value<'a>, AccountFault> {
        Ok(match self.source {
            Source::Secret(secret) => Value::Secret(secret),
            Source::Account { parameter, account } => Value::Token {
                token: context.token(parameter, account).await?,
                parameter,
                account,
            },
        })
    }
}

/// The user's name: the parameter's, or for a kind that can do without one the account's own.
fn username<'a>(
    credential: &'a Credential,
    instance: &'a Instance,
    source: Source<'a>,
) -> Result<Cow<'a, str>, NotReady> {
    let field = credential.username.as_deref();
    if let Some(text) = field.and_then(|field| instance.settings.text(field)) {
        return Ok(Cow::Borrowed(text));
    }
    match source {
        Source::Account { parameter, account } if credential.kind.takes_username() => {
            let mut facts = account.describe().into_iter();
            let (_, username) = facts.find(|(name, _)| name == "username").ok_or_else(|| {
                let own = field.map(|field| format!("; set `{field}`")).unwrap_or_default();
                NotReady(format!("the account `{parameter}` has no user name{own}"))
            })?;
            Ok(Cow::Owned(username))
        }
        _ => field.map_or(Ok(Cow::Borrowed("")), |field| Err(missing(field))),
    }
}

impl Value<'_> {
    /// For the one place that writes it to its destination.
    pub(crate) fn reveal(&self) -> &str {
        match self {
            Self::Secret(secret) => secret.reveal(),
            Self::Token { token, .. } => token.reveal(),
        }
    }

    /// The remote did not take it.
    pub(crate) fn refused(&self, context: &Context) {
        if let Self::Token {
            token,
            parameter,
            account,
        } = self
        {
            context.token_refused(parameter, account, token);
        }
    }
}
