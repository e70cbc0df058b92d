//! Whom TLS trusts: Mozilla's list, compiled in, and what the operator adds.

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

/// Why connections cannot be secured.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// The operator's file holds no certificate that can be used.
    #[error("IOTMONITOR_CA_FILE: it holds no certificate in PEM form that can be used")]
    File,
    /// The provider of cryptography does not fit the protocol versions.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The client does not take what it was given.
    #[error("the HTTP client cannot be built")]
    Client(#[from] reqwest::Error),
}

/// Mozilla's authorities and those of the PEM text. Takes no system call: reading the system's list costs 4 ms.
pub(super) fn roots(more: Option<&[u8]>) -> Result<RootCertStore, AuthorityError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let Some(pem) = more else { return Ok(roots) };
    let before = roots.len();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| AuthorityError::File)?;
        roots.add(certificate).map_err(|_| AuthorityError::File)?;
    }
    if roots.len() == before { Err(AuthorityError::File) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(roots(None).unwrap().len() > 100);
        for wrong in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(roots(Some(wrong.as_bytes())), Err(AuthorityError::File)), "{wrong}");
        }
    }
}
