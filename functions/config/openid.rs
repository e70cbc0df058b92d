use std::fmt;

use identity::ProviderSettings;
use url::Url;

use super::{ConfigError, Environment, Setting};

const ISSUER: &str = "IOTMONITOR_OIDC_ISSUER";
const CLIENT_ID: &str = "IOTMONITOR_OIDC_CLIENT_ID";
const CLIENT_SECRET: &str = "IOTMONITOR_OIDC_CLIENT_SECRET";
const TENANTS: &str = "IOTMONITOR_OIDC_TENANTS";
const DOMAINS: &str = "IOTMONITOR_OIDC_DOMAINS";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::open(
        ISSUER,
        "",
        "a provider of OpenID Connect through which people may sign in, such as \
         https://login.microsoftonline.com/TENANT/v2.0; register PUBLIC_URL/auth/oidc/callback there",
    ),
    Setting::open(CLIENT_ID, "", "what that provider calls this program"),
    Setting::secret(CLIENT_SECRET, "the secret that it gave to this program; none for a public client"),
    Setting::open(TENANTS, "", "the Entra tenants (ids) that may come in, with commas; required for /organizations/"),
    Setting::open(
        DOMAINS,
        "",
        "the domains of addresses that may come in, with commas; empty: all. With tenants: addresses of these domains \
         count as proved, which Entra does not say",
    ),
];

/// Through whom people may sign in.
#[derive(Clone, Default)]
pub struct OpenId {
    /// The provider; `None`: with passwords alone.
    pub provider: Option<ProviderSettings>,
}

impl OpenId {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        let Some(issuer) = environment.text(ISSUER) else { return Ok(Self::default()) };
        let wrong =
            || ConfigError::invalid(ISSUER, "write a URL such as https://login.microsoftonline.com/TENANT/v2.0");
        let issuer = Url::parse(issuer).map_err(|_| wrong())?;
        if issuer.query().is_some() || issuer.fragment().is_some() || !issuer.username().is_empty() {
            return Err(wrong());
        }
        let client_id = environment.text(CLIENT_ID).map(str::to_owned);
        let client_id = client_id
            .ok_or_else(|| ConfigError::missing(CLIENT_ID, "the provider named this program when it was registered"))?;
        let list = |name: &str| {
            let parts = environment.text(name).unwrap_or_default().split(',').map(|part| part.trim().to_lowercase());
            parts.filter(|part| !part.is_empty()).collect::<Vec<String>>()
        };
        let client_secret = environment.secret(CLIENT_SECRET)?;
        let provider =
            ProviderSettings { issuer, client_id, client_secret, tenants: list(TENANTS), domains: list(DOMAINS) };
        Ok(Self { provider: Some(provider) })
    }
}

/// Without the secret.
impl fmt::Debug for OpenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OpenId").field(&self.provider).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_read_with_who_may_come_in() {
        let read = |pairs: &[(&str, &str)]| OpenId::read(&Environment::of(pairs.iter().copied()));
        assert!(read(&[]).unwrap().provider.is_none());
        let issuer = (ISSUER, "https://login.example/t/v2.0");
        assert!(read(&[issuer]).unwrap_err().to_string().starts_with(CLIENT_ID));
        assert!(read(&[(ISSUER, "login.example"), (CLIENT_ID, "c")]).is_err());
        let all = [issuer, (CLIENT_ID, "c"), (CLIENT_SECRET, "hunter2"), (DOMAINS, "Example.com, plant.example,")];
        let found = read(&all).unwrap();
        assert!(!format!("{found:?}").contains("hunter2"));
        assert_eq!(found.provider.unwrap().domains, ["example.com", "plant.example"]);
    }
}
