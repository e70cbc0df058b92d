//! What was known at an instant.

use app::findings;
use async_graphql::{Context, Object, Result, SimpleObject};
use jiff::Timestamp;

use super::actor::Actor;
use super::asset::exact;
use super::finding::{Finding, FindingFilter, RiskFactor, Triage, triage};
use super::service::{Service, ServiceConnection, ServiceFilter, ServiceTotals};
use crate::context::{app, caller, fail};
use crate::enums::{FindingState, Severity};
use crate::listing::Listing;
use crate::paging::Page;
use crate::scalars::{DateTime, at};

/// A finding as it was, from the event log: what makes no event is as the last event before said it.
pub struct FindingSnapshot(findings::FindingSnapshot);

/// A finding as it was, from the event log: what makes no event is as the last event before said it.
#[Object]
impl FindingSnapshot {
    /// The finding as it is now.
    async fn finding(&self) -> Finding {
        Finding(self.0.now.clone())
    }
    /// Where work stood.
    async fn state(&self) -> FindingState {
        self.0.then.state.into()
    }
    /// How bad it was.
    async fn severity(&self) -> Severity {
        self.0.then.severity.into()
    }
    /// 0 to 100.
    async fn risk_score(&self) -> i32 {
        i32::from(self.0.then.risk_score)
    }
    /// Why this score: the greatest five terms, where it changed since.
    async fn risk_factors(&self) -> Vec<RiskFactor> {
        self.0.then.risk_factors.iter().map(RiskFactor::from).collect()
    }
    /// The fix-by date that held; null: none did.
    async fn due_at(&self) -> Option<DateTime> {
        self.0.then.due_at.map(at)
    }
    /// The decision that held; null: none did.
    async fn triage(&self, ctx: &Context<'_>) -> Result<Option<Triage>> {
        triage(ctx, self.0.then.triage.as_ref()).await
    }
    /// Who worked on it; null: nobody.
    async fn assignee(&self) -> Option<Actor> {
        self.0.then.assignee.as_ref().map(Actor::from)
    }
    /// When it had been seen last.
    async fn last_observed_at(&self) -> DateTime {
        at(self.0.then.last_observed_at)
    }
}

/// What a list of what was known says beside its items.
#[derive(SimpleObject)]
pub struct PastTotals {
    /// How many there are; null above 10 000.
    total_count: Option<i32>,
}

/// A page of findings as they were.
pub type FindingSnapshotConnection = Listing<FindingSnapshot, PastTotals>;

/// The findings that were known at an instant.
pub async fn findings_at(
    ctx: &Context<'_>,
    instant: Timestamp,
    filter: FindingFilter,
    page: &Page,
) -> Result<FindingSnapshotConnection> {
    let filter = filter.read()?;
    let asked = (page.cursor.as_deref(), page.limit);
    let found = findings::findings_at(app(ctx), caller(ctx)?, instant, &filter, asked).await.map_err(fail)?;
    let totals = PastTotals { total_count: exact(found.total) };
    let items = found.items.into_iter().map(|(cursor, snapshot)| (cursor, FindingSnapshot(snapshot)));
    Ok(Listing::new(page, items, found.more, None, totals))
}

/// The services that were known at an instant.
pub async fn services_at(
    ctx: &Context<'_>,
    instant: Timestamp,
    filter: ServiceFilter,
    page: &Page,
) -> Result<ServiceConnection> {
    let filter = filter.read()?;
    let asked = (page.cursor.as_deref(), page.limit);
    let found = findings::services_as_of(app(ctx), caller(ctx)?, instant, &filter, asked).await.map_err(fail)?;
    let items = found.items.into_iter().map(|(cursor, service)| (cursor, Service(service)));
    Ok(Listing::new(page, items, found.more, None, ServiceTotals::Known(found.total)))
}
