//! TLS, where a test gives Graph a certificate.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::Identity;

/// A connection, whichever way it is protected.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(super) fn acceptor(identity: &Identity) -> TlsAcceptor {
    let certificates = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes());
    let certificates = certificates.collect::<Result<_, _>>().expect("certificates in PEM");
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).expect("a key in PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, key));
    TlsAcceptor::from(Arc::new(config.expect("the key is the certificate's")))
}

/// The connection after its handshake; none where that fails.
pub(super) async fn opened(stream: TcpStream, tls: Option<TlsAcceptor>) -> Option<Box<dyn Stream>> {
    Some(match tls {
        None => Box::new(stream),
        Some(tls) => Box::new(tls.accept(stream).await.ok()?),
    })
}
