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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
    use rcgen::{CertificateParams, KeyPair as Key};
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use serde_json::Value;

    use super::*;

    fn pair() -> (Secret, String, Key) {
        let key = Key::generate().unwrap();
        let certificate = CertificateParams::new(vec!["relais.example".to_owned()]).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        (Secret::new(key.serialize_pem()), certificate.pem(), key)
    }

    fn code(key: &str, certificate: &str, dialect: Dialect) -> String {
        Signer::new(&Secret::new(key.to_owned()), certificate, dialect)
            .unwrap_err()
            .code
    }

    #[test]
    fn an_assertion_names_its_application_its_endpoint_and_its_certificate_and_is_signed() {
        let (key, certificate, pair) = pair();
        let signer = Signer::new(&key, &certificate, Dialect::Standard).unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let token = signer.sign("relais", "https://login.example/token", now).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, signature] = parts[..] else {
            panic!("{token}");
        };
        let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, claims) = (read(header), read(claims));
        assert_eq!(header["alg"], "ES256");
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
        assert_eq!(header["x5t#S256"], URL_SAFE_NO_PAD.encode(Sha256::digest(&der)));
        assert_eq!((&claims["iss"], &claims["sub"]), (&"relais".into(), &"relais".into()));
        assert_eq!(claims["aud"], "https://login.example/token");
        assert_eq!(claims["exp"].as_u64(), Some(1_800_000_300));
        let (signed, _) = token.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key_raw())
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let again = signer.sign("relais", "https://login.example/token", now).unwrap();
        assert_ne!(read(again.split('.').nth(1).unwrap())["jti"], claims["jti"]);
    }

    #[test]
    fn a_key_that_is_not_the_certificates_is_refused() {
        let ((key, ..), (_, other, _)) = (pair(), pair());
        assert_eq!(code(key.reveal(), &other, Dialect::Standard), "certificate-mismatch");
    }

    #[test]
    fn a_key_or_certificate_that_cannot_be_used_is_named() {
        let (key, certificate, _) = pair();
        let key = key.reveal();
        let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let cases = [
            (encrypted.as_str(), certificate.as_str(), "key-encrypted"),
            ("", certificate.as_str(), "key-unreadable"),
            (certificate.as_str(), certificate.as_str(), "key-unreadable"),
            (key, "", "certificate-unreadable"),
            (key, key, "certificate-unreadable"),
        ];
        for (key, certificate, expected) in cases {
            assert_eq!(code(key, certificate, Dialect::Standard), expected);
        }
        let long = format!("{key}{}", " ".repeat(PEM_BYTES));
        assert_eq!(code(&long, &certificate, Dialect::Standard), "key-unreadable");
        assert_eq!(code(key, &certificate, Dialect::Entra), "key-kind");
    }
}
