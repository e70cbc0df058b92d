use domain::policy::TriagePolicy;
use serde_json::json;

use super::Record;

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "name",
    "findings",
    "state",
    "reason",
    "note",
    "approvedBy",
    "createdBy",
    "createdAt",
    "until",
    "tripwires",
    "epssAbove",
    "endedAt",
    "endedBy",
];

pub(super) fn record(policy: &TriagePolicy) -> Record {
    vec![
        json!(policy.id),
        json!(policy.name),
        json!(policy.findings),
        json!(policy.state),
        json!(policy.reason),
        json!(policy.note),
        json!(policy.approved_by),
        json!(policy.created_by.name),
        json!(policy.created_at),
        json!(policy.until),
        json!(policy.tripwires),
        json!(policy.epss_above),
        json!(policy.ended_at),
        json!(policy.ended_by.as_ref().map(|actor| &actor.name)),
    ]
}
