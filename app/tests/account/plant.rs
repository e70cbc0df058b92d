use std::sync::Arc;

use app::access::{Caller, bootstrap, set_shodan_key};
use app::assets::{self, AssetDraft};
use app::directory::{Direction, Order};
use app::findings::{self, FindingFilter};
use app::poll;
use app::testing::{Bench, seen};
use domain::finding::{Finding, FindingState};
use jiff::{SignedDuration, Timestamp};

use super::account::Account;

/// A plant with a Shodan account of its own.
pub(crate) struct Plant {
    pub(crate) bench: Bench,
    pub(crate) account: Arc<Account>,
    pub(crate) caller: Caller,
}

impl Plant {
    pub(crate) async fn new() -> Self {
        let plant = Self::without_key().await;
        set_shodan_key(&plant.bench, &plant.caller, Some("OWNKEY")).await.unwrap();
        plant
    }

    /// With the instance's key alone.
    pub(crate) async fn without_key() -> Self {
        let mut bench = Bench::new();
        let account = Arc::new(Account::default());
        bench.app.exposure = account.clone();
        bench.app.scans = account.clone();
        bench.app.alerts = account.clone();
        bench.app.settings.shodan_key = Some("INSTANCEKEY".into());
        bench.app.settings.public_url = "https://iot.example.com".into();
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        Self { bench, account, caller }
    }

    pub(crate) async fn watch(&self, target: &str) -> domain::asset::Asset {
        let draft = AssetDraft { target: Some(target.into()), enabled: true, ..AssetDraft::default() };
        assets::create(&self.bench, &self.caller, &draft).await.unwrap()
    }

    /// From now on the host shows these services to polls.
    pub(crate) fn shows(&self, ip: &str, services: &[(u16, &str)]) {
        self.account.script.says(seen(ip.parse().unwrap(), self.now(), services));
    }

    pub(crate) async fn tick(&self) {
        poll::tick(&self.bench).await.unwrap();
    }

    pub(crate) fn later(&self, minutes: i64) {
        self.bench.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// Ticks a minute apart.
    pub(crate) async fn pass(&self, minutes: i64) {
        for _ in 0..minutes {
            self.later(1);
            self.tick().await;
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.bench.now()
    }

    /// The ports of open findings, sorted.
    pub(crate) async fn open_ports(&self) -> Vec<u16> {
        let found = self.findings().await;
        let mut ports: Vec<u16> =
            found.iter().filter(|f| f.state == FindingState::Open).filter_map(|f| f.port).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    pub(crate) async fn findings(&self) -> Vec<Finding> {
        let order = (Order::Risk, Direction::Descending);
        let filter = FindingFilter { states: Some(FindingState::ALL.to_vec()), ..FindingFilter::default() };
        let page = findings::page(&self.bench, &self.caller, &filter, order, (None, 100, false)).await.unwrap();
        page.items.into_iter().map(|listed| Finding::clone(&listed.finding)).collect()
    }
}
