use domain::email::EmailAddress;
use domain::ids::{ChannelId, EventId, FindingId};
use domain::role::Action;
use domain::trigger::DecisionReason;
use futures_util::StreamExt;
use jiff::Timestamp;

use super::channel::Channel;
use super::decision::{Decision, explain};
use super::delivery::{Delivery, DeliveryId, DeliveryState};
use super::registry;
use super::shelf::{self, Listed};
use crate::access::Caller;
use crate::ports::{Row, RowRange, Table};
use crate::{App, Error, rows};

/// A page looks at most at so many deliveries; then it ends early and says where it goes on.
const LOOKED_AT: usize = 1_000;
/// Deliveries read at once.
const STEP: usize = 100;
/// Decisions of a finding are told of its latest events, so many.
const EVENTS: usize = 50;
/// Reads side by side.
const SIDE_BY_SIDE: usize = 8;

/// A channel; a deleted one too, for history.
pub async fn channel(app: &App, caller: &Caller, id: &ChannelId) -> Result<Option<Channel>, Error> {
    caller.may(Action::Read)?;
    Ok(registry::read(app, &caller.org, id).await?.map(|(channel, _)| channel))
}

/// The channels that are not deleted, oldest first.
pub async fn channels(app: &App, caller: &Caller) -> Result<Vec<Channel>, Error> {
    caller.may(Action::Read)?;
    let mut channels = registry::all(app, &caller.org).await?;
    channels.retain(|c| c.deleted_at.is_none());
    Ok(channels)
}

/// A delivery.
pub async fn delivery(app: &App, caller: &Caller, id: &DeliveryId) -> Result<Option<Delivery>, Error> {
    caller.may(Action::Read)?;
    Ok(shelf::read(app, &caller.org, id).await?.map(|(delivery, _)| delivery))
}

/// Which deliveries. What is empty asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// To this channel.
    pub channel: Option<ChannelId>,
    /// In one of these states.
    pub states: Vec<DeliveryState>,
    /// With an event about this finding.
    pub finding: Option<FindingId>,
    /// With this event.
    pub event: Option<EventId>,
    /// Decided then or later.
    pub since: Option<Timestamp>,
    /// Decided before.
    pub until: Option<Timestamp>,
    /// Written to this address.
    pub recipient: Option<EmailAddress>,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryPage {
    /// The deliveries, each with the cursor behind it.
    pub items: Vec<(String, Delivery)>,
    /// Where the next page begins, if there may be more.
    pub next: Option<String>,
}

/// Lists deliveries, newest first. `after`: a cursor of this list. A page that asks for few of many may be shorter than
/// `first` (1 to 100) although there are more.
pub async fn deliveries(
    app: &App,
    caller: &Caller,
    filter: &DeliveryFilter,
    first: usize,
    after: Option<&str>,
) -> Result<DeliveryPage, Error> {
    caller.may(Action::Read)?;
    page_of_deliveries(app, caller, filter, first, after).await
}

/// The same for who may send them again.
pub(super) async fn page_of_deliveries(
    app: &App,
    caller: &Caller,
    filter: &DeliveryFilter,
    first: usize,
    after: Option<&str>,
) -> Result<DeliveryPage, Error> {
    let first = first.clamp(1, STEP);
    let wanted = match (&filter.event, &filter.finding) {
        (None, None) => None,
        _ => Some(of_subject(app, caller, filter).await?),
    };
    let newest = filter.until.map_or_else(|| "at:".to_owned(), shelf::list_from);
    // A cursor is the key that it stands behind; nothing sorts between it and itself with a blank.
    let start = after.filter(|c| c.starts_with("at:")).map(|c| format!("{c} "));
    let mut range = RowRange { from: start.map_or(newest.clone(), |s| s.max(newest)), ..RowRange::prefix("at:", STEP) };
    let mut page = DeliveryPage::default();
    let mut looked_at = 0;
    loop {
        let found = app.tables.range(Table::Deliveries, caller.org.as_str(), range.clone()).await?;
        looked_at += found.rows.len();
        let candidates: Vec<(&Row, String)> =
            found.rows.iter().filter_map(|row| candidate(row, filter, wanted.as_deref())).collect();
        let ids: Vec<String> = candidates.iter().map(|(_, id)| id.clone()).collect();
        let read = if ids.is_empty() {
            Vec::new()
        } else {
            app.tables.get_many(Table::Deliveries, caller.org.as_str(), &ids).await?
        };
        for ((row, _), stored) in candidates.iter().zip(read) {
            let Some(delivery) = stored.map(|r| rows::decode::<Delivery>(&r)).transpose()? else { continue };
            if filter.since.is_some_and(|since| delivery.created_at < since) {
                return Ok(page);
            }
            if matches(&delivery, filter) {
                if page.items.len() == first {
                    page.next = page.items.last().map(|(cursor, _)| cursor.clone());
                    return Ok(page);
                }
                page.items.push((row.key.clone(), delivery));
            }
        }
        match found.next {
            None => return Ok(page),
            Some(next) if looked_at >= LOOKED_AT => {
                page.next = found.rows.last().map(|row| row.key.clone()).or(Some(next));
                return Ok(page);
            }
            Some(next) => range.from = next,
        }
    }
}

