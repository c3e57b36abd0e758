//! What the tests of this crate share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, BTreeSet};

use relais_manifest::{FieldError, Given, Manifest, ManifestErrorKind, Settings, given_values};

pub const SMTP: &str = include_str!("../fixtures/smtp.toml");

pub const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// A provider `idp` with every flow.
pub const PROVIDER: &str = "[[providers]]\nid = 'idp'\nname = { en = 'x' }\n\
    authorization = 'https://login.example.org/authorize'\ntoken = 'https://login.example.org/token'\n\
    device = 'https://login.example.org/device'\nflows = ['device-code', 'authorization-code', 'client-credentials']\n\
    scopes = ['offline_access']\napplication-scopes = ['all']\n";

const HEAD: &str = "manifest-version = 1\nid = 'acme/api'\nversion = '1.0.0'\nname = { en = 'Acme' }\n";

pub fn smtp() -> Manifest {
    Manifest::from_toml(SMTP).unwrap()
}

/// A small manifest with `rest` after its head.
pub fn toml(rest: &str) -> String {
    format!("{HEAD}{rest}")
}

pub fn manifest(rest: &str) -> Manifest {
    Manifest::from_toml(&toml(rest)).unwrap()
}

/// A parameter, with `rest` as further lines of it.
pub fn parameter(id: &str, kind: &str, rest: &str) -> String {
    format!("[[parameters]]\nid = '{id}'\ntype = '{kind}'\nlabel = {{ en = 'x' }}\n{rest}\n")
}

/// Everything that is found in a manifest with `rest` after its head.
pub fn found(rest: &str) -> Vec<(String, ManifestErrorKind)> {
    let invalid = Manifest::from_toml(&toml(rest)).expect_err(rest);
    invalid
        .errors
        .into_iter()
        .map(|error| (error.path, error.kind))
        .collect()
}

/// The one finding in a manifest with `rest` after its head.
pub fn finding(rest: &str) -> (String, ManifestErrorKind) {
    let mut found = found(rest);
    assert_eq!(found.len(), 1, "{rest}\n{found:?}");
    found.remove(0)
}

pub fn given(pairs: &[(&str, &str)]) -> Given {
    pairs
        .iter()
        .map(|(id, text)| ((*id).to_owned(), (*text).to_owned()))
        .collect()
}

pub fn try_settings(
    manifest: &Manifest,
    pairs: &[(&str, &str)],
    secrets: &[&str],
) -> Result<Settings, Vec<FieldError>> {
    let secrets: BTreeSet<String> = secrets.iter().map(|id| (*id).to_owned()).collect();
    manifest.settings(&given_values(&given(pairs)), &secrets)
}

pub fn settings(manifest: &Manifest, pairs: &[(&str, &str)]) -> Settings {
    try_settings(manifest, pairs, &[]).unwrap()
}

pub fn json_settings(manifest: &Manifest, values: serde_json::Value) -> Result<Settings, Vec<FieldError>> {
    let values: BTreeMap<String, serde_json::Value> = serde_json::from_value(values).unwrap();
    manifest.settings(&values, &BTreeSet::new())
}
