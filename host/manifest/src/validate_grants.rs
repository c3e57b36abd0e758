//! Whether what a manifest asks for holds together: egress and credentials.

use std::collections::BTreeSet;

use crate::credential::{Credential, Slot, is_forbidden_header, is_header_name};
use crate::manifest::{EgressRequest, Manifest};
use crate::manifest_error_kind::ManifestErrorKind;
use crate::parameter::ParameterType;
use crate::template::Template;
use crate::text::printable;
use crate::validate::{Findings, NAME, check_text, is_name};

impl Manifest {
    pub(crate) fn check_grants(&self, findings: &mut Findings) {
        let mut seen = BTreeSet::new();
        for (index, request) in self.egress.iter().enumerate() {
            let at = |key: &str| format!("egress[{index}].{key}");
            if !seen.insert(&request.to) {
                findings.add(at("to"), ManifestErrorKind::Duplicate(printable(&request.to, 512)));
            }
            self.check_egress(request, at, findings);
        }
        let mut seen = BTreeSet::new();
        for (index, credential) in self.credentials.iter().enumerate() {
            let at = |key: &str| format!("credentials[{index}].{key}");
            if !is_name(&credential.name) {
                findings.add(at("name"), ManifestErrorKind::Id(NAME));
            } else if !seen.insert(&credential.name) {
                findings.add(at("name"), ManifestErrorKind::Duplicate(credential.name.clone()));
            }
            self.check_parts(credential, at, findings);
            self.check_slot(credential, at, findings);
        }
    }

    fn check_egress(&self, request: &EgressRequest, at: impl Fn(&str) -> String, findings: &mut Findings) {
        let mut may_be_tls = true;
        match Template::parse(&request.to) {
            Ok(template) => {
                for (id, place) in template.parameters() {
                    self.expect_parameter(id, place.types(), &at("to"), findings);
                }
                may_be_tls = template.may_be_tls();
            }
            Err(problem) => findings.add(at("to"), ManifestErrorKind::Template(problem)),
        }
        let named: [(&str, &Option<String>, &'static [ParameterType]); 3] = [
            ("certificate", &request.certificate, &[ParameterType::Certificate]),
            ("tls-name", &request.tls_name, &[ParameterType::Host]),
            ("connect-timeout", &request.connect_timeout, &[ParameterType::Duration]),
        ];
        for (key, id, fit) in named {
            let Some(id) = id else { continue };
            self.expect_parameter(id, fit, &at(key), findings);
            if !may_be_tls && key != "connect-timeout" {
                findings.add(at(key), ManifestErrorKind::NoTls);
            }
        }
        self.check_when(&request.when, &at, findings);
        if let Some(reason) = &request.reason {
            check_text(&at("reason"), reason, findings);
        }
    }

    /// The parameters that a credential is made of.
    fn check_parts(&self, credential: &Credential, at: impl Fn(&str) -> String, findings: &mut Findings) {
        let kind = credential.kind;
        match (&credential.secret, &credential.account) {
            (Some(id), None) if kind.takes_secret() => {
                self.expect_parameter(id, &[ParameterType::Secret], &at("secret"), findings);
            }
            (Some(_), None) => findings.add(at("secret"), ManifestErrorKind::NotForKind(kind)),
            (None, Some(id)) if kind.takes_account() => {
                self.expect_parameter(id, &[ParameterType::Account], &at("account"), findings);
            }
            (None, Some(_)) => findings.add(at("account"), ManifestErrorKind::NotForKind(kind)),
            (None, None) if !kind.takes_secret() => {
                findings.add(at("account"), ManifestErrorKind::NeededForKind(kind));
            }
            (None, None) if !kind.takes_account() => {
                findings.add(at("secret"), ManifestErrorKind::NeededForKind(kind));
            }
            _ => findings.add(at("secret"), ManifestErrorKind::SecretOrAccount),
        }
        match &credential.username {
            Some(id) if kind.takes_username() => {
                let fit: &'static [ParameterType] = &[ParameterType::Text, ParameterType::Email];
                self.expect_parameter(id, fit, &at("username"), findings);
            }
            Some(_) => findings.add(at("username"), ManifestErrorKind::NotForKind(kind)),
            None if kind.needs_username() => {
                findings.add(at("username"), ManifestErrorKind::NeededForKind(kind));
            }
            None => {}
        }
    }

    /// Where a credential goes.
    fn check_slot(&self, credential: &Credential, at: impl Fn(&str) -> String, findings: &mut Findings) {
        let kind = credential.kind;
        if credential.slot != kind.slot() {
            findings.add(
                at("slot"),
                ManifestErrorKind::SlotMismatch {
                    kind,
                    slot: kind.slot(),
                },
            );
            return;
        }
        let is_http = |request: &EgressRequest| Template::parse(&request.to).is_ok_and(|template| template.is_http());
        let of_this_slot = |request: &EgressRequest| is_http(request) == (credential.slot == Slot::HttpHeader);
        if !self.egress.iter().any(of_this_slot) {
            findings.add(at("slot"), ManifestErrorKind::NoDestination(credential.slot));
        }
        if credential.slot == Slot::SmtpAuth {
            if credential.header.is_some() {
                findings.add(at("header"), ManifestErrorKind::NotForKind(kind));
            }
            if !credential.origins.is_empty() {
                findings.add(at("origins"), ManifestErrorKind::NotForKind(kind));
            }
            return;
        }
        match credential.header_name() {
            None => findings.add(at("header"), ManifestErrorKind::NeededForKind(kind)),
            Some(name) if !is_header_name(name) => findings.add(at("header"), ManifestErrorKind::NotAHeader),
            Some(name) if is_forbidden_header(name) => findings.add(at("header"), ManifestErrorKind::ForbiddenHeader),
            Some(_) => {}
        }
        let mut seen = BTreeSet::new();
        for (index, origin) in credential.origins.iter().enumerate() {
            let path = at(&format!("origins[{index}]"));
            if !self
                .egress
                .iter()
                .any(|request| request.to == *origin && is_http(request))
            {
                findings.add(path, ManifestErrorKind::UnknownOrigin);
            } else if !seen.insert(origin) {
                findings.add(path, ManifestErrorKind::Duplicate(printable(origin, 512)));
            }
        }
    }
}
