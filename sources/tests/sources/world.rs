//! What the tests stand on: a clock, a store in memory, a client.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use app::ports::{Batch, Clock, Commit, ConflictKind, Etag, Op, Row, RowPage, RowRange, StoreError, Table, Tables};
use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Client;
use shodan_client::{Endpoints, Key, Pause, Retry, Shodan};
use sources::simulator::Simulator;
use sources::{Governor, IntelligenceSettings, SourceSettings, Sources};

/// The key of all tests: easy to find where it must not be.
pub(crate) const KEY: &str = "S3cretKeyOfTheTest+/";

/// The true time.
pub(crate) struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "turns are waited for in true time")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Rows in memory, with the contract's conditions. Single changes are all that the governor makes.
#[derive(Default)]
pub(crate) struct Memory {
    rows: Mutex<BTreeMap<(String, String), Row>>,
    commits: AtomicU64,
    pub(crate) down: AtomicBool,
}

impl Memory {
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    pub(crate) fn dump(&self) -> String {
        format!("{:?}", self.rows.lock().unwrap())
    }
}

#[async_trait]
impl Tables for Memory {
    async fn get(&self, _: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("down".into()));
        }
        let row = self.rows.lock().unwrap().get(&(partition.to_owned(), key.to_owned())).cloned();
        // Lets another task come between reading and writing, as it happens between processes.
        tokio::task::yield_now().await;
        Ok(row)
    }

    async fn get_many(&self, _: Table, _: &str, _: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        unimplemented!("the governor reads one row")
    }

    async fn range(&self, _: Table, _: &str, _: RowRange) -> Result<RowPage, StoreError> {
        unimplemented!("the governor reads one row")
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        let [op] = batch.ops.as_slice() else { unimplemented!("the governor writes one row") };
        let (write, expected) = match op {
            Op::Insert(write) => (write, None),
            Op::Replace(write, etag) => (write, Some(etag)),
            Op::Upsert(_) | Op::Delete { .. } => unimplemented!("the governor compares and swaps"),
        };
        let mut rows = self.rows.lock().unwrap();
        let place = (batch.partition, write.key.clone());
        let kind = match (rows.get(&place), expected) {
            (Some(_), None) => Some(ConflictKind::Exists),
            (None, Some(_)) => Some(ConflictKind::Missing),
            (Some(row), Some(etag)) if row.etag != *etag => Some(ConflictKind::Changed),
            _ => None,
        };
        if let Some(kind) = kind {
            return Ok(Commit::Conflict { index: Some(0), kind });
        }
        let version = self.commits.fetch_add(1, Ordering::Relaxed);
        rows.insert(
            place,
            Row { key: write.key.clone(), columns: write.columns.clone(), etag: Etag(version.to_string()) },
        );
        Ok(Commit::Done)
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

pub(crate) fn governor(tables: &Arc<Memory>, interval: Duration) -> Governor {
    Governor::new(tables.clone(), Arc::new(WallClock), interval)
}

/// A client that gives up after a second, and goes nowhere else.
pub(crate) fn client() -> Client {
    // Of several tests in one process all but the first find it installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(Duration::from_secs(1)).redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// The sources against a simulator, without a pause between turns.
pub(crate) fn sources(simulator: &Simulator) -> Sources {
    let settings = SourceSettings {
        shodan_url: simulator.shodan_url(),
        internetdb_url: simulator.internetdb_url(),
        stream_url: Some(simulator.stream_url()),
    };
    Sources::new(client(), settings, governor(&Arc::default(), Duration::ZERO))
}

/// The client by itself against a simulator, which does not pause and asks once.
pub(crate) fn shodan(simulator: &Simulator) -> Shodan {
    Shodan::new(client(), Key::new(KEY))
        .with_endpoints(Endpoints {
            rest: simulator.shodan_url(),
            stream: simulator.stream_url(),
            exploits: simulator.exploits_url(),
            trends: simulator.trends_url(),
        })
        .with_pace(Arc::new(Pause::new(Duration::ZERO)))
        .with_retry(Retry::NEVER)
}

/// Where a simulator tells of vulnerabilities.
pub(crate) fn intelligence(simulator: &Simulator) -> IntelligenceSettings {
    IntelligenceSettings {
        cvedb_url: simulator.cvedb_url(),
        kev_url: simulator.kev_url(),
        epss_url: simulator.epss_url(),
        epss_file_url: simulator.epss_file_url(),
        ssvc_url: simulator.ssvc_url(),
    }
}

/// A captured answer.
pub(crate) fn captured(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)).expect(name)
}

/// Everything that was logged on this thread, of every level.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<String>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        span.record(&mut self.clone());
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

impl tracing::field::Visit for Log {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        let _ = writeln!(self.0.lock().unwrap(), "{field}={value:?}");
    }
}
