//! A certificate made on the spot, and the small CA that signs it. Their keys live in memory and end with the catcher.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::CatcherError;

/// What the server shows of itself under TLS.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) ca_pem: Option<String>,
    /// Lower-case hexadecimal, of the DER form.
    pub(crate) sha256: String,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a certificate for these host names and addresses, signed by a new CA or by itself.
    pub(crate) fn make(names: &[String], self_signed: bool) -> Result<Self, CatcherError> {
        let Some(first) = names.first() else {
            return Err(CatcherError::NoCertificateName);
        };
        let issued = issue(names, first, self_signed).map_err(|source| CatcherError::Certificate {
            names: names.to_vec(),
            source,
        })?;
        let sha256 = Sha256::digest(&issued.certificate)
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![issued.certificate], issued.key)?;
        Ok(Self {
            certificate_pem: issued.pem,
            ca_pem: issued.ca_pem,
            sha256,
            config: Arc::new(config),
        })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

struct Issued {
    certificate: CertificateDer<'static>,
    pem: String,
    ca_pem: Option<String>,
    key: PrivateKeyDer<'static>,
}

fn issue(names: &[String], first: &str, self_signed: bool) -> Result<Issued, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, first);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (certificate, ca_pem) = if self_signed {
        (params.self_signed(&key)?, None)
    } else {
        let ca = authority()?;
        params.use_authority_key_identifier_extension = true;
        (params.signed_by(&key, &ca)?, Some(ca.pem()))
    };
    Ok(Issued {
        pem: certificate.pem(),
        certificate: certificate.der().clone(),
        ca_pem,
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}

/// A CA that may sign end-entity certificates only.
fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, "Relais catcher CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}
