//! What the saved secrets of an instance are for: the parameters, destinations, credentials and grants that decide where a
//! secret can go. Whoever may change one of these must not get the saved secret sent to a place of his choice, so a change
//! asks for the secrets again, whether it came from an edit or from a new version of the connector.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use relais_manifest::{BoundParameters, Credential, Egress, FilledProvider, Manifest, Settings};
use sha2::{Digest, Sha256};

use crate::store::sha256;

/// What a secret is for besides parameters. The sign keeps these apart from the ids of parameters.
const EGRESS: &str = "@egress";
const CREDENTIALS: &str = "@credentials";
const GRANTS: &str = "@grants";
const PROVIDERS: &str = "@providers";
/// How many credentials of other secrets are told apart in a record of the earlier form: each doubles the work.
const OTHERS: usize = 10;

/// What decides where the secrets and accounts of an instance can go, as its connector and its values are now.
///
/// A part has a name and the digest of its value. The credentials make one part for each secret and account, of those
/// that are made of it: a new one over an account asks for no password again, and one that writes the password into
/// another header does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    parts: BTreeMap<String, String>,
    /// By the id of the secret or account.
    parameters: BTreeMap<String, BoundParameters>,
    /// The ids of those that are accounts.
    accounts: BTreeSet<String>,
    credentials: Vec<Written>,
}

/// A credential as the record of an instance has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    json: String,
    held: Option<String>,
}

/// What the secrets of an instance, or an account, were saved for. It is part of their seal, so it cannot be edited to fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored(BTreeMap<String, String>);

/// What was saved for something else than it would be used for now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// Ids of secrets or accounts.
    pub fields: Vec<String>,
    /// What differs: ids of parameters, or `egress`, `credentials`, `grants`, `providers`.
    pub because: Vec<String>,
}

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
        let providers = manifest.providers(settings).unwrap_or_default();
        if !providers.is_empty() {
            // Where refresh tokens and the secrets of applications go.
            parts.insert(PROVIDERS.to_owned(), sha256(endpoints(&providers).as_bytes()));
        }
        let grants: BTreeSet<&str> = grants.iter().map(String::as_str).collect();
        parts.insert(GRANTS.to_owned(), sha256(format!("{grants:?}").as_bytes()));

        // A credential says in which header, and to which of the places, the host writes a secret.
        let written = |credential: &Credential| Written {
            json: serde_json::to_string(credential).unwrap_or_default(),
            held: credential.held().map(str::to_owned),
        };
        let credentials: Vec<Written> = manifest.credentials.iter().map(written).collect();
        let mut parameters = BTreeMap::new();
        for held in manifest.secrets().chain(manifest.accounts()) {
            let of_it = credentials.iter().filter(|credential| credential.is_made_of(&held.id));
            // Also where none is made of it yet: the first one that is counts as a change.
            parts.insert(credentials_of(&held.id), list(of_it));
            parameters.insert(held.id.clone(), manifest.bound_to(&held.id));
        }
        Self {
            parts,
            parameters,
            accounts: manifest.accounts().map(|account| account.id.clone()).collect(),
            credentials,
        }
    }

    /// For the record of what is sealed with it.
    pub fn stored(&self) -> Stored {
        Stored(self.parts.clone())
    }

    /// Which of these secrets or accounts of the connector were saved for something else, and what differs. The egress and the
    /// providers are named only where no parameter explains them.
    pub fn outdated<'a>(&self, stored: &Stored, held: impl IntoIterator<Item = &'a String>) -> Outdated {
        let mut outdated = Outdated::default();
        let mut changed = BTreeSet::new();
        for id in held {
            let differing = self.differing(stored, id);
            if !differing.is_empty() {
                outdated.fields.push(id.clone());
                changed.extend(differing);
            }
        }
        let (parts, parameters): (Vec<&str>, Vec<&str>) = changed.into_iter().partition(|name| name.starts_with('@'));
        let explained = !parameters.is_empty();
        let unexplained = parts
            .into_iter()
            .filter(|part| !(explained && [EGRESS, PROVIDERS].contains(part)));
        let named = parameters.into_iter().chain(unexplained);
        outdated.because = named.map(|name| name.trim_start_matches('@').to_owned()).collect();
        outdated
    }

    /// What differs for one secret or account. Only what it is bound to now is compared: what it was bound to and is not any
    /// more shows in the egress, the credentials or the providers.
    fn differing<'a>(&'a self, stored: &Stored, held: &str) -> BTreeSet<&'a str> {
        let mut changed = BTreeSet::new();
        let same = |name: &str| self.parts.get(name) == stored.0.get(name);
        if let Some(parameters) = self.parameters.get(held) {
            let built_from = parameters.built_from.iter().filter(|id| !same(id));
            // One that had no value, or was not there yet, brought nothing into effect that is not compared itself.
            let deciding = parameters
                .deciding
                .iter()
                .filter(|id| stored.0.contains_key(*id) && !same(id));
            changed.extend(built_from.chain(deciding).map(String::as_str));
        }
        changed.extend([EGRESS, GRANTS].into_iter().filter(|part| !same(part)));
        let credentials = credentials_of(held);
        let same_credentials = match (stored.0.get(&credentials), stored.0.get(CREDENTIALS)) {
            (None, Some(whole)) => self.had(whole, held),
            _ => self.parts.contains_key(&credentials) && same(&credentials),
        };
        if !same_credentials {
            changed.insert(CREDENTIALS);
        }
        if self.accounts.contains(held) && !same(PROVIDERS) {
            changed.insert(PROVIDERS);
        }
        changed
    }

    /// Whether `whole`, in which earlier versions kept one digest of all credentials, is of a list with the very credentials
    /// over `held` that there are now. Others may have been added since: every list that lacks some of those is tried.
    fn had(&self, whole: &str, held: &str) -> bool {
        let others = self
            .credentials
            .iter()
            .filter(|credential| !credential.is_made_of(held));
        let others = others.count();
        let lists = if others > OTHERS { 1 } else { 1_u32 << others };
        (0..lists).any(|left_out| {
            let mut bits = left_out;
            let there = self.credentials.iter().filter(|credential| {
                if credential.is_made_of(held) {
                    return true;
                }
                let is_left_out = bits & 1 == 1;
                bits >>= 1;
                !is_left_out
            });
            list(there) == *whole
        })
    }
}

impl Written {
    fn is_made_of(&self, held: &str) -> bool {
        self.held.as_deref() == Some(held)
    }
}

impl Stored {
    /// Reads back what [`Stored::parts`] gave.
    pub fn read(parts: BTreeMap<String, String>) -> Self {
        Self(parts)
    }

    /// For the record.
    pub fn parts(self) -> BTreeMap<String, String> {
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
}

impl Outdated {
    /// Nothing is.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// The name of the part for the credentials over one secret or account.
fn credentials_of(held: &str) -> String {
    format!("{CREDENTIALS}/{held}")
}

/// The digest of credentials: that of their JSON as a list.
fn list<'a>(credentials: impl Iterator<Item = &'a Written>) -> String {
    let all: Vec<&str> = credentials.map(|credential| credential.json.as_str()).collect();
    sha256(format!("[{}]", all.join(",")).as_bytes())
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
