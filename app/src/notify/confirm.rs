use domain::email::EmailAddress;
use domain::event::Change;
use domain::ids::ChannelId;
use domain::role::Action;
use jiff::{SignedDuration, Timestamp};

use super::channel::Channel;
use super::recipient::Recipient;
use super::registry;
use super::secret::{Field, Token, open};
use crate::access::Caller;
use crate::audit::Deed;
use crate::ports::{ConfirmLetter, Letter, Mail};
use crate::{App, Error, UserError, UserErrorCode};

/// A confirmation link works so long.
const VALID: SignedDuration = SignedDuration::from_hours(7 * 24);
/// An address that has not confirmed gets at most one mail per channel in so long.
const ASK_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// What a link of a mail was about, for the page that answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The channel's name.
    pub channel: String,
    /// The address.
    pub email: EmailAddress,
}

/// What a confirmation link is about. Changes nothing: mail scanners open links.
pub async fn confirmation(app: &App, token: &str) -> Result<Subscription, Error> {
    let token = Token::parse(token).ok_or_else(not_ours)?;
    let (hash, now) = (token.hash(), app.now());
    with_recipient(app, &token, asked(&hash), |recipient| may_confirm(recipient, now).map(|_| false)).await
}

/// A recipient says that we may write. Twice is once; after an unsubscription only a new question counts.
pub async fn confirm_recipient(app: &App, token: &str) -> Result<Subscription, Error> {
    let token = Token::parse(token).ok_or_else(not_ours)?;
    let (hash, now) = (token.hash(), app.now());
    with_recipient(app, &token, asked(&hash), |recipient| {
        let news = may_confirm(recipient, now)?;
        recipient.confirmed_at.get_or_insert(now);
        Ok(news)
    })
    .await
}

fn asked(hash: &str) -> impl Fn(&Recipient) -> bool + Sync {
    move |recipient| recipient.token_sha256.as_deref() == Some(hash)
}

/// Is there anything left to confirm?
fn may_confirm(recipient: &Recipient, now: Timestamp) -> Result<bool, UserError> {
    if recipient.confirmed_at.is_some() {
        return Ok(false);
    }
    if recipient.unsubscribed_at.is_some() || recipient.asked_at.is_some_and(|at| now.duration_since(at) > VALID) {
        return Err(UserError::general(UserErrorCode::Expired, "the link has expired; ask for another one"));
    }
    Ok(true)
}

/// What an unsubscription link is about. Changes nothing: mail scanners open links.
pub async fn subscription(app: &App, token: &str) -> Result<Subscription, Error> {
    let token = Token::parse(token).ok_or_else(not_ours)?;
    with_recipient(app, &token, owner(app, &token), |_| Ok(false)).await
}

/// A recipient says that we must not write any more (RFC 8058). Only for POST.
pub async fn unsubscribe(app: &App, token: &str) -> Result<Subscription, Error> {
    let token = Token::parse(token).ok_or_else(not_ours)?;
    let now = app.now();
    with_recipient(app, &token, owner(app, &token), |recipient| {
        let first = recipient.unsubscribed_at.is_none();
        recipient.unsubscribed_at.get_or_insert(now);
        Ok(first)
    })
    .await
}

/// Asks an unconfirmed recipient once more, at most once in 24 hours.
pub async fn resend_confirmation(
    app: &App,
    caller: &Caller,
    id: &ChannelId,
    email: &EmailAddress,
) -> Result<Channel, Error> {
    caller.may(Action::ManageNotifications)?;
    let (token, now) = (Token::new(app, &caller.org, id), app.now());
    let mut fault = None;
    let channel = registry::amend(app, &caller.org, id, |channel| {
        let found = channel.everybody().find(|r| r.email == *email);
        fault = may_ask(found.as_deref(), now).err();
        match (found, &fault) {
            (Some(recipient), None) => {
                recipient.token_sha256 = Some(token.hash());
                recipient.unsubscribed_at = None;
                recipient.asked_at = None;
                true
            }
            _ => false,
        }
    })
    .await?;
    match (channel.filter(|c| c.deleted_at.is_none()), fault) {
        (_, Some(fault)) => Err(fault.into()),
        (Some(channel), None) => {
            let who = Change::between("recipient", None, Some(email.to_string()));
            registry::tell_audit(app, caller, &channel, Deed::ConfirmationResent, who.into_iter().collect()).await?;
            ask(app, caller, &channel, vec![(email.clone(), token)]).await
        }
        (None, None) => Err(UserError::of(UserErrorCode::NotFound, "channelId", "there is no such channel").into()),
    }
}

