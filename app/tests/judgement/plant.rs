//! A plant whose devices claim vulnerabilities, with publishers that tell what the test wants.

use std::net::IpAddr;
use std::sync::Arc;

use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft};
use app::directory::{Direction, Order};
use app::findings::{self, EventFilter, FindingFilter};
use app::poll;
use app::testing::{Bench, Library, Script, seen};
use domain::asset::Asset;
use domain::cve::CveId;
use domain::event::{Event, EventType};
use domain::finding::Finding;
use domain::observation::VulnerabilityClaim;
use jiff::{SignedDuration, Timestamp};

pub(super) struct Plant {
    pub(super) bench: Bench,
    pub(super) script: Arc<Script>,
    pub(super) library: Arc<Library>,
    pub(super) caller: Caller,
}

pub(super) fn cve(id: &str) -> CveId {
    CveId::parse(id).unwrap()
}

impl Plant {
    pub(super) async fn new() -> Self {
        let mut bench = Bench::new();
        let (script, library) = (Arc::new(Script::default()), Arc::new(Library::default()));
        bench.app.exposure = script.clone();
        bench.app.intelligence = library.clone();
        bench.app.settings.shodan_key = Some("key".into());
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        Self { bench, script, library, caller }
    }

    /// A camera that is watched from now on and claims these vulnerabilities: verified or not, with an EPSS.
    pub(super) async fn camera(&self, ip: &str, claims: &[(&str, bool, f64)]) -> Asset {
        self.says(ip, claims);
        self.asset(ip).await
    }

    /// A device that is watched from now on.
    pub(super) async fn asset(&self, ip: &str) -> Asset {
        let draft = AssetDraft { target: Some(ip.into()), enabled: true, ..AssetDraft::default() };
        assets::create(&self.bench, &self.caller, &draft).await.unwrap()
    }

    pub(super) fn says(&self, ip: &str, claims: &[(&str, bool, f64)]) {
        let scored = |(_, verified, epss): &(&str, bool, f64)| VulnerabilityClaim {
            verified: *verified,
            epss: Some(*epss),
            cvss: Some(5.0),
            ..VulnerabilityClaim::default()
        };
        self.claims(ip, claims, scored);
    }

    /// A web server that claims these vulnerabilities, each like this.
    pub(super) fn claims(
        &self,
        ip: &str,
        claims: &[(&str, bool, f64)],
        claim: impl Fn(&(&str, bool, f64)) -> VulnerabilityClaim,
    ) {
        let mut host = seen(ip.parse::<IpAddr>().unwrap(), self.now(), &[(80, "http")]);
        host.banners[0].product = Some("App-webs".into());
        for one in claims {
            host.banners[0].vulnerabilities.insert(cve(one.0), claim(one));
        }
        self.script.says(host);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.bench.now()
    }

    pub(super) fn later(&self, minutes: i64) {
        self.bench.clock.advance(SignedDuration::from_mins(minutes));
    }

    pub(super) async fn tick(&self) {
        poll::tick(&self.bench).await.unwrap();
    }

    /// So many ticks, a minute apart.
    pub(super) async fn ticks(&self, number: usize) {
        for _ in 0..number {
            self.later(1);
            self.tick().await;
        }
    }

    pub(super) async fn findings(&self) -> Vec<Finding> {
        let order = (Order::Risk, Direction::Descending);
        let filter = FindingFilter::default();
        let page = findings::page(&self.bench, &self.caller, &filter, order, (None, 100, false)).await.unwrap();
        page.items.into_iter().map(|listed| Finding::clone(&listed.finding)).collect()
    }

    pub(super) async fn finding(&self, about: &str) -> Finding {
        let found = self.findings().await;
        found.into_iter().find(|f| f.cve == Some(cve(about))).unwrap()
    }

    pub(super) async fn events(&self) -> Vec<Event> {
        let filter = EventFilter::default();
        let page = findings::events_page(&self.bench, &self.caller, &filter, (None, 500, false)).await.unwrap();
        page.items
    }

    pub(super) async fn count(&self, kind: EventType) -> usize {
        self.events().await.iter().filter(|event| event.kind == kind).count()
    }
}
