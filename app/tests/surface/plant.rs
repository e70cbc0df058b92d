//! An organization with as many findings as a test wants, entered through the ledger as a poll enters them.

use std::sync::Arc;

use std::collections::BTreeMap;

use app::access::{Caller, bootstrap};
use app::assets::{self, AssetDraft, DeviceDraft, Register};
use app::directory::{Counts, Direction, Order};
use app::findings::{self, FindingFilter, Listed};
use app::ledger::{Decision, Entered};
use app::testing::Bench;
use domain::asset::{Asset, Criticality};
use domain::cve::CveId;
use domain::finding::{Finding, FindingState, NamedVulnerability, Resolution};
use domain::ids::{Bucket, FindingId};
use domain::intelligence::CveFacts;
use domain::observation::VulnerabilityClaim;
use domain::rule::Category;
use domain::severity::{Confidence, Severity};
use domain::ssvc::{self, HumanImpact};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

pub(crate) struct Plant {
    pub(crate) bench: Bench,
    pub(crate) caller: Caller,
}

impl Plant {
    pub(crate) async fn new() -> Self {
        let mut bench = Bench::new();
        bench.app.settings.target_allow = vec!["203.0.0.0/16".parse().unwrap()];
        let caller =
            bootstrap(&bench, "ops@plant.example", "correct horse battery", "Ops", Some("Plant")).await.unwrap();
        Self { bench, caller }
    }

    /// Registers an asset; what is not said is drawn from its number.
    pub(crate) async fn watch(&self, target: &str, number: usize) -> Asset {
        let draft = AssetDraft {
            target: Some(target.into()),
            enabled: true,
            tags: vec![["cameras", "plc", "office"][number % 3].into()],
            owner: Some(["Ada", "Grace"][number % 2].into()),
            criticality: CRITICALITIES[number % 4],
            device: DeviceDraft { site: Some(["Rome", "Turin"][number % 2].into()), ..DeviceDraft::default() },
            ..AssetDraft::default()
        };
        assets::create(&self.bench, &self.caller, &draft).await.unwrap()
    }

    /// Enters findings as they are.
    pub(crate) async fn enter(&self, findings: &[Finding]) {
        let app = &self.bench.app;
        let mut session = app.open_ledger(&self.caller.org, "Plant", Bucket::default()).await.unwrap();
        let decision = |finding: &Finding| Decision {
            entries: vec![Entered { finding: finding.clone(), counted: None, chunk: None }],
            ..Decision::default()
        };
        session.commit(findings.iter().map(decision).collect()).await.unwrap();
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.bench.now()
    }

    /// All pages of a list, in the direction asked, `limit` at a time, and how many there were.
    pub(crate) async fn pages(
        &self,
        filter: &FindingFilter,
        order: (Order, Direction),
        limit: usize,
        backward: bool,
    ) -> (Vec<Finding>, usize) {
        let (mut all, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
        loop {
            let asked = (cursor.as_deref(), limit, backward);
            let page = findings::page(&self.bench, &self.caller, filter, order, asked).await.unwrap();
            pages += 1;
            assert!(page.items.len() <= limit && pages < 10_000);
            let shown: Vec<Finding> = page.items.into_iter().map(|l: Listed| Arc::unwrap_or_clone(l.finding)).collect();
            if backward {
                all.extend(shown.into_iter().rev());
            } else {
                all.extend(shown);
            }
            if !page.more {
                return (all, pages);
            }
            assert!(page.end.is_some() && page.end != cursor, "the next page must begin elsewhere");
            cursor = page.end;
        }
    }

    pub(crate) async fn counts(&self, filter: &FindingFilter) -> Option<Counts> {
        findings::counts(&self.bench, &self.caller, filter).await.unwrap()
    }

    pub(crate) async fn register(&self) -> BTreeMap<String, Asset> {
        let register = Register::read(&self.bench, &self.caller.org).await.unwrap();
        register.assets().map(|a| (a.id.to_string(), a.clone())).collect()
    }
}

pub(crate) const CRITICALITIES: [Criticality; 4] =
    [Criticality::Low, Criticality::Medium, Criticality::High, Criticality::Critical];

/// Numbers that look drawn by lot and are the same in every run.
pub(crate) struct Lot(pub(crate) u64);

impl Lot {
    pub(crate) fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    /// From 0 to 1, in hundredths.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next(101)).unwrap()) / 100.0
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.next(n) == 0
    }

