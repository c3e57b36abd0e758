//! TLS towards a granted destination, and who was found at the other end.
//!
//! A certificate is good when it chains to the system's or the site's authorities and names the host; or, where the instance names a
//! certificate, when it chains to that one as a CA, or is that very certificate (a pin: then neither name nor date matter,
//! since the administrator named the thing itself). There is no way to accept anything else.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use relais_manifest::Egress;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::roots::Roots;

/// TLS towards one destination: tickets are kept here, and nowhere else.
#[derive(Debug)]
pub struct Tls {
    config: Arc<ClientConfig>,
    verifier: Arc<Verifier>,
    name: Option<String>,
}

impl Tls {
    pub(crate) fn new(egress: &Egress, roots: &Roots) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Arc::new(Verifier::new(egress, roots, &provider)?);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(verifier.clone())
            .with_no_client_auth();
        Ok(Self {
            config: Arc::new(config),
            verifier,
            name: egress.tls_name.clone(),
        })
    }

    /// For a handshake with the name of [`server_name`](Self::server_name).
    pub fn config(&self) -> &Arc<ClientConfig> {
        &self.config
    }

    /// The name that the certificate must bear: the instance's, or the host's own.
    ///
    /// # Errors
    ///
    /// It can be no certificate's name.
    pub fn server_name(&self, host: &str) -> Result<ServerName<'static>, String> {
        let name = self.name.as_deref().unwrap_or(host);
        certificate_name(name)
    }

    /// The fault of a handshake, with what the server presented, where it presented something.
    pub fn explain(&self, error: &(dyn Error + 'static)) -> Fault {
        let text = match rustls_error(error) {
            Some(rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType)) => return Fault::NotTls,
            Some(inner) => inner.to_string(),
            None => error.to_string(),
        };
        let presented = self.verifier.presented.lock().unwrap_or_else(|e| e.into_inner()).take();
        let fault = match presented.as_ref().map(|der| describe(der)) {
            Some(found) => {
                let found: Vec<String> = found
                    .into_iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect();
                format!("{text}; the server presented: {}", found.join("; "))
            }
            None => text,
        };
        Fault::Tls(fault)
    }
}

fn certificate_name(name: &str) -> Result<ServerName<'static>, String> {
    ServerName::try_from(name.to_owned()).map_err(|_| format!("`{name}` cannot be a certificate's name"))
}

/// Why a handshake failed.
#[derive(Debug)]
pub enum Fault {
    /// The other side does not speak TLS here.
    NotTls,
    /// The handshake failed; the text says of what, and what the server presented.
    Tls(String),
}

/// An error and what is behind it, to the innermost. An I/O error gives its inner error's source as its own, so that the inner
/// error itself has to be asked for.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The TLS library's own error, where one is behind an error.
pub fn rustls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

#[derive(Debug)]
struct Verifier {
    /// None where no root is known: then nothing but a pin is good.
    chain: Option<Arc<WebPkiServerVerifier>>,
    pins: Vec<CertificateDer<'static>>,
    /// What the server of the last handshake presented, for the failure's text. Handshakes of a session follow one another.
    presented: Mutex<Option<CertificateDer<'static>>>,
    /// Expected in place of the host's own name.
    name: Option<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(egress: &Egress, roots: &Roots, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        let name = egress.tls_name.as_deref().map(certificate_name).transpose()?;
        let mut pins = Vec::new();
        let roots = match egress.certificate_pem.as_deref() {
            None => roots.store(),
            Some(pem) => {
                for der in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    pins.push(der.map_err(|e| format!("the instance's certificate cannot be read: {e}"))?);
                }
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(pins.iter().cloned());
                Arc::new(roots)
            }
        };
        let chain = if roots.is_empty() {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
            Some(builder.build().map_err(|e| e.to_string())?)
        };
        Ok(Self {
            chain,
            pins,
            presented: Mutex::new(None),
            name,
            provider: provider.clone(),
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.presented.lock().unwrap_or_else(|e| e.into_inner()) = Some(end_entity.clone().into_owned());
        if self.pins.iter().any(|pin| pin == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let server_name = self.name.as_ref().unwrap_or(server_name);
        match &self.chain {
            Some(chain) => chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::UnknownIssuer,
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A certificate as pairs, in the names of `network.connection.describe`.
pub fn describe(der: &[u8]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut pair = |name: &str, value: String| pairs.push((name.to_owned(), value));
    if let Ok((_, certificate)) = X509Certificate::from_der(der) {
        pair("certificate-subject", certificate.subject().to_string());
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            let names: Vec<String> = names
                .value
                .general_names
                .iter()
                .filter_map(general_name)
                .take(20)
                .collect();
            pair("certificate-names", names.join(", "));
        }
        pair("certificate-issuer", certificate.issuer().to_string());
        let until = certificate.validity().not_after.timestamp();
        let until =
            x509_parser::time::ASN1Time::from_timestamp(until).map_or_else(|_| until.to_string(), |t| rfc3339(&t));
        pair("certificate-expires", until);
    }
    pair("certificate-sha256", fingerprint(der));
    pairs
}

fn rfc3339(time: &x509_parser::time::ASN1Time) -> String {
    let t = time.to_datetime();
    let (hour, minute, second) = t.to_hms();
    let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(*a, *b, *c, *d).to_string()),
            other => <[u8; 16]>::try_from(*other)
                .ok()
                .map(|b| std::net::Ipv6Addr::from(b).to_string()),
        },
        _ => None,
    }
}

/// SHA-256 of a certificate's DER, in lower-case hex.
pub fn fingerprint(der: &[u8]) -> String {
    hex(&Sha256::digest(der))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
