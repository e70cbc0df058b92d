use domain::email::EmailAddress;
use domain::ids::ChannelId;
use domain::role::Action;
use domain::trigger::Trigger;
use jiff::{SignedDuration, Timestamp};

use super::channel::{Channel, ChannelKind, PreviousSecret, Signature};
use super::chat::Target;
use super::checks::{checked_name, checked_recipients, checked_trigger};
use super::confirm::ask;
use super::recipient::Recipient;
use super::register::{recipients, sealed_headers, sealed_target};
use super::secret::{Field, Token, random, seal, spelled};
use super::{ahead, headers, registry};
use crate::access::Caller;
use crate::audit::Deed;
use crate::{App, Error, UserError, UserErrorCode};

/// Two secrets sign for at most so long.
const LONGEST_OVERLAP_HOURS: u32 = 168;

/// What to change; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChannelChange {
    /// The name.
    pub name: Option<String>,
    /// The switch. Switching on forgets why the program had switched it off.
    pub enabled: Option<bool>,
    /// Of a webhook: where to.
    pub url: Option<String>,
    /// Of a webhook: all of its headers.
    pub headers: Option<Vec<(String, String)>>,
    /// Of an e-mail channel: all of its recipients. Who stays keeps their confirmation, who is new is asked.
    pub recipients: Option<Vec<String>>,
    /// Of an e-mail channel: every OWNER too.
    pub to_owners: Option<bool>,
    /// Of an e-mail channel: whoever is to work on a finding too.
    pub to_assignees: Option<bool>,
    /// Of PagerDuty: the integration's key.
    pub routing_key: Option<String>,
    /// The trigger as a whole.
    pub trigger: Option<Trigger>,
}

/// Changes a channel.
pub async fn update(app: &App, caller: &Caller, id: &ChannelId, change: ChannelChange) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let (mut channel, _) = living(app, caller, id).await?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let trigger = change.trigger.map(|t| checked_trigger(t, channel.is_for_people())).transpose()?;
    let mut target_sealed = None;
    if let ChannelKind::Chat { service, .. } = &channel.kind {
        if change.url.is_some() || change.routing_key.is_some() {
            let target = Target { url: change.url.clone(), routing_key: change.routing_key.clone() };
            target_sealed = Some(sealed_target(app, &caller.org, id, *service, target)?);
        }
    } else if let Some(url) = &change.url {
        only_for(&channel, Kind::Webhook, "url")?;
        app.webhooks.check(url).map_err(|why| UserError::of(UserErrorCode::Invalid, "url", why))?;
    }
    if change.routing_key.is_some() {
        only_for(&channel, Kind::Chat, "routingKey")?;
    }
    if change.to_owners.is_some() || change.to_assignees.is_some() {
        only_for(&channel, Kind::Email, "toOwners")?;
    }
    let mut sealed = None;
    if let Some(own) = &change.headers {
        only_for(&channel, Kind::Webhook, "headers")?;
        headers::check(app, own)?;
        sealed = Some(sealed_headers(app, &caller.org, id, own)?);
    }
    let mut wanted = None;
    let mut tokens = Vec::new();
    if let Some(texts) = &change.recipients {
        only_for(&channel, Kind::Email, "recipients")?;
        let others = matches!(&channel.kind, ChannelKind::Email { to_owners, to_assignees, .. }
            if change.to_owners.unwrap_or(*to_owners) || change.to_assignees.unwrap_or(*to_assignees));
        let addresses = checked_recipients(texts, others)?;
        let new: Vec<EmailAddress> = addresses.iter().filter(|a| !has(&channel, a)).cloned().collect();
        let made = recipients(app, &caller.org, id, new, None)?;
        tokens = made.1;
        wanted = Some((addresses, made.0));
    }
    let now = app.now();
    let amended = registry::amend_by(app, caller, id, Deed::ChannelUpdated, |c| {
        if let Some(name) = &name {
            c.name.clone_from(name);
        }
        if let Some(trigger) = &trigger {
            c.trigger.clone_from(trigger);
            c.expression_error = None;
        }
        if let Some(enabled) = change.enabled {
            switch(c, enabled);
        }
        match &mut c.kind {
            ChannelKind::Webhook { url, headers_sealed, .. } => {
                if let Some(new) = &change.url {
                    url.clone_from(new);
                }
                if let Some(new) = &sealed {
                    headers_sealed.clone_from(new);
                }
            }
            ChannelKind::Email { recipients, to_owners, to_assignees, .. } => {
                if let Some((addresses, new)) = &wanted {
                    replace(recipients, addresses, new);
                }
                *to_owners = change.to_owners.unwrap_or(*to_owners);
                *to_assignees = change.to_assignees.unwrap_or(*to_assignees);
            }
            ChannelKind::Chat { target_sealed: present, .. } => {
                if let Some(new) = &target_sealed {
                    present.clone_from(new);
                }
            }
        }
        c.updated_at = now;
        c.deleted_at.is_none()
    });
    channel = amended.await?.unwrap_or(channel);
    // Somebody else may have added the same address meanwhile; only tokens that are stored are sent.
    tokens.retain(|(_, token)| stores(&channel, token));
    ahead::begin(app, &caller.org, &channel).await?;
    ask(app, caller, &channel, tokens).await
}

