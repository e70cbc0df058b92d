//! A plant that is watched, with a source that says what the test wants.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft};
use app::directory::{Counts, Direction, Order};
use app::findings::{self, EventFilter, FindingFilter};
use app::poll;
use app::ports::{Account, Exposure, HostAnswer, SearchPage, SourceError, SourceKey};
use app::testing::Bench;
use async_trait::async_trait;
use domain::event::{Event, EventType};
use domain::finding::{Finding, FindingState};
use domain::observation::{Banner, DataSource, HostObservation, Transport};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

/// A source that answers from a table.
pub(super) struct Script {
    pub(super) hosts: Mutex<BTreeMap<IpAddr, HostObservation>>,
    error: Mutex<Option<SourceError>>,
    asked: Mutex<usize>,
    /// One less is left each time that it is asked how many are.
    credits: AtomicU64,
    /// What was searched for.
    pub(super) queries: Mutex<Vec<String>>,
    /// Searches end like this from a page on.
    pub(super) no_search: Mutex<Option<(u32, SourceError)>>,
    /// So many banners are counted by a search and told on no page.
    pub(super) hidden: Mutex<usize>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            hosts: Mutex::default(),
            error: Mutex::default(),
            asked: Mutex::default(),
            credits: AtomicU64::new(100),
            queries: Mutex::default(),
            no_search: Mutex::default(),
            hidden: Mutex::default(),
        }
    }
}

impl Script {
    pub(super) fn says(&self, host: HostObservation) {
        self.hosts.lock().unwrap().insert(host.ip, host);
    }

    pub(super) fn fails(&self, error: Option<SourceError>) {
        *self.error.lock().unwrap() = error;
    }

    /// The account says so many credits from now on.
    pub(super) fn has_credits(&self, left: u64) {
        self.credits.store(left, Ordering::SeqCst);
    }

    pub(super) fn searched(&self) -> Vec<String> {
        std::mem::take(&mut *self.queries.lock().unwrap())
    }