    /// An instant of the last hundred days, often in the same few seconds as others.
    fn instant(&mut self, now: Timestamp) -> Timestamp {
        let hours = i64::try_from(self.next(2400)).unwrap();
        let nanos = i64::try_from(self.next(4) * 250_000_000).unwrap();
        now - SignedDuration::from_hours(hours) + SignedDuration::from_nanos(nanos)
    }

    pub(crate) fn cve(&mut self) -> CveId {
        CveId::parse(&format!("CVE-2021-{:04}", 1000 + self.next(40))).unwrap()
    }
}

/// A finding with nothing special about it.
pub(crate) fn finding(asset: &Asset, number: usize, now: Timestamp) -> Finding {
    let id = FindingId {
        bucket: Bucket::default(),
        birth: asset.id.ulid.clone(),
        fingerprint: format!("{:016x}", 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(number as u64 + 1)),
    };
    serde_json::from_value(json!({
        "id": id, "asset": asset.id, "ip": "192.0.2.1", "rule": "rule_telnet-open", "family": "rule_telnet-open",
        "ruleName": "Telnet", "ruleVersion": 1, "title": format!("Finding {number}"), "category": "EXPOSED_SERVICE",
        "severity": "HIGH", "confidence": "VERIFIED", "state": "OPEN", "riskScore": 40, "riskFactors": [], "evidence": [],
        "remediation": "Close it.", "openedAt": now, "firstObservedAt": now, "lastObservedAt": now, "updatedAt": now,
        "reopenCount": 0, "revision": 1,
    }))
    .unwrap()
}

/// A finding by lot.
pub(crate) fn drawn(lot: &mut Lot, asset: &Asset, number: usize, now: Timestamp) -> Finding {
    let mut f = finding(asset, number, now);
    f.rule = domain::rule::RuleId::parse(["rule_telnet-open", "rule_modbus", "rule_own"][lot.next(3)]).unwrap();
    f.category = Category::ALL[lot.next(4)];
    f.severity = Severity::ALL[lot.next(5)];
    f.confidence = if lot.one_in(2) { Confidence::Verified } else { Confidence::Inferred };
    f.state = FindingState::ALL[lot.next(5)];
    f.ip = format!("192.0.2.{}", lot.next(8)).parse().unwrap();
    f.port = (!lot.one_in(5)).then(|| [23, 80, 502][lot.next(3)]);
    f.risk_score = u8::try_from(lot.next(101)).unwrap();
    f.opened_at = lot.instant(now);
    f.first_observed_at = lot.instant(now);
    f.updated_at = lot.instant(now);
    f.due_at = (!lot.one_in(3)).then(|| lot.instant(now) + SignedDuration::from_hours(1200));
    f.stale = lot.one_in(4);
    if f.state == FindingState::Resolved {
        f.resolved_at = Some(lot.instant(now));
        f.resolution = Some([Resolution::NotSeen, Resolution::SeenFixed, Resolution::Manual][lot.next(3)]);
    }
    for _ in 0..if lot.one_in(2) { lot.next(12) } else { 0 } {
        let claim = VulnerabilityClaim {
            cvss: Some(lot.share() * 10.0),
            epss: Some(lot.share() / 4.0),
            known_exploited: lot.one_in(6),
            ransomware: lot.one_in(9),
            ..VulnerabilityClaim::default()
        };
        f.vulnerabilities.push(NamedVulnerability { cve: lot.cve(), claim, facts: CveFacts::default() });
    }
    f.ssvc = ssvc::worst(&f.vulnerabilities, HumanImpact::of(asset));
    f
}
