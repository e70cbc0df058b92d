use app::notify::{self, ChannelChange, NewChat, NewEmail, NewWebhook};
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use domain::trigger::Trigger;

use super::trigger::NotificationTriggerInput;
use crate::context::{UserError, app, caller, outcome};
use crate::enums::{ChatService, UserErrorCode, WebhookSignature};
use crate::scalars::{EmailAddress, Url};
use crate::types::channel::{ChatChannel, EmailChannel, NotificationChannel, WebhookChannel};

/// Who is told.
#[derive(Default)]
pub(super) struct NotificationMutation;

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
    /// How requests are signed.
    #[graphql(default_with = "Some(WebhookSignature::HmacSha256)")]
    signature: Option<WebhookSignature>,
    /// Which events; all where nothing is said.
    trigger: Option<NotificationTriggerInput>,
    /// At most 10 headers of its own.
    headers: Option<Vec<HeaderInput>>,
    /// It is told of what is open already: the events of each open finding since it was opened.
    #[graphql(default)]
    backfill_open: bool,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// `secret` (whsec_…) is shown this once.
#[derive(SimpleObject)]
pub(super) struct CreateWebhookChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<WebhookChannel>,
    /// What the receiver verifies with; null for Ed25519, of which it needs the channel's public key.
    secret: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// An e-mail channel to be made.
