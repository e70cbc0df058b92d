use domain::actor::Actor;
use domain::email::EmailAddress;
use domain::ids::{ChannelId, OrgId};
use domain::role::Action;
use domain::trigger::{FirstPoll, Trigger};
use jiff::Timestamp;

use super::amend::{living, told_secret};
use super::channel::{Channel, ChannelKind, Signature};
use super::chat::Target;
use super::checks::{checked_name, checked_recipients, checked_trigger};
use super::confirm::ask;
use super::once::Request;
use super::recipient::Recipient;
use super::secret::{Field, Token, random, seal};
use super::{ahead, backfill, headers, registry, shelf};
use crate::access::Caller;
use crate::ports::ChatService;
use crate::{App, Error, UserError, UserErrorCode};

/// An organization has at most so many channels.
pub const MOST_CHANNELS: usize = 50;
/// An e-mail channel has at most so many recipients.
pub const MOST_RECIPIENTS: usize = 50;

/// A webhook to be made.
#[derive(Clone, Debug, Default)]
pub struct NewWebhook {
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// Where to.
    pub url: String,
    /// How requests are signed.
    pub signature: Signature,
    /// Which events; `None`: all of them, a first poll's one by one.
    pub trigger: Option<Trigger>,
    /// More headers, ≤ 10.
    pub headers: Vec<(String, String)>,
    /// It is told of what is open already: the events of each open finding since it was opened.
    pub backfill_open: bool,
    /// The same id within 24 h gives the first answer again.
    pub client_request_id: Option<String>,
    /// It sends nothing before somebody switches it on.
    pub switched_off: bool,
}

/// Makes a webhook. The secret (`whsec_…`) is told this once; `None`: see [`told_secret`].
pub async fn create_webhook(app: &App, caller: &Caller, new: NewWebhook) -> Result<(Channel, Option<String>), Error> {
    caller.may(Action::ManageNotifications)?;
    let request = Request::of(app, caller, "createWebhook", new.client_request_id.as_deref(), &new).await?;
    if let Some(id) = request.answer::<ChannelId>() {
        return again(app, caller, &id).await;
    }
    let name = checked_name(&new.name)?;
    app.webhooks.check(&new.url).map_err(|why| UserError::of(UserErrorCode::Invalid, "url", why))?;
    headers::check(app, &new.headers)?;
    let trigger = checked_trigger(new.trigger.unwrap_or_default(), false)?;
    let id = new_id(app, &caller.org).await?;
    let secret = random(app);
    let now = app.now();
    let kind = ChannelKind::Webhook {
        url: new.url,
        signature: new.signature,
        secret_sealed: seal(app, &caller.org, &id, Field::Signing, &secret)?,
        secret_rotated_at: now,
        previous: None,
        headers_sealed: sealed_headers(app, &caller.org, &id, &new.headers)?,
    };
    let mut channel = fresh(id, name, kind, trigger, caller.actor.clone(), now);
    channel.enabled = !new.switched_off;
    if new.backfill_open {
        channel.backfill = backfill::begin(app, &caller.org).await?;
        // Noted before it is there, as always.
        shelf::note_due(app, &caller.org, &channel.id, now).await?;
    }
    registry::insert_by(app, caller, &channel, request.row(&channel.id)?).await?;
    if channel.backfill.is_some() {
        backfill::ask(app, &caller.org, &channel.id).await;
    }
    Ok((channel.clone(), told_secret(&channel, &secret)))
}

/// The answer to a request that was answered already.
async fn again(app: &App, caller: &Caller, id: &ChannelId) -> Result<(Channel, Option<String>), Error> {
    let (channel, _) = living(app, caller, id).await?;
    let ChannelKind::Webhook { secret_sealed, .. } = &channel.kind else { return Ok((channel, None)) };
    let secret = super::secret::open(app, &caller.org, id, Field::Signing, secret_sealed)?;
    Ok((channel.clone(), told_secret(&channel, &secret)))
}

