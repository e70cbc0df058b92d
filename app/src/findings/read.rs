use domain::event::Event;
use domain::finding::Finding;
use domain::ids::{AssetId, EventId, FindingId, OrgId, ServiceId};
use domain::role::Action;
use domain::service::Service;
use jiff::Timestamp;

use super::stored::{StoredFinding, read_finding};
use crate::access::Caller;
use crate::assets::Register;
use crate::ports::Table;
use crate::{App, Error, ledger, rows};

/// One finding.
pub async fn finding(app: &App, caller: &Caller, id: &FindingId) -> Result<Option<Finding>, Error> {
    caller.may(Action::Read)?;
    Ok(stored_finding(app, &caller.org, id).await?.map(|f| f.finding))
}

/// Is there still something to do about a finding? What cannot be found is not known to have ended.
pub(crate) async fn is_active(app: &App, org: &OrgId, id: &FindingId) -> Result<bool, Error> {
    Ok(stored_finding(app, org, id).await?.is_none_or(|f| f.finding.state.is_active()))
}

/// Since when there is something to do about a finding; `None`: there is not.
pub(crate) async fn open_since(app: &App, org: &OrgId, id: &FindingId) -> Result<Option<Timestamp>, Error> {
    let found = stored_finding(app, org, id).await?.map(|f| f.finding);
    Ok(found.filter(|f| f.state.is_active()).map(|f| f.opened_at))
}

pub(super) async fn stored_finding(app: &App, org: &OrgId, id: &FindingId) -> Result<Option<StoredFinding>, Error> {
    let row = app.tables.get(Table::Exposure, &ledger::partition(org, id.bucket), &id.row()).await?;
    match row {
        Some(row) if super::stored::alias(&row).is_none() => {
            Ok(Some(read_finding(&row)?).filter(|f| f.finding.id == *id))
        }
        _ => Ok(None),
    }
}

/// One service.
pub async fn service(app: &App, caller: &Caller, id: &ServiceId) -> Result<Option<Service>, Error> {
    caller.may(Action::Read)?;
    let row = app.tables.get(Table::Exposure, &ledger::partition(&caller.org, id.asset.bucket), &id.row()).await?;
    Ok(row.as_ref().map(rows::decode).transpose()?)
}

/// One event.
pub async fn event(app: &App, caller: &Caller, id: EventId) -> Result<Option<Event>, Error> {
    caller.may(Action::Read)?;
    Ok(app.event(&caller.org, id).await?)
}

/// The findings that an asset owns, worst first, at most 1000.
pub async fn findings_of(
    app: &App,
    caller: &Caller,
    asset: &AssetId,
    service: Option<&ServiceId>,
) -> Result<Vec<Finding>, Error> {
    caller.may(Action::Read)?;
    let register = Register::read(app, &caller.org).await?;
    let Some(asset) = register.find(asset) else { return Ok(Vec::new()) };
    let stored = super::load(app, &ledger::partition(&caller.org, asset.id.bucket), asset).await?;
    let mut found: Vec<Finding> = stored.findings().map(|f| f.finding).collect();
    found.retain(|f| service.is_none_or(|s| f.service.as_ref() == Some(s)));
    found.sort_by(|a, b| b.risk_score.cmp(&a.risk_score).then_with(|| a.id.cmp(&b.id)));
    Ok(found)
}
