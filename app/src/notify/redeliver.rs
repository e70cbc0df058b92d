use domain::role::Action;

use super::deliver::{Attempted, attempt};
use super::delivery::{Delivery, DeliveryId, DeliveryState};
use super::{registry, shelf};
use crate::access::Caller;
use crate::ports::{Commit, Table};
use crate::repeat::{Before, ClientRequest};
use crate::{App, Error, UserError, UserErrorCode};

/// Sends a delivery once more, now, under the id that it has: who got it already can drop it. If that fails, what
/// is left of the schedule follows. Answers with what the receiver said.
pub async fn redeliver(app: &App, caller: &Caller, id: &DeliveryId) -> Result<Delivery, Error> {
    redeliver_once(app, caller, id, None).await
}

/// Sends a delivery once more, but not again for every repeat of the request.
pub async fn redeliver_once(
    app: &App,
    caller: &Caller,
    id: &DeliveryId,
    request: Option<&ClientRequest>,
) -> Result<Delivery, Error> {
    caller.may(Action::ManageNotifications)?;
    let fault = |code, message: &str| Error::from(UserError::of(code, "deliveryId", message));
    let (mut delivery, etag) = shelf::read(app, &caller.org, id)
        .await?
        .ok_or_else(|| fault(UserErrorCode::NotFound, "there is no such delivery"))?;
    let slot = match request {
        Some(request) => match request.before::<()>(app, Table::Deliveries, caller.org.as_str()).await? {
            Before::Answered(()) => return Ok(delivery),
            Before::Not(slot) => Some(slot),
        },
        None => None,
    };
    let channel = registry::read(app, &caller.org, &delivery.channel).await?;
    if !channel.is_some_and(|(c, _)| c.is_on()) {
        return Err(fault(UserErrorCode::Conflict, "its channel is switched off or deleted"));
    }
    let now = app.now();
    if delivery.is_leased(now) {
        return Err(fault(UserErrorCode::Conflict, "it is being sent at this moment"));
    }
    let was_due = delivery.next_attempt_at.replace(now);
    delivery.state = if delivery.attempts.is_empty() { DeliveryState::Pending } else { DeliveryState::Retrying };
    delivery.explanation = None;
    delivery.lease = None;
    delivery.recipients.clear();
    let number = delivery.next_number();
    // Noted before it is so, as always.
    shelf::note_due(app, &caller.org, id, now).await?;
    let answer = slot.map(|slot| slot.fill(app, &())).transpose()?;
    if shelf::replace_with(app, &caller.org, &delivery, etag, answer).await? != Commit::Done {
        return Err(Error::Busy);
    }
    if let Some(at) = was_due.filter(|at| *at != now) {
        shelf::forget_due(app, &caller.org, id, at).await;
    }
    match attempt(app, &caller.org, id, number).await? {
        Attempted::Unknown => Err(fault(UserErrorCode::NotFound, "there is no such delivery")),
        _ => shelf::read(app, &caller.org, id).await?.map(|(d, _)| d).ok_or(Error::Busy),
    }
}
