use std::collections::HashSet;

use domain::asset::Asset;
use domain::target::Target;
use serde_json::json;

use super::Record;
use crate::access::Caller;
use crate::assets::{AssetFilter, Register, matching};
use crate::ports::RowPage;
use crate::{App, Error, rows};

/// The first 18 are those of an import.
pub(super) const COLUMNS: &[&str] = &[
    "externalId",
    "name",
    "target",
    "query",
    "type",
    "vendor",
    "model",
    "firmware",
    "site",
    "serialNumber",
    "macAddress",
    "tags",
    "criticality",
    "owner",
    "ownerEmail",
    "notes",
    "pollInterval",
    "enabled",
    "id",
    "kind",
    "allowedServices",
    "createdAt",
    "updatedAt",
    "retiredAt",
    "retiredReason",
];

pub(super) async fn records(
    app: &App,
    caller: &Caller,
    register: &Register,
    filter: &AssetFilter,
    page: &RowPage,
) -> Result<Vec<Record>, Error> {
    let taken = matching(app, &caller.org, register, filter).await?;
    let taken: HashSet<&str> = taken.iter().map(|a| a.id.ulid.as_str()).collect();
    let mut records = Vec::new();
    for row in &page.rows {
        let asset: Asset = rows::decode(row)?;
        if taken.contains(asset.id.ulid.as_str()) {
            records.push(record(&asset));
        }
    }
    Ok(records)
}

fn record(a: &Asset) -> Record {
    let text = a.target.to_string();
    let (target, query) = match &a.target {
        Target::Query(_) => (None, Some(text)),
        Target::Address(_) | Target::Network(_) | Target::Hostname(_) => (Some(text), None),
    };
    let d = &a.device;
    vec![
        json!(a.external_id),
        json!(a.name),
        json!(target),
        json!(query),
        json!(d.device_type),
        json!(d.vendor),
        json!(d.model),
        json!(d.firmware),
        json!(d.site),
        json!(d.serial_number),
        json!(d.mac_address),
        json!(a.tags),
        json!(a.criticality),
        json!(a.owner),
        json!(a.owner_email.clone().map(String::from)),
        json!(a.notes),
        json!(a.poll_interval),
        json!(a.enabled),
        json!(a.id),
        json!(a.kind()),
        json!(a.allowed_services),
        json!(a.created_at),
        json!(a.updated_at),
        json!(a.retired_at),
        json!(a.retired_reason),
    ]
}
