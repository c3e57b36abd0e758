//! Whether the providers of a manifest hold together, and whether accounts find them.

use std::collections::BTreeSet;

use crate::endpoint::EndpointTemplate;
use crate::manifest::Manifest;
use crate::manifest_error_kind::ManifestErrorKind;
use crate::nearest::nearest;
use crate::parameter::{Parameter, ParameterType};
use crate::provider::{Flow, Provider, scope_parameter};
use crate::provider_problem::ProviderProblem;
use crate::text::{disturbs, printable};
use crate::validate::{Findings, MAX_ID, NAME, check_text, is_name};

const MAX_PROVIDERS_OF_ACCOUNT: usize = 16;
const MAX_SCOPES: usize = 64;
const MAX_SCOPE: usize = 256;
const MAX_AUTHORIZE_PARAMETERS: usize = 16;
const MAX_AUTHORIZE_VALUE: usize = 256;

/// What the host writes itself into an authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9101 §5, OpenID Connect
/// Core §3.1.2.1), and what has no place in one.
const OWN_PARAMETERS: [&str; 13] = [
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "grant_type",
    "nonce",
    "redirect_uri",
    "request",
    "request_uri",
    "response_type",
    "scope",
    "state",
];

impl Manifest {
    pub(crate) fn check_providers(&self, findings: &mut Findings) {
        // The ids that an earlier provider has whatever the values are.
        let mut settled = BTreeSet::new();
        for (index, provider) in self.providers.iter().enumerate() {
            let at = |key: &str| format!("providers[{index}].{key}");
            if !is_name(&provider.id) {
                findings.add(at("id"), ManifestErrorKind::Id(NAME));
            } else if settled.contains(&provider.id) {
                findings.add(at("id"), ManifestErrorKind::Duplicate(provider.id.clone()));
            } else if provider.when.is_empty() {
                settled.insert(&provider.id);
            }
            check_text(&at("name"), &provider.name, findings);
            if let Some(registration) = &provider.registration {
                check_text(&at("registration"), registration, findings);
            }
            self.check_when(&provider.when, at, findings);
            self.check_when(&provider.optional_when, |key| at(&format!("optional-{key}")), findings);
            for (key, to) in provider.endpoints() {
                match EndpointTemplate::parse(to) {
                    Ok(template) => {
                        for (id, place) in template.parameters() {
                            self.expect_parameter(id, place.types(), &at(key), findings);
                        }
                    }
                    Err(problem) => findings.add(at(key), ManifestErrorKind::Template(problem)),
                }
            }
            for (key, scopes) in scopes_of(provider) {
                for (index, scope) in scopes.iter().enumerate() {
                    let path = at(&format!("{key}[{index}]"));
                    match scope_parameter(scope) {
                        Ok(None) => {}
                        Ok(Some((id, _))) => {
                            self.expect_parameter(id, &[ParameterType::Url], &path, findings);
                        }
                        Err(problem) => findings.add(path, ManifestErrorKind::Template(problem)),
                    }
                }
            }
            if let Some(id) = &provider.certificate {
                self.expect_parameter(id, &[ParameterType::Certificate], &at("certificate"), findings);
            }
            check_flows(provider, at, findings);
            check_authorize_parameters(provider, at, findings);
        }
    }

    /// The providers of an account parameter. One that nothing is made of and that has no provider does no harm, and was
    /// once all that could be written.
    pub(crate) fn check_account(&self, parameter: &Parameter, at: impl Fn(&str) -> String, findings: &mut Findings) {
        if parameter.kind != ParameterType::Account {
            if !parameter.providers.is_empty() {
                let (key, found) = ("providers", parameter.kind);
                findings.add(at(key), ManifestErrorKind::NotForType { key, found });
            }
            return;
        }
        let is_used = || {
            let mut accounts = self.credentials.iter().filter_map(|one| one.account.as_ref());
            accounts.any(|account| *account == parameter.id)
        };
        if parameter.providers.is_empty() && (!self.providers.is_empty() || is_used()) {
            findings.add(
                at("providers"),
                ManifestErrorKind::Provider(ProviderProblem::NoProvider),
            );
        }
        if parameter.providers.len() > MAX_PROVIDERS_OF_ACCOUNT {
            let max = MAX_PROVIDERS_OF_ACCOUNT;
            findings.add(at("providers"), ManifestErrorKind::TooMany { max });
            return;
        }
        let mut seen = BTreeSet::new();
        for (index, id) in parameter.providers.iter().enumerate() {
            let path = at(&format!("providers[{index}]"));
            let known = || self.providers.iter().map(|provider| provider.id.as_str());
            if !known().any(|known| known == id) {
                let near = nearest(id, known()).map(|near| printable(near, MAX_ID));
                let id = printable(id, MAX_ID);
                let problem = ProviderProblem::Unknown { id, nearest: near };
                findings.add(path, ManifestErrorKind::Provider(problem));
            } else if !seen.insert(id) {
                findings.add(path, ManifestErrorKind::Duplicate(id.clone()));
            }
        }
    }
}

