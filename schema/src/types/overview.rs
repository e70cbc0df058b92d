//! The organization at a glance.

use app::findings;
use async_graphql::{Context, Object, Result, SimpleObject};

use super::asset::Asset;
use super::counts::{FindingCounts, int};
use crate::context::{app, caller, fail, register};
use crate::enums::Period;

/// The organization at a glance.
pub struct Overview(findings::Overview);

/// A value and how often it is there.
#[derive(SimpleObject)]
pub struct FacetValue {
    /// The value.
    value: String,
    /// How often.
    count: i32,
}

#[Object]
impl Overview {
    /// All findings.
    async fn counts(&self) -> FindingCounts {
        FindingCounts(self.0.counts)
    }
    /// Opened or reopened within the period.
    async fn new_findings(&self) -> i32 {
        int(self.0.new_findings)
    }
    /// Active and known to be exploited.
    async fn known_exploited(&self) -> i32 {
        int(self.0.known_exploited)
    }
    /// Active and due.
    async fn overdue(&self) -> i32 {
        int(self.0.overdue)
    }
    /// Half of the active findings are older, in hours; null: there are none.
    async fn median_age_hours(&self) -> Option<f64> {
        self.0.median_age_hours
    }
    /// 0 to 100: the worst active finding.
    async fn risk_score(&self) -> i32 {
        i32::from(self.0.risk)
    }
    /// The ports with most active findings, at most ten.
    async fn top_ports(&self) -> Vec<FacetValue> {
        self.0
            .top_ports
            .iter()
            .map(|(port, count)| FacetValue { value: port.to_string(), count: int(*count) })
            .collect()
    }
    /// The assets with the greatest risk, at most five.
    async fn top_assets(&self, ctx: &Context<'_>) -> Result<Vec<Asset>> {
        let register = register(ctx).await?;
        Ok(self.0.top_assets.iter().filter_map(|id| register.find(id)).cloned().map(Asset::from).collect())
    }
}

/// Works it out from the directory alone.
pub async fn overview(ctx: &Context<'_>, period: Period) -> Result<Overview> {
    let now = app(ctx).now();
    let since = now.checked_sub(jiff::SignedDuration::from_hours(period.days() * 24)).unwrap_or(now);
    findings::overview(app(ctx), caller(ctx)?, since).await.map(Overview).map_err(fail)
}
