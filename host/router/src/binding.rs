//! What the saved secrets of an instance are for: the parameters, destinations, credentials and grants that decide where a
//! secret can go. Whoever may change one of these must not get the saved secret sent to a place of his choice, so a change
//! asks for the secrets again, whether it came from an edit or from a new version of the connector.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use relais_manifest::{Egress, FilledProvider, Manifest, Settings};
use sha2::{Digest, Sha256};

use crate::store::sha256;

/// What a secret is for besides parameters. The sign keeps these apart from the ids of parameters.
const EGRESS: &str = "@egress";
const CREDENTIALS: &str = "@credentials";
const GRANTS: &str = "@grants";
const PROVIDERS: &str = "@providers";

/// What decides where the secrets of an instance can go: each part's name, and the digest of its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binding(BTreeMap<String, String>);

impl Binding {
    /// The binding of an instance that has these settings and reaches these places.
    pub fn new(manifest: &Manifest, settings: &Settings, egress: &[Egress], grants: &[String]) -> Self {
        let mut parts = BTreeMap::new();
        for id in manifest.bound_parameters() {
            if let Some(value) = settings.values.get(&id) {
                let digest = sha256(value.to_string().as_bytes());
                parts.insert(id, digest);
            }
        }
        parts.insert(EGRESS.to_owned(), sha256(places(egress).as_bytes()));
        // A credential says in which header, and to which of the places, the host writes a secret.
        let credentials = serde_json::to_string(&manifest.credentials).unwrap_or_default();
        parts.insert(CREDENTIALS.to_owned(), sha256(credentials.as_bytes()));
        let providers = manifest.providers(settings).unwrap_or_default();
        if !providers.is_empty() {
            // Where refresh tokens and the secrets of applications go.
            parts.insert(PROVIDERS.to_owned(), sha256(endpoints(&providers).as_bytes()));
        }
        let grants: BTreeSet<&str> = grants.iter().map(String::as_str).collect();
        parts.insert(GRANTS.to_owned(), sha256(format!("{grants:?}").as_bytes()));
        Self(parts)
    }

    /// Reads back what [`Binding::stored`] gave.
    pub fn read(parts: BTreeMap<String, String>) -> Self {
        Self(parts)
    }

    /// For the record of the instance.
    pub fn stored(self) -> BTreeMap<String, String> {
        self.0
    }

    /// One digest of the whole, for the seals.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (name, value) in &self.0 {
            for part in [name, value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }

    /// What differs: ids of parameters, or `egress`, `credentials`, `grants`, `providers`. The egress and the providers are named
    /// only where no parameter explains them.
    pub fn changes(&self, other: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        let changed = names.into_iter().filter(|name| self.0.get(*name) != other.0.get(*name));
        let (parts, mut parameters): (Vec<&String>, Vec<&String>) = changed.partition(|name| name.starts_with('@'));
        let explained = !parameters.is_empty();
        parameters.extend(
            parts
                .into_iter()
                .filter(|part| !(explained && [EGRESS, PROVIDERS].contains(&part.as_str()))),
        );
        parameters
            .into_iter()
            .map(|name| name.trim_start_matches('@').to_owned())
            .collect()
    }
}

/// The endpoints of every provider in full; what is asked for there decides nothing.
fn endpoints(providers: &[FilledProvider]) -> String {
    let mut text = String::new();
    for provider in providers {
        let optional = [&provider.authorization, &provider.device, &provider.revocation];
        let all = optional.into_iter().map(Option::as_ref).chain([Some(&provider.token)]);
        for endpoint in all {
            let _ = write!(text, "{:?} ", endpoint.map(|endpoint| (&endpoint.url, endpoint.typed)));
        }
        let _ = writeln!(text, "{} {:?}", provider.id, provider.certificate_pem);
    }
    text
}

/// The places in full; how long connecting may take decides nothing.
fn places(egress: &[Egress]) -> String {
    let mut text = String::new();
    for place in egress {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{place} {} {:?} {:?}",
            place.typed, place.tls_name, place.certificate_pem
        );
    }
    text
}
