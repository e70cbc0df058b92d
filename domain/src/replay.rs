//! What was known at an instant, folded from the event log and nothing else.
//!
//! Each event carries the finding or service as it was then, frozen; the last one before the instant is the state. What
//! makes no event is as the last event said it: a risk that moved by less than 10, the date of the last look.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::event::{Event, EventType};
use crate::finding::{FindingState, Resolution};
use crate::ids::{AssetId, FindingId, ServiceId};
use crate::observation::Transport;
use crate::risk::RiskFactor;
use crate::service::ServiceState;
use crate::severity::{Confidence, Severity};

/// The findings and services of an instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replayed {
    /// Findings, also the resolved ones.
    pub findings: BTreeMap<FindingId, FindingThen>,
    /// Services, also the closed ones.
    pub services: BTreeMap<ServiceId, ServiceThen>,
}

/// A finding as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct FindingThen {
    /// Its owner.
    pub asset: Option<AssetId>,
    /// Its fields, as the event carries them.
    pub fields: FindingFields,
    /// The whole `finding` of the event.
    pub part: Value,
    /// When the event that says so happened.
    pub since: Timestamp,
}

/// The fields of a finding in an event.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the fields of the finding, described there")]
pub struct FindingFields {
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub state: FindingState,
    pub resolution: Option<Resolution>,
    pub risk_score: u8,
    #[serde(default)]
    pub risk_factors: Vec<RiskFactor>,
    pub due_at: Option<Timestamp>,
    pub forensics_required: bool,
    pub opened_at: Timestamp,
    pub last_observed_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub reopen_count: u32,
    pub revision: u64,
    pub assignee: Option<Value>,
    pub triage: Option<Value>,
}

/// A service as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceThen {
    /// Its owner.
    pub asset: Option<AssetId>,
    /// Address, port, transport.
    pub place: (IpAddr, u16, Transport),
    /// Open or closed.
    pub state: ServiceState,
    /// The source's name of the protocol.
    pub module: Option<String>,
    /// Product.
    pub product: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// CPEs, ≤ 10.
    pub cpes: Vec<String>,
    /// What it said, ≤ 512 bytes.
    pub banner: Option<String>,
    /// When the event that says so happened.
    pub since: Timestamp,
}

/// Folds the events, in the order of the log, up to and including an instant.
pub fn replay<'a>(events: impl IntoIterator<Item = &'a Event>, at: Timestamp) -> Replayed {
    let mut replayed = Replayed::default();
    for event in events.into_iter().filter(|event| event.at <= at) {
        replayed.fold(event);
    }
    replayed
}

impl Replayed {
    /// Takes one more event into account.
    pub fn fold(&mut self, event: &Event) {
        if event.kind == EventType::AssetDeleted {
            self.findings.retain(|_, finding| finding.asset != event.subjects.asset);
            self.services.retain(|_, service| service.asset != event.subjects.asset);
        } else if let Some((id, finding)) = event.subjects.finding.clone().zip(finding(event)) {
            self.findings.insert(id, finding);
        } else if let Some((id, service)) = event.subjects.service.clone().and_then(|id| service(event, id)) {
            self.services.insert(id, service);
        }
    }
}

fn finding(event: &Event) -> Option<FindingThen> {
    let part = event.payload.get("finding")?.clone();
    let fields = FindingFields::deserialize(&part).ok()?;
    Some(FindingThen { asset: event.subjects.asset.clone(), fields, part, since: event.at })
}

fn service(event: &Event, id: ServiceId) -> Option<(ServiceId, ServiceThen)> {
    let state = match event.kind {
        EventType::ServiceOpened | EventType::ServiceChanged => ServiceState::Open,
        EventType::ServiceClosed => ServiceState::Closed,
        _ => return None,
    };
    let text = |path: &str| event.payload.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let cpes = event.payload.pointer("/service/cpes").and_then(Value::as_array);
    let then = ServiceThen {
        asset: event.subjects.asset.clone(),
        place: (id.ip, id.port, id.transport),
        state,
        module: text("/service/module"),
        product: text("/service/product"),
        version: text("/service/version"),
        cpes: cpes.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect(),
        banner: text("/banner"),
        since: event.at,
    };
    Some((id, then))
}