fn candidate<'a>(row: &'a Row, filter: &DeliveryFilter, wanted: Option<&[DeliveryId]>) -> Option<(&'a Row, String)> {
    let id = row.key.rsplit(':').next()?;
    let listed: Listed = rows::decode(row).ok()?;
    let fits = filter.channel.as_ref().is_none_or(|c| *c == listed.channel)
        && wanted.is_none_or(|w| w.iter().any(|d| d.as_str() == id));
    fits.then(|| (row, id.to_owned()))
}

fn matches(delivery: &Delivery, filter: &DeliveryFilter) -> bool {
    let to = |email: &EmailAddress| delivery.attempts.iter().any(|a| a.recipient.as_ref() == Some(email));
    (filter.states.is_empty() || filter.states.contains(&delivery.state))
        && filter.until.is_none_or(|until| delivery.created_at < until)
        && filter.recipient.as_ref().is_none_or(to)
}

/// The deliveries with an event or a finding, by their decisions.
async fn of_subject(app: &App, caller: &Caller, filter: &DeliveryFilter) -> Result<Vec<DeliveryId>, Error> {
    let events = match (&filter.event, &filter.finding) {
        (Some(event), _) => vec![*event],
        (None, Some(finding)) => events_about(app, caller, finding).await?,
        (None, None) => Vec::new(),
    };
    let decided = of_events(app, caller, events).await?;
    let about = |d: &Decision| filter.finding.is_none() || d.finding == filter.finding;
    Ok(decided.into_iter().filter(about).filter_map(|d| d.delivery).collect())
}

/// Whether a channel was told, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The decision.
    pub decision: Decision,
    /// Does a delivery carry it?
    pub sent: bool,
    /// Why, as it stands now.
    pub reason: DecisionReason,
    /// Why, in words.
    pub explanation: String,
    /// Until when it is held back, for a digest or by quiet hours.
    pub held_until: Option<Timestamp>,
}

/// Which channels were told of a finding's latest 50 events, and why the others were not; newest event first.
pub async fn decisions(app: &App, caller: &Caller, finding: &FindingId) -> Result<Vec<Told>, Error> {
    caller.may(Action::Read)?;
    let events = events_about(app, caller, finding).await?;
    told(app, caller, of_events(app, caller, events).await?).await
}

/// Which channels were told of an event, and why the others were not.
pub async fn decisions_of_event(app: &App, caller: &Caller, event: EventId) -> Result<Vec<Told>, Error> {
    caller.may(Action::Read)?;
    told(app, caller, of_events(app, caller, vec![event]).await?).await
}

async fn told(app: &App, caller: &Caller, decisions: Vec<Decision>) -> Result<Vec<Told>, Error> {
    let tasks = decisions.into_iter().map(|decision| async move {
        let delivery = match &decision.delivery {
            Some(id) => shelf::read(app, &caller.org, id).await?.map(|(d, _)| d),
            None => None,
        };
        let reason = decision.reason_now(delivery.as_ref().map(|d| d.state));
        let own = delivery.as_ref().filter(|d| d.state.is_final()).and_then(|d| d.explanation.clone());
        let mut explanation = own.unwrap_or_else(|| explain(reason).to_owned());
        if let Some(note) = &decision.note {
            explanation = format!("{explanation} {note}");
        }
        let held_until = delivery.filter(|d| d.state == DeliveryState::Held).and_then(|d| d.next_attempt_at);
        Ok(Told { sent: decision.delivery.is_some(), reason, explanation, held_until, decision })
    });
    let read: Vec<Result<Told, Error>> =
        futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE).collect().await;
    read.into_iter().collect()
}

async fn events_about(app: &App, caller: &Caller, finding: &FindingId) -> Result<Vec<EventId>, Error> {
    let mut range = RowRange::prefix(&format!("about:{finding}:"), LOOKED_AT);
    let mut events = Vec::new();
    loop {
        let page = app.tables.range(Table::Deliveries, caller.org.as_str(), range.clone()).await?;
        events.extend(page.rows.iter().filter_map(|row| row.key.rsplit(':').next()?.parse::<EventId>().ok()));
        match page.next {
            Some(next) => range.from = next,
            None => break,
        }
    }
    events.reverse();
    events.truncate(EVENTS);
    Ok(events)
}

async fn of_events(app: &App, caller: &Caller, events: Vec<EventId>) -> Result<Vec<Decision>, Error> {
    let tasks = events.into_iter().map(|event| async move {
        let range = RowRange::prefix(&format!("decision:{event}:"), LOOKED_AT);
        let page = app.tables.range(Table::Deliveries, caller.org.as_str(), range).await?;
        page.rows.iter().map(rows::decode).collect::<Result<Vec<Decision>, _>>()
    });
    let read: Vec<_> = futures_util::stream::iter(tasks.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE).collect().await;
    let mut decisions = Vec::new();
    for found in read {
        decisions.extend(found?);
    }
    Ok(decisions)
}
