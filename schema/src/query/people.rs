use app::access;
use async_graphql::{Context, Object, Result};

use crate::context::{Asked, app, caller, fail};
use crate::types::monitor::{MonitorStatus, status};
use crate::types::viewer::{Organization, Viewer};

/// Who is asking, and where.
#[derive(Default)]
pub(super) struct PeopleQuery;

/// Who is asking, and where.
#[Object]
impl PeopleQuery {
    /// Who is asking; null when nobody is signed in.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Viewer>> {
        let Some(caller) = ctx.data_unchecked::<Asked>().caller.as_ref() else { return Ok(None) };
        access::viewer(app(ctx), caller).await.map(|v| Some(Viewer(v))).map_err(fail)
    }
    /// The organization that this credential acts in.
    async fn organization(&self, ctx: &Context<'_>) -> Result<Organization> {
        let found = access::organization(app(ctx), &caller(ctx)?.org).await.map_err(|e| fail(e.into()))?;
        found.map(Organization).ok_or_else(|| fail(app::Error::Unauthenticated))
    }
    /// Is the monitor itself well: last poll, backlog, failing channels.
    async fn monitor_status(&self, ctx: &Context<'_>) -> Result<MonitorStatus> {
        status(ctx).await
    }
}
