//! The registration at the provider that asks in Relais's name. Relais brings none: it is the workspace's or the administrator's.

use crate::assertion::Signer;
use crate::text::token_like;
use crate::{Dialect, Fault, FaultKind, Secret};

/// An application as it is registered at the provider.
#[derive(Debug, Clone)]
pub struct Application {
    /// The public id that the provider gave it.
    pub client_id: String,
    /// How it proves to be itself.
    pub proof: Proof,
}

/// How an application proves to be itself.
#[derive(Debug, Clone)]
pub enum Proof {
    /// Not at all: a public client (RFC 6749 §2.1).
    Public,
    /// A client secret (RFC 6749 §2.3.1).
    Secret(Secret),
    /// An assertion signed by the key of a certificate that is registered (`private_key_jwt`, RFC 7523).
    Certificate {
        /// RSA of 2048 to 4096 bits, or P-256 where the dialect is `standard`; PKCS #8, PKCS #1 or SEC 1, not encrypted.
        key_pem: Secret,
        /// The certificate of that key, the first where there are several.
        certificate_pem: String,
    },
}

impl Application {
    /// Bytes of a client id.
    pub const ID_BYTES: usize = 256;
    /// Bytes of a client secret.
    pub const SECRET_BYTES: usize = 4096;

    /// Looks at what can be checked without the provider.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Configuration`]: an id or secret that no provider gave, or a key and a certificate that do not belong
    /// together.
    pub fn check(&self, dialect: Dialect) -> Result<(), Fault> {
        self.signer(dialect).map(drop)
    }

    /// The checked application's signer, where it has a certificate.
    pub(crate) fn signer(&self, dialect: Dialect) -> Result<Option<Signer>, Fault> {
        if !token_like(&self.client_id, Self::ID_BYTES) {
            return Err(Fault::new(FaultKind::Configuration, "application-id", ""));
        }
        match &self.proof {
            Proof::Public => Ok(None),
            Proof::Secret(secret) if token_like(secret.reveal(), Self::SECRET_BYTES) => Ok(None),
            Proof::Secret(_) => Err(Fault::new(FaultKind::Configuration, "application-secret", "")),
            Proof::Certificate {
                key_pem,
                certificate_pem,
            } => Signer::new(key_pem, certificate_pem, dialect).map(Some),
        }
    }
}
