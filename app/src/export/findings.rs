use domain::asset::Asset;
use domain::finding::Finding;
use domain::observation::VulnerabilityClaim;
use serde_json::{Value, json};

use super::Record;
use crate::access::Caller;
use crate::assets::Register;
use crate::findings::{FindingFilter, matching_rows};
use crate::ports::RowPage;
use crate::{App, Error};

pub(super) const COLUMNS: &[&str] = &[
    "id",
    "revision",
    "title",
    "category",
    "severity",
    "confidence",
    "state",
    "resolution",
    "stale",
    "riskScore",
    "dueAt",
    "dueBasis",
    "overdue",
    "forensicsRequired",
    "openedAt",
    "firstObservedAt",
    "lastObservedAt",
    "resolvedAt",
    "updatedAt",
    "reopenCount",
    "ip",
    "port",
    "transport",
    "ruleId",
    "rule",
    "cves",
    "cvss",
    "epss",
    "knownExploited",
    "ransomware",
    "assetId",
    "externalId",
    "asset",
    "target",
    "owner",
    "ownerEmail",
    "site",
    "criticality",
    "assetTags",
    "assignee",
    "tickets",
    "triageReason",
    "triageNote",
    "triageBy",
    "triageUntil",
    "remediation",
    "serviceId",
];

pub(super) async fn records(
    app: &App,
    caller: &Caller,
    register: &Register,
    filter: &FindingFilter,
    page: &RowPage,
) -> Result<Vec<Record>, Error> {
    let found = matching_rows(app, caller, filter, &page.rows).await?;
    Ok(found.iter().map(|f| record(f, register.find(&f.asset), app.now())).collect())
}

pub(super) fn record(f: &Finding, asset: Option<&Asset>, now: jiff::Timestamp) -> Record {
    let claims = || f.vulnerabilities.iter().map(|v| &v.claim);
    let most = |value: fn(&VulnerabilityClaim) -> Option<f64>| claims().filter_map(value).reduce(f64::max);
    let cves: Vec<&str> = f.vulnerabilities.iter().map(|v| v.cve.as_str()).collect();
    let tickets: Vec<Value> =
        f.tickets.iter().map(|t| json!({"system": t.system, "key": t.key, "url": t.url, "status": t.status})).collect();
    let triage = f.triage.as_ref();
    vec![
        json!(f.id),
        json!(f.revision),
        json!(f.title),
        json!(f.category),
        json!(f.severity),
        json!(f.confidence),
        json!(f.state),
        json!(f.resolution),
        json!(f.stale),
        json!(f.risk_score),
        json!(f.due_at),
        json!(f.due_basis),
        json!(f.state.is_active() && f.due_at.is_some_and(|due| due <= now)),
        json!(f.forensics_required),
        json!(f.opened_at),
        json!(f.first_observed_at),
        json!(f.last_observed_at),
        json!(f.resolved_at),
        json!(f.updated_at),
        json!(f.reopen_count),
        json!(f.ip),
        json!(f.port),
        json!(f.transport),
        json!(f.rule),
        json!(f.rule_name),
        json!(cves),
        json!(most(|c| c.cvss)),
        json!(most(|c| c.epss)),
        json!(claims().any(|c| c.known_exploited)),
        json!(claims().any(|c| c.ransomware)),
        json!(f.asset),
        json!(asset.and_then(|a| a.external_id.as_ref())),
        json!(asset.map(|a| &a.name)),
        json!(asset.map(|a| a.target.to_string())),
        json!(asset.and_then(|a| a.owner.as_ref())),
        json!(asset.and_then(|a| a.owner_email.clone()).map(String::from)),
        json!(asset.and_then(|a| a.device.site.as_ref())),
        json!(asset.map(|a| a.criticality)),
        json!(asset.map(|a| &a.tags[..]).unwrap_or_default()),
        json!(f.assignee.as_ref().map(|a| &a.name)),
        json!(tickets),
        json!(triage.and_then(|t| t.reason)),
        json!(triage.and_then(|t| t.note.as_ref())),
        json!(triage.map(|t| &t.by.name)),
        json!(triage.and_then(|t| t.until)),
        json!(f.remediation),
        json!(f.service),
    ]
}
