//! What a delivery tells at the moment at which it is sent: its events, and for what was held back how things stand now.

use std::collections::BTreeSet;

use domain::email::EmailAddress;
use domain::event::{Event, EventType};
use domain::ids::{FindingId, OrgId};
use domain::trigger::Schedule;
use futures_util::StreamExt;
use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::Value;

use super::channel::{Channel, ChannelKind};
use super::delivery::{Delivery, DeliveryForm};
use super::incident::incident;
use super::readers::assignee;
use super::remind::{self, Reminded};
use super::{bundle, letter};
use crate::ports::{Footer, Letter, Period};
use crate::{App, Error, access, findings};

/// Rows read side by side.
const READS: usize = 16;

/// A delivery with everything that its letters are made of.
pub(super) struct Script<'a> {
    app: &'a App,
    channel: &'a Channel,
    delivery: &'a Delivery,
    organization: String,
    /// Its events that are still there, in their order.
    pub events: Vec<Event>,
    /// Findings that ended while they were held back.
    ended: BTreeSet<FindingId>,
    /// What a reminder is about.
    reminded: Vec<Reminded>,
}

impl<'a> Script<'a> {
    /// Reads what there is to tell.
    pub(super) async fn read(
        app: &'a App,
        org: &OrgId,
        channel: &'a Channel,
        delivery: &'a Delivery,
    ) -> Result<Self, Error> {
        let reads = delivery.events.iter().map(|id| app.event(org, *id));
        let read: Vec<_> = futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(READS).collect().await;
        let found = read.into_iter().collect::<Result<Vec<_>, _>>()?;
        let events: Vec<Event> = found.into_iter().flatten().map(|e| sampled(&e)).collect();
        let ended =
            if delivery.form == DeliveryForm::Release { ended(app, org, &events).await? } else { BTreeSet::new() };
        let reminded = match delivery.form {
            DeliveryForm::Reminder => remind::still_open(app, org, channel).await?,
            _ => Vec::new(),
        };
        let organization = if events.is_empty() {
            access::organization(app, org).await?.map(|o| o.name).unwrap_or_default()
        } else {
            String::new()
        };
        Ok(Self { app, channel, delivery, organization, events, ended, reminded })
    }

    /// Whoever is to work on what it tells of.
    pub(super) fn assignees(&self) -> Vec<EmailAddress> {
        let reminded = self.reminded.iter().filter_map(|r| r.assignee.clone());
        self.events.iter().filter_map(assignee).chain(reminded).collect()
    }

    /// The letter, or what is in it for somebody who is told only of what they are to work on; `None`: there is nothing to
    /// tell.
    pub(super) fn letter(&self, only: Option<&EmailAddress>, footer: Footer) -> Option<Letter> {
        let theirs = |whose: Option<&EmailAddress>| only.is_none_or(|only| whose == Some(only));
        let url = &self.app.settings.public_url;
        if self.delivery.form == DeliveryForm::Reminder {
            let reminded: Vec<&Reminded> = self.reminded.iter().filter(|r| theirs(r.assignee.as_ref())).collect();
            return bundle::reminder(&reminded, &self.organization, self.app.now(), url, footer);
        }
        let events: Vec<Event> = self.events.iter().filter(|e| theirs(assignee(e).as_ref())).cloned().collect();
        if only.is_some() && events.is_empty() {
            return None;
        }
        match self.delivery.form {
            DeliveryForm::Summary => letter::summary(&events, url, footer),
            DeliveryForm::Digest => {
                let (period, from, until) = self.period();
                Some(bundle::digest(&events, &self.organization, (period, from, until), url, footer))
            }
            DeliveryForm::Release => {
                let until = self.delivery.next_attempt_at.unwrap_or(self.delivery.created_at);
                let hours = self.channel.trigger.quiet_hours.as_ref();
                let span =
                    hours.and_then(|q| q.span(self.delivery.created_at)).unwrap_or((self.delivery.created_at, until));
                bundle::release(&events, &self.ended, span, url, footer)
            }
            DeliveryForm::Letter | DeliveryForm::Request | DeliveryForm::Page | DeliveryForm::Reminder => {
                letter::of(&events, url, footer)
            }
        }
    }

    /// The digest's period, from its begin to its end.
    fn period(&self) -> (Period, Timestamp, Timestamp) {
        let until = self.delivery.next_attempt_at.unwrap_or(self.delivery.created_at);
        let (period, span) = match self.channel.trigger.schedule {
            Schedule::Hourly => (Period::Hourly, Span::new().hours(1)),
            Schedule::Weekly => (Period::Weekly, Span::new().days(7)),
            Schedule::Immediate | Schedule::Daily => (Period::Daily, Span::new().days(1)),
        };
        let zone = domain::trigger::zone(&self.channel.trigger.time_zone).unwrap_or(TimeZone::UTC);
        let from = until.to_zoned(zone).checked_sub(span).map_or(until, |zoned| zoned.timestamp());
        (period, from.min(self.delivery.created_at), until)
    }
}

/// Those among the events' findings that nobody has to do anything about any more.
async fn ended(app: &App, org: &OrgId, events: &[Event]) -> Result<BTreeSet<FindingId>, Error> {
    let ids: BTreeSet<FindingId> = events.iter().filter_map(|e| e.subjects.finding.clone()).collect();
    let reads = ids.into_iter().map(|id| async move {
        let active = findings::is_active(app, org, &id).await?;
        Ok::<_, Error>((!active).then_some(id))
    });
    let read: Vec<_> = futures_util::stream::iter(reads.collect::<Vec<_>>()).buffered(READS).collect().await;
    Ok(read.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// What an incident system is told of an event; `None`: it has no use for it.
pub(super) fn page(app: &App, channel: &Channel, event: &Event) -> Option<String> {
    let ChannelKind::Chat { service, .. } = &channel.kind else { return None };
    let incident = incident(channel, event);
    let shown = letter::of(&[sampled(event)], &app.settings.public_url, footer(app, channel, None))?;
    app.chats.compose(*service, &shown, Some(&incident))
}

/// Why the reader gets this.
pub(super) fn footer(app: &App, channel: &Channel, unsubscribe_url: Option<String>) -> Footer {
    let manage_url = format!("{}/app/channels/{}", app.settings.public_url, channel.id);
    Footer { channel_id: channel.id.to_string(), channel: channel.name.clone(), manage_url, unsubscribe_url }
}

/// A test that shows what another event would look like, as that event; any other event as it is.
pub(super) fn sampled(event: &Event) -> Event {
    let kind = event.payload.pointer("/sample/type").and_then(|k| serde::Deserialize::deserialize(k).ok());
    let (EventType::Test, Some(kind), Some(data)) = (event.kind, kind, event.payload.pointer("/sample/data")) else {
        return event.clone();
    };
    let mut payload = data.clone();
    if let Value::Object(payload) = &mut payload {
        payload.insert("test".into(), Value::Bool(true));
        payload.extend(event.payload.get("sequence").map(|s| ("sequence".to_owned(), s.clone())));
    }
    Event { kind, payload, ..event.clone() }
}
