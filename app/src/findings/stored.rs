use std::collections::BTreeMap;

use domain::asset::Asset;
use domain::decide::{Decisions, ServiceChange, Stored};
use domain::event::{Action, Draft, EventType, Subjects};
use domain::finding::Finding;
use domain::host::Host;
use domain::ids::FindingId;
use domain::lifecycle::Transition;
use domain::payload::{self, Group};
use domain::service::Service;
use jiff::Timestamp;

use super::endings::{self, Endings};
use crate::ledger::{Decision, Entered, Gone};
use crate::ports::{Op, Row, StoreError, Table, Tables, Value, WriteRow};
use crate::retention::CLOSED_SERVICES;
use crate::{App, rows};

/// They share a batch with the poll's own rows.
const MOST_FORGOTTEN: usize = 40;

/// A finding with the directory chunk that holds its entry.
#[derive(Clone, Debug)]
pub(crate) struct StoredFinding {
    pub finding: Finding,
    pub chunk: Option<u16>,
}

/// Everything that is stored of one asset.
pub(crate) struct StoredAsset {
    pub stored: Stored,
    chunks: BTreeMap<FindingId, u16>,
}

/// Reads an asset's hosts, services and findings. Read the ledger's head before: then what is read here cannot
/// change unnoticed.
pub(crate) async fn load(app: &App, partition: &str, asset: &Asset) -> Result<StoredAsset, StoreError> {
    let ulid = &asset.id.ulid;
    let mut stored = Stored::default();
    let mut chunks = BTreeMap::new();
    for row in all(&*app.tables, partition, &format!("h|{ulid}|")).await? {
        let host: Host = rows::decode(&row)?;
        stored.known.hosts.insert(host.ip, host);
    }
    for row in all(&*app.tables, partition, &format!("s|{ulid}|")).await? {
        let service: Service = rows::decode(&row)?;
        stored.known.services.insert(service.id.clone(), service);
    }
    let mut moved_here = Vec::new();
    for row in all(&*app.tables, partition, &format!("f|{ulid}|")).await? {
        match alias(&row) {
            Some(target) => moved_here.push(target),
            None => keep(&mut stored, &mut chunks, asset, read_finding(&row)?),
        }
    }
    for row in app.tables.get_many(Table::Exposure, partition, &moved_here).await?.into_iter().flatten() {
        keep(&mut stored, &mut chunks, asset, read_finding(&row)?);
    }
    Ok(StoredAsset { stored, chunks })
}

/// Findings that moved to another owner are that owner's.
fn keep(stored: &mut Stored, chunks: &mut BTreeMap<FindingId, u16>, asset: &Asset, found: StoredFinding) {
    if found.finding.asset != asset.id {
        return;
    }
    if let Some(chunk) = found.chunk {
        chunks.insert(found.finding.id.clone(), chunk);
    }
    let print = found.finding.identity(asset.has_many_addresses()).fingerprint();
    stored.findings.insert(print, found.finding);
}

/// All rows under a prefix.
pub(crate) async fn all(tables: &dyn Tables, partition: &str, prefix: &str) -> Result<Vec<Row>, StoreError> {
    rows::all(tables, Table::Exposure, partition, prefix).await
}

/// Where a finding that was born elsewhere lies.
pub(crate) fn alias(row: &Row) -> Option<String> {
    match row.column("alias") {
        Some(Value::Text(target)) => Some(target.clone()),
        _ => None,
    }
}

/// The row at the new owner that points to a finding born under another.
pub(crate) fn alias_row(owner: &Asset, finding: &Finding) -> WriteRow {
    let print = finding.identity(owner.has_many_addresses()).fingerprint();
    let columns = vec![("v".into(), Value::Int(rows::VERSION)), ("alias".into(), Value::Text(finding.id.row()))];
    WriteRow { key: format!("f|{}|{print}", owner.id.ulid), columns }
}

/// A finding's row.
pub(crate) fn read_finding(row: &Row) -> Result<StoredFinding, StoreError> {
    let chunk = match row.column("chunk") {
        Some(Value::Int(n)) => u16::try_from(*n).ok(),
        _ => None,
    };
    Ok(StoredFinding { finding: rows::decode(row)?, chunk })
}

/// The row of a host at its owner.
pub(crate) fn host_key(ulid: &str, ip: std::net::IpAddr) -> String {
    format!("h|{ulid}|{ip}")
}

impl StoredAsset {
    /// Its findings.
    pub(crate) fn findings(&self) -> impl Iterator<Item = StoredFinding> {
        self.stored
            .findings
            .values()
            .map(|f| StoredFinding { finding: f.clone(), chunk: self.chunks.get(&f.id).copied() })
    }

