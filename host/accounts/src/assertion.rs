//! `private_key_jwt`: an application proves to be itself by what only its key can sign (RFC 7523 §2.2).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair, RsaKeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{Dialect, Fault, FaultKind, Secret};

/// The value of `client_assertion_type`.
pub(crate) const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long an assertion is good: long enough for a slow line and a clock that is a little off.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// Bytes of a key or certificate in PEM.
const PEM_BYTES: usize = 64 * 1024;

/// A key that signs for an application. It prints as nothing.
#[derive(Clone)]
pub(crate) struct Signer {
    key: Arc<Key>,
    /// SHA-256 of the certificate's DER, as `x5t#S256` has it (RFC 7515 §4.1.8).
    thumbprint: String,
}

enum Key {
    Rsa(RsaKeyPair, Padding),
    P256(EcdsaKeyPair),
}

/// How RSA signs.
enum Padding {
    /// PS256, which Entra asks for.
    Pss,
    /// RS256, which every provider knows.
    Pkcs1,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.thumbprint)
    }
}

impl Signer {
    /// Reads a key and its certificate, and sees that they belong together.
    pub(crate) fn new(key_pem: &Secret, certificate_pem: &str, dialect: Dialect) -> Result<Self, Fault> {
        let wrong = |code: &str, detail: &str| Fault::new(FaultKind::Configuration, code, detail);
        let pem = key_pem.reveal();
        if pem.len() > PEM_BYTES {
            return Err(wrong("key-unreadable", ""));
        }
        if pem.contains("ENCRYPTED") {
            return Err(wrong("key-encrypted", ""));
        }
        let key = Key::read(pem, dialect).map_err(|code| wrong(code, ""))?;
        let unreadable = || wrong("certificate-unreadable", "");
        if certificate_pem.len() > PEM_BYTES {
            return Err(unreadable());
        }
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(|_| unreadable())?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| unreadable())?;
        if certificate.public_key().subject_public_key.data.as_ref() != key.public() {
            return Err(wrong("certificate-mismatch", &certificate.subject().to_string()));
        }
        Ok(Self {
            key: Arc::new(key),
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
        })
    }

    /// An assertion for one request: by `client_id`, to the endpoint `audience`, made at `now`.
    pub(crate) fn sign(&self, client_id: &str, audience: &str, now: SystemTime) -> Result<String, Fault> {
        let broken = || Fault::new(FaultKind::Configuration, "key-unreadable", "");
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| broken())?;
        let header = json!({ "alg": self.key.algorithm(), "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now.as_secs(),
            "nbf": now.as_secs(),
            "exp": (now + LIFE).as_secs(),
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.key.sign(signed.as_bytes()).ok_or_else(broken)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Key {
    /// The key, or the code of the fault.
    fn read(pem: &str, dialect: Dialect) -> Result<Self, &'static str> {
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| "key-unreadable")?;
        let rsa = match &der {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).ok(),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok(),
            _ => None,
        };
        if let Some(key) = rsa {
            let padding = match dialect {
                Dialect::Entra => Padding::Pss,
                Dialect::Standard => Padding::Pkcs1,
            };
            return Ok(Key::Rsa(key, padding));
        }
        let PrivateKeyDer::Pkcs8(der) = &der else {
            return Err("key-unreadable");
        };
        let algorithm = &signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        match EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der(), &SystemRandom::new()) {
            Ok(key) if dialect == Dialect::Standard => Ok(Key::P256(key)),
            Ok(_) => Err("key-kind"),
            Err(_) => Err("key-unreadable"),
        }
    }

    /// As it stands in a certificate.
    fn public(&self) -> &[u8] {
        match self {
            Key::Rsa(key, _) => key.public_key().as_ref(),
            Key::P256(key) => key.public_key().as_ref(),
        }
    }

    /// RFC 7518 §3.1.
    fn algorithm(&self) -> &'static str {
        match self {
            Key::Rsa(_, Padding::Pss) => "PS256",
            Key::Rsa(_, Padding::Pkcs1) => "RS256",
            Key::P256(_) => "ES256",
        }
    }

    fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Key::Rsa(key, padding) => {
                let padding: &dyn signature::RsaEncoding = match padding {
                    Padding::Pss => &signature::RSA_PSS_SHA256,
                    Padding::Pkcs1 => &signature::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Key::P256(key) => Some(key.sign(&random, message).ok()?.as_ref().to_vec()),
        }
    }
}
