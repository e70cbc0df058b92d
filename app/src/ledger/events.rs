use std::time::Duration;

use domain::event::{Draft, Event};
use domain::ids::{Bucket, EventId, OrgId};
use futures_util::StreamExt;

use super::{CommitError, Decision, partition};
use crate::ports::{Batch, Op, QueueName, StoreError, Table};
use crate::{App, Error, access, rows};

/// A commit that was overtaken is tried again so often.
const TRIES: usize = 8;
/// As many messages as a batch has events: the embedded store then syncs its disk once for all of them.
const SIDE_BY_SIDE: usize = 48;

impl App {
    /// Reads one event.
    pub async fn event(&self, org: &OrgId, id: EventId) -> Result<Option<Event>, StoreError> {
        let row = self.tables.get(Table::Exposure, &partition(org, id.bucket), &id.row()).await?;
        row.as_ref().map(rows::decode).transpose()
    }

    /// Stores events that come with nothing else, and hands them to the queue.
    pub async fn announce(&self, org: &OrgId, bucket: Bucket, drafts: Vec<Draft>) -> Result<Vec<Event>, Error> {
        let name = access::organization(self, org).await?.map(|o| o.name).unwrap_or_default();
        for _ in 0..TRIES {
            let mut session = self.open_ledger(org, &name, bucket).await?;
            match session.commit(vec![Decision { drafts: drafts.clone(), ..Decision::default() }]).await {
                Err(CommitError::Overtaken | CommitError::Unknown) => {}
                other => return Ok(other?),
            }
        }
        Err(Error::Busy)
    }

    /// Routing is done: the event leaves the outbox.
    pub async fn outbox_done(&self, org: &OrgId, id: EventId) -> Result<(), StoreError> {
        let key = id.row().replacen('e', "o", 1);
        let batch = Batch {
            table: Table::Exposure,
            partition: partition(org, id.bucket),
            ops: vec![Op::Delete { key, etag: None }],
            witness: None,
        };
        self.tables.commit(batch).await.map(|_| ())
    }

    /// Asks for the routing of events. What the queue does not take, the tick finds in the outbox.
    pub(super) async fn queue_routing(&self, org: &OrgId, events: &[Event]) {
        let puts: Vec<_> = events.iter().map(|event| self.put_routing(org, event.id)).collect();
        futures_util::stream::iter(puts).buffer_unordered(SIDE_BY_SIDE).collect::<Vec<()>>().await;
    }

    async fn put_routing(&self, org: &OrgId, event: EventId) {
        let body = crate::notify::message::route(org, event.bucket, event.number);
        if let Err(error) = self.queue.put(QueueName::Notifications, &body, Duration::ZERO).await {
            tracing::warn!(%event, %error, "the event stays in the outbox until the next tick");
        }
    }
}
