//! Certificates for the real servers, made for one test.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use sha2::{Digest, Sha256};

/// What a server shows of itself.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The server's own certificate, in PEM.
    pub certificate_pem: String,
    /// The private key to it, in PEM (PKCS #8).
    pub key_pem: String,
    /// What a client has to trust, in PEM: the CA, or the certificate itself where it is self-signed.
    pub trusted_pem: String,
    /// Of the certificate's DER form, in lower-case hex.
    pub sha256: String,
}

impl Identity {
    /// A certificate for these names, the first its common name, signed by a CA that signs nothing else.
    pub fn signed(names: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "Autorité de test");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = server(names).signed_by(&key, &ca).unwrap();
        Self::new(&certificate, &key, ca.pem())
    }

    /// A certificate for these names, the first its common name, signed by itself.
    pub fn self_signed(names: &[&str]) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = server(names).self_signed(&key).unwrap();
        Self::new(&certificate, &key, certificate.pem())
    }

    fn new(certificate: &rcgen::Certificate, key: &KeyPair, trusted_pem: String) -> Self {
        let digest = Sha256::digest(certificate.der());
        Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            trusted_pem,
            sha256: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
        }
    }

    /// Key and certificate in one file, the key first.
    pub(crate) fn chain_pem(&self) -> String {
        format!("{}{}", self.key_pem, self.certificate_pem)
    }
}

fn server(names: &[&str]) -> CertificateParams {
    let all: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(all).unwrap();
    if let Some(&first) = names.first() {
        params.distinguished_name.push(DnType::CommonName, first);
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}
