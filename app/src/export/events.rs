use domain::event::Event;
use serde_json::json;

use super::Record;
use crate::findings::EventFilter;
use crate::ports::RowPage;
use crate::{Error, rows};

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "type",
    "at",
    "assetId",
    "findingId",
    "serviceId",
    "channelId",
    "severity",
    "actorKind",
    "actorId",
    "actor",
    "changes",
    "payload",
];

pub(super) fn records(filter: &EventFilter, page: &RowPage) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    for row in &page.rows {
        let event: Event = rows::decode(row)?;
        if !filter.takes(&event) {
            continue;
        }
        let s = &event.subjects;
        let changes: Vec<_> =
            event.changes.iter().map(|c| json!({"field": c.field, "before": c.before, "after": c.after})).collect();
        records.push(vec![
            json!(event.id),
            json!(event.kind),
            json!(event.at),
            json!(s.asset),
            json!(s.finding),
            json!(s.service),
            json!(s.channel),
            json!(s.severity),
            json!(event.actor.kind),
            json!(event.actor.id),
            json!(event.actor.name),
            json!(changes),
            event.payload,
        ]);
    }
    Ok(records)
}