fn check_flows(provider: &Provider, at: impl Fn(&str) -> String, findings: &mut Findings) {
    if provider.flows.is_empty() {
        findings.add(at("flows"), ManifestErrorKind::Provider(ProviderProblem::NoFlow));
    }
    let missing = |key: &str, flow: Flow, findings: &mut Findings| {
        let problem = ProviderProblem::NeededForFlow(flow);
        findings.add(at(key), ManifestErrorKind::Provider(problem));
    };
    let mut seen = BTreeSet::new();
    for (index, flow) in provider.flows.iter().enumerate() {
        let path = at(&format!("flows[{index}]"));
        if !seen.insert(flow) {
            findings.add(path, ManifestErrorKind::Duplicate(flow.word().to_owned()));
            continue;
        }
        let (key, is_there) = match flow {
            Flow::DeviceCode => ("device", provider.device.is_some()),
            Flow::AuthorizationCode => ("authorization", provider.authorization.is_some()),
            Flow::ClientCredentials => ("application-scopes", !provider.application_scopes.is_empty()),
        };
        if !is_there {
            missing(key, *flow, findings);
        }
        if flow.is_delegated() && provider.scopes.is_empty() {
            missing("scopes", *flow, findings);
        }
    }
    for (key, scopes) in scopes_of(provider) {
        if scopes.len() > MAX_SCOPES {
            findings.add(at(key), ManifestErrorKind::TooMany { max: MAX_SCOPES });
            continue;
        }
        for (index, scope) in scopes.iter().enumerate() {
            if !is_scope(scope) {
                findings.add(
                    at(&format!("{key}[{index}]")),
                    ManifestErrorKind::Provider(ProviderProblem::NotAScope),
                );
            }
        }
    }
    if provider.optional_scopes.len() > MAX_SCOPES {
        findings.add(at("optional-scopes"), ManifestErrorKind::TooMany { max: MAX_SCOPES });
        return;
    }
    for (index, scope) in provider.optional_scopes.iter().enumerate() {
        if !provider.scopes.contains(scope) {
            let problem = ProviderProblem::NotAmongScopes;
            findings.add(
                at(&format!("optional-scopes[{index}]")),
                ManifestErrorKind::Provider(problem),
            );
        }
    }
}

/// The lists of what is asked for, by their key in the manifest.
fn scopes_of(provider: &Provider) -> [(&'static str, &Vec<String>); 2] {
    [
        ("scopes", &provider.scopes),
        ("application-scopes", &provider.application_scopes),
    ]
}

/// One scope token (RFC 6749 §3.3).
fn is_scope(scope: &str) -> bool {
    (1..=MAX_SCOPE).contains(&scope.len()) && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

fn check_authorize_parameters(provider: &Provider, at: impl Fn(&str) -> String, findings: &mut Findings) {
    let parameters = &provider.authorize_parameters;
    if parameters.len() > MAX_AUTHORIZE_PARAMETERS {
        let max = MAX_AUTHORIZE_PARAMETERS;
        findings.add(at("authorize-parameters"), ManifestErrorKind::TooMany { max });
        return;
    }
    for (name, value) in parameters {
        let path = at(&format!("authorize-parameters.{}", printable(name, MAX_ID)));
        if !is_name(name) {
            findings.add(path, ManifestErrorKind::Id(NAME));
        } else if OWN_PARAMETERS.contains(&name.as_str()) {
            findings.add(path, ManifestErrorKind::Provider(ProviderProblem::OwnParameter));
        } else if value.is_empty() || value.len() > MAX_AUTHORIZE_VALUE || value.chars().any(disturbs) {
            findings.add(path, ManifestErrorKind::Provider(ProviderProblem::AuthorizeValue));
        }
    }
}