    /// What is to be committed for a single transition.
    pub(crate) fn decision(&self, step: &Transition, asset: &Asset, first_poll: bool, now: Timestamp) -> Decision {
        let group = self.group_after(std::slice::from_ref(step));
        self.finding_decision(std::slice::from_ref(step), asset, None, group, first_poll, now)
    }

    /// Takes over a finding as it is now, so that what is decided next counts it.
    pub(crate) fn note(&mut self, asset: &Asset, finding: &Finding) {
        let print = finding.identity(asset.has_many_addresses()).fingerprint();
        self.stored.findings.insert(print, finding.clone());
    }

    /// What is to be committed for all that was decided, services and hosts before findings.
    pub(crate) fn decisions(
        &self,
        decided: &Decisions,
        asset: &Asset,
        first_poll: bool,
        now: Timestamp,
    ) -> Result<Vec<Decision>, StoreError> {
        let group = self.group_after(&decided.findings);
        let mut after: BTreeMap<_, &Service> = self.stored.known.services.iter().collect();
        after.extend(decided.services.iter().map(|c| (&c.after.id, &c.after)));
        let mut hosts: BTreeMap<_, &Host> = self.stored.known.hosts.iter().map(|(ip, h)| (*ip, h)).collect();
        hosts.extend(decided.hosts.iter().map(|(h, _)| (h.ip, h)));
        let mut decisions = Vec::new();
        for (host, new) in &decided.hosts {
            let appeared = *new && !first_poll && asset.has_many_addresses();
            let op = Op::Upsert(rows::encode(host_key(&asset.id.ulid, host.ip), host)?);
            let drafts =
                appeared.then(|| plain(EventType::HostAppeared, asset, payload::host_parts(host, asset), first_poll));
            decisions.push(Decision { ops: vec![op], drafts: drafts.into_iter().collect(), ..Decision::default() });
        }
        for change in &decided.services {
            decisions.push(self.service_decision(
                change,
                decided,
                asset,
                hosts.get(&change.after.ip()).copied(),
                first_poll,
            )?);
        }
        let mut by_finding: BTreeMap<FindingId, Vec<Transition>> = BTreeMap::new();
        for step in &decided.findings {
            by_finding.entry(step.after.id.clone()).or_default().push(step.clone());
        }
        let mut endings = Endings::of(by_finding.values().flatten());
        for steps in by_finding.values() {
            let last = steps.last().map(|s| &s.after);
            let service = last.and_then(|f| f.service.as_ref()).and_then(|id| after.get(id).copied());
            let host = last.and_then(|f| hosts.get(&f.ip).copied());
            let mut decision = self.finding_decision(steps, asset, service.map(|s| (s, host)), group, first_poll, now);
            // With the first of its findings: a crash behind it tells of the others once more, never of none.
            decision.drafts.extend(endings.told_with(steps, asset));
            decisions.push(decision);
        }
        Ok(decisions)
    }

    /// Services that have been closed for longer than they are kept go, a few at a time; and when the next will.
    pub(crate) fn forgettable(&self, decided: &Decisions, now: Timestamp) -> (Vec<Op>, Option<Timestamp>) {
        let mut gone = Vec::new();
        let mut next: Option<Timestamp> = None;
        let mut services: BTreeMap<_, &Service> = self.stored.known.services.iter().collect();
        services.extend(decided.services.iter().map(|c| (&c.after.id, &c.after)));
        for service in services.into_values() {
            let Some(end) = service.closed_at.and_then(|at| at.checked_add(CLOSED_SERVICES).ok()) else { continue };
            let changed = decided.services.iter().any(|c| c.after.id == service.id);
            if end <= now && !changed && gone.len() < MOST_FORGOTTEN {
                gone.push(Op::Delete { key: service.id.row(), etag: None });
            } else {
                next = Some(next.map_or(end, |other| other.min(end)));
            }
        }
        (gone, next)
    }

