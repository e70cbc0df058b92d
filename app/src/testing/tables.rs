use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::task::yield_now;

use super::limits;
use crate::ports::{Batch, Columns, Commit, ConflictKind, Etag, Op, Row, RowPage, RowRange, StoreError, Table, Tables};

/// A page never holds more, as on Azure.
const PAGE: usize = 1_000;

/// Tables in memory. Every call lets others go first, so that what runs side by side in a test really mixes.
#[derive(Debug, Default)]
pub struct MemoryTables(Mutex<State>);

#[derive(Clone, Debug, Default)]
struct State {
    partitions: BTreeMap<(Table, String), Partition>,
    written: u64,
}

type Partition = BTreeMap<String, (Columns, Etag)>;

impl MemoryTables {
    /// Every row there is, by table, partition and key; to compare states and to look for what must not be there.
    pub fn everything(&self) -> Vec<(Table, String, Row)> {
        let state = self.state();
        let rows = state.partitions.iter().flat_map(|((table, partition), rows)| {
            rows.iter().map(|(key, stored)| (*table, partition.clone(), to_row(key, stored)))
        });
        rows.collect()
    }

    /// How many rows of a partition have a key that begins so.
    pub fn count(&self, table: Table, partition: &str, prefix: &str) -> usize {
        let state = self.state();
        let rows = state.partitions.get(&(table, partition.to_owned()));
        rows.map_or(0, |rows| rows.range(prefix.to_owned()..).take_while(|(key, _)| key.starts_with(prefix)).count())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another store that holds the same for now.
impl Clone for MemoryTables {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.state().clone()))
    }
}

impl State {
    fn find(&self, table: Table, partition: &str, key: &str) -> Option<Row> {
        let rows = self.partitions.get(&(table, partition.to_owned()))?;
        rows.get(key).map(|stored| to_row(key, stored))
    }

    fn apply(&mut self, batch: Batch) -> Commit {
        let rows = self.partitions.entry((batch.table, batch.partition)).or_default();
        for (index, op) in batch.ops.iter().enumerate() {
            if let Some(kind) = conflict(rows, op) {
                return Commit::Conflict { index: Some(index), kind };
            }
        }
        for op in batch.ops {
            self.written += 1;
            match op {
                Op::Insert(row) | Op::Replace(row, _) | Op::Upsert(row) => {
                    rows.insert(row.key, (row.columns, Etag(self.written.to_string())));
                }
                Op::Delete { key, .. } => {
                    rows.remove(&key);
                }
            }
        }
        Commit::Done
    }
}

fn to_row(key: &str, (columns, etag): &(Columns, Etag)) -> Row {
    Row { key: key.to_owned(), columns: columns.clone(), etag: etag.clone() }
}

fn conflict(rows: &Partition, op: &Op) -> Option<ConflictKind> {
    let expected = match op {
        Op::Insert(row) => return rows.contains_key(&row.key).then_some(ConflictKind::Exists),
        Op::Upsert(_) | Op::Delete { etag: None, .. } => return None,
        Op::Replace(_, etag) | Op::Delete { etag: Some(etag), .. } => etag,
    };
    match rows.get(op.key()) {
        None => Some(ConflictKind::Missing),
        Some((_, etag)) => (etag != expected).then_some(ConflictKind::Changed),
    }
}

