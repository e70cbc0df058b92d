use std::time::Duration;

use domain::ids::OrgId;

use super::delivery::{DeliveryId, DeliveryState};
use super::message::{Work, parse};
use super::redeliver::again;
use super::replay::replay_one;
use super::route::route;
use super::{backfill, shelf};
use crate::ports::{Commit, Message, QueueName};
use crate::{App, Error};

/// A tick reads at most so many messages.
const MOST: usize = 32;
/// A message that could not be settled is seen again after so long.
const HIDDEN: Duration = Duration::from_mins(10);

/// Settles what was given up on after five tries: an event is routed once more, an attempt becomes the end of its
/// delivery, with the reason. Only then the message goes. How many were settled.
pub(super) async fn settle(app: &App) -> Result<usize, Error> {
    let mut settled = 0;
    for message in app.queue.receive(QueueName::NotificationsPoison, MOST, HIDDEN).await? {
        // Alerts look for this word: infra/modules/alerts.bicep. What is in the message is not logged.
        tracing::warn!("a message lies in the poison queue: it failed five times");
        match Box::pin(one(app, &message)).await {
            Ok(()) => {
                app.queue.delete(QueueName::NotificationsPoison, &message).await?;
                settled += 1;
            }
            Err(error) => tracing::error!(%error, "a poisoned message stays"),
        }
    }
    Ok(settled)
}

async fn one(app: &App, message: &Message) -> Result<(), Error> {
    match parse(&message.body) {
        // Should it fail again, the event still lies in the outbox, and the sweep keeps coming back to it.
        Ok(Work::Route { org, event }) => route(app, &org, event).await.map(|_| ()),
        Ok(Work::Attempt { org, delivery, number }) => exhaust(app, &org, &delivery, number).await,
        // Who waits for it asks again; what is in it is nobody's business.
        Ok(Work::Letter { .. }) => {
            tracing::error!("a letter about an account was given up");
            Ok(())
        }
        Ok(Work::Again { org, delivery, asked_by }) => again(app, &org, &delivery, &asked_by).await.map(|_| ()),
        Ok(Work::Replay { org, channel, event }) => replay_one(app, &org, &channel, event).await,
        Ok(Work::Backfill { org, channel }) => backfill::go_on(app, &org, &channel).await,
        Err(error) => {
            tracing::error!(%error, bytes = message.body.len(), "a poisoned message is dropped");
            Ok(())
        }
    }
}

/// Ends a delivery whose attempt could not be made, if that attempt is still the next one.
async fn exhaust(app: &App, org: &OrgId, id: &DeliveryId, number: u32) -> Result<(), Error> {
    let Some((mut delivery, etag)) = shelf::read(app, org, id).await? else { return Ok(()) };
    let now = app.now();
    if delivery.state.is_final() || delivery.next_number() != number || delivery.is_leased(now) {
        return Ok(());
    }
    let due = delivery.next_attempt_at;
    let why = format!(
        "Attempt {number} could not be made: the program failed five times at it. It can be sent again by hand."
    );
    delivery.finish(DeliveryState::Exhausted, Some(why), now);
    if shelf::replace(app, org, &delivery, etag).await? != Commit::Done {
        return Err(Error::Busy);
    }
    if let Some(at) = due {
        shelf::forget_due(app, org, id, at).await;
    }
    tracing::error!(delivery = %id, number, "a delivery is exhausted: its attempt failed in the program");
    Ok(())
}
