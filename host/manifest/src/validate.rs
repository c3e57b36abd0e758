//! Whether a manifest holds together: its head, its bounds, its texts. Parameters are judged in `validate_parameters`,
//! who gives its accounts in `validate_providers`, what it asks for in `validate_grants`.

use crate::manifest::{MANIFEST_VERSION, Manifest};
use crate::manifest_error::{InvalidManifest, ManifestError};
use crate::manifest_error_kind::ManifestErrorKind;
use crate::text::{Text, disturbs, printable};

const MAX_SERVICES: usize = 16;
const MAX_PARAMETERS: usize = 64;
const MAX_EGRESS: usize = 16;
const MAX_PROVIDERS: usize = 16;
const MAX_CREDENTIALS: usize = 16;
pub(crate) const MAX_ID: usize = 64;
const MAX_TEXT: usize = 4096;
const MAX_FINDINGS: usize = 64;

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<ManifestError>);

impl Findings {
    pub(crate) fn add(&mut self, path: impl Into<String>, kind: ManifestErrorKind) {
        if self.0.len() < MAX_FINDINGS {
            self.0.push(ManifestError::new(path, kind));
        }
    }
}

impl Manifest {
    /// Whether the manifest holds together. Every constructor calls it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, each with its place, up to 64 findings.
    pub fn validate(&self) -> Result<(), InvalidManifest> {
        self.to_json()?;
        let mut findings = Findings::default();
        self.check_head(&mut findings);
        // A manifest beyond its bounds is not looked into.
        let lists = [
            ("services", self.services.len(), MAX_SERVICES),
            ("parameters", self.parameters.len(), MAX_PARAMETERS),
            ("egress", self.egress.len(), MAX_EGRESS),
            ("providers", self.providers.len(), MAX_PROVIDERS),
            ("credentials", self.credentials.len(), MAX_CREDENTIALS),
        ];
        let mut bounded = true;
        for (path, count, max) in lists {
            if count > max {
                findings.add(path, ManifestErrorKind::TooMany { max });
                bounded = false;
            }
        }
        if bounded {
            self.check_parameters(&mut findings);
            self.check_providers(&mut findings);
            self.check_grants(&mut findings);
        }
        if findings.0.is_empty() {
            Ok(())
        } else {
            Err(InvalidManifest { errors: findings.0 })
        }
    }

    fn check_head(&self, findings: &mut Findings) {
        if self.manifest_version > MANIFEST_VERSION {
            let kind = ManifestErrorKind::FutureVersion(self.manifest_version.into());
            findings.add("manifest-version", kind);
        } else if self.manifest_version < MANIFEST_VERSION {
            findings.add("manifest-version", ManifestErrorKind::Version);
        }
        let is_part = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let parts = self.id.split_once('/');
        if self.id.len() > MAX_ID || !parts.is_some_and(|(publisher, name)| is_part(publisher) && is_part(name)) {
            findings.add("id", ManifestErrorKind::Id("[a-z0-9-]+/[a-z0-9-]+"));
        }
        if !is_semver(&self.version) {
            findings.add("version", ManifestErrorKind::NotSemver);
        }
        check_text("name", &self.name, findings);
        if let Some(description) = &self.description {
            check_text("description", description, findings);
        }
        for (name, service) in &self.services {
            let path = format!("services.{}", printable(name, MAX_ID));
            if !is_name(name) {
                findings.add(&path, ManifestErrorKind::Id(NAME));
            }
            service.check(&path, findings);
        }
    }
}

pub(crate) fn check_text(path: &str, text: &Text, findings: &mut Findings) {
    let given = [("fr", &text.fr), ("en", &text.en)];
    if given.iter().all(|(_, text)| text.is_none()) {
        findings.add(path, ManifestErrorKind::EmptyText);
    }
    for (lang, text) in given {
        let Some(text) = text else { continue };
        let path = format!("{path}.{lang}");
        if text.trim().is_empty() {
            findings.add(path, ManifestErrorKind::EmptyText);
        } else if text.len() > MAX_TEXT {
            findings.add(path, ManifestErrorKind::TextTooLong);
        } else if text.chars().any(|c| c != '\n' && c != '\t' && disturbs(c)) {
            findings.add(path, ManifestErrorKind::DisturbingText);
        }
    }
}

/// `[a-z][a-z0-9_]*`, 64 characters at most.
pub(crate) fn is_parameter_id(id: &str) -> bool {
    id.len() <= MAX_ID
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The form of a service's or a credential's name.
pub(crate) const NAME: &str = "[a-z][a-z0-9_-]*";

/// Whether `name` has the form of [`NAME`], with 64 characters at most.
pub(crate) fn is_name(name: &str) -> bool {
    is_parameter_id(&name.replace('-', "_"))
}

/// `MAJOR.MINOR.PATCH[-pre][+build]` (Semantic Versioning 2.0.0 §2, §9, §10), 64 characters at most.
fn is_semver(version: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_number = |word: &str| {
        is_word(word) && word.bytes().all(|b| b.is_ascii_digit()) && (word == "0" || !word.starts_with('0'))
    };
    let is_pre = |word: &str| is_word(word) && (is_number(word) || !word.bytes().all(|b| b.is_ascii_digit()));
    let (rest, build) = version
        .split_once('+')
        .map_or((version, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest
        .split_once('-')
        .map_or((rest, None), |(core, pre)| (core, Some(pre)));
    version.len() <= MAX_ID
        && core.split('.').count() == 3
        && core.split('.').all(is_number)
        && pre.is_none_or(|pre| pre.split('.').all(is_pre))
        && build.is_none_or(|build| build.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_semantic_versioning() {
        for good in ["0.1.0", "1.4.0-rc.1", "1.0.0+build.01", "1.0.0--x", "10.20.30-a.0+b"] {
            assert!(is_semver(good), "{good}");
        }
        for bad in [
            "", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-", "1.0.0-01", "1.0.0+", "v1.0.0", "1.0.0-é", "1..0",
        ] {
            assert!(!is_semver(bad), "{bad}");
        }
    }

    #[test]
    fn ids_start_with_a_letter_and_stay_short() {
        assert!(is_parameter_id("tls_name") && is_parameter_id("a"));
        for bad in ["", "1a", "_a", "A", "a-b", "é", &"a".repeat(65)] {
            assert!(!is_parameter_id(bad), "{bad}");
        }
        assert!(is_name("api-key") && !is_name("-key") && !is_name("API"));
    }
}
