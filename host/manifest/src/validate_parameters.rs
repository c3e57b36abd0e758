//! Whether the parameters of a manifest hold together: constraints, defaults, conditions and roles.

use std::collections::BTreeSet;

use crate::conditions::When;
use crate::manifest::Manifest;
use crate::manifest_error_kind::ManifestErrorKind;
use crate::nearest::nearest;
use crate::parameter::{Choice, Parameter, ParameterType, Role};
use crate::text::{disturbs, printable};
use crate::validate::{Findings, MAX_ID, check_text, is_parameter_id};
use crate::values::{DEFAULT_MAX_LENGTH, checked, duration_bounds};

const MAX_CHOICES: usize = 64;
const MAX_TEXT_LENGTH: u32 = 16_384;

impl Manifest {
    pub(crate) fn check_parameters(&self, findings: &mut Findings) {
        let mut seen = BTreeSet::new();
        let mut sender_seen = false;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let at = |key: &str| format!("parameters[{index}].{key}");
            if !is_parameter_id(&parameter.id) {
                findings.add(at("id"), ManifestErrorKind::Id("[a-z][a-z0-9_]*"));
            } else if !seen.insert(&parameter.id) {
                findings.add(at("id"), ManifestErrorKind::Duplicate(parameter.id.clone()));
            }
            check_text(&at("label"), &parameter.label, findings);
            if let Some(help) = &parameter.help {
                check_text(&at("help"), help, findings);
            }
            check_constraints(parameter, at, findings);
            check_choices(&parameter.choices, at, findings);
            check_default(parameter, at, findings);
            self.check_when(&parameter.when, at, findings);
            self.check_account(parameter, at, findings);
            if parameter.role == Some(Role::Sender) {
                if parameter.kind != ParameterType::Email {
                    findings.add(at("role"), ManifestErrorKind::RoleNeeds(ParameterType::Email));
                }
                if sender_seen {
                    findings.add(at("role"), ManifestErrorKind::Duplicate("sender".to_owned()));
                }
                sender_seen = true;
            }
        }
        self.check_circles(findings);
    }

    pub(crate) fn check_when(&self, when: &When, at: impl Fn(&str) -> String, findings: &mut Findings) {
        const FIT: &[ParameterType] = &[
            ParameterType::Boolean,
            ParameterType::Choice,
            ParameterType::Text,
            ParameterType::Integer,
            ParameterType::Port,
            ParameterType::Host,
            ParameterType::Email,
            ParameterType::Url,
            ParameterType::Duration,
        ];
        for (id, wanted) in when {
            let path = at(&format!("when.{}", printable(id, MAX_ID)));
            if let Some(target) = self.expect_parameter(id, FIT, &path, findings)
                && let Err(reason) = checked(target, wanted)
            {
                findings.add(path, ManifestErrorKind::When(reason));
            }
        }
    }

    /// Removes the parameters whose conditions are all removed, until nothing changes: what is left stands in a circle or
    /// depends on one.
    fn check_circles(&self, findings: &mut Findings) {
        let mut left: Vec<&Parameter> = self.parameters.iter().collect();
        loop {
            let before = left.len();
            let ids: BTreeSet<&str> = left.iter().map(|parameter| parameter.id.as_str()).collect();
            left.retain(|parameter| parameter.when.keys().any(|id| ids.contains(id.as_str())));
            if left.len() == before {
                break;
            }
        }
        if !left.is_empty() {
            let ids = left.iter().map(|parameter| printable(&parameter.id, MAX_ID)).collect();
            findings.add("parameters", ManifestErrorKind::Circle(ids));
        }
    }

    /// The parameter called `id`, if it exists and is of a fit type; else a finding.
    pub(crate) fn expect_parameter(
        &self,
        id: &str,
        fit: &'static [ParameterType],
        path: &str,
        findings: &mut Findings,
    ) -> Option<&Parameter> {
        let parameter = self.parameter(id);
        match parameter {
            None => {
                let near = nearest(id, self.parameters.iter().map(|parameter| parameter.id.as_str()));
                findings.add(
                    path,
                    ManifestErrorKind::UnknownParameter {
                        id: printable(id, MAX_ID),
                        nearest: near.map(|near| printable(near, MAX_ID)),
                    },
                );
                None
            }
            Some(parameter) if !fit.contains(&parameter.kind) => {
                let id = printable(id, MAX_ID);
                findings.add(
                    path,
                    ManifestErrorKind::UnfitParameter {
                        id,
                        found: parameter.kind,
                        fit,
                    },
                );
                None
            }
            fit => fit,
        }
    }
}

fn check_constraints(parameter: &Parameter, at: impl Fn(&str) -> String, findings: &mut Findings) {
    use ParameterType::{Choice, Duration, Integer, Text};
    let kind = parameter.kind;
    let keys: [(&str, bool, &[ParameterType]); 5] = [
        ("min", parameter.min.is_some(), &[Integer, Duration]),
        ("max", parameter.max.is_some(), &[Integer, Duration]),
        ("min-length", parameter.min_length.is_some(), &[Text]),
        ("max-length", parameter.max_length.is_some(), &[Text]),
        ("choices", !parameter.choices.is_empty(), &[Choice]),
    ];
    for (key, given, fit) in keys {
        if given && !fit.contains(&kind) {
            findings.add(at(key), ManifestErrorKind::NotForType { key, found: kind });
        }
    }
    let sound = match kind {
        Integer => parameter.min.zip(parameter.max).is_none_or(|(min, max)| min <= max),
        Duration => {
            let (min, max) = duration_bounds(parameter);
            (0..=max).contains(&min) && parameter.max.is_none_or(|asked| asked == max)
        }
        Text => {
            let max = parameter.max_length.unwrap_or(DEFAULT_MAX_LENGTH);
            (1..=MAX_TEXT_LENGTH).contains(&max) && parameter.min_length.is_none_or(|min| min <= max)
        }
        _ => true,
    };
    if !sound {
        findings.add(
            at(if kind == Text { "max-length" } else { "max" }),
            ManifestErrorKind::Bounds,
        );
    }
    if kind == Choice && parameter.choices.is_empty() {
        findings.add(at("choices"), ManifestErrorKind::NoChoices);
    }
}

fn check_choices(choices: &[Choice], at: impl Fn(&str) -> String, findings: &mut Findings) {
    if choices.len() > MAX_CHOICES {
        findings.add(at("choices"), ManifestErrorKind::TooMany { max: MAX_CHOICES });
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, choice) in choices.iter().enumerate() {
        let value = &choice.value;
        let path = at(&format!("choices[{index}].value"));
        if value.trim().is_empty() || value.chars().count() > MAX_ID || value.chars().any(disturbs) {
            findings.add(path, ManifestErrorKind::Id("a word without control characters"));
        } else if !seen.insert(value) {
            findings.add(path, ManifestErrorKind::Duplicate(value.clone()));
        }
        check_text(&at(&format!("choices[{index}].label")), &choice.label, findings);
    }
}

fn check_default(parameter: &Parameter, at: impl Fn(&str) -> String, findings: &mut Findings) {
    let Some(default) = &parameter.default else {
        return;
    };
    if parameter.kind.is_held() {
        findings.add(
            at("default"),
            ManifestErrorKind::NotForType {
                key: "default",
                found: parameter.kind,
            },
        );
    } else if let Err(reason) = checked(parameter, default) {
        findings.add(at("default"), ManifestErrorKind::Default(reason));
    }
}