    pub(super) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    pub(super) fn turn(&self) -> Result<(), SourceError> {
        *self.asked.lock().unwrap() += 1;
        self.error.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

#[async_trait]
impl Exposure for Script {
    async fn host(&self, _: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        self.turn()?;
        let found = self.hosts.lock().unwrap().get(&ip).cloned();
        Ok(found.map_or(HostAnswer::Unknown, |h| HostAnswer::Known(Box::new(h))))
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.search(key, &format!("net:{network}"), page).await
    }

    async fn search(&self, _: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        self.queries.lock().unwrap().push(format!("{query} #{page}"));
        self.turn()?;
        self.no_search.lock().unwrap().clone().filter(|(from, _)| page >= *from).map_or(Ok(()), |(_, e)| Err(e))?;
        let (nets, after) = read_query(query);
        let mut all = Vec::new();
        for host in self.hosts.lock().unwrap().values().filter(|h| nets.iter().any(|n| n.contains(&h.ip))) {
            for banner in host.banners.iter().filter(|b| b.observed_at >= after) {
                all.push((host.clone(), banner.clone()));
            }
        }
        let total = all.len();
        let first = 100 * (page as usize - 1);
        let hidden = *self.hidden.lock().unwrap();
        let hosts: Vec<HostObservation> = all
            .into_iter()
            .take(total.saturating_sub(hidden))
            .skip(first)
            .take(100)
            .map(|(host, banner)| HostObservation {
                source: DataSource::ShodanSearch,
                observed_at: Some(banner.observed_at),
                ports: vec![banner.port],
                banners: vec![banner],
                ..host
            })
            .collect();
        let marks = (first..first + hosts.len()).map(|mark| mark as u64).collect();
        Ok(SearchPage { banners: hosts.len(), hosts, unreadable: 0, total: total as u64, marks })
    }

    async fn resolve(&self, _: &SourceKey, _: &str) -> Result<Vec<IpAddr>, SourceError> {
        self.turn()?;
        Ok(Vec::new())
    }

    async fn account(&self, _: &SourceKey) -> Result<Account, SourceError> {
        let left = self.credits.fetch_sub(1, Ordering::SeqCst);
        Ok(Account { plan: "dev".into(), query_credits: Some(left), scan_credits: None, monitored_ips: Some(16) })
    }

    fn announce(&self, _: &SourceKey, _: u32) {}

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}

/// Networks and day of a query such as `net:8.8.8.8,9.9.0.0/20 after:01/03/2026`.
fn read_query(query: &str) -> (Vec<IpNet>, Timestamp) {
    let mut parts = query.split(' ');
    let nets = parts.next().unwrap().strip_prefix("net:").unwrap_or("0.0.0.0/0").split(',');
    let nets = nets.map(|n| n.parse().or_else(|_| n.parse::<IpAddr>().map(IpNet::from)).unwrap()).collect();
    let after = parts.find_map(|part| part.strip_prefix("after:")).map_or(Timestamp::UNIX_EPOCH, |day| {
        let (day, month, year) = (&day[..2], &day[3..5], &day[6..]);
        format!("{year}-{month}-{day}T00:00:00Z").parse().unwrap()
    });
    (nets, after)
}

pub(super) fn banner(port: u16, module: &str, at: Timestamp) -> Banner {
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

pub(super) fn host(ip: &str, at: Timestamp, services: &[(u16, &str)]) -> HostObservation {
    HostObservation {
        ip: ip.parse().unwrap(),
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

pub(super) struct Plant {
    pub(super) bench: Bench,
    pub(super) script: Arc<Script>,
    pub(super) caller: Caller,
}

impl Plant {
    pub(super) async fn new() -> Self {
        let mut bench = Bench::new();
        let script = Arc::new(Script::default());
        bench.app.exposure = script.clone();
        bench.app.settings.shodan_key = Some("key".into());
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        Self { bench, script, caller }
    }

    pub(super) async fn watch(&self, target: &str) -> domain::asset::Asset {
        let draft = AssetDraft { target: Some(target.into()), enabled: true, ..AssetDraft::default() };
        assets::create(&self.bench, &self.caller, &draft).await.unwrap()
    }

    pub(super) async fn tick(&self) -> poll::TickReport {
        poll::tick(&self.bench).await.unwrap()
    }

    pub(super) fn later(&self, hours: i64) {
        self.bench.clock.advance(SignedDuration::from_hours(hours));
    }

    pub(super) fn now(&self) -> Timestamp {
        self.bench.now()
    }

    pub(super) async fn findings(&self, filter: &FindingFilter) -> Vec<Finding> {
        let order = (Order::Risk, Direction::Descending);
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page =
                findings::page(&self.bench, &self.caller, filter, order, (cursor.as_deref(), 3, false)).await.unwrap();
            cursor = page.items.last().map(|l| l.cursor.clone());
            all.extend(page.items.into_iter().map(|l| Finding::clone(&l.finding)));
            if !page.more {
                return all;
            }
        }
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let page = findings::events_page(&self.bench, &self.caller, &EventFilter::default(), (None, 1000, false))
            .await
            .unwrap();
        assert!(!page.more);
        page.items
    }

    /// "Every counter equals what listing gives."
    pub(super) async fn counters_are_true(&self) {
        let mut counted = Counts::default();
        for finding in self.findings(&FindingFilter::default()).await {
            counted.add(finding.state, finding.severity);
        }
        let told = findings::counts(&self.bench, &self.caller, &FindingFilter::default()).await.unwrap().unwrap();
        assert_eq!(told, counted);
        let states = FindingFilter { states: Some(FindingState::ALL.to_vec()), ..FindingFilter::default() };
        assert_eq!(findings::counts(&self.bench, &self.caller, &states).await.unwrap().unwrap(), counted);
    }
}

pub(super) fn kinds(events: &[Event]) -> Vec<EventType> {
    events.iter().map(|e| e.kind).collect()
}
