use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};
use rustls::ClientConfig;
use rustls::crypto::ring;

use super::authorities::{AuthorityError, roots};

/// Azure's and other people's servers close idle connections without a word: ours are closed before.
const IDLE: Duration = Duration::from_secs(3);
const CONNECT: Duration = Duration::from_secs(5);

/// The one HTTP stack: everything that leaves by HTTP leaves through a client of this.
pub struct Outbound {
    tls: ClientConfig,
}

impl Outbound {
    /// TLS by rustls with ring, trusting Mozilla's authorities and those of the PEM text.
    ///
    /// # Errors
    /// A PEM text without a usable certificate.
    pub fn new(authorities: Option<&[u8]>) -> Result<Self, AuthorityError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots(authorities)?)
            .with_no_client_auth();
        Ok(Self { tls })
    }

    /// A client to be finished: HTTP/1.1, no redirects, no proxy of the environment, idle connections for 3 s.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .http1_only()
            .pool_idle_timeout(IDLE)
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy()
    }

    /// A client.
    ///
    /// # Errors
    /// When the TLS configuration is not one that the client takes.
    pub fn client(&self) -> Result<Client, AuthorityError> {
        Ok(self.builder().build()?)
    }
}
