use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use domain::observation::{Banner, DataSource, HostObservation, Transport};
use ipnet::IpNet;
use jiff::Timestamp;

use crate::ports::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey};

/// A source that answers what a test wrote down.
#[derive(Default)]
pub struct Script(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    hosts: BTreeMap<IpAddr, HostObservation>,
    error: Option<SourceError>,
    account: Option<Account>,
    asked: usize,
}

impl Script {
    /// From now on this is what is known of the host's address.
    pub fn says(&self, host: HostObservation) {
        self.lines().hosts.insert(host.ip, host);
    }

    /// From now on nothing is known of an address.
    pub fn forgets(&self, ip: IpAddr) {
        self.lines().hosts.remove(&ip);
    }

    /// From now on every question fails so (`None`: none does).
    pub fn fails(&self, error: Option<SourceError>) {
        self.lines().error = error;
    }

    /// From now on this is what is left of the key's plan.
    pub fn leaves(&self, account: Account) {
        self.lines().account = Some(account);
    }

    /// How many questions there were.
    pub fn asked(&self) -> usize {
        self.lines().asked
    }

    fn turn(&self) -> Result<MutexGuard<'_, Lines>, SourceError> {
        let mut lines = self.lines();
        lines.asked += 1;
        lines.error.clone().map_or(Ok(lines), Err)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Exposure for Script {
    async fn host(&self, _: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        let found = self.turn()?.hosts.get(&ip).cloned();
        Ok(found.map_or(HostAnswer::Unknown, |host| HostAnswer::Known(Box::new(host))))
    }

    /// Everything on the first page.
    async fn network(&self, _: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        let lines = self.turn()?;
        let within = lines.hosts.values().filter(|host| page == 1 && network.contains(&host.ip));
        let hosts: Vec<HostObservation> =
            within.map(|host| HostObservation { source: DataSource::ShodanSearch, ..host.clone() }).collect();
        let banners: usize = hosts.iter().map(|host| host.banners.len()).sum();
        Ok(SearchPage { hosts, banners, unreadable: 0, total: banners as u64, marks: (0..banners as u64).collect() })
    }

    async fn search(&self, _: &SourceKey, _: &str, _: u32) -> Result<SearchPage, SourceError> {
        self.turn().map(|_| SearchPage::default())
    }

    async fn resolve(&self, _: &SourceKey, _: &str) -> Result<Vec<IpAddr>, SourceError> {
        self.turn().map(|_| Vec::new())
    }

    async fn account(&self, _: &SourceKey) -> Result<Account, SourceError> {
        self.lines().account.clone().ok_or_else(|| SourceError::Unavailable("not in this script".into()))
    }

    fn announce(&self, _: &SourceKey, _: u32) {}

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}

/// A host as a look-up at Shodan shows it: services by port and module, all of them seen at `at`.
pub fn seen(ip: IpAddr, at: Timestamp, services: &[(u16, &str)]) -> HostObservation {
    HostObservation {
        ip,
        source: DataSource::ShodanHost,
        observed_at: Some(at),
        hostnames: Vec::new(),
        asn: None,
        organization: None,
        isp: None,
        operating_system: None,
        location: None,
        tags: Vec::new(),
        ports: services.iter().map(|(port, _)| *port).collect(),
        vulnerabilities: Vec::new(),
        not_vulnerable: Vec::new(),
        cpes: Vec::new(),
        banners: services.iter().map(|(port, module)| banner(*port, module, at)).collect(),
    }
}

fn banner(port: u16, module: &str, at: Timestamp) -> Banner {
    Banner {
        port,
        transport: Transport::Tcp,
        observed_at: at,
        module: Some(module.into()),
        product: None,
        version: None,
        cpes: Vec::new(),
        tags: Vec::new(),
        text: "login:".into(),
        vulnerabilities: BTreeMap::new(),
        not_vulnerable: Vec::new(),
        tls: None,
        blocks: serde_json::Map::new(),
        hash: format!("{port}{module}"),
    }
}
