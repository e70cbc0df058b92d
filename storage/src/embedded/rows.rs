//! Rows in the file `tables.redb`: one table each, ordered by (partition, key) as bytes.

use std::ops::Bound;

use app::ports::{Batch, Columns, Commit, ConflictKind, Etag, Op, Row, RowPage, RowRange, StoreError, Table};
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::oneshot;

use super::failed;
use crate::encoding::{decode, encode, version};

pub(super) type Definition = TableDefinition<'static, (&'static str, &'static str), &'static [u8]>;
type Rows = ReadOnlyTable<(&'static str, &'static str), &'static [u8]>;

/// The last version that was given to a row. It only rises: a row that was deleted and made anew has another etag.
const VERSIONS: TableDefinition<'static, (), u64> = TableDefinition::new("versions");

/// A batch that waits for the writer.
pub(super) struct CommitJob {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Commit, StoreError>>,
}

/// Makes the tables that are missing.
pub(super) fn prepare(db: &Database) -> Result<(), StoreError> {
    let tx = db.begin_write().map_err(failed)?;
    for table in Table::ALL {
        tx.open_table(definition(table)).map_err(failed)?;
    }
    tx.open_table(VERSIONS).map_err(failed)?;
    tx.commit().map_err(failed)
}

/// Reads one row.
pub(super) fn get(
    db: &impl ReadableDatabase,
    table: Table,
    partition: &str,
    key: &str,
) -> Result<Option<Row>, StoreError> {
    read(&open(db, table)?, partition, key)
}

/// Reads several rows as they were at one instant.
pub(super) fn get_many(
    db: &impl ReadableDatabase,
    table: Table,
    partition: &str,
    keys: &[String],
) -> Result<Vec<Option<Row>>, StoreError> {
    let rows = open(db, table)?;
    keys.iter().map(|key| read(&rows, partition, key)).collect()
}

/// Reads a range as it was at one instant.
pub(super) fn range(
    db: &impl ReadableDatabase,
    table: Table,
    partition: &str,
    range: &RowRange,
) -> Result<RowPage, StoreError> {
    if range.to.as_ref().is_some_and(|to| *to <= range.from) {
        return Ok(RowPage::default());
    }
    let rows = open(db, table)?;
    let from = (partition, range.from.as_str());
    // Without an end, the partition's name with a NUL behind it: no key has one, so nothing lies between.
    let behind = format!("{partition}\0");
    let to = range.to.as_deref().map_or((behind.as_str(), ""), |to| (partition, to));
    let limit = range.limit.max(1);
    let mut page = RowPage::default();
    for found in rows.range(from..to).map_err(failed)? {
        let (key, value) = found.map_err(failed)?;
        let (_, key) = key.value();
        if page.rows.len() == limit {
            page.next = Some(key.to_owned());
            break;
        }
        page.rows.push(row(key, value.value())?);
    }
    Ok(page)
}

/// Reads on behind a place, over all partitions, with the partition of each row.
pub(super) fn scan(
    db: &impl ReadableDatabase,
    table: Table,
    after: Option<(&str, &str)>,
    limit: usize,
) -> Result<Vec<(String, Row)>, StoreError> {
    let rows = open(db, table)?;
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    let found = rows.range::<(&str, &str)>((from, Bound::Unbounded)).map_err(failed)?.take(limit);
    found
        .map(|found| {
            let (place, value) = found.map_err(failed)?;
            let (partition, key) = place.value();
            Ok((partition.to_owned(), row(key, value.value())?))
        })
        .collect()
}

/// Puts an encoded row, as part of a transaction that puts many.
pub(super) fn put(tx: &WriteTransaction, table: Table, place: (&str, &str), encoded: &[u8]) -> Result<(), StoreError> {
    tx.open_table(definition(table)).map_err(failed)?.insert(place, encoded).map_err(failed)?;
    Ok(())
}

/// No row gets this version or one before it again.
pub(super) fn remember_version(tx: &WriteTransaction, version: u64) -> Result<(), StoreError> {
    tx.open_table(VERSIONS).map_err(failed)?.insert((), version).map_err(failed)?;
    Ok(())
}