/// An e-mail channel to be made.
#[derive(Clone, Debug, Default)]
pub struct NewEmail {
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// Who is written to, at most 50 addresses; at least one if it goes to nobody else.
    pub recipients: Vec<String>,
    /// Every OWNER too.
    pub to_owners: bool,
    /// Whoever is to work on a finding too.
    pub to_assignees: bool,
    /// Which events; `None`: all of them, a first poll's as one summary.
    pub trigger: Option<Trigger>,
    /// They have confirmed already. Only for who knows that, such as the demonstration on loopback.
    pub confirmed: bool,
    /// The same id within 24 h gives the first answer again.
    pub client_request_id: Option<String>,
}

/// Makes an e-mail channel. Recipients are asked first; until they confirm they get nothing else.
pub async fn create_email(app: &App, caller: &Caller, new: NewEmail) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let request = Request::of(app, caller, "createEmail", new.client_request_id.as_deref(), &new).await?;
    if let Some(id) = request.answer::<ChannelId>() {
        return again(app, caller, &id).await.map(|(channel, _)| channel);
    }
    let name = checked_name(&new.name)?;
    let addresses = checked_recipients(&new.recipients, new.to_owners || new.to_assignees)?;
    if !app.mailer.configured() {
        let why = "mail is not set up: the operator has to name a mail server";
        return Err(UserError::general(UserErrorCode::Invalid, why).into());
    }
    let trigger = checked_trigger(new.trigger.unwrap_or_else(usual_for_people), true)?;
    let id = new_id(app, &caller.org).await?;
    let now = app.now();
    let (recipients, tokens) = recipients(app, &caller.org, &id, addresses, new.confirmed.then_some(now))?;
    let (to_owners, to_assignees) = (new.to_owners, new.to_assignees);
    let kind = ChannelKind::Email { recipients, to_owners, to_assignees, members: Vec::new() };
    let channel = fresh(id, name, kind, trigger, caller.actor.clone(), now);
    registry::insert_by(app, caller, &channel, request.row(&channel.id)?).await?;
    ahead::begin(app, &caller.org, &channel).await?;
    ask(app, caller, &channel, tokens).await
}

/// A channel to where people talk, or are woken, to be made.
#[derive(Clone, Debug)]
pub struct NewChat {
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// Which product.
    pub service: ChatService,
    /// The address that the product gave out; of PagerDuty only where it is not the usual one.
    pub url: Option<String>,
    /// Of PagerDuty: the integration's key.
    pub routing_key: Option<String>,
    /// Which events; `None`: all of them, a first poll's as one summary (PagerDuty: one by one).
    pub trigger: Option<Trigger>,
    /// The same id within 24 h gives the first answer again.
    pub client_request_id: Option<String>,
    /// It sends nothing before somebody switches it on.
    pub switched_off: bool,
}

/// Makes a channel to Slack, Teams, Discord or PagerDuty.
pub async fn create_chat(app: &App, caller: &Caller, new: NewChat) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let request = Request::of(app, caller, "createChat", new.client_request_id.as_deref(), &new).await?;
    if let Some(id) = request.answer::<ChannelId>() {
        return again(app, caller, &id).await.map(|(channel, _)| channel);
    }
    let name = checked_name(&new.name)?;
    let for_people = new.service != ChatService::PagerDuty;
    let usual = if for_people { usual_for_people() } else { Trigger::default() };
    let trigger = checked_trigger(new.trigger.unwrap_or(usual), for_people)?;
    let id = new_id(app, &caller.org).await?;
    let target = Target { url: new.url, routing_key: new.routing_key };
    let target_sealed = sealed_target(app, &caller.org, &id, new.service, target)?;
    let kind = ChannelKind::Chat { service: new.service, target_sealed };
    let mut channel = fresh(id, name, kind, trigger, caller.actor.clone(), app.now());
    channel.enabled = !new.switched_off;
    registry::insert_by(app, caller, &channel, request.row(&channel.id)?).await?;
    ahead::begin(app, &caller.org, &channel).await?;
    Ok(channel)
}

