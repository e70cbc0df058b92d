//! The organization at a glance.

use app::findings;
use async_graphql::{Context, Object, Result, SimpleObject};

use super::asset::Asset;
use super::counts::{FindingCounts, SeverityCounts, int};
use super::vulnerability::Vulnerability;
use crate::context::{app, caller, fail, register};
use crate::enums::Period;

/// The organization at a glance.
pub struct Overview(findings::Overview);

/// A value and how often it is there.
#[derive(SimpleObject)]
pub struct FacetValue {
    /// The value.
    pub(super) value: String,
    /// How often.
    pub(super) count: i32,
}

/// How a day ended, UTC.
#[derive(SimpleObject)]
pub struct TrendPoint {
    /// Which day, such as 2026-11-22.
    date: String,
    /// Findings that were open or acknowledged.
    open: SeverityCounts,
    /// Opened or reopened on that day.
    opened: i32,
    /// Resolved on that day.
    resolved: i32,
}

/// A vulnerability of many findings.
#[derive(SimpleObject)]
pub struct TopVulnerability {
    /// The vulnerability.
    vulnerability: Vulnerability,
    /// Open and acknowledged findings about it.
    finding_count: i32,
    /// Assets with such a finding.
    asset_count: i32,
}

fn facets(counted: Vec<(String, usize)>) -> Vec<FacetValue> {
    counted.into_iter().map(|(value, count)| FacetValue { value, count: int(count) }).collect()
}

/// The organization at a glance.
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
    /// Resolved within the period, and not opened again.
    async fn resolved_findings(&self) -> i32 {
        int(self.0.resolved_findings)
    }
    /// From opening to resolution, in hours, of the findings that were resolved within the period because they are fixed or
    /// gone; null: there are none.
    async fn mean_time_to_resolve_hours(&self) -> Option<f64> {
        self.0.mean_time_to_resolve_hours
    }
    /// How the days of the period ended, oldest first; the last is today as it stands now. Days on which nothing ran are left out.
    async fn trend(&self) -> Vec<TrendPoint> {
        let point = |day: &findings::Day| TrendPoint {
            date: day.date.to_string(),
            open: SeverityCounts::each(day.open),
            opened: int(day.opened as usize),
            resolved: int(day.resolved as usize),
        };
        self.0.trend.iter().map(point).collect()
    }
    /// The CVEs of most open and acknowledged findings, at most ten; of the first 10 000 findings with CVEs.
    async fn top_vulnerabilities(&self, ctx: &Context<'_>) -> Result<Vec<TopVulnerability>> {
        let found = findings::top_vulnerabilities(app(ctx), caller(ctx)?).await.map_err(fail)?;
        let top = |summary: findings::VulnerabilitySummary| TopVulnerability {
            finding_count: int(summary.counts.0.iter().flatten().sum::<u32>() as usize),
            asset_count: int(summary.assets),
            vulnerability: Vulnerability::of(summary.vulnerability),
        };
        Ok(found.into_iter().map(top).collect())
    }
    /// The products of most open services of watched assets, at most ten; of the first 10 000 services.
    async fn top_products(&self, ctx: &Context<'_>) -> Result<Vec<FacetValue>> {
        Ok(facets(findings::top_products(app(ctx), caller(ctx)?).await.map_err(fail)?))
    }
    /// The countries of most hosts of watched assets by their ISO 3166 codes, at most ten; of the first 10 000 hosts.
    async fn countries(&self, ctx: &Context<'_>) -> Result<Vec<FacetValue>> {
        Ok(facets(findings::countries(app(ctx), caller(ctx)?).await.map_err(fail)?))
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
        Ok(self.0.top_assets.iter().filter_map(|id| register.share(id)).cloned().map(Asset::from).collect())
    }
}

/// Works it out from the directory and the rows of the days.
pub async fn overview(ctx: &Context<'_>, period: Period) -> Result<Overview> {
    let now = app(ctx).now();
    let since = now.checked_sub(jiff::SignedDuration::from_hours(period.days() * 24)).unwrap_or(now);
    findings::overview(app(ctx), caller(ctx)?, since).await.map(Overview).map_err(fail)
}
