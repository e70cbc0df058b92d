use app::ports::{Challenge, Identity, OpenId, OpenIdError, Returned};
use async_trait::async_trait;

/// No provider is set up: says so.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProvider;

#[async_trait]
impl OpenId for NoProvider {
    fn configured(&self) -> bool {
        false
    }

    async fn authorize(&self, _: &Challenge, _: &str) -> Result<String, OpenIdError> {
        Err(OpenIdError::NotSetUp)
    }

    async fn redeem(&self, _: Returned<'_>, _: &Challenge, _: &str) -> Result<Identity, OpenIdError> {
        Err(OpenIdError::NotSetUp)
    }
}
