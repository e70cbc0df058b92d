use domain::event::Action;
use domain::ids::OrgId;
use jiff::{SignedDuration, Timestamp};

use super::channel::{Channel, ChannelKind};
use super::delivery::{Delivery, DeliveryForm, DeliveryId, DeliveryState, Lease};
use super::endpoints::{self, Entry};
use super::outcome::{Ending, Outcome};
use super::route::put_attempt;
use super::schedule::wait_before;
use super::{ahead, chat, health, incident, mail, registry, remind, shelf, webhook};
use crate::ports::Commit;
use crate::{App, Error, findings};

/// A result that was overtaken is recorded again so often.
const TRIES: usize = 8;

/// What became of a message that asked for an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempted {
    /// The attempt was made; the delivery is in this state.
    Made(DeliveryState),
    /// Not the delivery's next attempt, or nothing is left to be done: the message is stale.
    Stale,
    /// Somebody else makes the attempt at this moment; the message was put again for the end of their lease.
    Leased,
    /// The message came before its time and was put again.
    Early,
    /// It is the receiver's turn later, or the channel's quiet hours began: the attempt has another time now.
    Postponed(Timestamp),
    /// There was nothing to tell, so the delivery is gone.
    Needless,
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
    if let Some(lease) = delivery.lease.as_ref().filter(|lease| lease.until > now) {
        // Its holder may have died: then this message is what remembers the attempt soonest.
        put_attempt(app, org, &delivery, lease.until).await;
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
    let seconds = if matches!(form, DeliveryForm::Request | DeliveryForm::Page) { 60 } else { 600 };
    Lease { by: by.to_owned(), until: now + SignedDuration::from_secs(seconds) }
}

/// Makes the next attempt of a delivery that we hold, and records it; unless this is not the time.
pub(super) async fn carry_out(app: &App, org: &OrgId, delivery: Delivery) -> Result<Attempted, Error> {
    let channel = registry::read(app, org, &delivery.channel).await?.map(|(channel, _)| channel);
    let Some(channel) = channel.filter(Channel::is_on) else {
        let outcome = Outcome::cancelled("The channel was switched off or deleted before this was delivered.");
        return record(app, org, &delivery, outcome).await;
    };
    if let Some(until) = held_until(&channel, &delivery, app.now()) {
        let hold = |d: &mut Delivery| {
            d.state = DeliveryState::Held;
            if d.form == DeliveryForm::Letter {
                d.form = DeliveryForm::Release;
            }
        };
        return postpone(app, org, &delivery, until, hold).await;
    }
    if delivery.form == DeliveryForm::Digest && delivery.events.is_empty() && !channel.trigger.send_empty {
        let outcome = Outcome::cancelled("Nothing happened, and the channel wants no empty digests any more.");
        return record(app, org, &delivery, outcome).await;
    }
    if delivery.form == DeliveryForm::Reminder && channel.trigger.repeat_hours.is_none() {
        return record(app, org, &delivery, Outcome::cancelled("The channel wants no reminders any more.")).await;
    }
    if delivery.form == DeliveryForm::Reminder
        && delivery.attempts.is_empty()
        && remind::is_needless(app, org, &channel).await?
    {
        ahead::follow(app, org, &channel, &delivery).await?;
        shelf::remove(app, org, &delivery).await?;
        forget(app, org, &delivery, None).await;
        return Ok(Attempted::Needless);
    }
    if delivery.form == DeliveryForm::Page && delivery.state == DeliveryState::Held && over(app, org, &delivery).await?
    {
        let outcome = Outcome::cancelled("It was over before the quiet hours were, so nobody is woken.");
        return record(app, org, &delivery, outcome).await;
    }
    match endpoints::enter(app, &channel, &delivery).await? {
        Entry::Go => {}
        Entry::Turn(at) => return postpone(app, org, &delivery, at, |d| d.turn = Some(at)).await,
        Entry::PutOff(at) => return postpone(app, org, &delivery, at, |d| d.put_off += 1).await,
    }
    let outcome = match &channel.kind {
        ChannelKind::Webhook { .. } => webhook::send(app, org, &channel, &delivery).await,
        ChannelKind::Email { .. } => mail::send(app, org, &channel, &delivery).await?,
        ChannelKind::Chat { .. } => chat::send(app, org, &channel, &delivery).await?,
    };
    endpoints::leave(app, &channel, outcome.answers).await;
    health::note(app, org, &channel, &outcome).await?;
    if matches!(delivery.form, DeliveryForm::Digest | DeliveryForm::Reminder) {
        ahead::follow(app, org, &channel, &delivery).await?;
    }
    record(app, org, &delivery, outcome).await
}

