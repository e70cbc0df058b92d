use std::fmt;
use std::sync::Arc;

use app::ports::{Challenge, Clock, Identity, OpenId, OpenIdError, Returned};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use reqwest::Client;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::claims::{Claims, Person};
use super::discovery::{Metadata, is_safe};
use super::fetch;
use super::keys::Keys;
use super::token::Unverified;

/// Which provider, and who of those whom it knows may come in.
#[derive(Clone)]
pub struct ProviderSettings {
    /// The address under which it tells about itself.
    pub issuer: Url,
    /// What it calls us.
    pub client_id: String,
    /// How we show that it is us; `None`: a public client, which PKCE protects.
    pub client_secret: Option<String>,
    /// Entra's tenants, by id. Empty: the provider has only one.
    pub tenants: Vec<String>,
    /// Domains of addresses, in lower case. Empty: all.
    pub domains: Vec<String>,
}

/// Without the secret.
impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, client_id, tenants, domains, .. } = self;
        f.debug_struct("ProviderSettings")
            .field("issuer", &issuer.as_str())
            .field("client_id", client_id)
            .field("tenants", tenants)
            .field("domains", domains)
            .finish_non_exhaustive()
    }
}

/// A provider of OpenID Connect. Asked for the first time when somebody signs in through it.
pub struct Provider {
    http: Client,
    clock: Arc<dyn Clock>,
    settings: ProviderSettings,
    metadata: Mutex<Option<(Timestamp, Metadata)>>,
    keys: Keys,
}

/// What a provider says of itself is asked for anew once a day.
const METADATA: SignedDuration = SignedDuration::from_hours(24);
const SCOPE: &str = "openid email profile";

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    id_token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Deserialize)]
struct UserInfo {
    sub: String,
    #[serde(flatten)]
    person: Person,
}

impl Provider {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// An issuer without https that is not this machine.
    pub fn new(http: Client, clock: Arc<dyn Clock>, settings: ProviderSettings) -> Result<Self, OpenIdError> {
        if !is_safe(&settings.issuer) {
            return Err(OpenIdError::Refused("the issuer is to be named with https"));
        }
        Ok(Self { http, clock, settings, metadata: Mutex::new(None), keys: Keys::default() })
    }

    /// What the provider says of itself; when it does not answer, what it said before.
    async fn metadata(&self) -> Result<Metadata, OpenIdError> {
        let mut kept = self.metadata.lock().await;
        let now = self.clock.now();
        if let Some((at, metadata)) = &*kept
            && now.duration_since(*at) < METADATA
        {
            return Ok(metadata.clone());
        }
        match (Metadata::read(&self.http, &self.settings.issuer).await, &*kept) {
            (Ok(metadata), _) => {
                *kept = Some((now, metadata.clone()));
                Ok(metadata)
            }
            (Err(OpenIdError::Unavailable(why)), Some((_, metadata))) => {
                tracing::warn!(why, "a provider is taken at what it said of itself before");
                Ok(metadata.clone())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Exchanges the code for tokens.
    async fn tokens(
        &self,
        metadata: &Metadata,
        code: &str,
        challenge: &Challenge,
        redirect_uri: &str,
    ) -> Result<Tokens, OpenIdError> {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &challenge.verifier),
            ("client_id", &self.settings.client_id),
        ];
        let mut request = self.http.post(metadata.token_endpoint.clone());
        match &self.settings.client_secret {
            Some(secret) if metadata.wants_secret_in_form() => fields.push(("client_secret", secret)),
            Some(secret) => {
                // RFC 6749, 2.3.1: both are written as in a form before they are joined.
                let written = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(written(&self.settings.client_id), Some(written(secret)));
            }
            None => {}
        }
        let form = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let (status, tokens) = fetch::json::<Tokens>(request, "its tokens").await?;
        match (status, tokens.error.as_deref()) {
            (200, _) => Ok(tokens),
            (_, Some("invalid_grant")) => Err(OpenIdError::Refused("the code does not work any more")),
            (status, _) => Err(OpenIdError::Unavailable(format!("its tokens: it answered {status}"))),
        }
    }

    /// Some providers put the address into the token, some tell it only when they are asked.
    async fn complete(
        &self,
        metadata: &Metadata,
        mut claims: Claims,
        access: Option<&str>,
    ) -> Result<Claims, OpenIdError> {
        let (Some(endpoint), Some(access), None) = (&metadata.userinfo_endpoint, access, &claims.person.email) else {
            return Ok(claims);
        };
        let request = self.http.get(endpoint.clone()).bearer_auth(access);
        let (status, told) = fetch::json::<UserInfo>(request, "the person").await?;
        if status != 200 {
            return Err(OpenIdError::Unavailable(format!("the person: it answered {status}")));
        }
        if told.sub != claims.sub {
            return Err(OpenIdError::Refused("it was asked about one person and told about another"));
        }
        claims.person = told.person;
        Ok(claims)
    }
}

#[async_trait]
impl OpenId for Provider {
    fn configured(&self) -> bool {
        true
    }

    async fn authorize(&self, challenge: &Challenge, redirect_uri: &str) -> Result<String, OpenIdError> {
        let mut url = self.metadata().await?.authorization_endpoint;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", SCOPE)
            .append_pair("state", &challenge.state)
            .append_pair("nonce", &challenge.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&challenge.verifier)))
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    async fn redeem(
        &self,
        returned: Returned<'_>,
        challenge: &Challenge,
        redirect_uri: &str,
    ) -> Result<Identity, OpenIdError> {
        let metadata = self.metadata().await?;
        // Who serves many tenants names one of them here, which the token does as well.
        let must_say = metadata.authorization_response_iss_parameter_supported || returned.issuer.is_some();
        if must_say && !metadata.has_tenants() && returned.issuer != Some(metadata.issuer.as_str()) {
            return Err(OpenIdError::Refused("somebody else has answered"));
        }
        let tokens = self.tokens(&metadata, returned.code, challenge, redirect_uri).await?;
        let token = tokens.id_token.ok_or(OpenIdError::Refused("there is no ID token"))?;
        let token = Unverified::read(&token).map_err(OpenIdError::Refused)?;
        let now = self.clock.now();
        let keys = self.keys.named(&self.http, &metadata.jwks_uri, token.key.as_deref(), now).await?;
        let claims = token.verify(&keys).map_err(OpenIdError::Refused)?;
        claims.check(&metadata, &self.settings, challenge, now)?;
        let claims = self.complete(&metadata, claims, tokens.access_token.as_deref()).await?;
        claims.identity(&self.settings)
    }
}
