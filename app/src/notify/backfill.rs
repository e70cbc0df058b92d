//! Telling a new channel of what is open already: the events of each open finding since it was opened, in steps. How far it
//! got stands on the channel, so a crash goes on from there.

use domain::event::Event;
use domain::ids::{Bucket, ChannelId, OrgId};
use futures_util::StreamExt;
use jiff::Timestamp;

use super::channel::Backfill;
use super::replay::{events, first_since};
use super::route::tell_late;
use super::{message, registry};
use crate::ledger::{Head, partition};
use crate::ports::QueueName;
use crate::{App, Error, findings};

/// Events that are told side by side.
const SIDE_BY_SIDE: usize = 8;

/// From where to where; `None`: nothing is open.
pub(super) async fn begin(app: &App, org: &OrgId) -> Result<Option<Backfill>, Error> {
    let (head, _) = Head::read(&*app.tables, &partition(org, Bucket::default())).await?;
    let (_, snapshot) = app.snapshot(org, Bucket::default()).await?;
    let oldest = snapshot.entries().iter().filter(|e| e.state.is_active()).map(|e| i64::from(e.opened)).min();
    let Some(since) = oldest.and_then(|seconds| Timestamp::from_second(seconds).ok()) else { return Ok(None) };
    let first = first_since(app, org, since).await?;
    Ok(Some(Backfill { after: first.saturating_sub(1), until: head.events }))
}

/// Asks for the next step. What the queue does not take, the sweep finds among what is due.
pub(super) async fn ask(app: &App, org: &OrgId, id: &ChannelId) {
    let body = message::backfill(org, id);
    if let Err(error) = app.queue.put(QueueName::Notifications, &body, std::time::Duration::ZERO).await {
        tracing::warn!(channel = %id, %error, "telling of what is open waits for the sweep");
    }
}

/// Tells of one step of events, and asks for the next.
pub(super) async fn go_on(app: &App, org: &OrgId, id: &ChannelId) -> Result<(), Error> {
    let Some((channel, _)) = registry::read(app, org, id).await?.filter(|(c, _)| c.is_on()) else { return Ok(()) };
    let Some(at) = channel.backfill else { return Ok(()) };
    let step: Vec<Event> =
        events(app, org, at.after + 1).await?.into_iter().filter(|e| e.id.number <= at.until).collect();
    let last = step.last().map(|e| e.id.number);
    let tasks = step.iter().map(|event| async {
        if !still_matters(app, org, event).await? {
            return Ok(());
        }
        if tell_late(app, org, event, &channel).await? { Ok(()) } else { Err(Error::Busy) }
    });
    let told: Vec<Result<(), Error>> =
        futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    told.into_iter().collect::<Result<(), _>>()?;
    let next = last.filter(|last| *last < at.until).map(|after| Backfill { after, ..at });
    registry::amend(app, org, id, |c| {
        let same = c.backfill == Some(at);
        if same {
            c.backfill = next;
        }
        same
    })
    .await?;
    if next.is_some() {
        // A put that fails brings this message back, which finds how far it got.
        app.queue.put(QueueName::Notifications, &message::backfill(org, id), std::time::Duration::ZERO).await?;
    }
    Ok(())
}

/// Is the event about a finding that is open, and not older than its last opening?
async fn still_matters(app: &App, org: &OrgId, event: &Event) -> Result<bool, Error> {
    let Some(id) = &event.subjects.finding else { return Ok(false) };
    Ok(findings::open_since(app, org, id).await?.is_some_and(|since| event.at >= since))
}
