use domain::event::{Action as TicketAction, Draft, Event, EventType, Subjects};
use domain::ids::{ChannelId, FindingId};
use domain::role::Action;
use serde_json::json;

use super::amend::living;
use super::decision::explain;
use super::delivery::{Delivery, DeliveryId};
use super::health::ANNOUNCE_IN;
use super::known::Known;
use super::route::route;
use super::shelf;
use crate::access::Caller;
use crate::findings::{EventFilter, page_of_events};
use crate::{App, Error, UserError, UserErrorCode};

/// What a test shows. Both `None`: a plain `test.ping`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// The last event of this type.
    pub event_type: Option<EventType>,
    /// The last event about this finding.
    pub finding: Option<FindingId>,
}

/// Sends a test now and answers with what the receiver said. The test is an event of the log that goes to this channel
/// alone; a sample is shown as what it is a sample of, with `test` true.
pub async fn test_channel(app: &App, caller: &Caller, id: &ChannelId, sample: &Sample) -> Result<Delivery, Error> {
    caller.may(Action::ManageNotifications)?;
    let (channel, _) = living(app, caller, id).await?;
    let part = json!({"id": channel.id, "name": channel.name, "status": channel.status().as_str()});
    let mut parts = vec![("channel", part)];
    parts.extend(find(app, caller, sample).await?.map(|e| ("sample", json!({"type": e.kind, "data": e.payload}))));
    let draft = Draft {
        kind: EventType::Test,
        subjects: Subjects { channel: Some(id.clone()), ..Subjects::default() },
        actor: caller.actor.clone(),
        changes: Vec::new(),
        first_poll: false,
        action: TicketAction::None,
        parts,
    };
    let events = app.announce(&caller.org, ANNOUNCE_IN, vec![draft]).await?;
    let event = events.first().ok_or(Error::Busy)?;
    // The queue was asked to route it as well: whoever comes second finds everything decided.
    route(app, &caller.org, event.id).await?;
    if let Some((delivery, _)) = shelf::read(app, &caller.org, &DeliveryId::of(id, event.id)).await? {
        return Ok(delivery);
    }
    let known = Known::of(app, &caller.org, event, &channel).await?.and_then(|k| k.decision);
    let why = known.map_or("It was not sent.", |(d, _)| explain(d.reason));
    Err(UserError::general(UserErrorCode::Conflict, format!("nothing was sent: {why}")).into())
}

/// The event that is shown; `None`: none was asked for.
async fn find(app: &App, caller: &Caller, sample: &Sample) -> Result<Option<Event>, Error> {
    let wanted = sample.event_type.filter(|kind| *kind != EventType::Test);
    if wanted.is_none() && sample.finding.is_none() {
        return Ok(None);
    }
    let filter = EventFilter {
        types: wanted.map(|kind| vec![kind]),
        finding_id: sample.finding.clone(),
        ..EventFilter::default()
    };
    let page = page_of_events(app, &caller.org, &filter, (None, 1, true)).await?;
    let found = page.items.into_iter().find(|e| e.kind != EventType::Test);
    let field = if sample.finding.is_some() { "findingId" } else { "eventType" };
    let missing = || UserError::of(UserErrorCode::NotFound, field, "there was no such event yet; test without it");
    Ok(Some(found.ok_or_else(missing)?))
}
