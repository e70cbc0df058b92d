use domain::actor::Actor;
use domain::event::{Action, Draft, EventType, Subjects};
use domain::ids::{Bucket, OrgId};
use jiff::SignedDuration;
use serde_json::json;

use super::channel::{Channel, ChannelStatus};
use super::outcome::{Ending, Outcome};
use super::registry;
use crate::{App, Error};

/// Success is noted at most so often: it is told to the minute, and the row is shared by all deliveries.
const NOTE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// The bucket in which what concerns no asset is announced.
pub(super) const ANNOUNCE_IN: Bucket = Bucket(0);

/// Takes an outcome into the channel's state; a receiver that is gone switches it off and is announced.
pub(super) async fn note(app: &App, org: &OrgId, channel: &Channel, outcome: &Outcome) -> Result<(), Error> {
    let noted = match outcome.result {
        Ending::Delivered => succeeded(app, org, channel).await,
        Ending::Failed { .. } => failed(app, org, channel, None).await,
        Ending::Gone => {
            // Announced first: a crash between announces it twice, not never.
            let draft = disabled(channel, "The receiver answered 410 Gone.", app);
            app.announce(org, ANNOUNCE_IN, vec![draft]).await?;
            return failed(app, org, channel, Some("The receiver answered 410 Gone.")).await;
        }
        Ending::Refused(_) | Ending::Cancelled(_) => Ok(()),
    };
    if let Err(error) = noted {
        tracing::warn!(channel = %channel.id, %error, "the channel's state lags behind");
    }
    Ok(())
}

/// Says on the channel that its expression cannot be judged. It only tells; nothing depends on it.
pub(super) async fn note_expression(app: &App, org: &OrgId, channel: &Channel, why: &str) {
    if channel.expression_error.as_deref() == Some(why) {
        return;
    }
    let noted = registry::amend(app, org, &channel.id, |c| {
        let news = c.expression_error.as_deref() != Some(why);
        c.expression_error = Some(why.to_owned());
        news
    });
    if let Err(error) = noted.await {
        tracing::warn!(channel = %channel.id, %error, "the channel does not say that its expression cannot be judged");
    }
}

async fn succeeded(app: &App, org: &OrgId, channel: &Channel) -> Result<(), Error> {
    let now = app.now();
    let fresh = |c: &Channel| {
        c.failing_since.is_none() && c.last_success_at.is_some_and(|at| now.duration_since(at) < NOTE_EVERY)
    };
    if fresh(channel) {
        return Ok(());
    }
    registry::amend(app, org, &channel.id, |c| {
        if fresh(c) {
            return false;
        }
        c.last_success_at = Some(now);
        c.failing_since = None;
        c.failures = 0;
        true
    })
    .await
    .map(|_| ())
}

async fn failed(app: &App, org: &OrgId, channel: &Channel, disable: Option<&str>) -> Result<(), Error> {
    let now = app.now();
    registry::amend(app, org, &channel.id, |c| {
        c.last_failure_at = Some(now);
        c.failing_since.get_or_insert(now);
        c.failures = c.failures.saturating_add(1);
        if let Some(reason) = disable {
            c.disabled_reason = Some(reason.to_owned());
        }
        true
    })
    .await
    .map(|_| ())
}

fn disabled(channel: &Channel, why: &str, app: &App) -> Draft {
    let part = json!({"id": channel.id, "name": channel.name, "status": ChannelStatus::Disabled.as_str()});
    Draft {
        kind: EventType::ChannelDisabled,
        subjects: Subjects { channel: Some(channel.id.clone()), ..Subjects::default() },
        actor: Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: Action::None,
        parts: vec![
            ("channel", part),
            ("lastError", json!(why)),
            ("failingSince", json!(channel.failing_since.unwrap_or_else(|| app.now()))),
            ("undelivered", json!(channel.failures.saturating_add(1))),
        ],
    }
}