/// What people get where nobody said otherwise.
pub fn usual_for_people() -> Trigger {
    Trigger { first_poll: FirstPoll::Summary, ..Trigger::default() }
}

/// Where a chat channel leads, checked and sealed.
pub(super) fn sealed_target(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    service: ChatService,
    target: Target,
) -> Result<String, Error> {
    let pager = service == ChatService::PagerDuty;
    let (field, missing) =
        if pager { ("routingKey", target.routing_key.is_none()) } else { ("url", target.url.is_none()) };
    if missing {
        return Err(UserError::of(UserErrorCode::Required, field, format!("{field} says where messages go")).into());
    }
    if !pager && target.routing_key.is_some() {
        return Err(UserError::of(UserErrorCode::Invalid, "routingKey", "only PagerDuty has a routing key").into());
    }
    let text = serde_json::to_vec(&target).unwrap_or_default();
    if let Some(target) = target.of(service) {
        app.chats.check(service, &target).map_err(|why| UserError::of(UserErrorCode::Invalid, field, why))?;
    }
    Ok(seal(app, org, channel, Field::Target, &text)?)
}

/// Whom to ask, each with the token that confirms.
pub(super) type ToAsk = Vec<(EmailAddress, Token)>;

/// Recipients with their tokens: the ones that unsubscribe sealed, the ones that confirm hashed and returned.
pub(super) fn recipients(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    addresses: Vec<EmailAddress>,
    confirmed_at: Option<Timestamp>,
) -> Result<(Vec<Recipient>, ToAsk), Error> {
    let mut tokens = Vec::new();
    let mut recipients = Vec::new();
    for email in addresses {
        let unsubscribe = Token::new(app, org, channel).spelled();
        let token = confirmed_at.is_none().then(|| Token::new(app, org, channel));
        recipients.push(Recipient {
            email: email.clone(),
            confirmed_at,
            token_sha256: token.as_ref().map(Token::hash),
            asked_at: None,
            unsubscribe_sealed: seal(app, org, channel, Field::Unsubscribe, unsubscribe.as_bytes())?,
            unsubscribed_at: None,
            busy: Vec::new(),
            suppressed_reason: None,
        });
        tokens.extend(token.map(|token| (email, token)));
    }
    Ok((recipients, tokens))
}

/// The headers of a channel, sealed; none if there are none.
pub(super) fn sealed_headers(
    app: &App,
    org: &OrgId,
    channel: &ChannelId,
    headers: &[(String, String)],
) -> Result<Option<String>, Error> {
    if headers.is_empty() {
        return Ok(None);
    }
    let text = serde_json::to_vec(headers).unwrap_or_default();
    Ok(Some(seal(app, org, channel, Field::Headers, &text)?))
}

async fn new_id(app: &App, org: &OrgId) -> Result<ChannelId, Error> {
    let living = registry::all(app, org).await?.iter().filter(|c| c.deleted_at.is_none()).count();
    if living >= MOST_CHANNELS {
        return Err(UserError::general(
            UserErrorCode::QuotaExceeded,
            format!("an organization has at most {MOST_CHANNELS} channels"),
        )
        .into());
    }
    // A ulid of ours is one by construction; the other arm only keeps the type honest.
    ChannelId::from_ulid(&app.ulid()).map_err(|_| Error::Busy)
}

/// A channel that was never used.
pub(super) fn fresh(
    id: ChannelId,
    name: String,
    kind: ChannelKind,
    trigger: Trigger,
    created_by: Actor,
    now: Timestamp,
) -> Channel {
    Channel {
        id,
        name,
        enabled: true,
        kind,
        trigger,
        created_at: now,
        updated_at: now,
        created_by,
        last_success_at: None,
        last_failure_at: None,
        failing_since: None,
        failures: 0,
        undelivered: 0,
        warned: 0,
        alarmed: false,
        notice: None,
        backfill: None,
        disabled_reason: None,
        expression_error: None,
        deleted_at: None,
    }
}
