//! The `data` of an event, as webhooks carry it: frozen when the event happens, at most 20 kB, every key present.
//!
//! A receiver needs no call back to open, update and close a ticket or a page.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::asset::Asset;
use crate::event::{Action, Change, Draft, EventType};
use crate::finding::{Comment, Evidence, Finding, FindingState, NamedVulnerability, Triage};
use crate::host::Host;
use crate::ids::FindingId;
use crate::service::Service;
use crate::ticket::Ticket;

/// Who and where, which only the use case knows.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The organization's id and name.
    pub organization: (&'a str, &'a str),
    /// The event's number as the API shows it.
    pub sequence: &'a str,
    /// Where the console shows things, without a final slash.
    pub public_url: &'a str,
}

/// The whole `data` of a draft that got its number.
pub fn data(draft: &Draft, frame: Frame<'_>) -> Value {
    let mut data = Map::new();
    data.insert("action".into(), json!(draft.action));
    data.insert("sequence".into(), json!(frame.sequence));
    data.insert("firstPoll".into(), json!(draft.first_poll));
    data.insert("test".into(), json!(draft.kind == EventType::Test));
    data.insert("organization".into(), json!({"id": frame.organization.0, "name": frame.organization.1}));
    data.insert("actor".into(), json!({"kind": draft.actor.kind, "id": draft.actor.id, "name": draft.actor.name}));
    data.insert("changes".into(), Value::Array(draft.changes.iter().map(change).collect()));
    for (name, part) in &draft.parts {
        data.insert((*name).into(), with_url(part.clone(), frame.public_url));
    }
    Value::Object(data)
}

/// The body of the webhook.
pub fn envelope(kind: EventType, at: Timestamp, data: &Value) -> Value {
    json!({"type": kind.wire(), "timestamp": at.to_string(), "data": data})
}

/// Parts name their path; the address of the console is put before it here.
fn with_url(mut part: Value, public_url: &str) -> Value {
    if let Some(Value::String(path)) = part.get_mut("url")
        && path.starts_with('/')
    {
        path.insert_str(0, public_url);
    }
    part
}

fn change(change: &Change) -> Value {
    json!({"field": change.field, "before": change.before, "after": change.after})
}

/// The parts of an event about a finding.
pub fn finding_parts(
    finding: &Finding,
    asset: &Asset,
    service: Option<&Service>,
    host: Option<&Host>,
    group: Group,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    let vulnerabilities = finding.vulnerabilities.iter().take(20).map(vulnerability).collect();
    vec![
        ("group", json!({"by": "ASSET", "key": asset.id, "openCount": group.open, "totalCount": group.total})),
        ("finding", finding_part(finding, host, now)),
        ("rule", json!({"id": finding.rule, "name": finding.rule_name, "version": finding.rule_version})),
        ("vulnerabilityCount", json!(finding.vulnerabilities.len())),
        ("vulnerabilities", Value::Array(vulnerabilities)),
        ("asset", asset_part(asset)),
        ("service", service.map_or(Value::Null, service_part)),
        ("evidence", Value::Array(finding.evidence.iter().take(3).map(evidence).collect())),
    ]
}

/// How many findings of the same asset there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Open or acknowledged.
    pub open: usize,
    /// All.
    pub total: usize,
}

/// The part of a comment.
pub fn comment_part(comment: &Comment) -> Value {
    json!({"id": comment.id, "text": cut(&comment.text, 4096)})
}

fn finding_part(f: &Finding, host: Option<&Host>, now: Timestamp) -> Value {
    let hostnames: Vec<&String> = host.iter().flat_map(|h| h.hostnames.iter()).take(5).collect();
    json!({
        "id": f.id, "revision": f.revision, "url": format!("/app/findings/{}", f.id), "title": cut(&f.title, 300),
        "category": f.category, "severity": f.severity, "confidence": f.confidence, "state": f.state,
        "resolution": f.resolution, "stale": f.stale, "riskScore": f.risk_score,
        "riskFactors": f.risk_factors.iter().take(5).collect::<Vec<_>>(),
        "dueAt": f.due_at, "dueBasis": f.due_basis,
        "overdue": f.state.is_active() && f.due_at.is_some_and(|d| d <= now),
        "forensicsRequired": f.forensics_required, "openedAt": f.opened_at, "firstObservedAt": f.first_observed_at,
        "lastObservedAt": f.last_observed_at, "resolvedAt": f.resolved_at, "reopenCount": f.reopen_count,
        "ip": f.ip, "hostnames": hostnames, "port": f.port, "transport": f.transport,
        "remediation": cut(&f.remediation, 2000),
        "references": f.references.iter().take(5).map(|r| cut(r, 500)).collect::<Vec<_>>(),
        "assignee": f.assignee.as_ref().map(|a| json!({"name": a.name, "email": a.email})),
        "tickets": f.tickets.iter().rev().take(5).map(ticket_part).collect::<Vec<_>>(),
        "triage": f.triage.as_ref().filter(|_| f.state != FindingState::Open).map(triage_part),
    })
}

fn ticket_part(t: &Ticket) -> Value {
    json!({"system": cut(&t.system, 100), "key": cut(&t.key, 200), "url": t.url.as_deref().map(|u| cut(u, 300))})
}

