//! A Shodan account that does what it is told, remembers what was done to it, and fails when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};

use app::ports::{
    AcceptedScan, Account as Left, Alert, AlertTrigger, Alerts, Exposure, HostAnswer, Notifier, PastScan, Push,
    PushStream, ScanOrder, ScanProgress, Scans, SearchPage, SourceError, SourceKey, Streamed,
};
use app::testing::{Script, seen};
use async_trait::async_trait;
use domain::observation::{DataSource, HostObservation};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

#[derive(Default)]
pub(crate) struct Account {
    pub(crate) script: Script,
    book: Mutex<Book>,
}

pub(crate) struct Book {
    pub(crate) orders: Vec<ScanOrder>,
    pub(crate) listed: Vec<PastScan>,
    pub(crate) progress: ScanProgress,
    pub(crate) results: BTreeMap<IpAddr, HostObservation>,
    pub(crate) scan_credits: Option<u64>,
    pub(crate) monitored_left: Option<u64>,
    pub(crate) alerts: Vec<Alert>,
    pub(crate) notifiers: Vec<Notifier>,
    /// What the next stream that is opened tells, and how many were.
    pub(crate) lines: VecDeque<Line>,
    pub(crate) streams: usize,
    /// What was changed.
    pub(crate) changes: Vec<String>,
    /// Calls, and which of them fails, how; whether it does its work all the same.
    pub(crate) calls: usize,
    pub(crate) fails: Option<(usize, SourceError, bool)>,
    /// Every call fails so.
    pub(crate) refuses: Option<SourceError>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            orders: Vec::new(),
            listed: Vec::new(),
            progress: ScanProgress::Waiting,
            results: BTreeMap::new(),
            scan_credits: Some(100),
            monitored_left: Some(1000),
            alerts: Vec::new(),
            notifiers: Vec::new(),
            lines: VecDeque::new(),
            streams: 0,
            changes: Vec::new(),
            calls: 0,
            fails: None,
            refuses: None,
        }
    }
}

impl Account {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Makes the `n`-th call from now (from 1) fail; with `done` it does its work before.
    pub(crate) fn fail_at(&self, n: usize, error: SourceError, done: bool) {
        let mut book = self.book();
        book.fails = Some((book.calls + n, error, done));
    }

    fn act<T>(&self, work: impl FnOnce(&mut Book) -> T) -> Result<T, SourceError> {
        let mut book = self.book();
        book.calls += 1;
        let calls = book.calls;
        if let Some(error) = &book.refuses {
            return Err(error.clone());
        }
        match book.fails.take_if(|(at, ..)| *at == calls) {
            Some((_, error, false)) => Err(error),
            Some((_, error, true)) => {
                work(&mut book);
                Err(error)
            }
            None => Ok(work(&mut book)),
        }
    }

    fn change(&self, text: String, work: impl FnOnce(&mut Book)) -> Result<(), SourceError> {
        self.act(|book| {
            book.changes.push(text);
            work(book);
        })
    }
}

#[async_trait]
impl Scans for Account {
    async fn order(&self, _: &SourceKey, wanted: &ScanOrder) -> Result<AcceptedScan, SourceError> {
        self.act(|book| {
            book.orders.push(wanted.clone());
            let id = format!("S{}", book.orders.len());
            AcceptedScan { id, size: Some(wanted.len() as u64), credits_left: None }
        })
    }

    async fn crawled(&self, _: &SourceKey) -> Result<Vec<u16>, SourceError> {
        self.act(|_| vec![22, 23, 80, 502])
    }

    async fn progress(&self, _: &SourceKey, _: &str) -> Result<ScanProgress, SourceError> {
        self.act(|book| book.progress)
    }

    async fn newest(&self, _: &SourceKey) -> Result<Vec<PastScan>, SourceError> {
        self.act(|book| book.listed.clone())
    }

    async fn result(
        &self,
        _: &SourceKey,
        _: &str,
        ip: IpAddr,
        _: Timestamp,
    ) -> Result<Option<HostObservation>, SourceError> {
        self.act(|book| book.results.get(&ip).cloned())
    }
}

#[async_trait]
impl Alerts for Account {
    async fn alerts(&self, _: &SourceKey) -> Result<Vec<Alert>, SourceError> {
        self.act(|book| book.alerts.clone())
    }

    async fn triggers(&self, _: &SourceKey) -> Result<Vec<String>, SourceError> {
        self.act(|_| ["new_service", "iot", "any", "malware"].map(str::to_owned).to_vec())
    }

    async fn create(&self, _: &SourceKey, name: &str, networks: &[IpNet]) -> Result<Alert, SourceError> {
        self.act(|book| {
            book.changes.push(format!("create {name}"));
            let alert = Alert {
                id: format!("A{}", book.changes.len()),
                name: name.to_owned(),
                networks: written(networks),
                created: None,
                expires: None,
                triggers: Vec::new(),
                notifiers: Vec::new(),
            };
            book.alerts.push(alert.clone());
            alert
        })
    }

