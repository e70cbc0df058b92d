//! Telling a channel again what it should have got in a span of time: what failed, what came while it was switched off, or
//! everything. Each thing is a message of its own, so a crash repeats what is left and nothing else.

use domain::event::{Change, Event, EventType};
use domain::ids::{Bucket, ChannelId, EventId, OrgId};
use domain::role::Action;
use domain::trigger::DecisionReason;
use futures_util::StreamExt;
use jiff::Timestamp;

use super::amend::living;
use super::channel::Channel;
use super::decision::Decision;
use super::delivery::DeliveryState;
use super::judge::verdict;
use super::once::Request;
use super::read::{DeliveryFilter, page_of_deliveries};
use super::route::tell_late;
use super::{message, registry, shelf};
use crate::access::Caller;
use crate::audit::Deed;
use crate::ledger::{Head, partition};
use crate::ports::{QueueName, RowRange, StoreError, Table};
use crate::{App, Error, UserError, UserErrorCode, rows};

/// At most so many things at once.
const MOST: usize = 10_000;
/// Events that are read at once.
pub(super) const STEP: usize = 200;
/// Messages that are put side by side.
const SIDE_BY_SIDE: usize = 16;

/// What to tell again.
#[derive(Clone, Debug)]
pub struct NewReplay {
    /// Which channel.
    pub channel: ChannelId,
    /// What was decided then or later …
    pub since: Timestamp,
    /// … and before; `None`: until now.
    pub until: Option<Timestamp>,
    /// Only what did not arrive: what failed, and what came while the channel was switched off.
    pub only_failed: bool,
    /// The same id within 24 h gives the first answer again.
    pub client_request_id: Option<String>,
}

/// Asks for all of it; how much it is. Under the ids that it had: who got it already can drop it.
pub async fn replay(app: &App, caller: &Caller, new: NewReplay) -> Result<usize, Error> {
    caller.may(Action::ManageNotifications)?;
    let request = Request::of(app, caller, "replay", new.client_request_id.as_deref(), &new).await?;
    if let Some(queued) = request.answer() {
        return Ok(queued);
    }
    let fault = |code, field: &str, message: &str| Error::from(UserError::of(code, field, message));
    let (channel, _) = living(app, caller, &new.channel).await?;
    if !channel.is_on() {
        return Err(fault(UserErrorCode::Conflict, "channelId", "the channel is switched off"));
    }
    let until = new.until.unwrap_or_else(|| app.now());
    if until <= new.since {
        return Err(fault(UserErrorCode::Invalid, "until", "the span ends before it begins"));
    }
    let asked_by = request.name();
    let mut messages = failed(app, caller, &new, until, &asked_by).await?;
    messages.extend(missed(app, &caller.org, &channel, &new, until).await?);
    if messages.len() > MOST {
        return Err(fault(
            UserErrorCode::TooMany,
            "since",
            "more than 10 000 are too many at once: choose a shorter span",
        ));
    }
    registry::tell_audit(app, caller, &channel, Deed::ChannelReplayed, told(&new, until, messages.len())).await?;
    let puts = messages.iter().map(|body| app.queue.put(QueueName::Notifications, body, std::time::Duration::ZERO));
    let put: Vec<Result<(), StoreError>> =
        futures_util::stream::iter(puts.collect::<Vec<_>>()).buffer_unordered(SIDE_BY_SIDE).collect().await;
    put.into_iter().collect::<Result<(), _>>()?;
    request.remember(&messages.len()).await?;
    Ok(messages.len())
}

/// What the audit log says of it.
fn told(new: &NewReplay, until: Timestamp, queued: usize) -> Vec<Change> {
    let fact = |field: &str, value: String| Change { field: field.into(), before: None, after: Some(value) };
    vec![
        fact("since", new.since.to_string()),
        fact("until", until.to_string()),
        fact("onlyFailed", new.only_failed.to_string()),
        fact("queued", queued.to_string()),
    ]
}

