//! Findings, grouped.

use app::findings::{self, Dimension};
use async_graphql::{Context, Object, Result};
use jiff::Timestamp;

use super::counts::{FindingCounts, int};
use super::finding::FindingFilter;
use crate::context::{app, caller, fail};
use crate::enums::FindingDimension;
use crate::scalars::{DateTime, at};

/// Groups of findings.
pub struct FindingGroups(findings::Groups);

/// Findings with the same key.
pub struct FindingGroup(findings::Group);

/// Groups of findings.
#[Object]
impl FindingGroups {
    /// The groups, those with most open and acknowledged findings first.
    async fn groups(&self) -> Vec<FindingGroup> {
        self.0.groups.iter().cloned().map(FindingGroup).collect()
    }
    /// All groups are here, and every finding that matches was counted; otherwise ask for more, or narrow the filter down.
    async fn complete(&self) -> bool {
        self.0.complete
    }
}

/// Findings with the same key.
#[Object]
impl FindingGroup {
    /// One text per dimension, in the order asked; empty where a finding has no value.
    async fn key(&self) -> &[String] {
        &self.0.key
    }
    /// How many, by state and severity.
    async fn counts(&self) -> FindingCounts {
        FindingCounts(self.0.counts)
    }
    /// Of so many assets.
    async fn asset_count(&self) -> i32 {
        int(self.0.assets)
    }
    /// Open or acknowledged, and due.
    async fn overdue(&self) -> i32 {
        int(self.0.overdue)
    }
    /// The greatest risk of those that are open or acknowledged; 0: there are none.
    async fn max_risk_score(&self) -> i32 {
        i32::from(self.0.risk)
    }
    /// When the oldest that is open or acknowledged was opened, to the second; null: there are none.
    async fn oldest_opened_at(&self) -> Option<DateTime> {
        (self.0.oldest != 0).then(|| Timestamp::from_second(i64::from(self.0.oldest)).ok()).flatten().map(at)
    }
}

/// Groups the findings that a filter matches.
pub async fn groups(
    ctx: &Context<'_>,
    by: Vec<FindingDimension>,
    filter: FindingFilter,
    first: i32,
) -> Result<FindingGroups> {
    let by: Vec<Dimension> = by.into_iter().map(Into::into).collect();
    let first = usize::try_from(first).unwrap_or(0);
    let found = findings::groups(app(ctx), caller(ctx)?, &by, &filter.read()?, first).await.map_err(fail)?;
    Ok(FindingGroups(found))
}