fn may_ask(recipient: Option<&Recipient>, now: Timestamp) -> Result<(), UserError> {
    let fault = |code, message: &str| Err(UserError::of(code, "email", message));
    match recipient {
        None => fault(UserErrorCode::NotFound, "the channel has no such recipient"),
        Some(r) if r.confirmed_at.is_some() && r.unsubscribed_at.is_none() => {
            fault(UserErrorCode::Conflict, "the recipient has confirmed already")
        }
        Some(r) if r.asked_at.is_some_and(|at| now.duration_since(at) < ASK_EVERY) => {
            fault(UserErrorCode::RateLimited, "the recipient was asked within the last 24 hours")
        }
        Some(_) => Ok(()),
    }
}

/// Asks recipients whether we may write. The channel is stored already; who could not be asked can be asked again.
pub(super) async fn ask(
    app: &App,
    caller: &Caller,
    channel: &Channel,
    tokens: Vec<(EmailAddress, Token)>,
) -> Result<Channel, Error> {
    let mut asked = Vec::new();
    for (email, token) in tokens {
        let code = token.spelled();
        let composed = app.letters.compose(&Letter::Confirm(ConfirmLetter {
            organization: caller.organization.clone(),
            channel: channel.name.clone(),
            actor: Some(caller.actor.name.clone()),
            url: format!("{}/hooks/email/confirm/{code}", app.settings.public_url),
            code,
            expires_at: app.now() + VALID,
        }));
        let mail = Mail {
            to: email.clone(),
            to_name: None,
            subject: composed.subject,
            text: composed.text,
            html: composed.html,
            message_id: format!("confirm_{}", token.hash().get(..26).unwrap_or_default()),
            headers: composed.headers,
        };
        match app.mailer.send(mail).await {
            Ok(()) => asked.push(email),
            Err(error) => tracing::warn!(channel = %channel.id, code = error.code, "a confirmation mail was not taken"),
        }
    }
    let now = app.now();
    let noted = registry::amend(app, &caller.org, &channel.id, |c| {
        for recipient in c.everybody().filter(|r| asked.contains(&r.email)) {
            recipient.asked_at = Some(now);
        }
        !asked.is_empty()
    })
    .await?;
    Ok(noted.unwrap_or_else(|| channel.clone()))
}

/// Is it the recipient whose mails show this token?
fn owner<'a>(app: &'a App, token: &'a Token) -> impl Fn(&Recipient) -> bool + Sync + 'a {
    move |recipient| {
        let opened = open(app, &token.org, &token.channel, Field::Unsubscribe, &recipient.unsubscribe_sealed).ok();
        opened.and_then(|t| Token::parse(&String::from_utf8(t).ok()?)).is_some_and(|t| t.hash() == token.hash())
    }
}

async fn with_recipient<W, C>(app: &App, token: &Token, wanted: W, mut change: C) -> Result<Subscription, Error>
where
    W: Fn(&Recipient) -> bool + Sync,
    C: FnMut(&mut Recipient) -> Result<bool, UserError> + Send,
{
    let mut found = Err(not_ours());
    registry::amend(app, &token.org, &token.channel, |channel| {
        let (name, gone) = (channel.name.clone(), channel.deleted_at.is_some());
        let Some(recipient) = channel.everybody().find(|r| !gone && wanted(r)) else { return false };
        let changed = change(recipient);
        found = changed.clone().map(|_| Subscription { channel: name, email: recipient.email.clone() });
        changed.unwrap_or(false)
    })
    .await?;
    Ok(found?)
}

fn not_ours() -> UserError {
    UserError::general(UserErrorCode::NotFound, "the link is not valid, or its channel is gone")
}