#[derive(InputObject)]
pub(super) struct CreateEmailChannelInput {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// At most 50 addresses; each is asked first. Empty only if it goes to owners or assignees.
    recipients: Vec<EmailAddress>,
    /// Which events; all where nothing is said, a first poll's as one summary.
    trigger: Option<NotificationTriggerInput>,
    /// Also to every OWNER whose address is verified.
    #[graphql(default)]
    to_owners: bool,
    /// Also to whoever works on the finding, if their address is verified.
    #[graphql(default)]
    to_assignees: bool,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// The new channel.
#[derive(SimpleObject)]
pub(super) struct CreateEmailChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<EmailChannel>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// A channel to where people talk, or are woken, to be made.
#[derive(InputObject)]
pub(super) struct CreateChatChannelInput {
    /// What people call it, 1 to 200 characters.
    name: String,
    /// Which product.
    service: ChatService,
    /// The address that Slack, Teams or Discord gave out: a credential. Of PagerDuty only where it is not the usual one.
    url: Option<Url>,
    /// Of PagerDuty: the integration's key, kept as a secret.
    routing_key: Option<String>,
    /// Which events; all where nothing is said, a first poll's as one summary (PagerDuty: one by one).
    trigger: Option<NotificationTriggerInput>,
    /// The same id within 24 h gives the first answer again and does nothing twice.
    client_request_id: Option<String>,
}

/// The new channel.
#[derive(SimpleObject)]
pub(super) struct CreateChatChannelPayload {
    /// The channel; null when there are user errors.
    channel: Option<ChatChannel>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Which secret to change.
#[derive(InputObject)]
pub(super) struct RotateWebhookSecretInput {
    /// Of which webhook.
    id: ID,
    /// The old secret signs too for so many hours, 0 to 168.
    #[graphql(default_with = "Some(24)")]
    overlap_hours: Option<i32>,
}

/// `secret` (whsec_…) is shown this once.
#[derive(SimpleObject)]
pub(super) struct RotateWebhookSecretPayload {
    /// The channel; null when there are user errors.
    channel: Option<WebhookChannel>,
    /// What the receiver verifies with from now on; null for Ed25519, of which it needs the channel's public key.
    secret: Option<String>,
    /// What is wrong with the input.
    user_errors: Vec<UserError>,
}

/// Whom to ask once more.
#[derive(InputObject)]
pub(super) struct ResendConfirmationInput {
    /// Of which channel.
    channel_id: ID,
    /// Which recipient.
    email: EmailAddress,
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
    /// Of a webhook or chat: where to.
    url: Option<Url>,
    /// Of an e-mail channel: all of its recipients. Who stays keeps their confirmation.
    recipients: Option<Vec<EmailAddress>>,
    /// The fields of the trigger that change.
    trigger: Option<NotificationTriggerInput>,
    /// Of a webhook: all of its headers.
    headers: Option<Vec<HeaderInput>>,
    /// Of PagerDuty: the integration's key.
    routing_key: Option<String>,
    /// Of an e-mail channel: every OWNER too.
    to_owners: Option<bool>,
    /// Of an e-mail channel: whoever works on the finding too.
    to_assignees: Option<bool>,
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

/// Says that there is no such thing.
pub(super) fn missing(field: &str, what: &str) -> Vec<UserError> {
    let field = Some(vec!["input".into(), field.into()]);
    vec![UserError { code: UserErrorCode::NotFound, message: format!("there is no such {what}"), field }]
}

/// Who is told.
#[Object]
impl NotificationMutation {
    /// Makes a webhook. Its secret is shown this once.
    async fn create_webhook_channel(
        &self,
        ctx: &Context<'_>,
        input: CreateWebhookChannelInput,
    ) -> Result<CreateWebhookChannelPayload> {
        let trigger = input.trigger.map(|t| t.read(Trigger::default())).transpose()?;
        let new = NewWebhook {
            name: input.name,
            url: input.url.0,
            trigger,
            headers: headers(input.headers).unwrap_or_default(),
            signature: input.signature.unwrap_or(WebhookSignature::HmacSha256).into(),
            backfill_open: input.backfill_open,
            client_request_id: input.client_request_id,
            switched_off: false,
        };
        let (made, user_errors) = outcome(notify::create_webhook(app(ctx), caller(ctx)?, new).await)?;
        let (channel, secret) = made.map_or((None, None), |(c, s)| (Some(c), s));
        let channel = channel.map(NotificationChannel::from).and_then(NotificationChannel::webhook);
        Ok(CreateWebhookChannelPayload { channel, secret, user_errors })
    }
    /// Makes an e-mail channel. Its recipients are asked first; until they confirm they get nothing else.
    async fn create_email_channel(
        &self,
        ctx: &Context<'_>,
        input: CreateEmailChannelInput,
    ) -> Result<CreateEmailChannelPayload> {
        let trigger = input.trigger.map(|t| t.read(notify::usual_for_people())).transpose()?;
        let new = NewEmail {
            name: input.name,
            recipients: input.recipients.into_iter().map(|e| e.0).collect(),
            to_owners: input.to_owners,
            to_assignees: input.to_assignees,
            trigger,
            confirmed: false,
            client_request_id: input.client_request_id,
        };
        let (made, user_errors) = outcome(notify::create_email(app(ctx), caller(ctx)?, new).await)?;
        let channel = made.map(NotificationChannel::from).and_then(NotificationChannel::email);
        Ok(CreateEmailChannelPayload { channel, user_errors })
    }
    /// Makes a channel to Slack, Teams, Discord or PagerDuty.
    async fn create_chat_channel(
        &self,
        ctx: &Context<'_>,
        input: CreateChatChannelInput,
    ) -> Result<CreateChatChannelPayload> {
        let usual =
            if input.service == ChatService::PagerDuty { Trigger::default() } else { notify::usual_for_people() };
        let new = NewChat {
            name: input.name,
            service: input.service.into(),
            url: input.url.map(|u| u.0),
            routing_key: input.routing_key,
            trigger: input.trigger.map(|t| t.read(usual)).transpose()?,
            client_request_id: input.client_request_id,
            switched_off: false,
        };
        let (made, user_errors) = outcome(notify::create_chat(app(ctx), caller(ctx)?, new).await)?;
        let channel = made.map(NotificationChannel::from).and_then(NotificationChannel::chat);
        Ok(CreateChatChannelPayload { channel, user_errors })
    }
    /// Makes a new secret for a webhook; the old one signs too for a while, so that no request fails to verify.
    async fn rotate_webhook_secret(
        &self,
        ctx: &Context<'_>,
        input: RotateWebhookSecretInput,
    ) -> Result<RotateWebhookSecretPayload> {
        let caller = caller(ctx)?;
        let Ok(id) = input.id.parse() else {
            let user_errors = missing("id", "channel");
            return Ok(RotateWebhookSecretPayload { channel: None, secret: None, user_errors });
        };
        // What does not fit lies beyond the limit, which is said where the limit is.
        let hours = u32::try_from(input.overlap_hours.unwrap_or(24)).unwrap_or(u32::MAX);
        let (made, user_errors) = outcome(notify::rotate_secret(app(ctx), caller, &id, hours).await)?;
        let (channel, secret) = made.map_or((None, None), |(c, s)| (Some(c), s));
        let channel = channel.map(NotificationChannel::from).and_then(NotificationChannel::webhook);
        Ok(RotateWebhookSecretPayload { channel, secret, user_errors })
    }
    /// Asks an unconfirmed recipient once more, at most once in 24 hours.
    async fn resend_confirmation(
        &self,
        ctx: &Context<'_>,
        input: ResendConfirmationInput,
    ) -> Result<UpdateNotificationChannelPayload> {
        let caller = caller(ctx)?;
        let email = domain::email::EmailAddress::parse(&input.email.0);
        let (Ok(id), Some(email)) = (input.channel_id.parse(), email) else {
            let user_errors = missing("channelId", "recipient");
            return Ok(UpdateNotificationChannelPayload { channel: None, user_errors });
        };
        let (channel, user_errors) = outcome(notify::resend_confirmation(app(ctx), caller, &id, &email).await)?;
        Ok(UpdateNotificationChannelPayload { channel: channel.map(NotificationChannel::from), user_errors })
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
            to_owners: input.to_owners,
            to_assignees: input.to_assignees,
            routing_key: input.routing_key,
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
}