/// The part of a decision by people.
pub fn triage_part(t: &Triage) -> Value {
    json!({
        "id": t.id, "policyId": t.policy_id(), "state": t.state, "reason": t.reason, "note": t.note.as_deref().map(|n| cut(n, 1000)),
        "by": {"kind": t.by.kind, "id": t.by.id, "name": t.by.name}, "approvedBy": t.approved_by, "until": t.until,
    })
}

/// The parts of an event about a decision by people. `ended_because`: what ended it; `None`: it still holds.
pub fn triage_parts(
    triage: &Triage,
    ended_because: Option<&str>,
    findings: &[FindingId],
) -> Vec<(&'static str, Value)> {
    vec![
        ("triage", triage_part(triage)),
        ("endedBecause", json!(ended_because)),
        ("findingIds", json!(findings.iter().take(100).collect::<Vec<_>>())),
        ("findingCount", json!(findings.len())),
    ]
}

fn vulnerability(v: &NamedVulnerability) -> Value {
    let c = &v.claim;
    let kev = v.facts.kev.as_ref();
    json!({
        "cve": v.cve,
        "cvss": c.cvss.map(|score| json!({"version": c.cvss_version, "score": score, "vector": null})),
        "epss": c.epss.map(|p| json!({
            "probability": p, "percentile": c.epss_percentile, "date": v.facts.epss.as_ref().and_then(|e| e.date),
        })),
        "knownExploited": c.known_exploited.then(|| json!({
            "addedOn": kev.map(|k| k.added_on), "dueOn": kev.map(|k| k.due_on), "ransomware": c.ransomware,
        })),
        "exploitKnown": c.known_exploited || !v.facts.exploits.is_empty(),
    })
}

/// The part of an asset.
pub fn asset_part(a: &Asset) -> Value {
    let d = &a.device;
    json!({
        "id": a.id, "externalId": a.external_id, "name": a.name, "kind": a.kind(), "target": a.target.to_string(),
        "owner": a.owner, "ownerEmail": a.owner_email, "criticality": a.criticality, "tags": a.tags, "site": d.site,
        "vendor": d.vendor, "model": d.model, "firmware": d.firmware, "serialNumber": d.serial_number,
    })
}

fn service_part(s: &Service) -> Value {
    let banner = s.banner.as_ref();
    json!({
        "id": s.id, "module": banner.and_then(|b| b.module.as_ref()), "product": banner.and_then(|b| b.product.as_ref()),
        "version": banner.and_then(|b| b.version.as_ref()), "cpes": banner.map(|b| b.cpes.iter().take(10).collect::<Vec<_>>()).unwrap_or_default(),
        "state": s.state,
    })
}

fn evidence(e: &Evidence) -> Value {
    json!({"source": e.source, "observedAt": e.observed_at, "polledAt": e.polled_at, "field": e.field, "value": cut(&e.value, 512)})
}

/// The parts of an event about a service.
pub fn service_parts(
    service: &Service,
    asset: &Asset,
    host: Option<&Host>,
    open_findings: &[String],
) -> Vec<(&'static str, Value)> {
    let hostnames: Vec<&String> = host.iter().flat_map(|h| h.hostnames.iter()).take(5).collect();
    vec![
        ("asset", asset_part(asset)),
        ("service", service_part(service)),
        ("ip", json!(service.ip())),
        ("port", json!(service.port())),
        ("transport", json!(service.transport())),
        ("hostnames", json!(hostnames)),
        ("banner", json!(service.banner.as_ref().map(|b| cut(&b.text, 512)))),
        ("openFindingIds", json!(open_findings.iter().take(50).collect::<Vec<_>>())),
    ]
}

/// The parts of `HOST_APPEARED`.
pub fn host_parts(host: &Host, asset: &Asset) -> Vec<(&'static str, Value)> {
    let ports: Vec<&u16> = host.ports.iter().take(100).collect();
    let hostnames: Vec<&String> = host.hostnames.iter().take(5).collect();
    vec![
        ("asset", asset_part(asset)),
        ("host", json!({"ip": host.ip, "hostnames": hostnames, "ports": ports, "asn": host.asn})),
    ]
}

/// At most so many bytes of a text, cut on a character's boundary.
pub fn cut(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The draft of an event about a finding.
pub fn finding_draft(
    transition: &crate::lifecycle::Transition,
    parts: Vec<(&'static str, Value)>,
    asset: &Asset,
    first_poll: bool,
) -> Option<Draft> {
    let kind = transition.event?;
    let finding = &transition.after;
    Some(Draft {
        kind,
        subjects: crate::event::Subjects {
            asset: Some(finding.asset.clone()),
            finding: Some(finding.id.clone()),
            service: finding.service.clone(),
            channel: None,
            severity: Some(finding.severity),
            confidence: Some(finding.confidence),
            state: Some(finding.state),
            asset_tags: asset.tags.clone(),
        },
        actor: transition.actor.clone(),
        changes: transition.changes.clone(),
        first_poll,
        action: Action::of(kind, transition.before.as_ref().map(|f| f.state), finding.state),
        parts,
    })
}
