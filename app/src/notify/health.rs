//! How a channel's receiver is, and who hears of it. Whoever is warned of a failure is told of its end; nothing is switched
//! off without a word: what is to be announced stands on the channel in the same write, and a note makes the sweep see
//! to it.

use domain::actor::Actor;
use domain::event::{Action, Draft, EventType, Subjects};
use domain::ids::{Bucket, ChannelId, OrgId};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::channel::{Channel, Notice};
use super::outcome::{Ending, Outcome};
use super::{registry, shelf};
use crate::{App, Error};

/// Success is noted at most so often: it is told to the minute, and the row is shared by all deliveries.
const NOTE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// People are warned after so long …
const WARNED_AFTER: [SignedDuration; 2] = [SignedDuration::from_hours(24), SignedDuration::from_hours(72)];
/// … and the channel is switched off after so long, …
pub(super) const DISABLED_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);
/// … if there were so many failures.
const DISABLED_AT: u32 = 10;
/// The bucket in which what concerns no asset is announced.
pub(super) const ANNOUNCE_IN: Bucket = Bucket(0);

/// Takes an outcome into the channel's state, and announces what people have to know.
pub(super) async fn note(app: &App, org: &OrgId, channel: &Channel, outcome: &Outcome) -> Result<(), Error> {
    let failed = match outcome.result {
        Ending::Delivered if outcome.disable.is_none() => {
            if is_fresh(channel, app.now()) {
                return Ok(());
            }
            false
        }
        Ending::Delivered => false,
        Ending::Failed { .. } => true,
        Ending::Refused(_) if outcome.disable.is_some() => true,
        Ending::Refused(_) | Ending::Cancelled(_) => return Ok(()),
    };
    let now = app.now();
    let mut after = channel.clone();
    let foreseen = take(&mut after, outcome, failed, true, now);
    if foreseen {
        // Noted before it is so: a crash leaves a note too many, never a channel that was switched off silently.
        shelf::note_due(app, org, &channel.id, now).await?;
    }
    let mut news = false;
    let noted = registry::amend(app, org, &channel.id, |c| {
        news = take(c, outcome, failed, foreseen, now);
        true
    });
    match noted.await {
        Ok(Some(channel)) if news => settle(app, org, &channel).await?,
        Ok(_) => {}
        // What is to be announced must not get lost; anything else only lags behind.
        Err(error) if foreseen => return Err(error),
        Err(error) => tracing::warn!(channel = %channel.id, %error, "the channel's state lags behind"),
    }
    if foreseen {
        shelf::forget_due(app, org, &channel.id, now).await;
    }
    Ok(())
}

/// Nothing that anybody would see changed since the last success.
fn is_fresh(c: &Channel, now: Timestamp) -> bool {
    c.failing_since.is_none() && !c.alarmed && c.last_success_at.is_some_and(|at| now.duration_since(at) < NOTE_EVERY)
}

/// Changes the channel's state; is there something to announce? `may_tell`: it was noted that there may be.
fn take(c: &mut Channel, outcome: &Outcome, failed: bool, may_tell: bool, now: Timestamp) -> bool {
    let last_error = outcome.records.iter().rev().find_map(|r| {
        let status = r.status.map(|s| format!("{s} "));
        r.error.map(|_| format!("{}{}", status.unwrap_or_default(), r.excerpt.as_deref().unwrap_or("no answer")))
    });
    if failed {
        c.last_failure_at = Some(now);
        c.failing_since.get_or_insert(now);
        c.failures = c.failures.saturating_add(1);
        if outcome.records.iter().any(|r| r.number == 1) {
            c.undelivered = c.undelivered.saturating_add(1);
        }
    }
    let since = c.failing_since.unwrap_or(now);
    let age = now.duration_since(since);
    let stage = WARNED_AFTER.iter().filter(|after| age >= **after).count();
    let warned = u8::try_from(stage).unwrap_or(u8::MAX);
    let given_up = failed && age >= DISABLED_AFTER && c.failures >= DISABLED_AT;
    let kind = if outcome.disable.is_some() || given_up {
        Some(EventType::ChannelDisabled)
    } else if failed && warned > c.warned {
        Some(EventType::ChannelFailing)
    } else if !failed && c.alarmed {
        Some(EventType::ChannelRecovered)
    } else {
        None
    };
    let notice =
        Notice { kind: EventType::Test, at: now, last_error, failing_since: since, undelivered: c.undelivered };
    if !failed {
        c.last_success_at = Some(now);
    }
    let Some(kind) = kind.filter(|_| may_tell) else {
        if !failed && !c.alarmed {
            (c.failing_since, c.failures, c.undelivered, c.warned) = (None, 0, 0, 0);
        }
        return false;
    };
    match kind {
        EventType::ChannelDisabled => {
            let why = outcome.disable.clone();
            c.disabled_reason.get_or_insert(why.unwrap_or_else(|| "Nothing arrived for five days.".into()));
        }
        EventType::ChannelFailing => c.warned = warned,
        _ => (c.failing_since, c.failures, c.undelivered, c.warned) = (None, 0, 0, 0),
    }
    // Once it is switched on again and works, that is announced too.
    c.alarmed = kind != EventType::ChannelRecovered;
    c.notice = Some(Notice { kind, ..notice });
    true
}

/// Announces what stands on the channel to be announced, and strikes it off. A crash between announces it twice.
pub(super) async fn settle(app: &App, org: &OrgId, channel: &Channel) -> Result<(), Error> {
    let Some(notice) = &channel.notice else { return Ok(()) };
    app.announce(org, ANNOUNCE_IN, vec![draft(&channel.id, channel, notice)]).await?;
    registry::amend(app, org, &channel.id, |c| {
        let same = c.notice.as_ref() == Some(notice);
        if same {
            c.notice = None;
        }
        same
    })
    .await
    .map(|_| ())
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

fn draft(id: &ChannelId, channel: &Channel, notice: &Notice) -> Draft {
    let part = json!({"id": id, "name": channel.name, "status": channel.status().as_str()});
    Draft {
        kind: notice.kind,
        subjects: Subjects { channel: Some(id.clone()), ..Subjects::default() },
        actor: Actor::system(),
        changes: Vec::new(),
        first_poll: false,
        action: Action::None,
        parts: vec![
            ("channel", part),
            ("lastError", json!(notice.last_error.as_deref().or(channel.disabled_reason.as_deref()))),
            ("failingSince", json!(notice.failing_since)),
            ("undelivered", json!(notice.undelivered)),
        ],
    }
}