/// Applies batches in one durable transaction, each by itself: a conflict of one leaves the others alone.
pub(super) fn commit(db: &Database, jobs: Vec<CommitJob>) {
    let (batches, answers): (Vec<_>, Vec<_>) = jobs.into_iter().map(|job| (job.batch, job.answer)).unzip();
    let outcome = commit_all(db, &batches);
    for (at, answer) in answers.into_iter().enumerate() {
        // Whoever asked may have gone; the batch is applied all the same.
        let _gone = answer.send(match &outcome {
            Ok(commits) => Ok(commits[at].clone()),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        });
    }
}

fn commit_all(db: &Database, batches: &[Batch]) -> Result<Vec<Commit>, StoreError> {
    let tx = db.begin_write().map_err(failed)?;
    let commits = {
        let mut versions = tx.open_table(VERSIONS).map_err(failed)?;
        let mut last = versions.get(()).map_err(failed)?.map_or(0, |last| last.value());
        let mut commits = Vec::with_capacity(batches.len());
        for batch in batches {
            last += 1;
            commits.push(apply(&tx, batch, last)?);
        }
        versions.insert((), last).map_err(failed)?;
        commits
    };
    if !commits.contains(&Commit::Done) {
        tx.abort().map_err(failed)?;
        return Ok(commits);
    }
    match tx.commit() {
        Ok(()) => Ok(commits),
        // The disk failed in the middle of it: the conflicts are true either way, for the others nobody can say.
        Err(error) => {
            tracing::error!(%error, "the data file could not be written");
            let unsure = |commit| if commit == Commit::Done { Commit::Unknown } else { commit };
            Ok(commits.into_iter().map(unsure).collect())
        }
    }
}

/// Checks all changes before the first is made, so that a conflict leaves nothing behind.
fn apply(tx: &WriteTransaction, batch: &Batch, version: u64) -> Result<Commit, StoreError> {
    let mut rows = tx.open_table(definition(batch.table)).map_err(failed)?;
    let partition = batch.partition.as_str();
    for (index, op) in batch.ops.iter().enumerate() {
        if let Some(kind) = conflict(&rows, partition, op)? {
            return Ok(Commit::Conflict { index: Some(index), kind });
        }
    }
    for op in &batch.ops {
        match op {
            Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row) => {
                let value = encode(version, &row.columns);
                rows.insert((partition, row.key.as_str()), value.as_slice()).map_err(failed)?;
            }
            Op::Delete { key, .. } => {
                rows.remove((partition, key.as_str())).map_err(failed)?;
            }
        }
    }
    Ok(Commit::Done)
}

fn conflict(
    rows: &impl ReadableTable<(&'static str, &'static str), &'static [u8]>,
    partition: &str,
    op: &Op,
) -> Result<Option<ConflictKind>, StoreError> {
    let expected = match op {
        Op::Insert(_) => None,
        Op::Replace(_, etag) | Op::Delete { etag: Some(etag), .. } => Some(etag),
        Op::Upsert(_) | Op::Delete { etag: None, .. } => return Ok(None),
    };
    let there = rows.get((partition, op.key())).map_err(failed)?;
    let there = there.map(|row| version(row.value())).transpose()?;
    Ok(match (there, expected) {
        (Some(_), None) => Some(ConflictKind::Exists),
        (None, Some(_)) => Some(ConflictKind::Missing),
        (Some(version), Some(expected)) if etag(version) != *expected => Some(ConflictKind::Changed),
        _ => None,
    })
}

pub(super) fn definition(table: Table) -> Definition {
    TableDefinition::new(table.as_str())
}

fn open(db: &impl ReadableDatabase, table: Table) -> Result<Rows, StoreError> {
    db.begin_read().map_err(failed)?.open_table(definition(table)).map_err(failed)
}

fn read(rows: &Rows, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
    rows.get((partition, key)).map_err(failed)?.map(|value| row(key, value.value())).transpose()
}

pub(super) fn row(key: &str, value: &[u8]) -> Result<Row, StoreError> {
    let (version, columns): (u64, Columns) = decode(value)?;
    Ok(Row { key: key.to_owned(), columns, etag: etag(version) })
}

fn etag(version: u64) -> Etag {
    Etag(version.to_string())
}
