//! A manifest that is refused: where, and why.

use thiserror::Error;

use crate::manifest_error_kind::ManifestErrorKind;
use crate::text::Lang;

/// A manifest that is refused, with everything that was found, at most 64 findings.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.text(Lang::En))]
pub struct InvalidManifest {
    /// What was found, never empty.
    pub errors: Vec<ManifestError>,
}

impl InvalidManifest {
    /// All findings in `lang`, one a line.
    pub fn text(&self, lang: Lang) -> String {
        self.errors
            .iter()
            .map(|error| error.text(lang))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl From<ManifestError> for InvalidManifest {
    fn from(error: ManifestError) -> Self {
        Self { errors: vec![error] }
    }
}

/// One finding: where, and what.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.text(Lang::En))]
pub struct ManifestError {
    /// Where in the manifest, such as `parameters[2].default`; empty for the whole.
    pub path: String,
    /// What is wrong there.
    pub kind: ManifestErrorKind,
}

impl ManifestError {
    pub(crate) fn new(path: impl Into<String>, kind: ManifestErrorKind) -> Self {
        Self {
            path: path.into(),
            kind,
        }
    }

    /// The place and the sentence in `lang`.
    pub fn text(&self, lang: Lang) -> String {
        match (self.path.as_str(), lang) {
            ("", _) => self.kind.text(lang),
            (path, Lang::Fr) => format!("{path} : {}", self.kind.text(lang)),
            (path, Lang::En) => format!("{path}: {}", self.kind.text(lang)),
        }
    }
}
