//! A provider with the values of one instance in its endpoints.

use std::collections::{BTreeMap, BTreeSet};

use crate::endpoint::{Endpoint, EndpointTemplate};
use crate::grants::text_of;
use crate::manifest::Manifest;
use crate::provider::{Dialect, Flow, Provider, scope_parameter};
use crate::reason::FieldError;
use crate::settings::Settings;
use crate::text::Text;

/// Who gives an account of one instance: absolute addresses, and what is asked for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledProvider {
    /// The provider's id in the manifest.
    pub id: String,
    /// What it is called on screen.
    pub name: Text,
    /// How its answers and errors are read.
    pub dialect: Dialect,
    /// There where `flows` has `authorization-code`.
    pub authorization: Option<Endpoint>,
    /// Where tokens come from.
    pub token: Endpoint,
    /// There where `flows` has `device-code`.
    pub device: Option<Endpoint>,
    /// Where a token is given back, if it can be.
    pub revocation: Option<Endpoint>,
    /// The ways to an account, the usual one first. Never empty.
    pub flows: Vec<Flow>,
    /// What is asked for where a person consents, as the instance is set.
    pub scopes: Vec<String>,
    /// Those of them that an account can do without.
    pub optional_scopes: Vec<String>,
    /// What is asked for where the application acts for itself.
    pub application_scopes: Vec<String>,
    /// Further parameters of the authorization request.
    pub authorize_parameters: BTreeMap<String, String>,
    /// Certificates in PEM: a CA to trust at these endpoints, or the server's own certificate.
    pub certificate_pem: Option<String>,
    /// How to register an application there, `{redirect}` not yet replaced.
    pub registration: Option<Text>,
}

impl Manifest {
    /// The providers that count for an instance with these settings: the first of each id whose `when` holds. One whose
    /// endpoints or scopes name a parameter without a value is left out.
    ///
    /// # Errors
    ///
    /// Values that are each fit for their parameter but make no address.
    pub fn providers(&self, settings: &Settings) -> Result<Vec<FilledProvider>, Vec<FieldError>> {
        let mut filled = Vec::new();
        let mut errors: Vec<FieldError> = Vec::new();
        let mut seen = BTreeSet::new();
        for provider in self.applying(&self.providers, |provider| &provider.when, settings) {
            if !seen.insert(&provider.id) {
                continue;
            }
            match provider.fill(settings, self.asks_for_all(provider, settings)) {
                Ok(provider) => filled.extend(provider),
                // The endpoints of one provider share their parameters: one refusal each is enough.
                Err(error) if errors.contains(&error) => {}
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(filled) } else { Err(errors) }
    }

    /// The provider called `id` for an instance with these settings. Nothing where none applies, or where values are missing
    /// or make no address, which [`Manifest::providers`] tells.
    pub fn provider(&self, settings: &Settings, id: &str) -> Option<FilledProvider> {
        let of_that_id = self.providers.iter().filter(|provider| provider.id == id);
        let provider = self.applying(of_that_id, |provider| &provider.when, settings);
        let provider = provider.first()?;
        let all = self.asks_for_all(provider, settings);
        provider.fill(settings, all).ok().flatten()
    }

    /// Whether the optional scopes are asked for too.
    fn asks_for_all(&self, provider: &Provider, settings: &Settings) -> bool {
        let asking = self.applying([provider], |provider| &provider.optional_when, settings);
        !asking.is_empty()
    }
}

impl Provider {
    /// Without `all`, the optional scopes are left out.
    fn fill(&self, settings: &Settings, all: bool) -> Result<Option<FilledProvider>, FieldError> {
        let mut endpoints = BTreeMap::new();
        for (key, to) in self.endpoints() {
            // An endpoint that cannot be read is none; no valid manifest holds one.
            let Ok(template) = EndpointTemplate::parse(to) else {
                return Ok(None);
            };
            let Some(endpoint) = template.fill(settings)? else {
                return Ok(None);
            };
            endpoints.insert(key, endpoint);
        }
        let Some(token) = endpoints.remove("token") else {
            return Ok(None);
        };
        let scopes = |scopes: &[String], are_left_out: &[String]| -> Option<Vec<String>> {
            let asked = scopes.iter().filter(|scope| !are_left_out.contains(scope));
            asked.map(|scope| filled_scope(scope, settings)).collect()
        };
        let left_out = if all { &[] } else { self.optional_scopes.as_slice() };
        let (Some(of_person), Some(optional), Some(of_application)) = (
            scopes(&self.scopes, left_out),
            scopes(&self.optional_scopes, left_out),
            scopes(&self.application_scopes, &[]),
        ) else {
            return Ok(None);
        };
        Ok(Some(FilledProvider {
            id: self.id.clone(),
            name: self.name.clone(),
            dialect: self.dialect,
            authorization: endpoints.remove("authorization"),
            token,
            device: endpoints.remove("device"),
            revocation: endpoints.remove("revocation"),
            flows: self.flows.clone(),
            scopes: of_person,
            optional_scopes: optional,
            application_scopes: of_application,
            authorize_parameters: self.authorize_parameters.clone(),
            certificate_pem: text_of(self.certificate.as_deref(), settings),
            registration: self.registration.clone(),
        }))
    }
}

/// A scope with the value of the parameter that it begins with; none where that has none.
fn filled_scope(scope: &str, settings: &Settings) -> Option<String> {
    match scope_parameter(scope).ok()? {
        None => Some(scope.to_owned()),
        Some((id, rest)) => Some(format!("{}{rest}", settings.text(id)?.trim_end_matches('/'))),
    }
}