/// Deliveries of the span.
async fn failed(
    app: &App,
    caller: &Caller,
    new: &NewReplay,
    until: Timestamp,
    asked_by: &str,
) -> Result<Vec<String>, Error> {
    let mut states = vec![DeliveryState::Exhausted, DeliveryState::Cancelled];
    states.extend((!new.only_failed).then_some(DeliveryState::Delivered));
    let filter = DeliveryFilter {
        channel: Some(new.channel.clone()),
        states,
        since: Some(new.since),
        until: Some(until),
        ..DeliveryFilter::default()
    };
    let mut messages = Vec::new();
    let mut after = None;
    loop {
        let page = page_of_deliveries(app, caller, &filter, 100, after.as_deref()).await?;
        messages.extend(page.items.iter().map(|(_, d)| message::again(&caller.org, &d.id, asked_by)));
        after = page.next;
        if after.is_none() || messages.len() > MOST {
            return Ok(messages);
        }
    }
}

/// Events of the span that the channel wants and was not told of.
async fn missed(
    app: &App,
    org: &OrgId,
    channel: &Channel,
    new: &NewReplay,
    until: Timestamp,
) -> Result<Vec<String>, Error> {
    let mut messages = Vec::new();
    let mut from = first_since(app, org, new.since).await?;
    loop {
        let events = events(app, org, from).await?;
        let Some(last) = events.last() else { return Ok(messages) };
        from = last.id.number + 1;
        let over = last.at >= until;
        let of_span: Vec<Event> = events.into_iter().filter(|e| e.at >= new.since && e.at < until).collect();
        let keys: Vec<String> = of_span.iter().map(|e| shelf::decision_row(e.id, &channel.id)).collect();
        let read = if keys.is_empty() {
            Vec::new()
        } else {
            app.tables.get_many(Table::Deliveries, org.as_str(), &keys).await?
        };
        for (event, row) in of_span.iter().zip(read) {
            let decision: Option<Decision> = row.as_ref().map(rows::decode).transpose()?;
            if was_missed(decision.as_ref(), new.only_failed)
                && event.kind != EventType::Test
                && verdict(channel, event, false).is_ok()
            {
                messages.push(message::replay(org, &channel.id, event.id));
            }
        }
        if over || messages.len() > MOST {
            return Ok(messages);
        }
    }
}

/// Was the channel not told although its trigger wanted it?
fn was_missed(decision: Option<&Decision>, only_failed: bool) -> bool {
    match decision {
        // Its routing is still to come, or it was before the channel.
        None => !only_failed,
        Some(d) if d.delivery.is_some() => false,
        Some(d) => match d.reason {
            DecisionReason::ChannelDisabled => true,
            DecisionReason::ChannelNewer
            | DecisionReason::Unconfirmed
            | DecisionReason::Unsubscribed
            | DecisionReason::Suppressed
            | DecisionReason::DroppedInQuietHours => !only_failed,
            _ => false,
        },
    }
}

/// Tells one channel of one event that it missed.
pub(super) async fn replay_one(app: &App, org: &OrgId, id: &ChannelId, event: EventId) -> Result<(), Error> {
    let Some((channel, _)) = registry::read(app, org, id).await?.filter(|(c, _)| c.is_on()) else { return Ok(()) };
    let Some(event) = app.event(org, event).await? else { return Ok(()) };
    if tell_late(app, org, &event, &channel).await? { Ok(()) } else { Err(Error::Busy) }
}

/// Events from this number on, a step of them.
pub(super) async fn events(app: &App, org: &OrgId, from: u64) -> Result<Vec<Event>, Error> {
    let key = |number| EventId { bucket: Bucket::default(), number }.row();
    let range = RowRange { from: key(from), to: Some(key(from + STEP as u64)), limit: STEP };
    let page = app.tables.range(Table::Exposure, &partition(org, Bucket::default()), range).await?;
    Ok(page.rows.iter().map(rows::decode).collect::<Result<_, _>>()?)
}

/// The number of the first event of that instant or later: the log is in order, so halving finds it.
pub(super) async fn first_since(app: &App, org: &OrgId, since: Timestamp) -> Result<u64, Error> {
    let (head, _) = Head::read(&*app.tables, &partition(org, Bucket::default())).await?;
    let (mut low, mut high) = (1, head.events + 1);
    while low < high {
        let number = low.midpoint(high);
        let found = app.event(org, EventId { bucket: Bucket::default(), number }).await?;
        // What is not kept any more is older than what is.
        if found.is_none_or(|e| e.at < since) {
            low = number + 1;
        } else {
            high = number;
        }
    }
    Ok(low)
}
