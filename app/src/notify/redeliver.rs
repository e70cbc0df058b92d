use domain::event::Change;
use domain::ids::OrgId;
use domain::role::Action;
use jiff::Timestamp;

use super::deliver::{Attempted, attempt};
use super::delivery::{Delivery, DeliveryId, DeliveryState, Sent};
use super::once::Request;
use super::{registry, shelf};
use crate::access::Caller;
use crate::audit::Deed;
use crate::ports::{Commit, Etag};
use crate::{App, Error, UserError, UserErrorCode};

/// A person waits for the answer: neither quiet hours nor a receiver's bad record keep it from being sent.
pub(super) const BY_HAND: &str = "a person";

/// Sends a delivery once more, now, under the id that it has: who got it already can drop it. If that fails, what
/// is left of the schedule follows. Answers with what the receiver said.
pub async fn redeliver(app: &App, caller: &Caller, id: &DeliveryId, request: Option<&str>) -> Result<Delivery, Error> {
    caller.may(Action::ManageNotifications)?;
    let fault = |code, message: &str| Error::from(UserError::of(code, "deliveryId", message));
    let (delivery, etag) = shelf::read(app, &caller.org, id)
        .await?
        .ok_or_else(|| fault(UserErrorCode::NotFound, "there is no such delivery"))?;
    let request = Request::of(app, caller, "redeliver", request, id).await?;
    if request.answer::<DeliveryId>().as_ref() == Some(id) {
        return Ok(delivery);
    }
    let channel = registry::read(app, &caller.org, &delivery.channel).await?;
    let Some((channel, _)) = channel.filter(|(c, _)| c.is_on()) else {
        return Err(fault(UserErrorCode::Conflict, "its channel is switched off or deleted"));
    };
    if delivery.is_leased(app.now()) {
        return Err(fault(UserErrorCode::Conflict, "it is being sent at this moment"));
    }
    let which = Change::between("delivery", None, Some(id.to_string()));
    registry::tell_audit(app, caller, &channel, Deed::DeliverySentAgain, which.into_iter().collect()).await?;
    let number = delivery.next_number();
    if !restart(app, &caller.org, delivery, etag, BY_HAND).await? {
        return Err(Error::Busy);
    }
    request.remember(id).await?;
    match attempt(app, &caller.org, id, number).await? {
        Attempted::Unknown => Err(fault(UserErrorCode::NotFound, "there is no such delivery")),
        Attempted::Needless => Err(fault(UserErrorCode::Conflict, "nothing is open that it would remind of")),
        _ => shelf::read(app, &caller.org, id).await?.map(|(d, _)| d).ok_or(Error::Busy),
    }
}

/// Sends a delivery once more because `asked_by` asked for it. The same asker is heard once.
pub(super) async fn again(app: &App, org: &OrgId, id: &DeliveryId, asked_by: &str) -> Result<Attempted, Error> {
    let Some((delivery, etag)) = shelf::read(app, org, id).await? else { return Ok(Attempted::Unknown) };
    let number = delivery.next_number();
    if delivery.asked_by.as_deref() == Some(asked_by) {
        return if delivery.state.is_final() { Ok(Attempted::Stale) } else { attempt(app, org, id, number).await };
    }
    if !delivery.state.is_final() {
        // It is on its way anyhow.
        return Ok(Attempted::Stale);
    }
    if restart(app, org, delivery, etag, asked_by).await? {
        attempt(app, org, id, number).await
    } else {
        Err(Error::Busy)
    }
}

/// Makes a delivery's next attempt due now. `false`: somebody else changed it.
async fn restart(app: &App, org: &OrgId, mut delivery: Delivery, etag: Etag, asked_by: &str) -> Result<bool, Error> {
    let now: Timestamp = app.now();
    let was_due = delivery.next_attempt_at.replace(now);
    if delivery.state == DeliveryState::Delivered {
        delivery.recipients.clear();
    } else {
        // Who got it already is not written to again.
        delivery.recipients.retain(|(_, sent)| *sent == Sent::Taken);
    }
    delivery.state = if delivery.attempts.is_empty() { DeliveryState::Pending } else { DeliveryState::Retrying };
    delivery.explanation = None;
    delivery.lease = None;
    delivery.at_once = true;
    (delivery.turn, delivery.put_off) = (None, 0);
    delivery.asked_by = Some(asked_by.to_owned());
    // Noted before it is so, as always.
    shelf::note_due(app, org, &delivery.id, now).await?;
    if shelf::replace(app, org, &delivery, etag).await? != Commit::Done {
        return Ok(false);
    }
    if let Some(at) = was_due.filter(|at| *at != now) {
        shelf::forget_due(app, org, &delivery.id, at).await;
    }
    Ok(true)
}
