//! The rows of the table `deliveries`.
//!
//! In an organization's partition, because one batch must hold them: the delivery (its id), `decision:{event}:{channel}`,
//! the last window of a channel (`window:`, `summary:`, `digest:`, `release:`), `page:{channel}:{group}`, `told:{channel}:{finding}`, `about:{finding}:{event}` (which events there are of a finding) and
//! `at:{time, descending}:{delivery}` (the list, newest first). In the partition `due`, over all organizations:
//! `{next attempt}:{org}:{delivery}`, and `{since}:{org}:{channel}` where a channel has something left to be done.

use std::fmt::Display;

use domain::ids::{ChannelId, EventId, FindingId, OrgId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::delivery::{Delivery, DeliveryId};
use crate::ports::{Batch, Columns, Commit, Etag, Op, RowRange, StoreError, Table, Value, Witness, WriteRow};
use crate::{App, rows};

/// The partition of what is due.
pub(super) const DUE: &str = "due";
/// The largest 13-digit number: subtracted from, times sort descending.
const LAST: i64 = 9_999_999_999_999;

pub(super) fn decision_row(event: EventId, channel: &ChannelId) -> String {
    format!("decision:{event}:{channel}")
}

pub(super) fn told_row(channel: &ChannelId, finding: &FindingId) -> String {
    format!("told:{channel}:{finding}")
}

pub(super) fn about_row(finding: &FindingId, event: EventId) -> String {
    format!("about:{finding}:{event}")
}

/// Where the list of deliveries begins that were made at `at` or before.
pub(super) fn list_from(at: Timestamp) -> String {
    format!("at:{:013}:", (LAST - at.as_millisecond()).clamp(0, LAST))
}

/// The entries of the list that were made before `at`, the newest of them first.
pub(super) fn oldest(at: Timestamp, limit: usize) -> RowRange {
    RowRange { from: list_from(at), ..RowRange::prefix("at:", limit) }
}

pub(super) fn list_row(delivery: &Delivery) -> String {
    format!("{}{}", list_from(delivery.created_at), delivery.id)
}

/// The row that says that something is due of a delivery, or of a channel.
fn due_row(at: Timestamp, org: &OrgId, whose: impl Display) -> String {
    format!("{:013}:{org}:{whose}", at.as_millisecond().clamp(0, LAST))
}

/// What a row of the list says, so that a filter by channel reads no delivery.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    pub channel: ChannelId,
}

/// A row that says only that it is there.
pub(super) fn mark(key: String) -> WriteRow {
    WriteRow { key, columns: vec![("v".into(), Value::Int(rows::VERSION))] }
}

/// A delivery with the version that was read.
pub(super) async fn read(app: &App, org: &OrgId, id: &DeliveryId) -> Result<Option<(Delivery, Etag)>, StoreError> {
    let found = app.tables.get(Table::Deliveries, org.as_str(), id.as_str()).await?;
    found.map(|row| Ok((rows::decode(&row)?, row.etag))).transpose()
}

/// A row whose column `by` tells whose commit wrote it.
pub(super) fn signed<T: Serialize>(key: String, thing: &T, by: &str) -> Result<WriteRow, StoreError> {
    rows::encode_with(key, thing, by_column(by))
}

fn by_column(by: &str) -> Columns {
    vec![("by".into(), Value::Text(by.into()))]
}

/// Applies changes of an organization's partition. `witness`: a row among them that was [`signed`] by `by`.
pub(super) async fn commit(
    app: &App,
    org: &OrgId,
    ops: Vec<Op>,
    witness: String,
    by: String,
) -> Result<Commit, StoreError> {
    let witness = Some(Witness { row: witness, column: "by".into(), id: by });
    app.tables.commit(Batch { table: Table::Deliveries, partition: org.to_string(), ops, witness }).await
}

/// Replaces the version of a delivery that was read.
pub(super) async fn replace(app: &App, org: &OrgId, delivery: &Delivery, etag: Etag) -> Result<Commit, StoreError> {
    let by = app.ulid();
    let row = signed(delivery.id.to_string(), delivery, &by)?;
    commit(app, org, vec![Op::Replace(row, etag)], delivery.id.to_string(), by).await
}

/// Takes a delivery away that was held and has nothing to tell.
pub(super) async fn remove(app: &App, org: &OrgId, delivery: &Delivery) -> Result<(), StoreError> {
    let keys = [delivery.id.to_string(), list_row(delivery)];
    let ops = keys.into_iter().map(|key| Op::Delete { key, etag: None }).collect();
    let batch = Batch { table: Table::Deliveries, partition: org.to_string(), ops, witness: None };
    app.tables.commit(batch).await.map(|_| ())
}

/// Makes the sweep see that something of a delivery or a channel is due at `at`.
pub(super) async fn note_due(app: &App, org: &OrgId, id: impl Display, at: Timestamp) -> Result<(), StoreError> {
    let op = Op::Upsert(mark(due_row(at, org, id)));
    match app
        .tables
        .commit(Batch { table: Table::Deliveries, partition: DUE.into(), ops: vec![op], witness: None })
        .await?
    {
        Commit::Done => Ok(()),
        // An upsert meets no conflict; a lost answer leaves it open whether the note is there.
        Commit::Conflict { .. } | Commit::Unknown => {
            Err(StoreError::Unavailable("the due date could not be noted".into()))
        }
    }
}

/// Takes back what [`note_due`] noted. A note that stays is found stale by the sweep.
pub(super) async fn forget_due(app: &App, org: &OrgId, id: impl Display, at: Timestamp) {
    let key = due_row(at, org, id);
    let op = Op::Delete { key: key.clone(), etag: None };
    let batch = Batch { table: Table::Deliveries, partition: DUE.into(), ops: vec![op], witness: None };
    if let Err(error) = app.tables.commit(batch).await {
        tracing::debug!(note = key, %error, "the sweep will remove the note");
    }
}
