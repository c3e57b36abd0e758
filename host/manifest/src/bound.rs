//! The parameters that a saved secret or an account is bound to: whoever may edit the address must not receive the saved
//! password, and a refresh token goes to no other endpoint than the one that gave it.

use std::collections::BTreeSet;

use crate::credential::Credential;
use crate::manifest::Manifest;
use crate::parameter::ParameterType;
use crate::provider::Provider;
use crate::template::Template;

/// Parameters that decide where something that the host holds can go. Secrets and accounts are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoundParameters {
    /// An egress, a certificate, an expected TLS name, a credential or a provider's endpoint is built from their values.
    pub built_from: BTreeSet<String>,
    /// No value of theirs goes anywhere; they decide (`when`) whether one of these applies.
    pub deciding: BTreeSet<String>,
}

impl Manifest {
    /// Every parameter that any egress, credential or provider is built from, and every parameter that decides whether one of
    /// these applies.
    ///
    /// Editing one erases the saved secrets and accounts that it is bound to ([`Manifest::bound_to`]). A deciding parameter
    /// counts, since switching it can bring an address into effect that lay unnoticed.
    pub fn bound_parameters(&self) -> BTreeSet<String> {
        let bound = self.bound(&|_| true, &self.providers);
        bound.built_from.into_iter().chain(bound.deciding).collect()
    }

    /// The parameters that the secret or account of that id is bound to: those of every egress, of the credentials that are
    /// made of it, and for an account those of the providers. A credential made of another secret decides nothing here.
    pub fn bound_to(&self, held: &str) -> BoundParameters {
        let is_account = self
            .parameter(held)
            .is_some_and(|held| held.kind == ParameterType::Account);
        let providers = if is_account { self.providers.as_slice() } else { &[] };
        self.bound(&|credential| credential.held() == Some(held), providers)
    }

    fn bound(&self, counts: &dyn Fn(&Credential) -> bool, providers: &[Provider]) -> BoundParameters {
        let mut named: Vec<String> = Vec::new();
        let mut deciding: Vec<String> = Vec::new();
        for request in &self.egress {
            if let Ok(template) = Template::parse(&request.to) {
                named.extend(template.parameters().into_iter().map(|(id, _)| id.to_owned()));
            }
            named.extend(request.certificate.clone());
            named.extend(request.tls_name.clone());
            deciding.extend(request.when.keys().cloned());
        }
        for credential in self.credentials.iter().filter(|credential| counts(credential)) {
            named.extend(credential.held().map(str::to_owned));
            named.extend(credential.username.clone());
        }
        for provider in providers {
            named.extend(provider.parameters());
            named.extend(provider.certificate.clone());
            deciding.extend(provider.when.keys().cloned());
        }
        let built_from: BTreeSet<String> = named.into_iter().collect();
        let conditions = |id: &String| {
            let parameter = self.parameter(id).into_iter();
            parameter.flat_map(|parameter| parameter.when.keys().cloned())
        };
        deciding.extend(built_from.iter().flat_map(conditions));
        let mut decides = BTreeSet::new();
        while let Some(id) = deciding.pop() {
            let further: Vec<String> = conditions(&id).collect();
            if decides.insert(id) {
                deciding.extend(further);
            }
        }
        let is_set = |id: &String| self.parameter(id).is_some_and(|parameter| !parameter.kind.is_held());
        BoundParameters {
            deciding: decides
                .difference(&built_from)
                .filter(|id| is_set(id))
                .cloned()
                .collect(),
            built_from: built_from.into_iter().filter(is_set).collect(),
        }
    }
}
