use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey};
use async_trait::async_trait;
use ipnet::IpNet;
use jiff::Timestamp;
use reqwest::Client;
use url::Url;

use crate::governor::Governor;
use crate::internetdb::InternetDb;
use crate::shodan::Shodan;

/// How long the system's resolver may take.
const RESOLVER_PATIENCE: Duration = Duration::from_secs(10);

/// Where the sources are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Shodan's REST API. A path in it is kept.
    pub shodan_url: Url,
    /// InternetDB. A path in it is kept.
    pub internetdb_url: Url,
}

impl Default for SourceSettings {
    #[expect(clippy::expect_used, reason = "both addresses are constants, and a test reads them")]
    fn default() -> Self {
        Self {
            shodan_url: Url::parse("https://api.shodan.io").expect("a constant"),
            internetdb_url: Url::parse("https://internetdb.shodan.io").expect("a constant"),
        }
    }
}

/// All sources behind one port.
#[derive(Debug)]
pub struct Sources {
    shodan: Shodan,
    internetdb: InternetDb,
    governor: Arc<Governor>,
}

impl Sources {
    /// Asks through `http`, which brings its own TLS and may bring its own, shorter time-outs (one minute otherwise).
    pub fn new(http: Client, settings: SourceSettings, governor: impl Into<Arc<Governor>>) -> Self {
        Self {
            shodan: Shodan::new(http.clone(), settings.shodan_url),
            internetdb: InternetDb::new(http, settings.internetdb_url),
            governor: governor.into(),
        }
    }

    /// Takes a turn, asks, and holds everybody back when the source says that it was too fast.
    async fn ask<T>(
        &self,
        key: &SourceKey,
        question: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        self.governor.turn(key).await?;
        let answer = question.await;
        if let Err(SourceError::RateLimited { wait_seconds }) = &answer {
            self.governor.back_off(key, *wait_seconds).await;
        }
        answer
    }
}

#[async_trait]
impl Exposure for Sources {
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        match key {
            SourceKey::Shodan(secret) => self.ask(key, self.shodan.host(secret, ip)).await,
            SourceKey::InternetDb => self.ask(key, self.internetdb.host(ip)).await,
        }
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.search(key, &format!("net:{}", network.trunc()), page).await
    }

    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        let secret = shodan_only(key, "InternetDB knows single addresses only")?;
        self.ask(key, self.shodan.search(secret, query, page)).await
    }

    /// InternetDB resolves no names: without a Shodan key the system's resolver is asked, and no turn is taken.
    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        match key {
            SourceKey::Shodan(secret) => self.ask(key, self.shodan.resolve(secret, hostname)).await,
            SourceKey::InternetDb => resolve_by_system(hostname).await,
        }
    }

    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError> {
        let secret = shodan_only(key, "InternetDB has no accounts")?;
        self.ask(key, self.shodan.api_info(secret)).await
    }

    async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp> {
        self.governor.next_turn(key).await
    }
}

fn shodan_only<'a>(key: &'a SourceKey, otherwise: &str) -> Result<&'a str, SourceError> {
    match key {
        SourceKey::Shodan(secret) => Ok(secret),
        SourceKey::InternetDb => Err(SourceError::Rejected(otherwise.to_owned())),
    }
}

async fn resolve_by_system(hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
    let found = tokio::time::timeout(RESOLVER_PATIENCE, tokio::net::lookup_host((hostname, 0)))
        .await
        .map_err(|_| SourceError::Unavailable("the system's resolver timed out".into()))?;
    let mut ips: Vec<IpAddr> = match found {
        Ok(addresses) => addresses.map(|address| address.ip()).collect(),
        Err(error) if says_no_such_name(&error.to_string()) => Vec::new(),
        Err(error) => return Err(SourceError::Unavailable(format!("the system's resolver failed ({error})"))),
    };
    ips.sort_unstable();
    ips.dedup();
    Ok(ips)
}

/// The resolver has no error kind for "there is no such name", only words: glibc's, musl's, macOS's.
fn says_no_such_name(words: &str) -> bool {
    ["not known", "does not resolve", "No address associated", "has no usable address", "nodename nor servname"]
        .iter()
        .any(|known| words.contains(known))
}

#[cfg(test)]
mod tests {
    use super::{SourceSettings, says_no_such_name};

    #[test]
    fn the_sources_are_where_they_say() {
        let settings = SourceSettings::default();
        assert_eq!(settings.shodan_url.host_str(), Some("api.shodan.io"));
        assert_eq!(settings.internetdb_url.host_str(), Some("internetdb.shodan.io"));
    }

    #[test]
    fn only_a_missing_name_is_an_empty_answer() {
        assert!(says_no_such_name("failed to lookup address information: Name or service not known"));
        assert!(!says_no_such_name("failed to lookup address information: Temporary failure in name resolution"));
    }
}
