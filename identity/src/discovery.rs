use app::ports::OpenIdError;
use reqwest::Client;
use serde::Deserialize;
use url::{Host, Url};

use super::fetch;

/// What a provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    #[serde(default)]
    pub(crate) userinfo_endpoint: Option<Url>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207: answers name who gives them.
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// Entra's issuer where one address serves all tenants; the token names the one.
const TEMPLATE: &str = "{tenantid}";

impl Metadata {
    /// Asks the provider. What it says counts only if it says it of the issuer that the operator named.
    pub(crate) async fn read(http: &Client, issuer: &Url) -> Result<Self, OpenIdError> {
        let base = issuer.as_str().trim_end_matches('/');
        let (status, found) =
            fetch::json::<Self>(http.get(format!("{base}/.well-known/openid-configuration")), "discovery").await?;
        if status != 200 {
            return Err(OpenIdError::Unavailable(format!("discovery: it answered {status}")));
        }
        found.checked(base)
    }

    fn checked(self, base: &str) -> Result<Self, OpenIdError> {
        let ours = self.issuer.trim_end_matches('/');
        // Of `…/organizations/v2.0` Entra says `…/{tenantid}/v2.0`.
        let same_but_tenant = || {
            let (front, back) = ours.split_once(TEMPLATE)?;
            let middle = base.strip_prefix(front)?.strip_suffix(back)?;
            (!middle.is_empty() && !middle.contains('/')).then_some(())
        };
        if ours != base && same_but_tenant().is_none() {
            return Err(OpenIdError::Refused("discovery speaks of another issuer"));
        }
        let urls = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        if urls.into_iter().chain(&self.userinfo_endpoint).all(is_safe) {
            Ok(self)
        } else {
            Err(OpenIdError::Refused("discovery names an address without https"))
        }
    }

    /// The issuer that a token of this tenant must name; `None`: it must name a tenant, and does not.
    pub(crate) fn issuer_of(&self, tenant: Option<&str>) -> Option<String> {
        if !self.has_tenants() {
            return Some(self.issuer.clone());
        }
        tenant.map(|tenant| self.issuer.replace(TEMPLATE, tenant))
    }

    /// Does one address serve many tenants, most of which are strangers?
    pub(crate) fn has_tenants(&self) -> bool {
        self.issuer.contains(TEMPLATE)
    }

    /// Is the client's secret to be sent in the form? The default of the specification is the header.
    pub(crate) fn wants_secret_in_form(&self) -> bool {
        let offers = |method: &str| {
            self.token_endpoint_auth_methods_supported.as_ref().is_none_or(|all| all.iter().any(|m| m == method))
        };
        !offers("client_secret_basic") && offers("client_secret_post")
    }
}

/// https, or this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(issuer: &str) -> Metadata {
        let at = |path: &str| Url::parse(&format!("https://id.example/{path}")).unwrap();
        Metadata {
            issuer: issuer.into(),
            authorization_endpoint: at("authorize"),
            token_endpoint: at("token"),
            jwks_uri: at("keys"),
            userinfo_endpoint: None,
            token_endpoint_auth_methods_supported: None,
            authorization_response_iss_parameter_supported: false,
        }
    }

    #[test]
    fn only_the_issuer_that_was_named_speaks() {
        let says = |issuer: &str, base: &str| metadata(issuer).checked(base).is_ok();
        assert!(says("https://id.example/", "https://id.example"));
        let many = "https://login.example/{tenantid}/v2.0";
        assert!(says(many, "https://login.example/organizations/v2.0"));
        for (issuer, base) in [
            ("https://evil.example", "https://id.example"),
            (many, "https://login.example//v2.0"),
            (many, "https://login.example/a/b/v2.0"),
            (many, "https://evil.example/organizations/v2.0"),
        ] {
            assert!(!says(issuer, base), "{issuer} {base}");
        }
    }

    #[test]
    fn a_token_of_many_tenants_names_its_own() {
        let many = metadata("https://login.example/{tenantid}/v2.0");
        assert_eq!(many.issuer_of(Some("t1")).as_deref(), Some("https://login.example/t1/v2.0"));
        assert_eq!(many.issuer_of(None), None);
        assert_eq!(metadata("https://id.example").issuer_of(None).as_deref(), Some("https://id.example"));
    }

    #[test]
    fn an_address_in_clear_is_refused_but_on_this_machine() {
        let at = |url: &str| Metadata { token_endpoint: Url::parse(url).unwrap(), ..metadata("https://i.example") };
        assert!(at("http://id.example/token").checked("https://i.example").is_err());
        assert!(at("http://127.0.0.1:1/token").checked("https://i.example").is_ok());
    }
}