    fn service_decision(
        &self,
        change: &ServiceChange,
        decided: &Decisions,
        asset: &Asset,
        host: Option<&Host>,
        first_poll: bool,
    ) -> Result<Decision, StoreError> {
        let id = &change.after.id;
        let op = Op::Upsert(rows::encode(id.row(), &change.after)?);
        let mut open: BTreeMap<&FindingId, bool> = self
            .stored
            .findings
            .values()
            .filter(|f| f.service.as_ref() == Some(id))
            .map(|f| (&f.id, f.state.is_active()))
            .collect();
        let changed = decided.findings.iter().filter(|t| t.after.service.as_ref() == Some(id));
        open.extend(changed.map(|t| (&t.after.id, t.after.state.is_active())));
        let open: Vec<String> = open.iter().filter(|(_, is)| **is).map(|(id, _)| id.to_string()).collect();
        let drafts = change.event.map(|kind| {
            let mut draft = plain(kind, asset, payload::service_parts(&change.after, asset, host, &open), first_poll);
            draft.subjects.service = Some(id.clone());
            draft
        });
        Ok(Decision { ops: vec![op], drafts: drafts.into_iter().collect(), ..Decision::default() })
    }

    fn finding_decision(
        &self,
        steps: &[Transition],
        asset: &Asset,
        place: Option<(&Service, Option<&Host>)>,
        group: Group,
        first_poll: bool,
        now: Timestamp,
    ) -> Decision {
        let Some((first, last)) = steps.first().zip(steps.last()) else { return Decision::default() };
        let (service, host) = place.map_or((None, None), |(s, h)| (Some(s), h));
        let (service, host) = match (service, &last.after.service) {
            (None, Some(id)) => (self.stored.known.services.get(id), self.stored.known.hosts.get(&last.after.ip)),
            _ => (service, host),
        };
        let drafts = steps.iter().filter(|step| !endings::is_of_triage(step)).filter_map(|step| {
            let parts = payload::finding_parts(&step.after, asset, service, host, group, now);
            payload::finding_draft(step, parts, asset, first_poll)
        });
        let entered = Entered {
            finding: last.after.clone(),
            counted: first.before.as_ref().map(|f| (f.state, f.severity)),
            chunk: self.chunks.get(&last.after.id).copied(),
        };
        Decision { entries: vec![entered], drafts: drafts.collect(), ..Decision::default() }
    }

    /// How many findings the asset has after some transitions.
    fn group_after(&self, steps: &[Transition]) -> Group {
        let mut active: BTreeMap<&FindingId, bool> =
            self.stored.findings.values().map(|f| (&f.id, f.state.is_active())).collect();
        active.extend(steps.iter().map(|t| (&t.after.id, t.after.state.is_active())));
        Group { open: active.values().filter(|a| **a).count(), total: active.len() }
    }
}

/// Rows of one decision that only removes.
const REMOVED: usize = 30;

/// What removes everything that is stored of an asset: hosts, services, its findings wherever they lie, and what points to
/// them. Done again it finds less.
pub(crate) async fn forget(app: &App, partition: &str, asset: &Asset) -> Result<Vec<Decision>, StoreError> {
    let ulid = &asset.id.ulid;
    let mut keys: Vec<String> = Vec::new();
    for prefix in [format!("h|{ulid}|"), format!("s|{ulid}|")] {
        keys.extend(all(&*app.tables, partition, &prefix).await?.into_iter().map(|row| row.key));
    }
    let (mut own, mut elsewhere) = (Vec::new(), Vec::new());
    for row in all(&*app.tables, partition, &format!("f|{ulid}|")).await? {
        match alias(&row) {
            Some(target) => {
                keys.push(row.key.clone());
                elsewhere.push(target);
            }
            None => own.push(read_finding(&row)?),
        }
    }
    for row in app.tables.get_many(Table::Exposure, partition, &elsewhere).await?.into_iter().flatten() {
        own.push(read_finding(&row)?);
    }
    let removes = |several: &[String]| Decision {
        ops: several.iter().map(|key| Op::Delete { key: key.clone(), etag: None }).collect(),
        ..Decision::default()
    };
    let mut decisions: Vec<Decision> = own
        .iter()
        .filter(|f| f.finding.asset == asset.id)
        .map(|f| Decision {
            gone: vec![Gone {
                id: f.finding.id.clone(),
                counted: (f.finding.state, f.finding.severity),
                chunk: f.chunk,
            }],
            ..Decision::default()
        })
        .collect();
    decisions.extend(keys.chunks(REMOVED).map(removes));
    Ok(decisions)
}

/// An event of the program about an asset.
pub(crate) fn plain(
    kind: EventType,
    asset: &Asset,
    parts: Vec<(&'static str, serde_json::Value)>,
    first_poll: bool,
) -> Draft {
    Draft {
        kind,
        subjects: Subjects { asset: Some(asset.id.clone()), asset_tags: asset.tags.clone(), ..Subjects::default() },
        actor: domain::actor::Actor::system(),
        changes: Vec::new(),
        first_poll,
        action: Action::None,
        parts,
    }
}
