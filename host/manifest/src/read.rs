//! Reading a manifest from TOML or JSON, and writing it as JSON.
//!
//! The order matters: size, syntax, version and reserved words, shape, then sense. A manifest from the future is told
//! apart before its new keys are called unknown, and so is a credential of an unknown kind.

use serde_json::Value;

use crate::credential::{CredentialKind, Slot};
use crate::locate::locate;
use crate::manifest::{MANIFEST_VERSION, Manifest};
use crate::manifest_error::{InvalidManifest, ManifestError};
use crate::manifest_error_kind::ManifestErrorKind;
use crate::text::printable;

/// The most bytes of a manifest, as TOML or JSON.
pub(crate) const MAX_MANIFEST: usize = 256 * 1024;

/// The most characters of a parser's message that are repeated.
const MAX_MESSAGE: usize = 1024;

impl Manifest {
    /// Reads a `connector.toml`.
    ///
    /// # Errors
    ///
    /// Text of more than 256 KiB, text that is not TOML (with line and column), and whatever [`Manifest::validate`]
    /// finds.
    pub fn from_toml(text: &str) -> Result<Self, InvalidManifest> {
        check_size(text.len())?;
        let value = toml::from_str(text).map_err(|error| syntax(&error.to_string()))?;
        from_value(&value)
    }

    /// Reads a manifest as it is embedded in a component.
    ///
    /// # Errors
    ///
    /// More than 256 KiB, what is not JSON, and whatever [`Manifest::validate`] finds.
    pub fn from_json(json: &[u8]) -> Result<Self, InvalidManifest> {
        check_size(json.len())?;
        let value = serde_json::from_slice(json).map_err(|error| syntax(&error.to_string()))?;
        from_value(&value)
    }

    /// The manifest as JSON, the same text for the same manifest.
    ///
    /// # Errors
    ///
    /// More than 256 KiB.
    pub fn to_json(&self) -> Result<String, InvalidManifest> {
        let json = serde_json::to_string(self).map_err(|error| syntax(&error.to_string()))?;
        check_size(json.len())?;
        Ok(json)
    }
}

fn check_size(bytes: usize) -> Result<(), ManifestError> {
    if bytes > MAX_MANIFEST {
        return Err(ManifestError::new(
            "",
            ManifestErrorKind::TooLarge { max: MAX_MANIFEST },
        ));
    }
    Ok(())
}

fn syntax(message: &str) -> ManifestError {
    ManifestError::new(
        "",
        ManifestErrorKind::Syntax(printable(message.trim_end(), MAX_MESSAGE)),
    )
}

fn from_value(value: &Value) -> Result<Manifest, InvalidManifest> {
    let errors = not_of_this_version(value);
    if !errors.is_empty() {
        return Err(InvalidManifest { errors });
    }
    let manifest: Manifest = serde_json::from_value(value.clone()).map_err(|error| shape(value, &error.to_string()))?;
    manifest.validate()?;
    Ok(manifest)
}

/// What only another version of Relais could read: a later manifest version, or words that this one does not compute.
fn not_of_this_version(value: &Value) -> Vec<ManifestError> {
    if let Some(version) = value.get("manifest-version").and_then(Value::as_u64)
        && version > u64::from(MANIFEST_VERSION)
    {
        return vec![ManifestError::new(
            "manifest-version",
            ManifestErrorKind::FutureVersion(version),
        )];
    }
    let credentials = value.get("credentials").and_then(Value::as_array);
    let mut errors = Vec::new();
    for (index, credential) in credentials.into_iter().flatten().take(64).enumerate() {
        if let Some(kind) = credential.get("kind").and_then(Value::as_str)
            && CredentialKind::ALL.iter().all(|known| known.word() != kind)
        {
            let word = printable(kind, 64);
            let kind = if CredentialKind::RESERVED.contains(&kind) {
                ManifestErrorKind::ReservedCredentialKind(word)
            } else {
                ManifestErrorKind::UnknownCredentialKind(word)
            };
            errors.push(ManifestError::new(format!("credentials[{index}].kind"), kind));
        } else if let Some(slot) = credential.get("slot").and_then(Value::as_str)
            && Slot::RESERVED.contains(&slot)
        {
            let kind = ManifestErrorKind::ReservedSlot(slot.to_owned());
            errors.push(ManifestError::new(format!("credentials[{index}].slot"), kind));
        }
    }
    errors
}

/// A value that does not have the shape of a manifest: where, and what the parser says.
fn shape(value: &Value, message: &str) -> ManifestError {
    let refused = |value: &Value| {
        serde_json::from_value::<Manifest>(value.clone())
            .err()
            .map(|error| error.to_string())
    };
    let path = locate(value, message, refused);
    let quoted = |start: &str| {
        let (key, rest) = message.strip_prefix(start)?.split_once('`')?;
        Some((
            printable(key, 64),
            printable(rest.trim_start_matches(", "), MAX_MESSAGE),
        ))
    };
    let kind = if let Some((key, expected)) = quoted("unknown field `") {
        ManifestErrorKind::UnknownKey { key, expected }
    } else if let Some((key, _)) = quoted("missing field `") {
        ManifestErrorKind::MissingKey(key)
    } else {
        ManifestErrorKind::Shape(printable(message, MAX_MESSAGE))
    };
    ManifestError::new(printable(&path, 256), kind)
}
