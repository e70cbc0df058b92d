use serde_json::json;

use super::Record;
use crate::audit::Entry;

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "at",
    "actorKind",
    "actorId",
    "actor",
    "actorEmail",
    "action",
    "subjectId",
    "subject",
    "changes",
    "ipAddress",
];

pub(super) fn record(entry: &Entry) -> Record {
    let changes: Vec<_> =
        entry.changes.iter().map(|c| json!({"field": c.field, "before": c.before, "after": c.after})).collect();
    vec![
        json!(entry.id),
        json!(entry.at),
        json!(entry.actor.kind),
        json!(entry.actor.id),
        json!(entry.actor.name),
        json!(entry.actor.email),
        json!(entry.action),
        json!(entry.subject_id),
        json!(entry.subject),
        json!(changes),
        json!(entry.ip_address),
    ]
}
