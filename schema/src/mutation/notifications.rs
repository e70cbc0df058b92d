use app::notify::{self, ChannelChange, NewEmail, NewWebhook};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::trigger::Trigger;

use crate::context::{UserError, app, bad_input, caller, outcome};
use crate::enums::{Confidence, DeliverySchedule, EventType, FirstPoll, Severity, UserErrorCode, WebhookSignature};
use crate::scalars::{EmailAddress, Url};
use crate::types::channel::{EmailChannel, NotificationChannel, WebhookChannel};
use crate::types::delivery::Delivery;

/// Who is told.
#[derive(Default)]
pub(super) struct NotificationMutation;

/// Which events a channel wants. An absent field is the default, an empty list means: all.
#[derive(InputObject, Default)]
pub(super) struct NotificationTriggerInput {
    /// Types of events.
    event_types: Option<Vec<EventType>>,
    /// The least severity of a finding.
    min_severity: Option<Severity>,
    /// How sure a finding has to be.
    confidence: Option<Vec<Confidence>>,
    /// The asset has one of these tags.
    asset_tags: Option<Vec<String>>,
    /// A CEL expression over `event`, `finding` and `asset`.
    expression: Option<String>,
    /// Only IMMEDIATE so far.
    schedule: Option<DeliverySchedule>,
    /// IANA name of the zone that dates are shown in.
    time_zone: Option<String>,
    /// What is sent of an asset's first poll.
    first_poll: Option<FirstPoll>,
    /// Not what these did.
    ignore_actor_ids: Option<Vec<ID>>,
}

impl NotificationTriggerInput {
    fn read(self, usual: Trigger) -> Result<Trigger> {
        if self.schedule.is_some_and(|s| s != DeliverySchedule::Immediate) {
            return Err(bad_input("digests are not offered yet: schedule is IMMEDIATE"));
        }
        Ok(Trigger {
            event_types: self.event_types.map_or(usual.event_types, |l| l.into_iter().map(Into::into).collect()),
            min_severity: self.min_severity.map_or(usual.min_severity, Into::into),
            confidence: self.confidence.map_or(usual.confidence, |l| l.into_iter().map(Into::into).collect()),
            asset_tags: self.asset_tags.unwrap_or(usual.asset_tags),
            expression: self.expression.or(usual.expression).filter(|e| !e.trim().is_empty()),
            first_poll: self.first_poll.map_or(usual.first_poll, Into::into),
            ignore_actor_ids: self
                .ignore_actor_ids
                .map_or(usual.ignore_actor_ids, |l| l.into_iter().map(|i| i.to_string()).collect()),
            time_zone: self.time_zone.unwrap_or(usual.time_zone),
            ..usual
        })
    }
}

/// A header of its own.
#[derive(InputObject)]
pub(super) struct HeaderInput {
    /// Its name.
    name: String,
    /// Its value: kept as a secret.
    value: String,
}

fn headers(headers: Option<Vec<HeaderInput>>) -> Option<Vec<(String, String)>> {
    headers.map(|l| l.into_iter().map(|h| (h.name, h.value)).collect())
}

/// A webhook to be made.
#[derive(InputObject)]
pub(super) struct CreateWebhookChannelInput {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// Where to: https, on a public address.
    url: Url,
    /// How requests are signed. Only `HMAC_SHA256` so far.
    #[graphql(default_with = "Some(WebhookSignature::HmacSha256)")]
    signature: Option<WebhookSignature>,
    /// Which events; all where nothing is said.
    trigger: Option<NotificationTriggerInput>,
    /// At most 10 headers of its own.
    headers: Option<Vec<HeaderInput>>,
}

/// `secret` (whsec_…) is shown this once.
#[derive(SimpleObject)]
pub(super) struct CreateWebhookChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<WebhookChannel>,
    /// What the receiver verifies with.
    secret: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// An e-mail channel to be made.
#[derive(InputObject)]
pub(super) struct CreateEmailChannelInput {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// 1 to 50 addresses; each is asked first.
    recipients: Vec<EmailAddress>,
    /// Which events; all where nothing is said, a first poll's as one summary.
    trigger: Option<NotificationTriggerInput>,
}

/// The new channel.
#[derive(SimpleObject)]
pub(super) struct CreateEmailChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<EmailChannel>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// A change of a channel: an absent field stays, a list replaces.
#[derive(InputObject)]
pub(super) struct UpdateNotificationChannelInput {
    /// Which.
    id: ID,
    /// The name.
    name: Option<String>,
    /// The switch. Switching on forgets why the program had switched it off.
    enabled: Option<bool>,
    /// Of a webhook: where to.
    url: Option<Url>,
    /// Of an e-mail channel: all of its recipients. Who stays keeps their confirmation.
    recipients: Option<Vec<EmailAddress>>,
    /// The fields of the trigger that change.
    trigger: Option<NotificationTriggerInput>,
    /// Of a webhook: all of its headers.
    headers: Option<Vec<HeaderInput>>,
}

/// The changed channel.
#[derive(SimpleObject)]
pub(super) struct UpdateNotificationChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<NotificationChannel>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which channel to delete.
#[derive(InputObject)]
pub(super) struct DeleteNotificationChannelInput {
    /// Which.
    id: ID,
}

