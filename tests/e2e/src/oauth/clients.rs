//! Clients of a provider, and what they prove themselves with.

use std::process::Command;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use relais_accounts::{Application, Client, Fault, FilledProvider, Flow, Permits, Proof, Provider, Secret};
use relais_outgoing::{OnRefused, Outgoing};

use super::setup::{PASSWORD, PUBLIC, SECRET};
use crate::process::find;
use crate::skipped;

/// A client of any provider whose endpoints may be in clear.
///
/// # Errors
///
/// Those of [`Provider::new`] and [`Client::new`].
pub fn client(provider: &FilledProvider, application: Application, flow: Flow) -> Result<Client, Fault> {
    let permits = Permits {
        in_clear: true,
        ..Permits::default()
    };
    let on_refused: OnRefused = Arc::new(|_, _| {});
    let provider = Provider::new(provider, &permits, &Outgoing::default(), &on_refused)?;
    Client::new(provider, application, flow)
}

/// An application that proves nothing.
pub fn public() -> Application {
    Application {
        client_id: PUBLIC.to_owned(),
        proof: Proof::Public,
    }
}

/// An application with its secret.
pub fn secret() -> Application {
    Application {
        client_id: SECRET.to_owned(),
        proof: Proof::Secret(Secret::new(PASSWORD.to_owned())),
    }
}

/// An RSA key and a certificate of it, in PEM. `None`, and a line that says so, where Node is not installed.
pub fn rsa() -> Option<(String, String)> {
    const MAKE: &str = "const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }); \
        process.stdout.write(privateKey.export({ type: 'pkcs8', format: 'pem' }))";
    let Some(node) = find("node") else {
        skipped("Node is not installed");
        return None;
    };
    let made = Command::new(node).args(["-e", MAKE]).output().expect("Node runs");
    let pem = String::from_utf8(made.stdout).expect("PEM");
    let key = KeyPair::from_pem(&pem).expect("a key");
    let certificate = CertificateParams::new(vec!["relais.mairie.example".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    Some((pem, certificate.pem()))
}
