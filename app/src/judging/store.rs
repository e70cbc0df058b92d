//! The rows in `accounts`, partition of the organization: `rule:{id}`, `policy:{id}`, and `judging`, which names their
//! generation. A mark in the agenda says whose assets are still to be judged anew.

use domain::ids::OrgId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::agenda::{self, Mark};
use crate::ports::{Batch, Commit, Etag, Op, StoreError, Table, Value, Witness};
use crate::{App, Error, access, rows};

pub(super) const RULES: &str = "rule:";
pub(super) const POLICIES: &str = "policy:";
const GENERATION: &str = "judging";
const BY: &str = "by";

/// A thing with the version of its row.
pub(super) type Found<T> = (T, Etag);

pub(super) fn partition(org: &OrgId) -> String {
    access::organization_partition(org)
}

/// Names what an organization decided, as a whole; empty: nothing yet.
pub(super) async fn generation(app: &App, org: &OrgId) -> Result<String, StoreError> {
    let row = app.tables.get(Table::Accounts, &partition(org), GENERATION).await?;
    Ok(row.as_ref().map(rows::decode).transpose()?.unwrap_or_default())
}

pub(super) async fn read<T: DeserializeOwned>(
    app: &App,
    org: &OrgId,
    key: &str,
) -> Result<Option<Found<T>>, StoreError> {
    let Some(row) = app.tables.get(Table::Accounts, &partition(org), key).await? else { return Ok(None) };
    Ok(Some((rows::decode(&row)?, row.etag)))
}

/// All things under a prefix, by key, tombstones too.
pub(super) async fn all<T: DeserializeOwned>(app: &App, org: &OrgId, prefix: &str) -> Result<Vec<T>, StoreError> {
    let found = rows::all(&*app.tables, Table::Accounts, &partition(org), prefix).await?;
    found.iter().map(rows::decode).collect()
}

/// Stores a thing with what else belongs to the change: a new generation, and first of all the mark that everything is to be
/// judged anew. `false`: somebody else changed it in between.
pub(super) async fn write<T: Serialize>(
    app: &App,
    org: &OrgId,
    (key, thing): (String, &T),
    etag: Option<Etag>,
    more: Vec<Op>,
) -> Result<bool, Error> {
    mark(app, org).await?;
    let by = app.ulid();
    let row = rows::encode_with(key, thing, vec![(BY.into(), Value::Text(by.clone()))])?;
    let witness = Some(Witness { row: row.key.clone(), column: BY.into(), id: by.clone() });
    let mut ops = vec![match etag {
        Some(etag) => Op::Replace(row, etag),
        None => Op::Insert(row),
    }];
    ops.push(Op::Upsert(rows::encode(GENERATION, &by)?));
    ops.extend(more);
    match app.tables.commit(Batch { table: Table::Accounts, partition: partition(org), ops, witness }).await? {
        Commit::Done => Ok(true),
        Commit::Conflict { .. } => Ok(false),
        Commit::Unknown => Err(Error::Busy),
    }
}

/// Before the change: the tick finds what a crash behind it leaves.
async fn mark(app: &App, org: &OrgId) -> Result<(), StoreError> {
    agenda::write(app, vec![Op::Upsert(agenda::reminder(app, Mark::Anew.key(org.as_str())))]).await
}
