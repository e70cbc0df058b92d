use domain::payload::cut;
use domain::service::Service;
use serde_json::json;

use super::Record;
use crate::assets::Register;
use crate::findings::ServiceFilter;
use crate::ports::RowPage;
use crate::{Error, rows};

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "assetId",
    "asset",
    "ip",
    "port",
    "transport",
    "module",
    "product",
    "version",
    "cpes",
    "tags",
    "state",
    "stale",
    "firstObservedAt",
    "lastObservedAt",
    "observedAtExact",
    "closedAt",
    "source",
    "banner",
    "certificateSubject",
    "certificateIssuer",
    "certificateNotAfter",
];

pub(super) fn records(register: &Register, filter: &ServiceFilter, page: &RowPage) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    for row in &page.rows {
        let service: Service = rows::decode(row)?;
        let ours = filter.asset_id.as_ref().is_none_or(|id| service.id.asset == *id);
        if !ours || !filter.takes(&service, register) {
            continue;
        }
        records.push(record(&service, register));
    }
    Ok(records)
}

pub(super) fn record(service: &Service, register: &Register) -> Record {
    let banner = service.banner.as_ref();
    let tls = banner.and_then(|b| b.tls.as_ref());
    vec![
        json!(service.id),
        json!(service.id.asset),
        json!(register.find(&service.id.asset).map(|a| &a.name)),
        json!(service.ip()),
        json!(service.port()),
        json!(service.transport()),
        json!(banner.and_then(|b| b.module.as_ref())),
        json!(banner.and_then(|b| b.product.as_ref())),
        json!(banner.and_then(|b| b.version.as_ref())),
        json!(banner.map(|b| &b.cpes[..]).unwrap_or_default()),
        json!(banner.map(|b| &b.tags[..]).unwrap_or_default()),
        json!(service.state),
        json!(service.stale),
        json!(service.first_observed_at),
        json!(service.last_observed_at),
        json!(service.observed_at_exact),
        json!(service.closed_at),
        json!(service.source),
        json!(banner.map(|b| cut(&b.text, 2048))),
        json!(tls.and_then(|t| t.subject.as_ref())),
        json!(tls.and_then(|t| t.issuer.as_ref())),
        json!(tls.and_then(|t| t.not_after)),
    ]
}
