use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::ports::{
    Batch, Commit, Message, Op, Queue, QueueName, Row, RowPage, RowRange, StoreError, Table, Tables, Value,
};
use async_trait::async_trait;

/// A store that counts what it is asked, call by call; nothing else changes.
pub(crate) struct Counted {
    tables: Arc<dyn Tables>,
    queue: Arc<dyn Queue>,
    calls: Mutex<Calls>,
}

/// What was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Calls {
    /// Rows that were asked for by key.
    pub(crate) gets: u64,
    /// Ranges.
    pub(crate) ranges: u64,
    /// Batches.
    pub(crate) commits: u64,
    /// Messages put.
    pub(crate) puts: u64,
    /// Looks at the queue of what was given up on: nobody but the program looks there.
    pub(crate) looks: u64,
    /// Rows written or deleted, by table and the first letters of their keys.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Bytes of their columns.
    pub(crate) bytes: u64,
}

impl Calls {
    /// What Azure would count of them: a request for each row that is read by its key, each page of a range, each batch.
    pub(crate) fn transactions(&self) -> u64 {
        self.gets + self.ranges + self.commits
    }

    /// Rows of that kind.
    pub(crate) fn rows_of(&self, kind: &str) -> u64 {
        self.rows.get(kind).copied().unwrap_or_default()
    }
}

impl Counted {
    pub(crate) fn new<S: Tables + Queue + 'static>(store: Arc<S>) -> Arc<Self> {
        let tables = Arc::clone(&store) as Arc<dyn Tables>;
        Arc::new(Self { tables, queue: store, calls: Mutex::default() })
    }

    /// What was asked since this was called last.
    pub(crate) fn take(&self) -> Calls {
        std::mem::take(&mut *self.calls())
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `exposure f` for a finding: keys begin with what they are.
fn kind(table: Table, op: &Op) -> String {
    let letters = op.key().split(['|', ':']).next().unwrap_or_default();
    format!("{} {letters}", table.as_str())
}

fn bytes(op: &Op) -> u64 {
    let (Op::Insert(row) | Op::Upsert(row) | Op::Replace(row, _)) = op else { return 0 };
    let of = |value: &Value| match value {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Int(_) => 8,
        Value::Bool(_) => 1,
    };
    row.columns.iter().map(|(name, value)| (name.len() + of(value)) as u64).sum()
}

#[async_trait]
impl Tables for Counted {
    async fn get(&self, table: Table, partition: &str, key: &str) -> Result<Option<Row>, StoreError> {
        self.calls().gets += 1;
        self.tables.get(table, partition, key).await
    }

    async fn get_many(&self, table: Table, partition: &str, keys: &[String]) -> Result<Vec<Option<Row>>, StoreError> {
        self.calls().gets += keys.len() as u64;
        self.tables.get_many(table, partition, keys).await
    }

    async fn range(&self, table: Table, partition: &str, range: RowRange) -> Result<RowPage, StoreError> {
        self.calls().ranges += 1;
        self.tables.range(table, partition, range).await
    }

    async fn commit(&self, batch: Batch) -> Result<Commit, StoreError> {
        {
            let mut calls = self.calls();
            calls.commits += 1;
            for op in &batch.ops {
                *calls.rows.entry(kind(batch.table, op)).or_default() += 1;
                calls.bytes += bytes(op);
            }
        }
        self.tables.commit(batch).await
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.tables.prepare().await
    }
}

#[async_trait]
impl Queue for Counted {
    async fn put(&self, queue: QueueName, body: &str, delay: Duration) -> Result<(), StoreError> {
        self.calls().puts += 1;
        self.queue.put(queue, body, delay).await
    }

    async fn receive(&self, queue: QueueName, max: usize, visibility: Duration) -> Result<Vec<Message>, StoreError> {
        if queue == QueueName::NotificationsPoison {
            self.calls().looks += 1;
        }
        self.queue.receive(queue, max, visibility).await
    }

    async fn delete(&self, queue: QueueName, message: &Message) -> Result<(), StoreError> {
        self.queue.delete(queue, message).await
    }

    async fn depth(&self, queue: QueueName) -> Result<u64, StoreError> {
        self.queue.depth(queue).await
    }
}