#[async_trait]
impl Tables for MemoryTables {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        limits::key(partition)?;
        limits::key(key)?;
        yield_now().await;
        Ok(self.state().find(table, partition, key))
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        limits::key(partition)?;
        keys.iter().try_for_each(|key| limits::key(key))?;
        yield_now().await;
        let state = self.state();
        Ok(keys.iter().map(|key| state.find(table, partition, key)).collect())
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        limits::key(partition)?;
        yield_now().await;
        let state = self.state();
        let stored = state.partitions.get(&(table, partition.to_owned()));
        let mut found = stored
            .into_iter()
            .flat_map(|rows| rows.range(range.from.clone()..))
            .take_while(|(key, _)| range.to.as_ref().is_none_or(|to| *key < to));
        let rows = found.by_ref().take(range.limit.clamp(1, PAGE)).map(|(key, row)| to_row(key, row)).collect();
        let next = found.next().map(|(key, _)| key.clone());
        Ok(RowPage { rows, next })
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        limits::check(&batch)?;
        yield_now().await;
        Ok(self.state().apply(batch))
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Value, WriteRow};

    fn row(key: &str, number: i64) -> WriteRow {
        WriteRow { key: key.into(), columns: vec![("n".into(), Value::Int(number))] }
    }

    async fn commit(tables: &MemoryTables, ops: Vec<Op>) -> Result<Commit, StoreError> {
        tables.commit(Batch { table: Table::Assets, partition: "p".into(), ops, witness: None }).await
    }

    async fn get(tables: &MemoryTables, key: &str) -> Option<Row> {
        tables.get(Table::Assets, "p", key).await.unwrap()
    }

    #[tokio::test]
    async fn a_batch_is_applied_as_a_whole_or_not_at_all() {
        let tables = MemoryTables::default();
        assert_eq!(commit(&tables, vec![Op::Insert(row("a", 1))]).await.unwrap(), Commit::Done);
        let second = commit(&tables, vec![Op::Insert(row("b", 1)), Op::Insert(row("a", 2))]).await.unwrap();
        assert_eq!(second, Commit::Conflict { index: Some(1), kind: ConflictKind::Exists });
        assert!(get(&tables, "b").await.is_none());
    }

    #[tokio::test]
    async fn only_the_version_that_was_read_is_replaced_or_deleted() {
        let tables = MemoryTables::default();
        commit(&tables, vec![Op::Insert(row("a", 1))]).await.unwrap();
        let old = get(&tables, "a").await.unwrap().etag;
        commit(&tables, vec![Op::Upsert(row("a", 2))]).await.unwrap();
        let changed = Commit::Conflict { index: Some(0), kind: ConflictKind::Changed };
        assert_eq!(commit(&tables, vec![Op::Replace(row("a", 3), old.clone())]).await.unwrap(), changed);
        assert_eq!(
            commit(&tables, vec![Op::Delete { key: "a".into(), etag: Some(old.clone()) }]).await.unwrap(),
            changed
        );
        assert_eq!(commit(&tables, vec![Op::Delete { key: "a".into(), etag: None }]).await.unwrap(), Commit::Done);
        assert_eq!(commit(&tables, vec![Op::Delete { key: "a".into(), etag: None }]).await.unwrap(), Commit::Done);
        let missing = Commit::Conflict { index: Some(0), kind: ConflictKind::Missing };
        assert_eq!(commit(&tables, vec![Op::Replace(row("a", 3), old)]).await.unwrap(), missing);
    }

    #[tokio::test]
    async fn a_range_goes_on_where_it_stopped() {
        let tables = MemoryTables::default();
        commit(&tables, ["a1", "a2", "a3", "b1"].map(|k| Op::Insert(row(k, 0))).to_vec()).await.unwrap();
        let first = tables.range(Table::Assets, "p", RowRange::prefix("a", 2)).await.unwrap();
        assert_eq!(first.rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
        let rest = RowRange { from: first.next.unwrap(), ..RowRange::prefix("a", 2) };
        let second = tables.range(Table::Assets, "p", rest).await.unwrap();
        assert_eq!((second.rows.len(), second.next), (1, None));
    }

    #[tokio::test]
    async fn what_azure_could_not_keep_is_refused() {
        let tables = MemoryTables::default();
        for ops in [
            vec![],
            vec![Op::Upsert(row("a/b", 1))],
            vec![Op::Upsert(row("a", 1)), Op::Upsert(row("a", 2))],
            vec![Op::Upsert(WriteRow {
                key: "a".into(),
                columns: vec![("t".into(), Value::Text("x".repeat(32_769)))],
            })],
            vec![Op::Upsert(WriteRow { key: "a".into(), columns: vec![("t t".into(), Value::Int(1))] })],
        ] {
            assert!(matches!(commit(&tables, ops).await, Err(StoreError::Refused(_))));
        }
    }
}
