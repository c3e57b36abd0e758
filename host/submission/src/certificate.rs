//! The certificate that the listener shows under TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// A file cannot be read, or holds no PEM of the kind that it should.
    #[error("{}: {source}", file.display())]
    Pem { file: PathBuf, source: pem::Error },
    /// The file of the chain holds no certificate.
    #[error("{}: no certificate in it", file.display())]
    Empty { file: PathBuf },
    /// The key does not belong to the certificate, or is of a kind that TLS cannot use.
    #[error("the certificate or its key cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with a chain of certificates, the server's own first, and its key: both in PEM.
///
/// # Errors
///
/// A file that cannot be read or used, by name.
pub fn server_tls(chain: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let refused = |file: &Path| {
        let file = file.to_owned();
        |source| CertificateError::Pem { file, source }
    };
    let certificates = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(refused(chain))?;
    if certificates.is_empty() {
        return Err(CertificateError::Empty { file: chain.to_owned() });
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(refused(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    Ok(Arc::new(config))
}
