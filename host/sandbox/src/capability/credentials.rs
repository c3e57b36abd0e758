//! `relais:connector/credentials`: names in, handles out.

use relais_manifest::{Credential, Manifest, Slot};

use crate::Instance;
use crate::bindings::relais::connector::credentials::{CredentialError, Host};
use crate::state::State;
use relais_outgoing::Secret;

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
}

/// What a credential is made of, in the host only.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) credential: &'a Credential,
    pub(crate) username: &'a str,
    pub(crate) secret: &'a Secret,
}

/// A secret or a parameter of the credential is missing; the text names it.
#[derive(Debug)]
pub(crate) struct NotReady(pub(crate) String);

impl<'a> Parts<'a> {
    pub(crate) fn of(manifest: &'a Manifest, instance: &'a Instance, name: &str) -> Result<Self, NotReady> {
        let missing = |what: &str| NotReady(format!("`{what}` is not set"));
        let credential = manifest.credential(name).ok_or_else(|| missing(name))?;
        let field = credential.secret.as_str();
        let secret = instance.secrets.get(field).ok_or_else(|| missing(field))?;
        let username = match credential.username.as_deref() {
            Some(field) => instance.settings.text(field).ok_or_else(|| missing(field))?,
            None => "",
        };
        Ok(Self {
            credential,
            username,
            secret,
        })
    }
}
