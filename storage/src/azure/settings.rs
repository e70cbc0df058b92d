//! Which storage account, and with which right: read from a connection string or put together by the composer.
//! Nothing here reads the environment.

use std::collections::HashMap;
use std::sync::Arc;

use app::ports::StoreError;
use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use url::Url;

/// Azurite's account, the same everywhere and no secret.
const DEVELOPMENT_ACCOUNT: &str = "devstoreaccount1";
const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// Gives bearer tokens for `https://storage.azure.com`, such as those of a managed identity.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid for some minutes more. Asked before every request: the source caches.
    async fn token(&self) -> Result<String, StoreError>;
}

/// The right to use the account. Its `Debug` shows only the kind.
#[derive(Clone)]
pub enum Credential {
    /// The account's key, in base64.
    Key(String),
    /// A shared access signature: a query string, with or without `?`.
    Sas(String),
    /// Tokens of an identity.
    Token(Arc<dyn TokenSource>),
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(…)",
            Self::Sas(_) => "Sas(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

/// Where the tables and queues are.
#[derive(Clone, Debug)]
pub struct AzureSettings {
    /// The account's name, part of what is signed.
    pub account: String,
    /// Where the tables are, such as `https://ACCOUNT.table.core.windows.net`.
    pub table_endpoint: Url,
    /// Where the queues are, such as `https://ACCOUNT.queue.core.windows.net`.
    pub queue_endpoint: Url,
    /// The right to use them.
    pub credential: Credential,
}

impl AzureSettings {
    /// An account in Azure's public cloud.
    ///
    /// # Errors
    /// `Denied` when the name cannot be an account's.
    pub fn for_account(account: &str, credential: Credential) -> Result<Self, StoreError> {
        let plain = account.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if account.is_empty() || !plain {
            return Err(wrong("the account's name is not lower-case letters and digits"));
        }
        Ok(Self {
            account: account.to_owned(),
            table_endpoint: endpoint(&format!("https://{account}.table.core.windows.net"))?,
            queue_endpoint: endpoint(&format!("https://{account}.queue.core.windows.net"))?,
            credential,
        })
    }

    /// Reads a connection string: with `AccountKey` or `SharedAccessSignature`, with endpoints of its own or without,
    /// or `UseDevelopmentStorage=true` (Azurite on its usual ports). What is of no use here is passed over.
    ///
    /// # Errors
    /// `Denied`, saying which part is missing or wrong, never what it holds.
    pub fn from_connection_string(text: &str) -> Result<Self, StoreError> {
        let parts = parts(text)?;
        let part = |name: &str| parts.get(name).copied().filter(|value| !value.is_empty());
        if part("usedevelopmentstorage").is_some_and(|yes| yes.eq_ignore_ascii_case("true")) {
            return development(part("developmentstorageproxyuri"));
        }
        let credential = match (part("accountkey"), part("sharedaccesssignature")) {
            (_, Some(sas)) => Credential::Sas(sas.to_owned()),
            (Some(key), None) if BASE64_STANDARD.decode(key).is_ok() => Credential::Key(key.to_owned()),
            (Some(_), None) => return Err(wrong("AccountKey is not base64")),
            (None, None) => return Err(wrong("it has neither AccountKey nor SharedAccessSignature")),
        };
        let protocol = part("defaultendpointsprotocol").unwrap_or("https");
        let suffix = part("endpointsuffix").unwrap_or("core.windows.net");
        let place = |name: &str, service: &str| match (part(name), part("accountname")) {
            (Some(own), _) => endpoint(own),
            (None, Some(account)) => endpoint(&format!("{protocol}://{account}.{service}.{suffix}")),
            (None, None) => Err(wrong("it has neither AccountName nor endpoints of its own")),
        };
        let table_endpoint = place("tableendpoint", "table")?;
        let account = match (part("accountname"), &credential) {
            (Some(account), _) => account.to_owned(),
            (None, Credential::Key(_)) => return Err(wrong("AccountKey needs AccountName")),
            // A signature names no account; this one is only shown.
            (None, _) => {
                table_endpoint.host_str().and_then(|host| host.split('.').next()).unwrap_or_default().to_owned()
            }
        };
        Ok(Self { account, queue_endpoint: place("queueendpoint", "queue")?, table_endpoint, credential })
    }
}

fn wrong(why: &str) -> StoreError {
    StoreError::Denied(format!("the storage connection string cannot be used: {why}"))
}

fn parts(text: &str) -> Result<HashMap<String, &str>, StoreError> {
    let pairs = text.split(';').map(str::trim).filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim())))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong("a part of it is not NAME=VALUE"))
}

