use domain::ids::OrgId;
use jiff::{SignedDuration, Timestamp};

use super::channel::Channel;
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState, Lease};
use super::outcome::{Ending, Outcome};
use super::route::put_attempt;
use super::schedule::wait_before;
use super::{health, mail, registry, shelf, webhook};
use crate::ports::Commit;
use crate::{App, Error};

/// A result that was overtaken is recorded again so often.
const TRIES: usize = 8;

/// What became of a message that asked for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The attempt was made; the delivery is in this state.
    Made(DeliveryState),
    /// Not the delivery's next attempt, or nothing is left to be done: the message is stale.
    Stale,
    /// Somebody else makes the attempt at this moment.
    Leased,
    /// The message came before its time and was put again.
    Early,
    /// There is no such delivery.
    Unknown,
}

/// Makes attempt `number` of a delivery, if it is the next one and due, and nobody else makes it.
pub async fn attempt(app: &App, org: &OrgId, id: &DeliveryId, number: u32) -> Result<Attempted, Error> {
    let Some((mut delivery, etag)) = shelf::read(app, org, id).await? else { return Ok(Attempted::Unknown) };
    if delivery.state.is_final() || number != delivery.next_number() {
        return Ok(Attempted::Stale);
    }
    let now = app.now();
    if delivery.is_leased(now) {
        return Ok(Attempted::Leased);
    }
    if let Some(at) = delivery.next_attempt_at.filter(|at| *at > now) {
        put_attempt(app, org, &delivery, at).await;
        return Ok(Attempted::Early);
    }
    delivery.lease = Some(lease(delivery.form, &app.ulid(), now));
    match shelf::replace(app, org, &delivery, etag).await? {
        Commit::Done => carry_out(app, org, delivery).await,
        // When the answer got lost the lease may be ours; nobody uses it, and the sweep comes back when it ends.
        Commit::Conflict { .. } | Commit::Unknown => Ok(Attempted::Leased),
    }
}

/// Nobody else makes an attempt for a minute, four times what a request may take. Mails to many recipients take longer.
pub(super) fn lease(form: DeliveryForm, by: &str, now: Timestamp) -> Lease {
    let seconds = if form == DeliveryForm::Request { 60 } else { 600 };
    Lease { by: by.to_owned(), until: now + SignedDuration::from_secs(seconds) }
}

/// Makes the next attempt of a delivery that we hold, and records it.
pub(super) async fn carry_out(app: &App, org: &OrgId, delivery: Delivery) -> Result<Attempted, Error> {
    let channel = registry::read(app, org, &delivery.channel).await?.map(|(channel, _)| channel);
    let Some(channel) = channel.filter(Channel::is_on) else {
        let outcome = Outcome::cancelled("The channel was switched off or deleted before this was delivered.");
        return record(app, org, &delivery, outcome).await;
    };
    let outcome = match delivery.form {
        DeliveryForm::Request => webhook::send(app, org, &channel, &delivery).await,
        DeliveryForm::Letter | DeliveryForm::Summary => mail::send(app, org, &channel, &delivery).await?,
    };
    health::note(app, org, &channel, &outcome).await?;
    record(app, org, &delivery, outcome).await
}

/// Stores what an attempt brought.
///
/// What is due lies in another partition, so the order matters: the note of the next attempt is written before the
/// delivery says that there is one, and the note of this attempt goes after. A crash between leaves a note too
/// many, which the sweep finds stale, never one too few.
async fn record(app: &App, org: &OrgId, held: &Delivery, outcome: Outcome) -> Result<Attempted, Error> {
    let now = app.now();
    let next = match outcome.result {
        Ending::Failed { retry_after } => {
            wait_before(held.next_number() + 1, retry_after, &*app.ids).map(|wait| now + wait)
        }
        _ => None,
    };
    if let Some(at) = next {
        shelf::note_due(app, org, &held.id, at).await?;
    }
    let Some(delivery) = store(app, org, held, &outcome, next, now).await? else { return Ok(Attempted::Stale) };
    if let Some(at) = delivery.next_attempt_at {
        put_attempt(app, org, &delivery, at).await;
    }
    let was_noted = held.next_number() > 1 || held.form == DeliveryForm::Letter;
    if let (true, Some(at)) = (was_noted, held.next_attempt_at) {
        shelf::forget_due(app, org, &held.id, at).await;
    }
    Ok(Attempted::Made(delivery.state))
}

/// `None`: our lease ended and somebody else made the attempt too; theirs is the one that counts.
async fn store(
    app: &App,
    org: &OrgId,
    held: &Delivery,
    outcome: &Outcome,
    next: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Delivery>, Error> {
    let ours = |d: &Delivery| d.lease.as_ref().map(|l| &l.by) == held.lease.as_ref().map(|l| &l.by);
    for _ in 0..TRIES {
        let Some((mut delivery, etag)) = shelf::read(app, org, &held.id).await? else { return Ok(None) };
        if !ours(&delivery) {
            // Ours if an answer got lost in the turn before: the records tell.
            let recorded = !outcome.records.is_empty() && outcome.records.iter().all(|r| delivery.attempts.contains(r));
            return Ok(recorded.then_some(delivery));
        }
        outcome.apply(&mut delivery, next, now);
        if shelf::replace(app, org, &delivery, etag).await? == Commit::Done {
            return Ok(Some(delivery));
        }
    }
    Err(Error::Busy)
}
