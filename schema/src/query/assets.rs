use async_graphql::{Context, ID, Object, Result};

use crate::context::{app, caller, fail};
use crate::paging::page;
use crate::scalars::IpAddress;
use crate::types::asset::{Asset, AssetConnection, AssetFilter, AssetOrder, assets};
use crate::types::host::{Host, HostConnection, HostFilter, hosts};
use crate::types::service::{ServiceConnection, ServiceFilter, services};

/// What is watched, and what is seen there.
#[derive(Default)]
pub(super) struct AssetQuery;

/// What is watched, and what is seen there.
#[Object]
impl AssetQuery {
    /// The asset of that id; null: there is none here.
    async fn asset(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Option<Asset>> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(app::assets::asset(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(Asset::from))
    }
    /// The assets; the eldest first where nothing is said.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn assets(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which assets; null: all.")] filter: Option<AssetFilter>,
        #[graphql(desc = "By what the list is in order.")] order_by: Option<AssetOrder>,
    ) -> Result<AssetConnection> {
        assets(ctx, filter, order_by, page(first, after, last, before)?).await
    }
    /// What is known of one address within the organization's assets; null: nothing.
    async fn host(&self, ctx: &Context<'_>, #[graphql(desc = "Its address.")] ip: IpAddress) -> Result<Option<Host>> {
        Ok(app::findings::host(app(ctx), caller(ctx)?, ip.0).await.map_err(fail)?.map(Host))
    }
    /// What is known of the addresses of the organization's assets, in the order of asset and address; each once.
    async fn hosts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which hosts; null: all.")] filter: Option<HostFilter>,
    ) -> Result<HostConnection> {
        hosts(ctx, None, filter.unwrap_or_default(), &page(first, after, last, before)?).await
    }
    /// The services, in the order of asset, address and port.
    async fn services(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which services; null: all.")] filter: Option<ServiceFilter>,
    ) -> Result<ServiceConnection> {
        services(ctx, filter.unwrap_or_default(), page(first, after, last, before)?).await
    }
}
