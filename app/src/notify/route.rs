use domain::event::Event;
use domain::ids::{EventId, OrgId};
use futures_util::StreamExt;

use super::channel::Channel;
use super::deliver::{Attempted, attempt, carry_out};
use super::delivery::{Delivery, DeliveryState};
use super::judge::concerns_owners;
use super::known::Known;
use super::plan::{Planned, plan};
use super::{message, owners, registry, shelf};
use crate::ports::{Commit, QueueName};
use crate::{App, Error};

/// Channels are told side by side, so many at a time.
const SIDE_BY_SIDE: usize = 16;
/// A decision that was overtaken is tried again so often: all events of a flood want into the same letter.
const TRIES: usize = 64;

/// A message waits in the queue for at most so long.
const LONGEST_DELAY: std::time::Duration = std::time::Duration::from_hours(7 * 24);

/// What became of routing an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routed {
    /// Every channel has its decision, every first attempt was made or has its time; the outbox row is gone.
    Done,
    /// Somebody else makes a first attempt at this moment. The outbox row stays, so the sweep comes back to it.
    Later,
    /// There is no such event.
    Unknown,
}

/// Decides for every channel whether it is told of an event, and makes the first attempts. Repeated as often as
/// you like: what was decided stands, what was tried is not tried again, what a crash left is taken up.
///
/// The outbox row goes last. Until then whatever breaks is repeated from there; from then on every delivery that
/// is not in a final state has its row among what is due.
pub async fn route(app: &App, org: &OrgId, id: EventId) -> Result<Routed, Error> {
    let Some(event) = app.event(org, id).await? else {
        tracing::warn!(%org, event = %id, "there is no such event to route");
        return Ok(Routed::Unknown);
    };
    let mut channels = registry::all(app, org).await?;
    let owners = owners::id(org);
    channels.retain(|c| c.deleted_at.is_none() && owners.as_ref() != Some(&c.id));
    let known = Known::read(app, org, &event, &channels).await?;
    let tasks = channels.iter().zip(known).map(|(channel, known)| tell(app, org, &event, channel, known));
    let told: Vec<Result<Told, Error>> =
        futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    // Only after all had their turn: one channel's trouble keeps no other from being told.
    let mut told = told.into_iter().collect::<Result<Vec<Told>, Error>>()?;
    if concerns_owners(event.kind)
        && !told.iter().any(|t| t.selected)
        && let Some(channel) = owners::channel(app, org).await?
        && event.subjects.channel.as_ref() != Some(&channel.id)
        && let Some(known) = Known::of(app, org, &event, &channel).await?
    {
        told.push(tell(app, org, &event, &channel, known).await?);
    }
    if told.iter().any(|t| !t.safe) {
        return Ok(Routed::Later);
    }
    app.outbox_done(org, id).await?;
    Ok(Routed::Done)
}

/// How telling one channel went.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// Nothing is lost for it any more when the outbox row goes.
    safe: bool,
    /// It gets the event.
    selected: bool,
}

/// Tells one channel.
async fn tell(app: &App, org: &OrgId, event: &Event, channel: &Channel, mut known: Known) -> Result<Told, Error> {
    for _ in 0..TRIES {
        if let Some((decision, _)) = &known.decision {
            let Some(id) = &decision.delivery else { return Ok(Told { safe: true, selected: false }) };
            let safe = match shelf::read(app, org, id).await? {
                Some((delivery, _)) => settle(app, org, &delivery).await?,
                None => true,
            };
            return Ok(Told { safe, selected: true });
        }
        if let Some(told) = decide(app, org, event, channel, &known, false).await? {
            return Ok(told);
        }
        // Overtaken, or the answer got lost: what is there now tells.
        known = Known::of(app, org, event, channel).await?.ok_or(Error::Busy)?;
    }
    Err(Error::Busy)
}

/// Stores a plan and carries it out; `None`: somebody was faster.
async fn decide(
    app: &App,
    org: &OrgId,
    event: &Event,
    channel: &Channel,
    known: &Known,
    late: bool,
) -> Result<Option<Told>, Error> {
    let by = app.ulid();
    let (ops, planned) = plan(app, org, channel, event, known, late, &by).await?;
    let witness = shelf::decision_row(event.id, &channel.id);
    if shelf::commit(app, org, ops, witness, by).await? != Commit::Done {
        return Ok(None);
    }
    Ok(Some(match planned {
        Planned::Nothing => Told { safe: true, selected: false },
        Planned::Joined => Told { safe: true, selected: true },
        Planned::AtOnce(delivery) => {
            carry_out(app, org, *delivery).await?;
            Told { safe: true, selected: true }
        }
        Planned::Timed(delivery) => Told { safe: settle(app, org, &delivery).await?, selected: true },
    }))
}

/// Judges an event for one channel anew, if it was not told of it, and tells it then. For whoever asks for what was missed.
pub(super) async fn tell_late(app: &App, org: &OrgId, event: &Event, channel: &Channel) -> Result<bool, Error> {
    for _ in 0..TRIES {
        let known = Known::of(app, org, event, channel).await?.ok_or(Error::Busy)?;
        if let Some(id) = known.decision.as_ref().and_then(|(d, _)| d.delivery.as_ref()) {
            return match shelf::read(app, org, id).await? {
                Some((delivery, _)) => settle(app, org, &delivery).await,
                None => Ok(true),
            };
        }
        if let Some(told) = decide(app, org, event, channel, &known, true).await? {
            return Ok(told.safe);
        }
    }
    Err(Error::Busy)
}

/// Sees to it that a delivery's first attempt is made, now or at its time.
async fn settle(app: &App, org: &OrgId, delivery: &Delivery) -> Result<bool, Error> {
    if !matches!(delivery.state, DeliveryState::Pending | DeliveryState::Held) {
        return Ok(true);
    }
    if let Some(at) = delivery.next_attempt_at.filter(|at| *at > app.now()) {
        shelf::note_due(app, org, &delivery.id, at).await?;
        put_attempt(app, org, delivery, at).await;
        return Ok(true);
    }
    Ok(attempt(app, org, &delivery.id, delivery.next_number()).await? != Attempted::Leased)
}

/// Asks for the next attempt at `at`. What the queue does not take, the sweep finds among what is due.
pub(super) async fn put_attempt(app: &App, org: &OrgId, delivery: &Delivery, at: jiff::Timestamp) {
    // Who comes before the time is put again.
    let wait = std::time::Duration::try_from(at.duration_since(app.now())).unwrap_or_default().min(LONGEST_DELAY);
    let body = message::attempt(org, &delivery.id, delivery.next_number());
    if let Err(error) = app.queue.put(QueueName::Notifications, &body, wait).await {
        tracing::warn!(delivery = %delivery.id, %error, "the attempt waits for the sweep");
    }
}
