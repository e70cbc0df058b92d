use app::notify::{self, NewReplay, Sample};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};

use super::notifications::missing;
use crate::context::{UserError, app, caller, outcome};
use crate::enums::EventType;
use crate::scalars::DateTime;
use crate::types::counts::int;
use crate::types::delivery::Delivery;

/// What is sent on demand.
#[derive(Default)]
pub(super) struct DeliveryMutation;

/// Which channel to test, and with what.
#[derive(InputObject)]
pub(super) struct TestNotificationChannelInput {
    /// Which.
    id: ID,
    /// Show the last event of this type, with `test` true; a plain `test.ping` where nothing is said.
    event_type: Option<EventType>,
    /// Show the last event about this finding.
    finding_id: Option<ID>,
}

/// Sends now and answers with what the receiver said.
#[derive(SimpleObject)]
pub(super) struct TestNotificationChannelPayload {
    /// What was sent; null when there are user errors.
    delivery: Option<Delivery>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What to send again.
#[derive(InputObject)]
pub(super) struct RedeliverInput {
    /// Which delivery.
    delivery_id: ID,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// Sent again under the same `webhook-id`.
#[derive(SimpleObject)]
pub(super) struct RedeliverPayload {
    /// The delivery; null when there are user errors.
    delivery: Option<Delivery>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What to tell again.
#[derive(InputObject)]
pub(super) struct ReplayEventsInput {
    /// Which channel.
    channel_id: ID,
    /// What was decided then or later.
    since: DateTime,
    /// What was decided before; until now where nothing is said.
    until: Option<DateTime>,
    /// Only what did not arrive: what failed, and what came while the channel was switched off. Else everything that
    /// the channel's trigger wants, under the ids that it had.
    #[graphql(default_with = "Some(true)")]
    only_failed: Option<bool>,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// It is on its way.
#[derive(SimpleObject)]
pub(super) struct ReplayEventsPayload {
    /// How many deliveries and missed events are told, at most 10 000 at once.
    queued: i32,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// What is sent on demand.
#[Object]
impl DeliveryMutation {
    /// Sends a test now and answers with what the receiver said.
    async fn test_notification_channel(
        &self,
        ctx: &Context<'_>,
        input: TestNotificationChannelInput,
    ) -> Result<TestNotificationChannelPayload> {
        let caller = caller(ctx)?;
        let fault = |field, what| TestNotificationChannelPayload { delivery: None, user_errors: missing(field, what) };
        let Ok(id) = input.id.parse() else { return Ok(fault("id", "channel")) };
        let Ok(finding) = input.finding_id.map(|id| id.parse()).transpose() else {
            return Ok(fault("findingId", "finding"));
        };
        let sample = Sample { event_type: input.event_type.map(Into::into), finding };
        let (delivery, user_errors) = outcome(notify::test_channel(app(ctx), caller, &id, &sample).await)?;
        Ok(TestNotificationChannelPayload { delivery: delivery.map(Delivery), user_errors })
    }
    /// Sends a delivery again, under the same `webhook-id`.
    async fn redeliver(&self, ctx: &Context<'_>, input: RedeliverInput) -> Result<RedeliverPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.delivery_id.parse() else {
            return Ok(RedeliverPayload { delivery: None, user_errors: missing("deliveryId", "delivery") });
        };
        let sent = notify::redeliver(app(ctx), caller, &id, input.client_request_id.as_deref()).await;
        let (delivery, user_errors) = outcome(sent)?;
        Ok(RedeliverPayload { delivery: delivery.map(Delivery), user_errors })
    }
    /// Sends again what a channel should have got in a span of time.
    async fn replay_events(&self, ctx: &Context<'_>, input: ReplayEventsInput) -> Result<ReplayEventsPayload> {
        let caller = caller(ctx)?;
        let Ok(channel) = input.channel_id.parse() else {
            return Ok(ReplayEventsPayload { queued: 0, user_errors: missing("channelId", "channel") });
        };
        let new = NewReplay {
            channel,
            since: input.since.0,
            until: input.until.map(|t| t.0),
            only_failed: input.only_failed.unwrap_or(true),
            client_request_id: input.client_request_id,
        };
        let (queued, user_errors) = outcome(notify::replay(app(ctx), caller, new).await)?;
        Ok(ReplayEventsPayload { queued: int(queued.unwrap_or(0)), user_errors })
    }
}
