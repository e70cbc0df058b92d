use domain::email::EmailAddress;
use domain::event::EventType;
use domain::ids::{ChannelId, OrgId};
use domain::role::Action;
use domain::trigger::{FirstPoll, Trigger};
use jiff::Timestamp;

use super::channel::{Channel, ChannelKind, Recipient};
use super::confirm::ask;
use super::secret::{Field, Token, random, seal, signing, spelled};
use super::{headers, registry};
use crate::access::Caller;
use crate::repeat::ClientRequest;
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
    /// Which events; `None`: all of them, a first poll's one by one.
    pub trigger: Option<Trigger>,
    /// More headers, ≤ 10.
    pub headers: Vec<(String, String)>,
}

/// Makes a webhook. The secret (`whsec_…`) is told this once.
pub async fn create_webhook(app: &App, caller: &Caller, new: NewWebhook) -> Result<(Channel, String), Error> {
    create_webhook_once(app, caller, new, None).await
}

/// Makes a webhook once, however often the client repeats the request: who lost the answer is told the secret again.
pub async fn create_webhook_once(
    app: &App,
    caller: &Caller,
    new: NewWebhook,
    request: Option<&ClientRequest>,
) -> Result<(Channel, String), Error> {
    caller.may(Action::ManageNotifications)?;
    let slot = match registry::before(app, &caller.org, request).await? {
        Ok(channel) => {
            let secrets = signing(app, &caller.org, &channel.id, &channel.kind)?;
            let secret = secrets.first().map(|secret| spelled(secret)).unwrap_or_default();
            return Ok((channel, secret));
        }
        Err(slot) => slot,
    };
    let name = checked_name(&new.name)?;
    app.webhooks.check(&new.url).map_err(|why| UserError::of(UserErrorCode::Invalid, "url", why))?;
    headers::check(app, &new.headers)?;
    let trigger = checked_trigger(new.trigger.unwrap_or_default())?;
    let id = new_id(app, &caller.org).await?;
    let secret = random(app);
    let now = app.now();
    let kind = ChannelKind::Webhook {
        url: new.url,
        secret_sealed: seal(app, &caller.org, &id, Field::Signing, &secret)?,
        secret_rotated_at: now,
        previous: None,
        headers_sealed: sealed_headers(app, &caller.org, &id, &new.headers)?,
    };
    let channel = fresh(id, name, kind, trigger, caller, now);
    registry::insert(app, caller, &channel, slot).await?;
    Ok((channel, spelled(&secret)))
}

/// An e-mail channel to be made.
#[derive(Clone, Debug, Default)]
pub struct NewEmail {
    /// What people call it, 1 to 200 characters.
    pub name: String,
    /// Who is written to, 1 to 50 addresses.
    pub recipients: Vec<String>,
    /// Which events; `None`: all of them, a first poll's as one summary.
    pub trigger: Option<Trigger>,
    /// They have confirmed already. Only for who knows that, such as the demonstration on loopback.
    pub confirmed: bool,
}

/// Makes an e-mail channel. Recipients are asked first; until they confirm they get nothing else.
pub async fn create_email(app: &App, caller: &Caller, new: NewEmail) -> Result<Channel, Error> {
    create_email_once(app, caller, new, None).await
}

/// Makes an e-mail channel once, however often the client repeats the request.
pub async fn create_email_once(
    app: &App,
    caller: &Caller,
    new: NewEmail,
    request: Option<&ClientRequest>,
) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let slot = match registry::before(app, &caller.org, request).await? {
        Ok(channel) => return Ok(channel),
        Err(slot) => slot,
    };
    let name = checked_name(&new.name)?;
    let addresses = checked_recipients(&new.recipients)?;
    if !app.mailer.configured() {
        return Err(UserError::general(
            UserErrorCode::Invalid,
            "mail is not set up: the operator has to name a mail server",
        )
        .into());
    }
    let trigger =
        checked_trigger(new.trigger.unwrap_or(Trigger { first_poll: FirstPoll::Summary, ..Trigger::default() }))?;
    let id = new_id(app, &caller.org).await?;
    let now = app.now();
    let (recipients, tokens) = recipients(app, &caller.org, &id, addresses, new.confirmed.then_some(now))?;
    let channel = fresh(id, name, ChannelKind::Email { recipients }, trigger, caller, now);
    registry::insert(app, caller, &channel, slot).await?;
    ask(app, caller, &channel, tokens).await
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

/// A name that can be shown.
pub(super) fn checked_name(name: &str) -> Result<String, UserError> {
    let name = name.trim();
    if name.is_empty() {
        Err(UserError::of(UserErrorCode::Required, "name", "the channel needs a name"))
    } else if name.chars().count() > 200 {
        Err(UserError::of(UserErrorCode::TooLong, "name", "the name has at most 200 characters"))
    } else if name.chars().any(char::is_control) {
        Err(UserError::of(UserErrorCode::Invalid, "name", "the name has control characters"))
    } else {
        Ok(name.to_owned())
    }
}

/// Addresses that can be written to, each once.
pub(super) fn checked_recipients(texts: &[String]) -> Result<Vec<EmailAddress>, UserError> {
    let mut addresses: Vec<EmailAddress> = Vec::new();
    for text in texts {
        let address = EmailAddress::parse(text).ok_or_else(|| {
            UserError::of(
                UserErrorCode::Invalid,
                "recipients",
                format!("{text:?} is not an address such as ops@example.com"),
            )
        })?;
        if !addresses.iter().any(|a| a.account_key() == address.account_key()) {
            addresses.push(address);
        }
    }
    match addresses.len() {
        0 => Err(UserError::of(UserErrorCode::Required, "recipients", "the channel needs at least one recipient")),
        n if n > MOST_RECIPIENTS => Err(UserError::of(
            UserErrorCode::TooMany,
            "recipients",
            format!("a channel has at most {MOST_RECIPIENTS} recipients"),
        )),
        _ => Ok(addresses),
    }
}

/// A trigger within its limits.
pub(super) fn checked_trigger(mut trigger: Trigger) -> Result<Trigger, UserError> {
    let too_many =
        |what: &str| UserError::of(UserErrorCode::TooMany, "trigger", format!("the trigger names too many {what}"));
    trigger.event_types.dedup();
    if trigger.event_types.len() > EventType::ALL.len() {
        return Err(too_many("types of events"));
    }
    if trigger.asset_tags.len() > 50 || trigger.asset_tags.iter().any(|t| t.chars().count() > 100) {
        return Err(too_many("tags (50 of 100 characters)"));
    }
    if trigger.ignore_actor_ids.len() > 50 || trigger.ignore_actor_ids.iter().any(|i| i.len() > 100) {
        return Err(too_many("actors (50)"));
    }
    if trigger.time_zone.is_empty() || trigger.time_zone.len() > 64 {
        return Err(UserError::of(
            UserErrorCode::Invalid,
            "trigger",
            "the time zone has an IANA name such as Europe/Vienna",
        ));
    }
    if let Some(expression) = &trigger.expression {
        super::expression::check(expression)?;
    }
    Ok(trigger)
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

fn fresh(id: ChannelId, name: String, kind: ChannelKind, trigger: Trigger, caller: &Caller, now: Timestamp) -> Channel {
    Channel {
        id,
        name,
        enabled: true,
        kind,
        trigger,
        created_at: now,
        updated_at: now,
        created_by: caller.actor.clone(),
        last_success_at: None,
        last_failure_at: None,
        failing_since: None,
        failures: 0,
        disabled_reason: None,
        expression_error: None,
        deleted_at: None,
    }
}
