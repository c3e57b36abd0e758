//! The authorities that are trusted where a destination names no certificate of its own: the system's, and the site's.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::settings::SettingError;

/// Trusted authorities. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    /// Beside the system's.
    extra: Vec<CertificateDer<'static>>,
    all: Arc<OnceLock<Arc<RootCertStore>>>,
}

impl Roots {
    /// The system's and those of a PEM text, for a site with an authority of its own or a proxy that looks inside.
    ///
    /// # Errors
    ///
    /// It holds no certificate, or one that cannot be read.
    pub fn with_pem(pem: &[u8]) -> Result<Self, SettingError> {
        let mut extra = Vec::new();
        let mut fit = RootCertStore::empty();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|error| SettingError::Certificates(error.to_string()))?;
            let added = fit.add(der.clone());
            added.map_err(|error| SettingError::Certificates(error.to_string()))?;
            extra.push(der);
        }
        if extra.is_empty() {
            return Err(SettingError::Certificates("-----BEGIN CERTIFICATE-----".to_owned()));
        }
        Ok(Self {
            extra,
            all: Arc::default(),
        })
    }

    /// How many there are beside the system's.
    pub fn extra(&self) -> usize {
        self.extra.len()
    }

    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        let all = || {
            let system = system_roots();
            if self.extra.is_empty() {
                return system;
            }
            let mut all = RootCertStore::clone(&system);
            all.add_parsable_certificates(self.extra.iter().cloned());
            Arc::new(all)
        };
        self.all.get_or_init(all).clone()
    }
}

/// The system's roots, read once: it takes milliseconds.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    ROOTS
        .get_or_init(|| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(roots)
        })
        .clone()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_sites_authorities_are_added_to_the_systems() {
        let pem = rcgen::generate_simple_self_signed(["ca.mairie.example".to_owned()])
            .unwrap()
            .cert
            .pem();
        let roots = Roots::with_pem(format!("The authority:\n{pem}{pem}").as_bytes()).unwrap();
        assert_eq!(roots.extra(), 2);
        assert_eq!(roots.store().len(), system_roots().len() + 2);
        assert_eq!(Roots::default().store().len(), system_roots().len());
    }

    #[test]
    fn a_file_without_a_readable_certificate_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for bad in ["", "ca.pem", broken, "-----BEGIN CERTIFICATE-----\n"] {
            let refused = Roots::with_pem(bad.as_bytes());
            assert!(
                matches!(refused, Err(SettingError::Certificates(_))),
                "{bad:?}: {refused:?}"
            );
        }
    }
}
