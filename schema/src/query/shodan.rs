use app::research;
use async_graphql::{Context, Object, Result};
use domain::role::Action;

use crate::context::{app, caller, fail, question};
use crate::types::exploit::{ExploitFacetInput, ExploitSearch};
use crate::types::shodan::Shodan;

/// What others know beyond the register.
#[derive(Default)]
pub(super) struct ShodanQuery;

#[Object]
impl ShodanQuery {
    /// Shodan itself, asked with the organization's key: what it knows beyond the registered assets.
    async fn shodan(&self, ctx: &Context<'_>) -> Result<Shodan> {
        caller(ctx)?.may(Action::Read).map_err(fail)?;
        Ok(Shodan)
    }
    /// Known exploits: Shodan's Exploits API, or the built-in fallback when that is not answering (see `source`).
    async fn exploits(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Words and filters, such as cve:2021-36260 or type:remote port:554.")] query: String,
        #[graphql(default_with = "Some(1)", desc = "From 1 to 1 000, of 100 each.")] page: Option<i32>,
        #[graphql(desc = "Properties to count.")] facets: Option<Vec<ExploitFacetInput>>,
    ) -> Result<ExploitSearch> {
        let caller = caller(ctx)?;
        question(ctx)?;
        let facets: Vec<_> = facets.unwrap_or_default().iter().map(ExploitFacetInput::read).collect();
        let page = page.unwrap_or(1);
        let found = research::exploits(app(ctx), caller, &query, page, &facets).await.map_err(fail)?;
        Ok(ExploitSearch::of(found, page))
    }
}
