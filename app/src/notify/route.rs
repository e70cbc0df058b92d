use domain::event::Event;
use domain::ids::{EventId, OrgId};
use futures_util::StreamExt;

use super::channel::Channel;
use super::deliver::{Attempted, attempt, carry_out};
use super::delivery::{Delivery, DeliveryState};
use super::known::Known;
use super::plan::{Planned, plan};
use super::{message, registry, shelf};
use crate::ports::{Commit, QueueName};
use crate::{App, Error};

/// Channels are told side by side, so many at a time.
const SIDE_BY_SIDE: usize = 8;
/// A decision that was overtaken is tried again so often.
const TRIES: usize = 8;

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
    channels.retain(|c| c.deleted_at.is_none());
    let known = Known::read(app, org, &event, &channels).await?;
    let tasks = channels.iter().zip(known).map(|(channel, known)| tell(app, org, &event, channel, known));
    let told: Vec<Result<bool, Error>> =
        futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    // Only after all had their turn: one channel's trouble keeps no other from being told.
    let safe = told.into_iter().collect::<Result<Vec<bool>, Error>>()?;
    if safe.contains(&false) {
        return Ok(Routed::Later);
    }
    app.outbox_done(org, id).await?;
    Ok(Routed::Done)
}

/// Tells one channel. `true`: nothing is lost for it any more when the outbox row goes.
async fn tell(app: &App, org: &OrgId, event: &Event, channel: &Channel, mut known: Known) -> Result<bool, Error> {
    for _ in 0..TRIES {
        if let Some(decision) = &known.decision {
            let Some(id) = &decision.delivery else { return Ok(true) };
            return match shelf::read(app, org, id).await? {
                Some((delivery, _)) => settle(app, org, &delivery).await,
                None => Ok(true),
            };
        }
        let by = app.ulid();
        let (ops, planned) = plan(app, org, channel, event, &known, &by).await?;
        let witness = shelf::decision_row(event.id, &channel.id);
        if shelf::commit(app, org, ops, witness, by).await? == Commit::Done {
            return match planned {
                Planned::Nothing | Planned::Joined => Ok(true),
                Planned::AtOnce(delivery) => carry_out(app, org, *delivery).await.map(|_| true),
                Planned::Timed(delivery) => settle(app, org, &delivery).await,
            };
        }
        // Overtaken, or the answer got lost: what is there now tells.
        known = Known::read(app, org, event, std::slice::from_ref(channel)).await?.pop().unwrap_or_default();
    }
    Err(Error::Busy)
}

/// Sees to it that a delivery's first attempt is made, now or at its time.
async fn settle(app: &App, org: &OrgId, delivery: &Delivery) -> Result<bool, Error> {
    if delivery.state != DeliveryState::Pending {
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
    let wait = std::time::Duration::try_from(at.duration_since(app.now())).unwrap_or_default();
    let body = message::attempt(org, &delivery.id, delivery.next_number());
    if let Err(error) = app.queue.put(QueueName::Notifications, &body, wait).await {
        tracing::warn!(delivery = %delivery.id, %error, "the attempt waits for the sweep");
    }
}