/// The end of the quiet hours that began while it waited for others.
fn held_until(channel: &Channel, delivery: &Delivery, now: Timestamp) -> Option<Timestamp> {
    let waits = matches!(delivery.form, DeliveryForm::Letter | DeliveryForm::Reminder);
    if !waits || delivery.at_once || !delivery.attempts.is_empty() {
        return None;
    }
    channel.trigger.quiet_hours.as_ref()?.span(now).map(|(_, end)| end)
}

/// Does it wake somebody about what has ended by now?
async fn over(app: &App, org: &OrgId, delivery: &Delivery) -> Result<bool, Error> {
    let Some(id) = delivery.events.first() else { return Ok(false) };
    let Some(event) = app.event(org, *id).await? else { return Ok(false) };
    let opens = matches!(incident::action(&event), Action::Open | Action::Reopen);
    match &event.subjects.finding {
        Some(finding) if opens => Ok(!findings::is_active(app, org, finding).await?),
        _ => Ok(false),
    }
}

/// Gives the attempt another time; it counts as none.
async fn postpone(
    app: &App,
    org: &OrgId,
    held: &Delivery,
    at: Timestamp,
    change: impl Fn(&mut Delivery) + Send + Sync,
) -> Result<Attempted, Error> {
    shelf::note_due(app, org, &held.id, at).await?;
    let moved = ours(app, org, held, |delivery| {
        delivery.lease = None;
        delivery.next_attempt_at = Some(at);
        change(delivery);
    });
    let Some(delivery) = moved.await? else { return Ok(Attempted::Stale) };
    put_attempt(app, org, &delivery, at).await;
    forget(app, org, held, Some(at)).await;
    Ok(Attempted::Postponed(at))
}

/// Takes back the note of an attempt that was made, or moved to `next`.
async fn forget(app: &App, org: &OrgId, held: &Delivery, next: Option<Timestamp>) {
    let Some(at) = held.next_attempt_at.filter(|at| Some(*at) != next) else { return };
    // What went out at once was never noted.
    if held.next_number() > 1 || at != held.created_at {
        shelf::forget_due(app, org, &held.id, at).await;
    }
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
    let made = ours(app, org, held, |delivery| outcome.apply(delivery, next, now)).await?;
    let Some(delivery) = made else {
        // Ours if an answer got lost: the records tell.
        return Ok(match shelf::read(app, org, &held.id).await? {
            Some((d, _)) if !outcome.records.is_empty() && outcome.records.iter().all(|r| d.attempts.contains(r)) => {
                if let Some(at) = d.next_attempt_at {
                    put_attempt(app, org, &d, at).await;
                }
                forget(app, org, held, d.next_attempt_at).await;
                Attempted::Made(d.state)
            }
            _ => Attempted::Stale,
        });
    };
    if let Some(at) = delivery.next_attempt_at {
        put_attempt(app, org, &delivery, at).await;
    }
    forget(app, org, held, next).await;
    Ok(Attempted::Made(delivery.state))
}

/// Changes a delivery that we hold. `None`: our lease ended and somebody else has it, or we changed it already and the
/// answer got lost.
async fn ours(
    app: &App,
    org: &OrgId,
    held: &Delivery,
    change: impl Fn(&mut Delivery) + Send + Sync,
) -> Result<Option<Delivery>, Error> {
    let by = |d: &Delivery| d.lease.as_ref().map(|l| l.by.clone());
    for _ in 0..TRIES {
        let Some((mut delivery, etag)) = shelf::read(app, org, &held.id).await? else { return Ok(None) };
        if by(&delivery) != by(held) {
            return Ok(None);
        }
        change(&mut delivery);
        if shelf::replace(app, org, &delivery, etag).await? == Commit::Done {
            return Ok(Some(delivery));
        }
    }
    Err(Error::Busy)
}
