//! Lists of findings.

use app::directory::Counts;
use app::findings;
use async_graphql::{Context, InputObject, Object, Result};

use super::asset::exact;
use super::counts::FindingCounts;
use super::finding::Finding;
use super::finding_filter::FindingFilter;
use crate::context::{app, bad_input, caller, fail};
use crate::enums::{FindingOrderField, OrderDirection};
use crate::listing::Listing;
use crate::paging::Page;

/// Order and direction.
#[derive(InputObject)]
pub struct FindingOrder {
    /// By what.
    field: FindingOrderField,
    /// Which way.
    direction: OrderDirection,
}

/// What a list of findings says beside its items. Of a filtered list it is worked out when asked for.
pub enum FindingTotals {
    /// The findings that a filter matches, as the page beside saw them.
    Matching(Box<(findings::FindingFilter, findings::Seen)>),
    /// Findings that are at hand.
    Known(Counts),
}

impl FindingTotals {
    async fn told(&self, ctx: &Context<'_>) -> Result<Option<Counts>> {
        match self {
            Self::Known(counts) => Ok(Some(*counts)),
            Self::Matching(matching) => {
                let (filter, seen) = &**matching;
                findings::counts_beside(app(ctx), caller(ctx)?, filter, seen).await.map_err(fail)
            }
        }
    }
}

/// What a list of findings says beside its items. Of a filtered list it is worked out when asked for.
#[Object]
impl FindingTotals {
    /// How many match; null above 10 000, and where more than 10 000 rows would have to be read to tell.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        Ok(self.told(ctx).await?.and_then(|c| exact(c.0.iter().flatten().sum::<u32>() as usize)))
    }
    /// Those that match, by state and severity.
    async fn counts(&self, ctx: &Context<'_>) -> Result<FindingCounts> {
        let told = self.told(ctx).await?;
        told.map(FindingCounts).ok_or_else(|| {
            bad_input("more than 10000 rows would have to be read to count these: narrow the filter down")
        })
    }
}

/// A page of findings. A filter that the rows have to be asked for looks at 1 000 of them a page: such a page may be short,
/// or empty, and still lead on.
pub type FindingConnection = Listing<Finding, FindingTotals>;

/// Lists findings; the greatest risk first where nothing is said.
pub async fn list(
    ctx: &Context<'_>,
    filter: FindingFilter,
    order: Option<FindingOrder>,
    page: Page,
) -> Result<FindingConnection> {
    let order = order.map_or((app::directory::Order::Risk, app::directory::Direction::Descending), |o| {
        (o.field.into(), o.direction.into())
    });
    listed(ctx, filter.read()?, order, &page).await
}

/// Lists the findings of a use case's filter.
pub async fn listed(
    ctx: &Context<'_>,
    filter: findings::FindingFilter,
    order: (app::directory::Order, app::directory::Direction),
    page: &Page,
) -> Result<FindingConnection> {
    let asked = (page.cursor.as_deref(), page.limit, page.backward);
    let found = findings::page(app(ctx), caller(ctx)?, &filter, order, asked).await.map_err(fail)?;
    let items = found.items.into_iter().map(|l| (l.cursor, Finding(l.finding)));
    let totals = FindingTotals::Matching(Box::new((filter, found.seen)));
    Ok(Listing::new(page, items, found.more, found.end, totals))
}