    async fn edit(&self, _: &SourceKey, id: &str, networks: &[IpNet]) -> Result<(), SourceError> {
        self.change(format!("edit {id}"), |book| find(book, id).networks = written(networks))
    }

    async fn delete(&self, _: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.change(format!("delete {id}"), |book| book.alerts.retain(|alert| alert.id != id))
    }

    async fn enable(&self, _: &SourceKey, id: &str, triggers: &[&str]) -> Result<(), SourceError> {
        self.change(format!("enable {id}"), |book| {
            let named = triggers.iter().map(|name| AlertTrigger { name: (*name).to_owned(), ignored: Vec::new() });
            find(book, id).triggers.extend(named);
        })
    }

    async fn notifiers(&self, _: &SourceKey) -> Result<Vec<Notifier>, SourceError> {
        self.act(|book| book.notifiers.clone())
    }

    async fn create_webhook(&self, _: &SourceKey, description: &str, url: &str) -> Result<String, SourceError> {
        self.act(|book| {
            book.changes.push("create notifier".into());
            let id = format!("N{}", book.changes.len());
            book.notifiers.push(Notifier {
                id: id.clone(),
                provider: "webhook".into(),
                description: Some(description.to_owned()),
                args: [("url".to_owned(), url.to_owned())].into(),
            });
            id
        })
    }

    async fn delete_notifier(&self, _: &SourceKey, id: &str) -> Result<(), SourceError> {
        self.change(format!("delete notifier {id}"), |book| book.notifiers.retain(|one| one.id != id))
    }

    async fn attach(&self, _: &SourceKey, alert: &str, notifier: &str) -> Result<(), SourceError> {
        self.change(format!("attach {alert}"), |book| find(book, alert).notifiers.push(notifier.to_owned()))
    }

    async fn listen(&self, _: &SourceKey) -> Result<Box<dyn PushStream>, SourceError> {
        self.act(|book| {
            book.streams += 1;
            Box::new(Lines(std::mem::take(&mut book.lines))) as Box<dyn PushStream>
        })
    }

    fn signed(&self, _: &SourceKey, _: &[u8], signature: &str) -> bool {
        signature == "signed"
    }

    /// `{"ip", "port", "module", "at", "id", "alert", "trigger"}`
    fn read_push(&self, body: &[u8]) -> Option<Push> {
        read_push(&serde_json::from_slice(body).ok()?)
    }
}

/// What a stream tells; then it is silent, unless its last line is an end.
struct Lines(VecDeque<Line>);

pub(crate) enum Line {
    Banner(Value),
    Unreadable,
    Beat,
    Broken(SourceError),
}

#[async_trait]
impl PushStream for Lines {
    async fn next(&mut self) -> Result<Option<Streamed>, SourceError> {
        Ok(Some(match self.0.pop_front() {
            Some(Line::Banner(said)) => Streamed::Push(Box::new(read_push(&said).unwrap())),
            Some(Line::Unreadable) => Streamed::Unreadable("no date".into()),
            Some(Line::Beat) => Streamed::Heartbeat,
            Some(Line::Broken(error)) => return Err(error),
            None => std::future::pending().await,
        }))
    }
}

fn read_push(read: &Value) -> Option<Push> {
    let text = |name: &str| read[name].as_str().map(str::to_owned);
    let port = u16::try_from(read["port"].as_u64()?).ok()?;
    let (ip, at) = (text("ip")?.parse().ok()?, text("at")?.parse().ok()?);
    let known = seen(ip, at, &[(port, text("module")?.as_str())]);
    let known = HostObservation { source: DataSource::ShodanAlert, ..known };
    Some(Push { seen: known, id: text("id"), alert: text("alert"), trigger: text("trigger") })
}

fn written(networks: &[IpNet]) -> Vec<String> {
    networks.iter().map(ToString::to_string).collect()
}

fn find<'a>(book: &'a mut Book, id: &str) -> &'a mut Alert {
    book.alerts.iter_mut().find(|alert| alert.id == id).unwrap()
}

#[async_trait]
impl Exposure for Account {
    async fn host(&self, key: &SourceKey, ip: IpAddr) -> Result<HostAnswer, SourceError> {
        self.script.host(key, ip).await
    }

    async fn network(&self, key: &SourceKey, network: IpNet, page: u32) -> Result<SearchPage, SourceError> {
        self.script.network(key, network, page).await
    }

    async fn search(&self, key: &SourceKey, query: &str, page: u32) -> Result<SearchPage, SourceError> {
        self.script.search(key, query, page).await
    }

    async fn resolve(&self, key: &SourceKey, hostname: &str) -> Result<Vec<IpAddr>, SourceError> {
        self.script.resolve(key, hostname).await
    }

    async fn account(&self, _: &SourceKey) -> Result<Left, SourceError> {
        let book = self.book();
        let (scan_credits, monitored_ips) = (book.scan_credits, book.monitored_left);
        Ok(Left { plan: "dev".into(), query_credits: Some(100), scan_credits, monitored_ips })
    }

    fn announce(&self, _: &SourceKey, _: u32) {}

    async fn next_turn(&self, _: &SourceKey) -> Option<Timestamp> {
        None
    }
}
