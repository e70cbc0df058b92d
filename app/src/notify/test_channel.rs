use domain::event::{Action as TicketAction, Draft, EventType, Subjects};
use domain::ids::ChannelId;
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
use crate::{App, Error, UserError, UserErrorCode};

/// Sends a test now and answers with what the receiver said. The test is an event of the log (`test.ping` on the
/// wire) that goes to this channel alone.
pub async fn test_channel(app: &App, caller: &Caller, id: &ChannelId) -> Result<Delivery, Error> {
    caller.may(Action::ManageNotifications)?;
    let (channel, _) = living(app, caller, id).await?;
    let draft = Draft {
        kind: EventType::Test,
        subjects: Subjects { channel: Some(id.clone()), ..Subjects::default() },
        actor: caller.actor.clone(),
        changes: Vec::new(),
        first_poll: false,
        action: TicketAction::None,
        parts: vec![("channel", json!({"id": channel.id, "name": channel.name, "status": channel.status().as_str()}))],
    };
    let events = app.announce(&caller.org, ANNOUNCE_IN, vec![draft]).await?;
    let event = events.first().ok_or(Error::Busy)?;
    // The queue was asked to route it as well: whoever comes second finds everything decided.
    route(app, &caller.org, event.id).await?;
    if let Some((delivery, _)) = shelf::read(app, &caller.org, &DeliveryId::of(id, event.id)).await? {
        return Ok(delivery);
    }
    let known = Known::read(app, &caller.org, event, &[channel]).await?.pop().and_then(|k| k.decision);
    let why = known.map_or("It was not sent.", |d| explain(d.reason));
    Err(UserError::general(UserErrorCode::Conflict, format!("nothing was sent: {why}")).into())
}