/// The channel is gone; what it was told stays readable.
#[derive(SimpleObject)]
pub(super) struct DeleteNotificationChannelPayload {
    /// Its id; null when there are user errors.
    deleted_id: Option<ID>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which channel to test.
#[derive(InputObject)]
pub(super) struct TestNotificationChannelInput {
    /// Which.
    id: ID,
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
}

/// Sent again under the same `webhook-id`.
#[derive(SimpleObject)]
pub(super) struct RedeliverPayload {
    /// The delivery; null when there are user errors.
    delivery: Option<Delivery>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

fn missing(field: &str, what: &str) -> Vec<UserError> {
    let field = Some(vec!["input".into(), field.into()]);
    vec![UserError { code: UserErrorCode::NotFound, message: format!("there is no such {what}"), field }]
}

#[Object]
impl NotificationMutation {
    /// Makes a webhook. Its secret is shown this once.
    async fn create_webhook_channel(
        &self,
        ctx: &Context<'_>,
        input: CreateWebhookChannelInput,
    ) -> Result<CreateWebhookChannelPayload> {
        if input.signature == Some(WebhookSignature::Ed25519) {
            return Err(bad_input("Ed25519 is not offered yet: signature is HMAC_SHA256"));
        }
        let trigger = input.trigger.map(|t| t.read(Trigger::default())).transpose()?;
        let new = NewWebhook {
            name: input.name,
            url: input.url.0,
            trigger,
            headers: headers(input.headers).unwrap_or_default(),
        };
        let (made, user_errors) = outcome(notify::create_webhook(app(ctx), caller(ctx)?, new).await)?;
        let (channel, secret) = made.map_or((None, None), |(c, s)| (Some(c), Some(s)));
        let channel = channel.map(NotificationChannel::from).and_then(NotificationChannel::webhook);
        Ok(CreateWebhookChannelPayload { channel, secret, user_errors })
    }
    /// Makes an e-mail channel. Its recipients are asked first; until they confirm they get nothing else.
    async fn create_email_channel(
        &self,
        ctx: &Context<'_>,
        input: CreateEmailChannelInput,
    ) -> Result<CreateEmailChannelPayload> {
        let usual = Trigger { first_poll: domain::trigger::FirstPoll::Summary, ..Trigger::default() };
        let trigger = input.trigger.map(|t| t.read(usual)).transpose()?;
        let recipients = input.recipients.into_iter().map(|e| e.0).collect();
        let new = NewEmail { name: input.name, recipients, trigger, confirmed: false };
        let (made, user_errors) = outcome(notify::create_email(app(ctx), caller(ctx)?, new).await)?;
        let channel = made.map(NotificationChannel::from).and_then(NotificationChannel::email);
        Ok(CreateEmailChannelPayload { channel, user_errors })
    }
    /// Changes a channel: an absent field stays, a list replaces.
    async fn update_notification_channel(
        &self,
        ctx: &Context<'_>,
        input: UpdateNotificationChannelInput,
    ) -> Result<UpdateNotificationChannelPayload> {
        let (app, caller) = (app(ctx), caller(ctx)?);
        let Ok(id) = input.id.parse() else {
            return Ok(UpdateNotificationChannelPayload { channel: None, user_errors: missing("id", "channel") });
        };
        let trigger = match input.trigger {
            None => None,
            Some(wanted) => {
                let (there, user_errors) = outcome(notify::channel(app, caller, &id).await)?;
                let Some(there) = there.flatten() else {
                    let user_errors = if user_errors.is_empty() { missing("id", "channel") } else { user_errors };
                    return Ok(UpdateNotificationChannelPayload { channel: None, user_errors });
                };
                Some(wanted.read(there.trigger)?)
            }
        };
        let change = ChannelChange {
            name: input.name,
            enabled: input.enabled,
            url: input.url.map(|u| u.0),
            headers: headers(input.headers),
            recipients: input.recipients.map(|l| l.into_iter().map(|e| e.0).collect()),
            trigger,
        };
        let (channel, user_errors) = outcome(notify::update(app, caller, &id, change).await)?;
        Ok(UpdateNotificationChannelPayload { channel: channel.map(NotificationChannel::from), user_errors })
    }
    /// Deletes a channel; what it was told stays readable.
    async fn delete_notification_channel(
        &self,
        ctx: &Context<'_>,
        input: DeleteNotificationChannelInput,
    ) -> Result<DeleteNotificationChannelPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            return Ok(DeleteNotificationChannelPayload { deleted_id: None, user_errors: missing("id", "channel") });
        };
        let (done, user_errors) = outcome(notify::delete(app(ctx), caller, &id).await)?;
        Ok(DeleteNotificationChannelPayload { deleted_id: done.map(|()| input.id), user_errors })
    }
    /// Sends a test now and answers with what the receiver said.
    async fn test_notification_channel(
        &self,
        ctx: &Context<'_>,
        input: TestNotificationChannelInput,
    ) -> Result<TestNotificationChannelPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            return Ok(TestNotificationChannelPayload { delivery: None, user_errors: missing("id", "channel") });
        };
        let (delivery, user_errors) = outcome(notify::test_channel(app(ctx), caller, &id).await)?;
        Ok(TestNotificationChannelPayload { delivery: delivery.map(Delivery), user_errors })
    }
    /// Sends a delivery again, under the same `webhook-id`.
    async fn redeliver(&self, ctx: &Context<'_>, input: RedeliverInput) -> Result<RedeliverPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.delivery_id.parse() else {
            return Ok(RedeliverPayload { delivery: None, user_errors: missing("deliveryId", "delivery") });
        };
        let (delivery, user_errors) = outcome(notify::redeliver(app(ctx), caller, &id).await)?;
        Ok(RedeliverPayload { delivery: delivery.map(Delivery), user_errors })
    }
}