/// Deletes a channel: its name stays for history, its secrets and recipients go.
pub async fn delete(app: &App, caller: &Caller, id: &ChannelId) -> Result<(), Error> {
    caller.may(Action::ManageNotifications)?;
    living(app, caller, id).await?;
    let now = app.now();
    registry::amend_by(app, caller, id, Deed::ChannelDeleted, |c| {
        c.enabled = false;
        c.deleted_at.get_or_insert(now);
        match &mut c.kind {
            ChannelKind::Webhook { secret_sealed, previous, headers_sealed, .. } => {
                secret_sealed.clear();
                (*previous, *headers_sealed) = (None, None);
            }
            ChannelKind::Email { recipients, members, .. } => {
                recipients.clear();
                members.clear();
            }
            ChannelKind::Chat { target_sealed, .. } => target_sealed.clear(),
        }
        true
    })
    .await?;
    Ok(())
}

/// Makes a new secret, which is told this once (`None`: see [`told_secret`]). The old one signs too for `overlap_hours` (0 to 168).
pub async fn rotate_secret(
    app: &App,
    caller: &Caller,
    id: &ChannelId,
    overlap_hours: u32,
) -> Result<(Channel, Option<String>), Error> {
    caller.may(Action::ManageNotifications)?;
    let (channel, _) = living(app, caller, id).await?;
    only_for(&channel, Kind::Webhook, "id")?;
    if overlap_hours > LONGEST_OVERLAP_HOURS {
        let message = format!("the old secret signs for at most {LONGEST_OVERLAP_HOURS} hours");
        return Err(UserError::of(UserErrorCode::Invalid, "overlapHours", message).into());
    }
    let secret = random(app);
    let sealed = seal(app, &caller.org, id, Field::Signing, &secret)?;
    let now = app.now();
    let until = now + SignedDuration::from_hours(i64::from(overlap_hours));
    let amended =
        registry::amend_by(app, caller, id, Deed::ChannelSecretRotated, |c| rotate(c, &sealed, until, now)).await?;
    let channel = amended.unwrap_or(channel);
    let told = told_secret(&channel, &secret);
    Ok((channel, told))
}

/// What the receiver has to be told: the secret that it verifies with. Of Ed25519 it needs the public key alone, which
/// can be read at any time.
pub(super) fn told_secret(channel: &Channel, secret: &[u8]) -> Option<String> {
    let shared = matches!(channel.kind, ChannelKind::Webhook { signature: Signature::HmacSha256, .. });
    shared.then(|| spelled(secret))
}

fn rotate(channel: &mut Channel, sealed: &str, until: Timestamp, now: Timestamp) -> bool {
    let ChannelKind::Webhook { secret_sealed, secret_rotated_at, previous, .. } = &mut channel.kind else {
        return false;
    };
    if secret_sealed == sealed {
        // The write before was applied and its answer got lost.
        return false;
    }
    *previous = (until > now).then(|| PreviousSecret { sealed: secret_sealed.clone(), until });
    sealed.clone_into(secret_sealed);
    *secret_rotated_at = now;
    true
}

/// A channel that is there, or what to tell the person.
pub(super) async fn living(app: &App, caller: &Caller, id: &ChannelId) -> Result<(Channel, crate::ports::Etag), Error> {
    if super::owners::id(&caller.org).as_ref() == Some(id) {
        let why = "the owners' own channel stays as it is: it is how they hear that nothing else works";
        return Err(UserError::of(UserErrorCode::NotAllowed, "id", why).into());
    }
    let found = registry::read(app, &caller.org, id).await?.filter(|(c, _)| c.deleted_at.is_none());
    found.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "there is no such channel").into())
}

fn switch(channel: &mut Channel, on: bool) {
    channel.enabled = on;
    if on {
        channel.disabled_reason = None;
        channel.failing_since = None;
        (channel.failures, channel.undelivered, channel.warned) = (0, 0, 0);
    }
}

/// Kinds of channels, for what only one of them has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Webhook,
    Email,
    Chat,
}

fn only_for(channel: &Channel, wanted: Kind, field: &str) -> Result<(), UserError> {
    let kind = match channel.kind {
        ChannelKind::Webhook { .. } => Kind::Webhook,
        ChannelKind::Email { .. } => Kind::Email,
        ChannelKind::Chat { .. } => Kind::Chat,
    };
    if kind == wanted {
        return Ok(());
    }
    let message = match wanted {
        Kind::Webhook => "only a webhook has this",
        Kind::Email => "only an e-mail channel has this",
        Kind::Chat => "only PagerDuty has this",
    };
    Err(UserError::of(UserErrorCode::Invalid, field, message))
}

fn has(channel: &Channel, address: &EmailAddress) -> bool {
    matches!(&channel.kind, ChannelKind::Email { recipients, .. } if recipients.iter().any(|r| r.email.account_key() == address.account_key()))
}

fn stores(channel: &Channel, token: &Token) -> bool {
    matches!(&channel.kind, ChannelKind::Email { recipients, .. } if recipients.iter().any(|r| r.token_sha256.as_ref() == Some(&token.hash())))
}

/// Those who stay as they are, those who are new as they were made, in the order asked.
fn replace(present: &mut Vec<Recipient>, wanted: &[EmailAddress], new: &[Recipient]) {
    let known = |address: &EmailAddress, list: &[Recipient]| {
        list.iter().find(|r| r.email.account_key() == address.account_key()).cloned()
    };
    *present = wanted.iter().filter_map(|a| known(a, present).or_else(|| known(a, new))).collect();
}
