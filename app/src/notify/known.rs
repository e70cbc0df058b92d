use domain::event::{Event, EventType};
use domain::ids::OrgId;

use super::channel::Channel;
use super::decision::Decision;
use super::delivery::DeliveryForm;
use super::shelf;
use super::window::Window;
use crate::ports::{Etag, Row, StoreError, Table};
use crate::{App, rows};

/// What is stored of a channel and an event before it is judged.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// It was judged already.
    pub decision: Option<Decision>,
    /// The channel was told of the event's finding before.
    pub told: bool,
    /// The channel's last window: of summaries where the event ends a first poll, else of letters.
    pub window: Option<(Window, Etag)>,
}

impl Known {
    /// Reads it for several channels at once, in their order.
    pub(super) async fn read(
        app: &App,
        org: &OrgId,
        event: &Event,
        channels: &[Channel],
    ) -> Result<Vec<Self>, StoreError> {
        let form = if event.kind == EventType::AssetFirstPolled { DeliveryForm::Summary } else { DeliveryForm::Letter };
        let finding = event.subjects.finding.as_ref();
        let mut keys = Vec::new();
        for channel in channels {
            keys.push(shelf::decision_row(event.id, &channel.id));
            keys.extend(finding.map(|f| shelf::told_row(&channel.id, f)));
            keys.extend(channel.is_for_people().then(|| shelf::window_row(&channel.id, form)));
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = app.tables.get_many(Table::Deliveries, org.as_str(), &keys).await?.into_iter();
        let mut next = |wanted: bool| if wanted { found.next().flatten() } else { None };
        let known = channels.iter().map(|channel| {
            let decision = next(true).as_ref().map(rows::decode).transpose()?;
            let told = next(finding.is_some()).is_some();
            let window = next(channel.is_for_people())
                .map(|row: Row| Ok::<_, StoreError>((rows::decode(&row)?, row.etag)))
                .transpose()?;
            Ok(Self { decision, told, window })
        });
        known.collect()
    }
}
