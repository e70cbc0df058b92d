use domain::decide::Decisions;
use domain::finding::Finding;
use domain::ids::{Bucket, EventId};
use domain::severity::Severity;
use serde_json::{Value, json};

/// What a first poll found: counts, the ten worst, and from where on the log tells more.
pub(super) fn summary(decided: &Decisions, events_before: u64) -> Value {
    let mut findings: Vec<&Finding> = decided.findings.iter().map(|t| &t.after).collect();
    findings.sort_by(|a, b| b.risk_score.cmp(&a.risk_score).then_with(|| a.id.cmp(&b.id)));
    findings.dedup_by(|a, b| a.id == b.id);
    let of = |severity: Severity| findings.iter().filter(|f| f.severity == severity).count();
    let counts: serde_json::Map<String, Value> =
        Severity::ALL.iter().rev().map(|s| (s.as_str().to_lowercase(), json!(of(*s)))).collect();
    let worst: Vec<Value> = findings
        .iter()
        .take(10)
        .map(|f| json!({"id": f.id, "title": f.title, "severity": f.severity, "riskScore": f.risk_score, "ip": f.ip, "port": f.port, "transport": f.transport}))
        .collect();
    let services = decided.services.len();
    json!({
        "counts": counts, "findings": findings.len(), "services": services, "hosts": decided.hosts.len(), "worst": worst,
        "eventsAfter": EventId { bucket: Bucket::default(), number: events_before },
    })
}
