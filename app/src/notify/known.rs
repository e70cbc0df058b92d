use domain::event::Event;
use domain::ids::OrgId;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::channel::Channel;
use super::decision::Decision;
use super::incident::{Page, page_row};
use super::shelf;
use super::way::{Way, way};
use super::window::Window;
use crate::ports::{Etag, Row, StoreError, Table};
use crate::{App, rows};

/// What is stored of a channel and an event before it is judged.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// When it was read.
    pub at: Timestamp,
    /// How the event goes, if the channel wants it.
    pub way: Way,
    /// It was judged already.
    pub decision: Option<(Decision, Etag)>,
    /// The channel was told of the event's finding before.
    pub told: bool,
    /// The last window of the way.
    pub window: Option<(Window, Etag)>,
    /// The incident that the event belongs to with others.
    pub page: Option<(Page, Etag)>,
}

impl Known {
    /// Reads it for several channels at once, in their order.
    pub(super) async fn read(
        app: &App,
        org: &OrgId,
        event: &Event,
        channels: &[Channel],
    ) -> Result<Vec<Self>, StoreError> {
        let at = app.now();
        let finding = event.subjects.finding.as_ref();
        let ways: Vec<Way> = channels.iter().map(|channel| way(channel, event, at)).collect();
        let mut keys = Vec::new();
        for (channel, way) in channels.iter().zip(&ways) {
            keys.push(shelf::decision_row(event.id, &channel.id));
            keys.extend(finding.map(|f| shelf::told_row(&channel.id, f)));
            keys.extend(way.window.clone());
            keys.extend(page_row(channel, event));
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = app.tables.get_many(Table::Deliveries, org.as_str(), &keys).await?.into_iter();
        let mut next = |wanted: bool| if wanted { found.next().flatten() } else { None };
        let known = channels.iter().zip(ways).map(|(channel, way)| {
            Ok(Self {
                at,
                decision: read(next(true))?,
                told: next(finding.is_some()).is_some(),
                window: read(next(way.window.is_some()))?,
                page: read(next(page_row(channel, event).is_some()))?,
                way,
            })
        });
        known.collect()
    }

    /// For one channel.
    pub(super) async fn of(
        app: &App,
        org: &OrgId,
        event: &Event,
        channel: &Channel,
    ) -> Result<Option<Self>, StoreError> {
        Ok(Self::read(app, org, event, std::slice::from_ref(channel)).await?.pop())
    }
}

fn read<T: DeserializeOwned>(row: Option<Row>) -> Result<Option<(T, Etag)>, StoreError> {
    row.map(|row| Ok((rows::decode(&row)?, row.etag))).transpose()
}