fn development(proxy: Option<&str>) -> Result<AzureSettings, StoreError> {
    let base = proxy.unwrap_or("http://127.0.0.1").trim_end_matches('/');
    Ok(AzureSettings {
        account: DEVELOPMENT_ACCOUNT.to_owned(),
        table_endpoint: endpoint(&format!("{base}:10002/{DEVELOPMENT_ACCOUNT}"))?,
        queue_endpoint: endpoint(&format!("{base}:10001/{DEVELOPMENT_ACCOUNT}"))?,
        credential: Credential::Key(DEVELOPMENT_KEY.to_owned()),
    })
}

/// An endpoint without the query that some portals append (a signature), and without a slash at the end.
fn endpoint(text: &str) -> Result<Url, StoreError> {
    let mut url = Url::parse(text.trim_end_matches('/')).map_err(|_| wrong("an endpoint is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("an endpoint is not an http or https URL"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> AzureSettings {
        AzureSettings::from_connection_string(text).unwrap()
    }

    fn places(text: &str) -> [String; 3] {
        let settings = read(text);
        [settings.account, settings.table_endpoint.into(), settings.queue_endpoint.into()]
    }

    #[test]
    fn a_key_string_from_the_portal_is_understood() {
        let text =
            "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=c2VjcmV0==;EndpointSuffix=core.windows.net";
        let text = text.replace("c2VjcmV0==", "c2VjcmV0");
        assert_eq!(
            places(&text),
            ["acme", "https://acme.table.core.windows.net/", "https://acme.queue.core.windows.net/"]
        );
        assert!(matches!(read(&text).credential, Credential::Key(key) if key == "c2VjcmV0"));
    }

    #[test]
    fn other_clouds_and_endpoints_of_ones_own_are_understood() {
        let china = places("AccountName=acme;AccountKey=c2VjcmV0;EndpointSuffix=core.chinacloudapi.cn");
        assert_eq!(china[1], "https://acme.table.core.chinacloudapi.cn/");
        let own = "AccountName=a;AccountKey=YQ==;TableEndpoint=http://10.0.0.1:7/a/;QueueEndpoint=http://10.0.0.1:8/a;Other=x;;";
        assert_eq!(places(own), ["a", "http://10.0.0.1:7/a", "http://10.0.0.1:8/a"]);
    }

    #[test]
    fn a_signature_goes_without_an_account_name() {
        let text = "TableEndpoint=https://acme.table.core.windows.net/;QueueEndpoint=https://acme.queue.core.windows.net;\
                    SharedAccessSignature=sv=2022-11-02&ss=qt&sig=a%2Bb%3D";
        assert_eq!(places(text)[0], "acme");
        assert!(matches!(read(text).credential, Credential::Sas(sas) if sas.ends_with("sig=a%2Bb%3D")));
    }

    #[test]
    fn development_storage_is_azurite_on_its_usual_ports() {
        let azurite = places("UseDevelopmentStorage=true");
        assert_eq!(
            azurite[1..],
            ["http://127.0.0.1:10002/devstoreaccount1", "http://127.0.0.1:10001/devstoreaccount1"]
        );
        let elsewhere = places("UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite");
        assert_eq!(elsewhere[1], "http://azurite:10002/devstoreaccount1");
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_showing_it() {
        for text in [
            "",
            "hunter2",
            "AccountName=acme",
            "AccountKey=aHVudGVyMg==",
            "AccountName=acme;AccountKey=hunter2!",
            "AccountName=acme;AccountKey=YQ==;TableEndpoint=hunter2",
            "AccountName=acme;AccountKey=YQ==;TableEndpoint=file:///hunter2",
            "SharedAccessSignature=sig=hunter2",
        ] {
            let error = AzureSettings::from_connection_string(text).unwrap_err();
            assert!(matches!(error, StoreError::Denied(_)), "{text}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(AzureSettings::for_account("a/b", Credential::Key(String::new())).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", read("AccountName=acme;AccountKey=aHVudGVyMg=="));
        assert!(shown.contains("acme") && !shown.contains("aHVudGVyMg"), "{shown}");
    }
}
