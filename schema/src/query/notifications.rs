use app::notify;
use async_graphql::{Context, ID, Object, Result};

use crate::context::{app, caller, fail};
use crate::paging::page;
use crate::types::channel::{ChannelConnection, NotificationChannel, channels};
use crate::types::delivery::{Delivery, DeliveryConnection, DeliveryFilter, deliveries};

/// Who is told, and what they were told.
#[derive(Default)]
pub(super) struct NotificationQuery;

/// Who is told, and what they were told.
#[Object]
impl NotificationQuery {
    /// The channel of that id; null: there is none here.
    async fn notification_channel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its id.")] id: ID,
    ) -> Result<Option<NotificationChannel>> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(notify::channel(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(NotificationChannel::from))
    }
    /// The channels, eldest first.
    async fn notification_channels(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
    ) -> Result<ChannelConnection> {
        channels(ctx, page(first, after, last, before)?).await
    }
    /// The delivery of that id; null: there is none here.
    async fn delivery(&self, ctx: &Context<'_>, #[graphql(desc = "Its id.")] id: ID) -> Result<Option<Delivery>> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(notify::delivery(app(ctx), caller(ctx)?, &id).await.map_err(fail)?.map(Delivery))
    }
    /// What was sent, newest first.
    async fn deliveries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many at most, from the front: 1 to 100; 25 where neither this nor `last` is given.")]
        first: Option<i32>,
        #[graphql(desc = "A cursor: what comes behind it.")] after: Option<String>,
        #[graphql(desc = "How many at most, from the end: 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "A cursor: what comes before it.")] before: Option<String>,
        #[graphql(desc = "Which deliveries; null: all.")] filter: Option<DeliveryFilter>,
    ) -> Result<DeliveryConnection> {
        deliveries(ctx, filter, page(first, after, last, before)?).await
    }
}
