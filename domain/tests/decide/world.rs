//! Assets, answers and intelligence for the tests, and a store of what was decided.

use std::collections::{BTreeMap, BTreeSet};

use domain::asset::{Asset, Criticality, DeviceProfile};
use domain::cve::CveId;
use domain::decide::{Beside, Decisions, Question, Settings, Stored, decide_with};
use domain::event::EventType;
use domain::ids::{AssetId, Bucket};
use domain::intelligence::Intelligence;
use domain::merge::Look;
use domain::observation::{Banner, DataSource, HostObservation, Transport, VulnerabilityClaim};
use domain::policy::TriagePolicy;
use domain::rule::RuleSet;
use domain::target::Target;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

pub(crate) fn instant(days: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + days * 86_400).unwrap()
}

pub(crate) fn asset(target: &str) -> Asset {
    Asset {
        id: AssetId { bucket: Bucket(0), ulid: "01J8ZQ4W3E9V6T5R2P1N0M8K7H".into() },
        name: "Pump".into(),
        target: Target::parse(target, &[]).unwrap(),
        device: DeviceProfile::default(),
        tags: vec!["plant".into()],
        criticality: Criticality::High,
        owner: None,
        owner_email: None,
        external_id: None,
        notes: None,
        allowed_services: Vec::new(),
        poll_interval: None,
        enabled: true,
        group: 0,
        addresses: Vec::new(),
        created_at: instant(0),
        updated_at: instant(0),
        retired_at: None,
        retired_reason: None,
    }
}

pub(crate) fn banner(port: u16, module: &str, day: i64) -> Banner {
    Banner {
        port,
        transport: Transport::Tcp,
        observed_at: instant(day),
        module: Some(module.into()),
        product: None,
        version: None,
        cpes: Vec::new(),
        tags: Vec::new(),
        text: String::new(),
        vulnerabilities: BTreeMap::new(),
        not_vulnerable: Vec::new(),
        tls: None,
        blocks: serde_json::Map::new(),
        hash: format!("{port}{module}"),
    }
}

pub(crate) fn host(ip: &str, day: i64, banners: Vec<Banner>) -> HostObservation {
    let mut ports: Vec<u16> = banners.iter().map(|b| b.port).collect();
    ports.sort_unstable();
    ports.dedup();
    HostObservation {
        ip: ip.parse().unwrap(),
        source: DataSource::ShodanHost,
        observed_at: Some(instant(day)),
        hostnames: Vec::new(),
        asn: None,
        organization: None,
        isp: None,
        operating_system: None,
        location: None,
        tags: Vec::new(),
        ports,
        vulnerabilities: Vec::new(),
        not_vulnerable: Vec::new(),
        cpes: Vec::new(),
        banners,
    }
}

/// What is decided by, beside answers: nothing, unless a test says otherwise.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) intelligence: Intelligence,
    pub(crate) policies: Vec<TriagePolicy>,
    pub(crate) answered: Option<BTreeSet<CveId>>,
}

pub(crate) fn judge(asset: &Asset, stored: &Stored, hosts: &[HostObservation], day: i64) -> Decisions {
    judge_by(&Known::default(), asset, stored, hosts, day)
}

pub(crate) fn judge_by(
    known: &Known,
    asset: &Asset,
    stored: &Stored,
    hosts: &[HostObservation],
    day: i64,
) -> Decisions {
    let looks: Vec<Look<'_>> = hosts.iter().map(|seen| Look { seen, whole: true, asked: &[] }).collect();
    let settings = Settings::default();
    let now = instant(day) + SignedDuration::from_hours(1);
    let question = Question { asset, stored, looks: &looks, rules: RuleSet::built_in(), settings: &settings, now };
    let (policies, answered) = (&known.policies, known.answered.as_ref());
    decide_with(&question, Beside { intelligence: &known.intelligence, policies, answered })
}

/// What is stored after the decisions were.
pub(crate) fn after(asset: &Asset, stored: &Stored, decisions: &Decisions) -> Stored {
    let mut next = stored.clone();
    for (host, _) in &decisions.hosts {
        next.known.hosts.insert(host.ip, host.clone());
    }
    for change in &decisions.services {
        next.known.services.insert(change.after.id.clone(), change.after.clone());
    }
    for step in &decisions.findings {
        let print = step.after.identity(asset.has_many_addresses()).fingerprint();
        next.findings.insert(print, step.after.clone());
    }
    next
}

pub(crate) fn poll(asset: &Asset, stored: &mut Stored, hosts: &[HostObservation], day: i64) -> Decisions {
    let decisions = judge(asset, stored, hosts, day);
    *stored = after(asset, stored, &decisions);
    decisions
}

pub(crate) fn poll_by(
    known: &Known,
    asset: &Asset,
    stored: &mut Stored,
    hosts: &[HostObservation],
    day: i64,
) -> Decisions {
    let decisions = judge_by(known, asset, stored, hosts, day);
    *stored = after(asset, stored, &decisions);
    decisions
}

pub(crate) fn events(decisions: &Decisions) -> Vec<EventType> {
    decisions.findings.iter().filter_map(|f| f.event).collect()
}

pub(crate) fn any_banner() -> impl Strategy<Value = Banner> {
    let module = prop_oneof![Just("telnet"), Just("http"), Just("modbus"), Just("redis"), Just("ftp")];
    (
        prop_oneof![Just(23u16), Just(80), Just(502), Just(6379)],
        module,
        0i64..40,
        any::<bool>(),
        proptest::collection::vec(0usize..4, 0..3),
    )
        .prop_map(|(port, module, day, udp, cves)| {
            let mut banner = banner(port, module, day);
            if udp {
                banner.transport = Transport::Udp;
            }
            for n in cves {
                let claim = VulnerabilityClaim {
                    verified: n == 0,
                    known_exploited: n == 1,
                    cvss: Some(5.0),
                    ..Default::default()
                };
                banner.vulnerabilities.insert(CveId::parse(&format!("CVE-2021-1000{n}")).unwrap(), claim);
            }
            banner.hash = format!("{port}{module}{udp}{:?}", banner.vulnerabilities.keys().collect::<Vec<_>>());
            banner
        })
}

/// An answer as sources give it: one banner per port and transport, sorted.
pub(crate) fn tidy(mut banners: Vec<Banner>) -> Vec<Banner> {
    banners.sort_by(|a, b| {
        (a.port, a.transport, b.observed_at, &b.hash).cmp(&(b.port, b.transport, a.observed_at, &a.hash))
    });
    banners.dedup_by(|a, b| (a.port, a.transport) == (b.port, b.transport));
    banners
}
