use domain::email::EmailAddress;
use domain::ids::ChannelId;
use domain::role::Action;
use domain::trigger::Trigger;
use jiff::{SignedDuration, Timestamp};

use super::channel::{Channel, ChannelKind, PreviousSecret, Recipient};
use super::confirm::ask;
use super::register::{checked_name, checked_recipients, checked_trigger, recipients, sealed_headers};
use super::secret::{Field, Token, random, seal, spelled};
use super::{headers, registry};
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
    /// The trigger as a whole.
    pub trigger: Option<Trigger>,
}

/// Changes a channel.
pub async fn update(app: &App, caller: &Caller, id: &ChannelId, change: ChannelChange) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let (mut channel, _) = living(app, caller, id).await?;
    let name = change.name.as_deref().map(checked_name).transpose()?;
    let trigger = change.trigger.map(checked_trigger).transpose()?;
    if let Some(url) = &change.url {
        only_for(&channel, false, "url")?;
        app.webhooks.check(url).map_err(|why| UserError::of(UserErrorCode::Invalid, "url", why))?;
    }
    let mut sealed = None;
    if let Some(own) = &change.headers {
        only_for(&channel, false, "headers")?;
        headers::check(app, own)?;
        sealed = Some(sealed_headers(app, &caller.org, id, own)?);
    }
    let mut wanted = None;
    let mut tokens = Vec::new();
    if let Some(texts) = &change.recipients {
        only_for(&channel, true, "recipients")?;
        let addresses = checked_recipients(texts)?;
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
            ChannelKind::Email { recipients } => {
                if let Some((addresses, new)) = &wanted {
                    replace(recipients, addresses, new);
                }
            }
        }
        c.updated_at = now;
        c.deleted_at.is_none()
    });
    channel = amended.await?.unwrap_or(channel);
    // Somebody else may have added the same address meanwhile; only tokens that are stored are sent.
    tokens.retain(|(_, token)| stores(&channel, token));
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
            ChannelKind::Email { recipients } => recipients.clear(),
        }
        true
    })
    .await?;
    Ok(())
}

/// Makes a new secret, which is told this once. The old one signs too for `overlap_hours` (0 to 168).
pub async fn rotate_secret(
    app: &App,
    caller: &Caller,
    id: &ChannelId,
    overlap_hours: u32,
) -> Result<(Channel, String), Error> {
    caller.may(Action::ManageNotifications)?;
    let (channel, _) = living(app, caller, id).await?;
    only_for(&channel, false, "id")?;
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
    Ok((amended.unwrap_or(channel), spelled(&secret)))
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
    let found = registry::read(app, &caller.org, id).await?.filter(|(c, _)| c.deleted_at.is_none());
    found.ok_or_else(|| UserError::of(UserErrorCode::NotFound, "id", "there is no such channel").into())
}

fn switch(channel: &mut Channel, on: bool) {
    channel.enabled = on;
    if on {
        channel.disabled_reason = None;
        channel.failing_since = None;
        channel.failures = 0;
    }
}

fn only_for(channel: &Channel, people: bool, field: &str) -> Result<(), UserError> {
    if channel.is_for_people() == people {
        return Ok(());
    }
    let message = if people { "only an e-mail channel has recipients" } else { "only a webhook has this" };
    Err(UserError::of(UserErrorCode::Invalid, field, message))
}

fn has(channel: &Channel, address: &EmailAddress) -> bool {
    matches!(&channel.kind, ChannelKind::Email { recipients } if recipients.iter().any(|r| r.email.account_key() == address.account_key()))
}

fn stores(channel: &Channel, token: &Token) -> bool {
    matches!(&channel.kind, ChannelKind::Email { recipients } if recipients.iter().any(|r| r.token_sha256.as_ref() == Some(&token.hash())))
}

/// Those who stay as they are, those who are new as they were made, in the order asked.
fn replace(present: &mut Vec<Recipient>, wanted: &[EmailAddress], new: &[Recipient]) {
    let known = |address: &EmailAddress, list: &[Recipient]| {
        list.iter().find(|r| r.email.account_key() == address.account_key()).cloned()
    };
    *present = wanted.iter().filter_map(|a| known(a, present).or_else(|| known(a, new))).collect();
}
