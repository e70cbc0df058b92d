use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::ports::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey};
use async_trait::async_trait;
use domain::observation::HostObservation;
use ipnet::IpNet;
use jiff::Timestamp;
use reqwest::Client;
use shodan_client::{Endpoints, Error, HostOptions, Key, Retry, Shodan};
use url::Url;

use crate::governor::Governor;
use crate::internetdb::InternetDb;
use crate::shodan::read::{read_hosts, read_search_page};
use crate::shodan::{Governed, source_error};

/// How long the system's resolver may take.
const RESOLVER_PATIENCE: Duration = Duration::from_secs(10);

/// Where the sources are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// Shodan's REST API. A path in it is kept.
    pub shodan_url: Url,
    /// InternetDB. A path in it is kept.
    pub internetdb_url: Url,
    /// Shodan's streams. A path in it is kept. `None`: nothing is streamed.
    pub stream_url: Option<Url>,
}

impl Default for SourceSettings {
    #[expect(clippy::expect_used, reason = "the addresses are constants, and a test reads them")]
    fn default() -> Self {
        Self {
            shodan_url: Url::parse("https://api.shodan.io").expect("a constant"),
            internetdb_url: Url::parse("https://internetdb.shodan.io").expect("a constant"),
            stream_url: Some(Endpoints::default().stream),
        }
    }
}

/// All sources behind one port.
#[derive(Debug)]
pub struct Sources {
    shodan: Shodan,
    internetdb: InternetDb,
    governor: Arc<Governor>,
    pub(crate) streams: bool,
}

impl Sources {
    /// Asks through `http`, which brings its own TLS and may bring its own, shorter time-outs (one minute otherwise).
    pub fn new(http: Client, settings: SourceSettings, governor: impl Into<Arc<Governor>>) -> Self {
        let governor = governor.into();
        let streams = settings.stream_url.is_some();
        let public = Endpoints::default();
        let stream = settings.stream_url.unwrap_or(public.stream);
        // When to ask again is the poll's to decide: it knows what else is due.
        let shodan = Shodan::new(http.clone(), Key::new(""))
            .with_endpoints(Endpoints { rest: settings.shodan_url, stream, ..Endpoints::default() })
            .with_pace(Arc::new(Governed(Arc::clone(&governor))))
            .with_retry(Retry::NEVER);
        Self { shodan, internetdb: InternetDb::new(http, settings.internetdb_url), governor, streams }
    }

    /// The client with a key; another source has none.
    pub(crate) fn shodan(&self, key: &SourceKey, otherwise: &str) -> Result<Shodan, SourceError> {
        match key {
            SourceKey::Shodan(secret) => Ok(self.shodan.with_key(Key::new(secret.as_str()))),
            SourceKey::InternetDb => Err(SourceError::Rejected(otherwise.to_owned())),
        }
    }

    /// Takes a turn at InternetDB, asks, and holds everybody back when it says that it was too fast.
    async fn internetdb(&self, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        let key = SourceKey::InternetDb;
        self.governor.turn(&key).await?;
        let answer = self.internetdb.host(ip).await;
        if let Err(SourceError::RateLimited { wait_seconds }) = &answer {
            self.governor.back_off(&key, *wait_seconds).await;
        }
        answer
    }
}

#[async_trait]
impl Exposure for Sources {
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        if *key == SourceKey::InternetDb {
            return self.internetdb(ip).await;
        }
        let about_it = |body: &[u8]| the_one(read_hosts(body)?, ip);
        let known = self.shodan(key, "")?.host_with(ip, HostOptions::default(), about_it).await;
        Ok(known.map_err(source_error)?.map_or(HostAnswer::Unknown, |host| HostAnswer::Known(Box::new(host))))
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.search(key, &format!("net:{}", network.trunc()), page).await
    }

    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        let shodan = self.shodan(key, "InternetDB knows single addresses only")?;
        shodan.search_with(query, page, &[], read_search_page).await.map_err(source_error)
    }

    /// InternetDB resolves no names: without a Shodan key the system's resolver is asked, and no turn is taken.
    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        if *key == SourceKey::InternetDb {
            return resolve_by_system(hostname).await;
        }
        let mut found = self.shodan(key, "")?.resolve(&[hostname]).await.map_err(source_error)?;
        Ok(found.remove(hostname).unwrap_or_default())
    }

    async fn account(&self, key: &SourceKey) -> Result<Account, SourceError> {
        let info = self.shodan(key, "InternetDB has no accounts")?.api_info().await.map_err(source_error)?;
        // What Shodan tells is how many are monitored; the port wants how many may still be.
        let monitored_ips = info.monitored_ips_left();
        let (query_credits, scan_credits) = (info.query_credits, info.scan_credits);
        Ok(Account { plan: info.plan, query_credits, scan_credits, monitored_ips })
    }

    fn announce(&self, key: &SourceKey, questions: u32) {
        self.governor.announce(key, questions);
    }

    async fn next_turn(&self, key: &SourceKey) -> Option<Timestamp> {
        self.governor.next_turn(key).await
    }
}

/// Facts about another address must not be booked on this one.
fn the_one(hosts: Vec<HostObservation>, ip: IpAddr) -> Result<HostObservation, Error> {
    let host = hosts.into_iter().find(|host| host.ip == ip);
    host.ok_or_else(|| Error::Unavailable("it answered about another address".into()))
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
