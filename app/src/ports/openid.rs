use async_trait::async_trait;
use domain::email::EmailAddress;
use thiserror::Error;

/// What ties a sign-in at a provider to the browser that began it. None of it is ever shown to the provider but
/// `state`, `nonce` and the challenge that is made of `verifier` (PKCE, S256).
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Comes back with the answer.
    pub state: String,
    /// Comes back inside the ID token.
    pub nonce: String,
    /// Shows at the end that who redeems the code is who asked for it.
    pub verifier: String,
}

/// What came back from the provider, to be redeemed.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// The code.
    pub code: &'a str,
    /// Who says that it answers (RFC 9207), if it said so.
    pub issuer: Option<&'a str>,
}

/// Whom a provider has told us of, with everything checked that can be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Which provider, with its tenant if it has several.
    pub issuer: String,
    /// Who, unique for ever at that provider.
    pub subject: String,
    /// Their address, if it was told.
    pub email: Option<EmailAddress>,
    /// Is the provider's word on that address good enough to open an account with it?
    pub email_verified: bool,
    /// What they are called.
    pub name: Option<String>,
}

/// Why nobody was told. The texts are for people and for the log, and hold no code, token or secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenIdError {
    /// No provider is set up.
    #[error("signing in through a provider is not set up here")]
    NotSetUp,
    /// The provider does not answer, or not as it must: later may work.
    #[error("the provider does not answer as it should: {0}")]
    Unavailable(String),
    /// What came back does not hold: wrong, expired, forged, or meant for somebody else.
    #[error("the provider's answer is not accepted: {0}")]
    Refused(&'static str),
    /// The person is known to the provider, and not one of those who may come in here.
    #[error("{0}")]
    NotAllowed(&'static str),
}

/// Signs people in through somebody else who knows them (OpenID Connect, authorization code with PKCE).
#[async_trait]
pub trait OpenId: Send + Sync {
    /// Is a provider set up?
    fn configured(&self) -> bool;
    /// Where to send the browser, and where it comes back to.
    async fn authorize(&self, challenge: &Challenge, redirect_uri: &str) -> Result<String, OpenIdError>;
    /// Redeems what came back and checks the ID token.
    async fn redeem(
        &self,
        returned: Returned<'_>,
        challenge: &Challenge,
        redirect_uri: &str,
    ) -> Result<Identity, OpenIdError>;
}
