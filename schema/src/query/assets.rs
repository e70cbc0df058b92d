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

#[Object]
impl AssetQuery {
    /// The asset of that id; null: there is none here.
    async fn asset(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Asset>> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(app::assets::asset(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(Asset::from))
    }
    /// The assets; the eldest first where nothing is said.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn assets(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<AssetFilter>,
        order_by: Option<AssetOrder>,
    ) -> Result<AssetConnection> {
        assets(ctx, filter, order_by, page(first, after, last, before)?).await
    }
    /// What is known of one address within the organization's assets; null: nothing.
    async fn host(&self, ctx: &Context<'_>, ip: IpAddress) -> Result<Option<Host>> {
        Ok(app::findings::host(app(ctx), caller(ctx)?, ip.0).await.map_err(fail)?.map(Host))
    }
    /// What is known of the addresses of the organization's assets, in the order of asset and address; each once.
    async fn hosts(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<HostFilter>,
    ) -> Result<HostConnection> {
        hosts(ctx, None, filter.unwrap_or_default(), &page(first, after, last, before)?).await
    }
    /// The services, in the order of asset, address and port.
    async fn services(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        filter: Option<ServiceFilter>,
    ) -> Result<ServiceConnection> {
        services(ctx, filter.unwrap_or_default(), page(first, after, last, before)?).await
    }
}
