//! What is kept for how long, and its removal in bounded batches by the timer's tick.
//!
//! Once a day each organization is gone through; what a pass cannot finish within its bound is the next tick's. Never
//! here: findings, events and assets, which are kept, and closed services, which go when their asset is judged.

mod requests;

use jiff::{SignedDuration, Timestamp};

use crate::agenda::{self, Mark};
use crate::ports::{Batch, Op, Row, StoreError, Table};
use crate::{App, Error, access, ledger, notify, rows};

/// A closed service is readable for so long.
pub(crate) const CLOSED_SERVICES: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Deliveries, and why others were not made, are readable for so long.
pub(crate) const DELIVERIES: SignedDuration = SignedDuration::from_hours(30 * 24);

const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// By what the agenda tells when that was done last.
pub(crate) const WHAT: &str = "purged";
/// A tick removes at most so many rows.
const MOST: usize = 2_000;
/// Rows of a batch.
const BATCH: usize = 90;

/// Removes what is older than it is kept for. Returns the number of rows that went.
pub async fn purge(app: &App) -> Result<usize, Error> {
    let row = app.tables.get(Table::Schedule, agenda::PARTITION, &Mark::At.key(WHAT)).await?;
    purge_again(app, row.as_ref()).await
}

/// The same, where it was read already when that was done last.
pub(crate) async fn purge_again(app: &App, done: Option<&Row>) -> Result<usize, Error> {
    let last: Option<Timestamp> = done.map(rows::decode).transpose()?;
    let now = app.now();
    if last.is_some_and(|last| now.duration_since(last) < EVERY) {
        return Ok(0);
    }
    let mut room = Room { left: MOST };
    access::purge(app, &mut room).await?;
    for org in access::organizations(app).await? {
        notify::purge(app, &org, &mut room).await?;
        let organization = access::organization(app, &org).await?;
        if let Some(days) = organization.and_then(|o| o.settings.event_retention_days) {
            ledger::purge(app, &org, days, &mut room).await?;
        }
        requests::purge(app, &org, &mut room).await?;
        if !room.is_left() {
            return Ok(MOST);
        }
    }
    let ops = vec![Op::Upsert(rows::encode(Mark::At.key(WHAT), &now)?)];
    agenda::write(app, ops).await?;
    Ok(MOST - room.left)
}

/// How much a tick may still remove.
pub(crate) struct Room {
    left: usize,
}

impl Room {
    /// May anything more go?
    pub(crate) const fn is_left(&self) -> bool {
        self.left > 0
    }

    /// Removes rows of one partition. A row that is gone already, or a lost answer, leaves nothing to mend: the next
    /// pass looks again.
    pub(crate) async fn remove(
        &mut self,
        app: &App,
        table: Table,
        partition: &str,
        mut keys: Vec<String>,
    ) -> Result<(), StoreError> {
        keys.truncate(self.left);
        for several in keys.chunks(BATCH) {
            let ops = several.iter().map(|key| Op::Delete { key: key.clone(), etag: None }).collect();
            app.tables.commit(Batch { table, partition: partition.to_owned(), ops, witness: None }).await?;
            self.left -= several.len();
        }
        Ok(())
    }
}
